"""Who follows whom when a page is captured again and its entries have other keys."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.resolve.succession import successors
from tests.flows.resolve.sample import frame, record, record_id
from tests.flows.resolve.test_resolve import ABSTRACT, papers_of, release

TITLES = [
    "Nectar Memory in Foragers of Mown Meadows",
    "Storm Surge Warnings for Small Harbours",
    "Editorial",
    None,
]


def entries(said: list[tuple[str | None, str]], capture: str) -> list[dict[str, Any]]:
    return [
        record(f"{capture}{place}", title=title, abstract=f"{name} {ABSTRACT}", ordinal=place + 1)
        for place, (title, name) in enumerate(said)
    ]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(TITLES), st.sampled_from(["Bees", "Wasps"])),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_a_page_captured_again_is_followed_one_to_one(said: list) -> None:
    before, now = frame(entries(said, "old")), frame(entries(said, "new"))
    heirs = successors(before, now)
    assert heirs.height == before.height
    assert heirs["record_id"].is_unique().all()
    assert heirs["successor"].is_unique().all()
    told = before.join(heirs, on="record_id").join(
        now, left_on="successor", right_on="record_id", suffix="_new"
    )
    assert told["title"].equals(told["title_new"], null_equal=True)
    assert told["abstract"].equals(told["abstract_new"])
    turned = [side.sort("record_id", descending=True) for side in (before, now)]
    assert successors(*turned).equals(heirs)
    assert successors(before, before).is_empty()


def follows(old: dict[str, Any], *new: dict[str, Any]) -> list[str]:
    heirs = successors(
        frame([record("old", **old)]),
        frame([record(f"new{n}", **said) for n, said in enumerate(new)]),
    )
    return heirs["successor"].to_list()


def test_a_telling_title_is_enough_where_authors_do_not_contradict() -> None:
    old = {"title": TITLES[0], "abstract": ABSTRACT, "authors": ["Ilse Brand"]}
    edited = {"title": TITLES[0], "abstract": "Bees remember. " * 9}
    assert follows(old, edited | {"authors": ["Ilse Brand"]}) == [record_id("new0")]
    assert follows(old, edited) == [record_id("new0")]
    assert follows(old, edited | {"authors": ["Wim Oosterhuis"]}) == []
    assert follows(old, edited | {"source": "there"}) == []
    assert follows(old, edited, edited) == []
    assert follows({"title": "Editorial"}, {"title": "Editorial"}) == []


def captured(score: str) -> list[dict[str, Any]]:
    """Two entries under keys that change with the score printed in them, and one that stays."""
    return [
        record(f"a{score}", title=TITLES[0], abstract=ABSTRACT, authors=["Ilse Brand", "Wim Bos"]),
        record(f"b{score}", abstract=f"Wasps too. {ABSTRACT}"),
        record("c", source="there", title=TITLES[0], abstract=ABSTRACT, authors=["Ilse Brand"],
               cut=True),
    ]  # fmt: skip


def again(
    rows: list[dict[str, Any]],
    before: list[dict[str, Any]],
    tables: dict[str, pl.DataFrame],
    number: int,
) -> dict[str, pl.DataFrame]:
    """The next release, made of `rows` after one made of `before`."""
    return release(rows, tables | {"records": frame(before)}, number=number)


def test_ids_outlive_a_changed_score_release_after_release() -> None:
    first = release(captured("1"))
    tables, score = first, "1"
    for number in (2, 3, 4):
        # The third capture prints what the first did.
        before, score = score, str(number) if number != 3 else "1"
        tables = again(captured(score), captured(before), tables, number)
        assert tables["redirects"].is_empty()
        ids = papers_of(tables)
        assert ids[f"a{score}"] == papers_of(first)["a1"]
        assert ids[f"b{score}"] == papers_of(first)["b1"]
        assert tables["papers"]["paper_id"].equals(first["papers"]["paper_id"])
        assert tables["authors"]["author_id"].equals(first["authors"]["author_id"])
        assert tables["papers"]["first_release"].equals(first["papers"]["first_release"])


def test_what_nobody_follows_is_deleted() -> None:
    first = release(captured("1"))
    second = again(captured("2")[:1], captured("1"), first, 2)
    gone = second["redirects"].filter(pl.col("entity_type") == "paper")
    assert gone.select("old_id", "kind").rows() == [(papers_of(first)["b1"], "deleted")]
