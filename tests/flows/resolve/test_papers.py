"""Papers as a whole: order, completeness, rulings, conflicts, published evidence."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from schemas.match import Matches
from tests.flows.resolve.sample import JUDGEMENTS, frame, judgement, record, record_id, resolved

TITLES = [
    "Nectar Memory in Foragers of Mown Meadows",
    "Nectar memory in foragers of mown medows",
    "Nectar Memory in Foragers of Mown Meadows, Part 2",
    "Storm Surge Warnings for Small Harbours",
    "Editorial",
    None,
]
ABSTRACTS = [
    "Bees return to a patch of flowers long after the nectar has run dry and " * 3,
    "Coastal towns often learn of a storm surge only hours before water arrives " * 3,
    None,
]
RECORDS = st.lists(
    st.tuples(
        st.sampled_from(TITLES),
        st.sampled_from(ABSTRACTS),
        st.sampled_from([None, ["Ilse Brand", "Wim Oosterhuis"], ["Chiara Bellini"]]),
        st.sampled_from([None, 2019, 2020]),
        st.sampled_from([None, "10.1234/a", "10.1234/b"]),
    ).filter(lambda said: said[0] is not None or said[1] is not None),
    min_size=1,
    max_size=9,
)


def rows(said: list[Any]) -> list[dict[str, Any]]:
    names = ("title", "abstract", "authors", "year", "doi")
    return [
        record(f"k{place}", **{n: v for n, v in zip(names, values, strict=True) if v is not None})
        for place, values in enumerate(said)
    ]


@settings(max_examples=15, deadline=None)
@given(RECORDS, st.randoms(use_true_random=False))
def test_order_has_no_effect_and_every_record_is_in_one_paper(said: list, random: Any) -> None:
    records = frame(rows(said))
    order = list(range(records.height))
    random.shuffle(order)
    matches, clusters = resolved(records, JUDGEMENTS)
    again, shuffled = resolved(records[order], JUDGEMENTS)
    assert_frame_equal(matches, again)
    assert_frame_equal(clusters, shuffled)
    assert sorted(clusters["record_id"]) == sorted(records["record_id"])
    Matches.validate(matches)


@settings(max_examples=15, deadline=None)
@given(RECORDS)
def test_two_dois_are_never_one_paper(said: list) -> None:
    records = frame(rows(said))
    _, clusters = resolved(records, JUDGEMENTS)
    dois = (
        clusters.join(records, on="record_id")
        .group_by("cluster")
        .agg(pl.col("doi").drop_nulls().n_unique())
    )
    assert dois["doi"].max() <= 1


def test_an_unrelated_record_changes_no_verdict() -> None:
    pair = [record("a", title=TITLES[0], year=2019), record("b", title=TITLES[1], year=2019)]
    alone, _ = resolved(frame(pair), JUDGEMENTS)
    company, _ = resolved(frame([*pair, record("c", title="Storm Surges", year=1990)]), JUDGEMENTS)
    assert alone["verdict"].to_list() == company["verdict"].to_list() == ["match"]


def ruled(*rulings: pl.DataFrame) -> dict[str, str]:
    records = frame(
        [
            record("a", title=TITLES[0], authors=["Ilse Brand"], year=2019),
            record("b", title=TITLES[0], authors=["Ilse Brand"], year=2019),
            record("c", title="Storm Surge Warnings for Small Harbours", year=1990),
        ]
    )
    _, clusters = resolved(records, pl.concat([JUDGEMENTS, *rulings]))
    named = {record_id(key): key for key in "abc"}
    return {named[row["record_id"]]: named[row["cluster"]] for row in clusters.to_dicts()}


def test_judgements_hold_over_the_evidence() -> None:
    a, b, c = (record_id(key) for key in "abc")
    plain = ruled()
    assert plain["a"] == plain["b"] != plain["c"]
    apart = ruled(judgement(b, a, "different"))
    assert len({apart["a"], apart["b"], apart["c"]}) == 3
    joined = ruled(judgement(a, c, "same"))
    assert joined["a"] == joined["b"] == joined["c"]
    assert ruled(judgement(a, "R" + "0" * 20, "same")) == plain


def test_the_later_of_two_judgements_holds() -> None:
    a, b = record_id("a"), record_id("b")
    first = judgement(a, b, "different", when="2026-01-01")
    later = judgement(b, a, "same", when="2026-02-01")
    assert ruled(first, later)["a"] == ruled(later, first)["b"]


def test_a_judgement_is_published_with_its_reason() -> None:
    records = frame([record("a", title=TITLES[0]), record("b", title="Storm Surges")])
    ruling = judgement(record_id("a"), record_id("b"), "same")
    matches, clusters = resolved(records, ruling)
    row = matches.to_dicts()[0]
    assert (row["decided_by"], row["verdict"], row["probability"]) == ("judgement", "match", 1.0)
    assert row["reason"] == "Ruled same by ada on 2026-01-01: seen both."
    assert clusters["matched_by"].to_list() == ["judgement", "judgement"]


def test_every_ruling_holds_and_is_published_however_unlike_the_two() -> None:
    # Weak candidates: they share a rare word and little else.
    records = frame(
        [
            record("a", title="Heron-2: Grounding Wading Sensors in the Evening World"),
            record("b", title="Heron-2.5: A Literate Model of Rivers"),
            record("c", title="Notes on Glacier Calving", abstract=ABSTRACTS[0]),
        ]
    )
    a, b, c = (record_id(key) for key in "abc")
    for left, right in ((a, b), (a, c), (b, c)):
        matches, clusters = resolved(records, judgement(left, right, "same"))
        ruled = matches.filter(pl.col("decided_by") == "judgement")
        assert ruled.select("record_id_left", "record_id_right").rows() == [
            (min(left, right), max(left, right))
        ]
        assert ruled["is_joined"].to_list() == [True]
        assert clusters["cluster"].n_unique() == 2


def test_a_ruling_joins_two_papers_of_several_records() -> None:
    said = {"abstract": ABSTRACTS[0], "authors": ["Ilse Brand", "Wim Oosterhuis"], "year": 2019}
    records = frame(
        [
            record(f"{part}{copy}", title=f"Survey of Northern Soils, Part {part}", **said)
            for part in (1, 2)
            for copy in "ab"
        ]
    )
    _, plain = resolved(records, JUDGEMENTS)
    assert plain["cluster"].n_unique() == 2
    ruling = judgement(record_id("1a"), record_id("2b"), "same")
    matches, clusters = resolved(records, ruling)
    assert clusters["cluster"].n_unique() == 1
    drawn = matches.filter(pl.col("numbers_conflict") & (pl.col("decided_by") != "judgement"))
    assert drawn["reason"].str.starts_with("Joined through other records; by itself: ").all()


def test_relatives_have_a_row_that_says_what_keeps_them_apart() -> None:
    records = frame(
        [
            record("a", title="Heron-2: Grounding Wading Sensors in the Evening World"),
            record("b", title="Heron-2.5: A Literate Model of Heron Rivers"),
            record("c", title="Heron-G: Drawing Heron Pictures in Context"),
        ]
    )
    matches, _ = resolved(records, JUDGEMENTS)
    assert matches.height == 3
    assert not matches["is_joined"].any()
    ends = {record_id("a"), record_id("b")}
    row = matches.filter(
        pl.col("record_id_left").is_in(ends) & pl.col("record_id_right").is_in(ends)
    )
    assert row["numbers_conflict"].to_list() == [True]
    assert "the titles have different numbers or marks" in row.item(0, "reason")


def test_rows_for_relatives_are_few() -> None:
    places = ["Aachen", "Bergen", "Calais", "Dublin", "Erfurt", "Fulda", "Gent", "Huelva"]
    records = frame(
        [record(place, title=f"Heron-{n} Observatory {place}") for n, place in enumerate(places)]
    )
    count = records.height
    matches, _ = resolved(records, JUDGEMENTS)
    assert matches.filter(pl.col("weight") < -7).height < count * 6


def test_what_a_conflict_kept_apart_is_told_first() -> None:
    said = {"abstract": ABSTRACTS[0] * 3, "authors": ["Ilse Brand", "Wim Oosterhuis"], "year": 2019}
    records = frame(
        [
            record("one", title="Survey of Northern Soils, Part 1", **said),
            record("two", title="Survey of Northern Soils, Part 2", **said),
            record("none", abstract=ABSTRACTS[0] * 3),
        ]
    )
    matches, _ = resolved(records, JUDGEMENTS)
    apart = matches.filter(~pl.col("is_joined") & (pl.col("probability") >= 0.5))
    assert apart.height == 2
    cause = "Kept apart by the different numbers or marks in the titles"
    assert apart["reason"].str.starts_with(cause).all()
    assert (apart["verdict"] == "possible").sum() == apart["numbers_conflict"].sum() == 1


def test_two_parts_are_not_chained_by_a_record_without_a_number() -> None:
    base = "Survey of Northern Soils"
    records = frame(
        [
            record("one", title=f"{base}, Part 1", abstract=ABSTRACTS[0]),
            record("two", title=f"{base}, Part 2", abstract=ABSTRACTS[0]),
            record("none", abstract=ABSTRACTS[0]),
        ]
    )
    matches, clusters = resolved(records, JUDGEMENTS)
    assert clusters["cluster"].n_unique() == 2
    parts = matches.filter(pl.col("numbers_conflict"))
    assert parts["is_joined"].to_list() == [False]


def test_missing_values_weigh_nothing() -> None:
    full = record("a", title=TITLES[0], abstract=ABSTRACTS[0], authors=["Ilse Brand"], year=2019)
    for absent in ("abstract", "authors", "publication_date"):
        other = record("b", title=TITLES[0], abstract=ABSTRACTS[0], authors=["Ilse Brand"])
        other |= {absent: None} | ({"authors_complete": None} if absent == "authors" else {})
        matches, _ = resolved(frame([full, other]), JUDGEMENTS)
        kind = {"abstract": "abstract", "authors": "authors", "publication_date": "year"}[absent]
        assert kind not in [said["evidence"] for said in matches.item(0, "evidence")]
        assert matches.item(0, "verdict") == "match"


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_to_compare(count: int) -> None:
    records = frame([record("a", title="Alone")][:count])
    matches, clusters = resolved(records, JUDGEMENTS)
    assert matches.is_empty()
    assert clusters.height == count
