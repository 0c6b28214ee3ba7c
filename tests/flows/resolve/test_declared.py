"""Sources declared free of duplicates: two of their records are two papers, partners one to one."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from flows.resolve.clustering import CONFLICT, RULING
from flows.resolve.declared import ENOUGH, one_to_one
from tests.flows.resolve.sample import JUDGEMENTS, frame, judgement, record, record_id, resolved

BOTH = frozenset({"left", "right"})
PAPER: dict[str, Any] = {
    "title": "Nectar Memory in Foragers of Mown Meadows",
    "authors": ["Ilse Brand", "Wim Oosterhuis"],
    "year": 2019,
    "venue": "Journal of Meadow Research",
    "pages": "12-19",
}


def bounds(
    rows: list[tuple[int, int, float]],
    sources: list[str],
    declared: frozenset[str] = BOTH,
    version: float = 1.0,
    **bound: float,
) -> list[float]:
    """The bounds of pairs (left, right, weight); `bound`: that of a pair, by its place (`at0`)."""
    pairs = pl.DataFrame(
        rows,
        schema={"left": pl.UInt32, "right": pl.UInt32, "weight": pl.Float64},
        orient="row",
    ).with_columns(version=pl.lit(version), bound=pl.col("weight"))
    said = [bound.get(f"at{place}", weight) for place, weight in enumerate(pairs["bound"])]
    pairs = pairs.with_columns(bound=pl.Series(said, dtype=pl.Float64))
    return one_to_one(pairs, pl.Series(sources), declared).to_list()


def clusters(
    rows: list[dict[str, Any]], *declared: str, ruled: pl.DataFrame = JUDGEMENTS
) -> set[frozenset[str]]:
    _, found = resolved(frame(rows), ruled, frozenset(declared))
    keys = {record_id(row["source_key"], row["source"]): row["source_key"] for row in rows}
    return {
        frozenset(keys[member] for member in part["record_id"])
        for part in found.partition_by("cluster")
    }


def test_records_of_a_declared_source_are_never_one_paper() -> None:
    rows = [record(key, source="left", doi="10.1234/a", **PAPER) for key in "abc"]
    assert clusters(rows) == {frozenset("abc")}
    assert clusters(rows, "left") == {frozenset("a"), frozenset("b"), frozenset("c")}


def test_records_of_a_declared_source_are_not_joined_through_another() -> None:
    rows = [record(key, source="left", **PAPER) for key in "ab"]
    rows += [record("c", source="elsewhere", **PAPER)]
    assert clusters(rows) == {frozenset("abc")}
    parts = clusters(rows, "left")
    assert not any({"a", "b"} <= part for part in parts)
    assert len(parts) == 2


def test_undeclared_sources_are_as_before() -> None:
    rows = [record(key, source="elsewhere", **PAPER) for key in "ab"]
    rows += [record(key, source="left", **PAPER | {"title": "Storm Surges"}) for key in "cd"]
    assert clusters(rows, "left", "unknown") == {frozenset("ab"), frozenset("c"), frozenset("d")}
    assert bounds([(0, 1, -4.0), (0, 2, 3.0)], ["left", "here", "there"]) == [-4.0, 3.0]
    one_declared = bounds([(0, 1, -4.0)], ["left", "right"], frozenset({"left"}))
    assert one_declared == [-4.0]


def test_without_a_declaration_nothing_changes() -> None:
    rows = [(0, 1, 3.0), (0, 2, -4.0), (1, 2, CONFLICT)]
    assert bounds(rows, ["left", "left", "right"], frozenset()) == [3.0, -4.0, CONFLICT]


def test_the_surest_partners_are_taken_first() -> None:
    sources = ["left", "left", "right", "right"]
    rows = [(0, 2, 4.0), (0, 3, 5.0), (1, 2, 1.0), (1, 3, 6.0)]
    assert bounds(rows, sources) == [4.0, CONFLICT, CONFLICT, 6.0]


def test_a_record_has_one_partner_in_each_declared_source() -> None:
    declared = frozenset({"left", "right", "third"})
    rows = [(0, 1, 4.0), (0, 2, 3.0), (1, 2, 2.0), (0, 3, 2.5)]
    found = bounds(rows, ["left", "right", "third", "third"], declared)
    assert found == [4.0, 3.0, 2.0, CONFLICT]


def test_a_weak_partner_without_a_rival_is_taken() -> None:
    assert bounds([(0, 1, -4.0)], ["left", "right"]) == [1.0]
    assert bounds([(0, 1, ENOUGH)], ["left", "right"]) == [CONFLICT]


def test_a_weak_partner_is_not_taken_where_the_version_speaks_against_it() -> None:
    assert bounds([(0, 1, -4.0)], ["left", "right"], version=-0.5) == [CONFLICT]
    assert bounds([(0, 1, 4.0)], ["left", "right"], version=-0.5) == [4.0]


def test_of_weak_rivals_the_likelier_is_taken_and_none_of_equals() -> None:
    sources = ["left", "right", "right"]
    assert bounds([(0, 1, -4.0), (0, 2, -3.0)], sources) == [CONFLICT, 1.0]
    assert bounds([(0, 1, -3.0), (0, 2, -3.0)], sources) == [CONFLICT, CONFLICT]
    from_the_right = bounds([(0, 2, -3.0), (1, 2, -3.0)], ["left", "left", "right"])
    assert from_the_right == [CONFLICT, CONFLICT]


def test_of_sure_rivals_one_is_taken_though_they_are_equal() -> None:
    assert bounds([(0, 1, 3.0), (0, 2, 3.0)], ["left", "right", "right"]) == [3.0, CONFLICT]


def test_a_record_that_has_its_partner_is_no_rivals_any_more() -> None:
    sources = ["left", "left", "right", "right"]
    rows = [(0, 2, 5.0), (0, 3, -3.0), (1, 2, -3.5), (1, 3, -4.0)]
    assert bounds(rows, sources) == [5.0, CONFLICT, CONFLICT, 1.0]


def test_what_contradicts_itself_and_what_is_ruled_stays() -> None:
    sources = ["left", "right", "right", "left"]
    conflict = bounds([(0, 1, 5.0), (0, 2, -4.0)], sources, at0=CONFLICT)
    assert conflict == [CONFLICT, 1.0]
    ruled = bounds([(0, 1, 5.0), (0, 2, -4.0)], sources, at0=-RULING, at1=RULING)
    assert ruled == [-RULING, RULING]
    within = bounds([(0, 3, 5.0), (1, 2, 5.0)], sources, at0=RULING, at1=-RULING)
    assert within == [RULING, -RULING]


def test_a_ruling_takes_the_place_of_a_surer_partner() -> None:
    found = bounds([(0, 1, 6.0), (0, 2, -9.0)], ["left", "right", "right"], at1=RULING)
    assert found[1] == RULING


def test_rulings_hold_over_a_declaration() -> None:
    rows = [record(key, source="left", **PAPER) for key in "ab"]
    ruled = judgement(record_id("a", "left"), record_id("b", "left"), "same")
    assert clusters(rows, "left", ruled=ruled) == {frozenset("ab")}
    rows = [record("a", source="left", **PAPER), record("b", source="right", **PAPER)]
    assert clusters(rows, "left", "right") == {frozenset("ab")}
    ruled = judgement(record_id("a", "left"), record_id("b", "right"), "different")
    assert clusters(rows, "left", "right", ruled=ruled) == {frozenset("a"), frozenset("b")}


def test_a_ruling_on_unlike_records_takes_the_partners_place() -> None:
    rows = [
        record("a", source="left", **PAPER),
        record("b", source="right", **PAPER),
        record("c", source="right", title="Storm Surge Warnings", authors=["Marit Solheim"]),
    ]
    ruled = judgement(record_id("a", "left"), record_id("c", "right"), "same")
    assert clusters(rows, "left", "right", ruled=ruled) == {frozenset("ac"), frozenset("b")}


def test_two_equal_records_on_each_side_meet_one_to_one() -> None:
    rows = [
        record(f"{source}{copy}", source=source, **PAPER)
        for source in ("left", "right")
        for copy in "ab"
    ]
    parts = clusters(rows, "left", "right")
    assert sorted(len(part) for part in parts) == [2, 2]
    assert all({key[:-1] for key in part} == set(BOTH) for part in parts)


def test_little_evidence_is_enough_between_declared_sources() -> None:
    # Equal titles of common words, and authors of whom neither list has one of the other.
    said = {"title": "A Survey of Northern Soils", "year": 2019, "venue": "Soil Letters"}
    rows = [
        record("a", source="left", authors=["Ilse Brand"], **said),
        record("b", source="right", authors=["Wim Oosterhuis"], **said),
    ]
    rival = record("c", source="right", authors=["Chiara Bellini"], **said)
    alone = {frozenset("a"), frozenset("b")}
    assert clusters(rows) == clusters(rows, "left") == alone
    assert clusters(rows, "left", "right") == {frozenset("ab")}
    assert clusters([*rows, rival], "left", "right") == {*alone, frozenset("c")}


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 3), st.integers(4, 7)), st.integers(-60, 60), max_size=16
    )
)
def test_partners_are_one_to_one_and_no_surer_pair_of_two_free_records_is_left(
    weights: dict[tuple[int, int], int],
) -> None:
    rows = [(*pair, weight / 10) for pair, weight in sorted(weights.items())]
    found = bounds(rows, ["left"] * 4 + ["right"] * 4)
    taken = [row for row, bound in zip(rows, found, strict=True) if bound > 0]
    ends = [node for left, right, _ in taken for node in (left, right)]
    assert len(ends) == len(set(ends))
    assert all(bound > 0 or bound == CONFLICT for bound in found)
    for left, right, weight in rows:
        rivals = [other for a, b, other in taken if a == left or b == right]
        assert weight <= 0 or max(rivals) >= weight
