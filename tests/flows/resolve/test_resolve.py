"""The room's one door: all tables, valid and consistent, release after release."""

from __future__ import annotations

from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from flows.resolve import resolve
from schemas import TABLES, keys_of
from tests.flows.resolve.sample import JUDGEMENTS, judgement, record, record_id, validated

ABSTRACT = "Bees return to a patch of flowers long after its nectar has run dry. " * 6
PROFILE = {"subject_type": "author", "subject_name": "Ilse Brand", "metric": "h_index", "value": 3}


def sample() -> list[dict[str, Any]]:
    return [
        record("a", title="Nectar Memory in Foragers", abstract=ABSTRACT, year=2020,
               authors=["Ilse Brand", "Wim Oosterhuis"], organization="Meadow Lab",
               organization_slug="meadowlab", links=["https://github.com/x/y"]),
        record("b", source="there", title="Nectar memory in foragers", year=2020,
               authors=["I. Brand", "W. Oosterhuis"], affiliations=["meadowlab", "tundra-lab"]),
        record("c", source="there", title="Storm Surge Warnings for Harbours",
               authors=["Marit Solheim"], cut=True),
    ]  # fmt: skip


def release(
    rows: list[dict[str, Any]],
    previous: dict[str, pl.DataFrame] | None = None,
    *,
    number: int = 1,
    judgements: pl.DataFrame = JUDGEMENTS,
    stated: list[dict[str, Any]] | None = None,
) -> dict[str, pl.DataFrame]:
    before = f"{number - 1:06d}-00000000" if previous else None
    return resolve(
        validated(rows, stated), judgements, previous or {}, f"{number:06d}-00000000", before
    )


def papers_of(tables: dict[str, pl.DataFrame]) -> dict[str, str]:
    rows = tables["paper_records"].select("source_key", "paper_id").iter_rows()
    return dict(rows)


def test_every_table_is_valid_and_points_to_what_exists() -> None:
    stated = [PROFILE | {"dump_id": "D" + "0" * 20}]
    stated.append({"dump_id": "D" + "0" * 20, "record_id": record_id("a"), "subject_type": "paper",
                   "metric": "score", "value": 2.0})  # fmt: skip
    tables = release(sample(), stated=stated)
    known = tables | {"records": validated(sample()).records, "dumps": validated(sample()).dumps}
    for name, table in tables.items():
        TABLES[name].validate(table)
        keys = keys_of(TABLES[name])
        assert not table.select(keys.primary).is_duplicated().any(), name
        for column, target in keys.references.items():
            other, key = target.split(".")
            lost = table.drop_nulls(column).join(
                known[other], left_on=column, right_on=key, how="anti"
            )
            assert lost.is_empty(), f"{name}.{column}"
    assert tables["papers"]["record_count"].sort().to_list() == [1, 2]
    assert tables["metrics"]["metric"].to_list() == ["h_index", "score"]


def test_the_order_of_records_changes_nothing() -> None:
    tables, again = release(sample()), release(sample()[::-1])
    for name, table in tables.items():
        assert_frame_equal(table, again[name])


def test_a_second_release_of_the_same_input_changes_nothing() -> None:
    tables = release(sample(), stated=[PROFILE | {"dump_id": "D" + "0" * 20}])
    again = release(sample(), tables, number=2, stated=[PROFILE | {"dump_id": "D" + "0" * 20}])
    for name, table in tables.items():
        assert_frame_equal(table, again[name])


def test_an_author_whom_only_another_record_names_keeps_the_id() -> None:
    title = "Nectar Memory in Foragers of Mown Meadows"
    rows = [
        record("a", title=title, abstract=ABSTRACT, authors=["Ilse Brand", "Wim Oosterhuis"]),
        record("b", title=title, abstract=ABSTRACT, authors=["Marit Solheim"], cut=True),
    ]
    first = release(rows)
    assert first["papers"].height == 1
    assert first["authors"].height == 3
    second = release(rows, first, number=2)
    assert_frame_equal(first["authors"], second["authors"])
    assert second["redirects"].is_empty()


def test_an_author_list_taken_from_another_record_keeps_the_authors() -> None:
    first = release(sample()[1:])
    second = release(sample(), first, number=2)
    assert papers_of(second)["b"] == papers_of(first)["b"]
    then = {row["position"]: row["author_id"] for row in first["authorships"].to_dicts()
            if row["paper_id"] == papers_of(first)["b"]}  # fmt: skip
    now = {row["position"]: row["author_id"] for row in second["authorships"].to_dicts()
           if row["paper_id"] == papers_of(second)["b"]}  # fmt: skip
    assert then == now
    assert second["redirects"].filter(pl.col("entity_type") == "author").is_empty()
    printed = second["authorships"].filter(pl.col("author_id") == now[1])["printed_name"]
    assert printed.to_list() == ["Ilse Brand"]


def test_a_name_corrected_at_its_place_keeps_its_author() -> None:
    first = release([record("a", title="Nectar Memory", authors=["Ilze Brand", "Wim Oosterhuis"])])
    second = release(
        [record("a", title="Nectar Memory", authors=["Ilse Brand", "Wim Oosterhuis"])],
        first,
        number=2,
    )
    assert first["authors"]["author_id"].to_list() == second["authors"]["author_id"].to_list()


def test_a_judgement_on_papers_parts_them_and_the_founder_keeps_the_id() -> None:
    first = release(sample())
    assert papers_of(first)["a"] == papers_of(first)["b"]
    ruling = judgement(record_id("a"), record_id("b", "there"), "different")
    second = release(sample(), first, number=2, judgements=ruling)
    assert papers_of(second)["a"] == papers_of(first)["a"]
    assert papers_of(second)["b"] != papers_of(first)["b"]
    split = second["redirects"].filter(pl.col("entity_type") == "paper").to_dicts()
    assert [(row["old_id"], row["new_id"], row["kind"]) for row in split] == [
        (papers_of(first)["a"], papers_of(second)["b"], "split")
    ]


def test_a_judgement_may_name_papers_even_after_they_merged() -> None:
    first = release(sample())
    ids = papers_of(first)
    ruling = judgement(ids["a"], ids["c"], "same")
    second = release(sample(), first, number=2, judgements=ruling)
    assert len(set(papers_of(second).values())) == 1
    third = release(sample(), second, number=3, judgements=ruling)
    assert papers_of(third) == papers_of(second)
    gone = set(ids.values()) - set(papers_of(second).values())
    assert set(third["redirects"].filter(pl.col("kind") == "merged")["old_id"]) >= gone


def test_the_founder_is_named_and_what_joined_the_others() -> None:
    rows = {row["source_key"]: row for row in release(sample())["paper_records"].to_dicts()}
    assert rows["a"]["matched_by"] == "founder"
    assert rows["b"]["matched_by"] == "model"
    assert 0.5 <= rows["b"]["probability"] <= 1


def test_work_ids_are_kept() -> None:
    first = release(sample())
    second = release(sample()[1:], first, number=2)
    works = {row["paper_id"]: row["work_id"] for row in first["papers"].to_dicts()}
    for row in second["papers"].to_dicts():
        assert works.get(row["paper_id"], row["work_id"]) == row["work_id"]
    assert second["papers"]["work_id"].n_unique() == second["papers"].height


def test_nothing_in_gives_empty_tables() -> None:
    first = release(sample())
    tables = release([], first, number=2)
    assert all(tables[name].is_empty() for name in tables if name not in {"redirects", "estimates"})
    assert set(tables["redirects"]["kind"]) == {"deleted"}
    assert tables["redirects"].height == sum(
        first[name].height for name in ("papers", "authors", "organizations")
    )
