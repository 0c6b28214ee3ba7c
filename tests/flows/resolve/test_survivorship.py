"""Survivorship: whose value stands, and what is said of the others."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl

from flows.resolve.survivorship import RULES, author_list_records, survive
from tests.flows.resolve.sample import frame, record, record_id

PAPER = "P" + "0" * 20


def survived(*rows: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The one paper made of the records, and its provenance by field."""
    records = frame(list(rows))
    tables = survive(records, records.select("record_id", paper_id=pl.lit(PAPER)))
    provenance = {row["field"]: row for row in tables["field_provenance"].to_dicts()}
    return tables["papers"].to_dicts()[0], provenance


def test_the_published_record_comes_before_the_preprint() -> None:
    paper, provenance = survived(
        record("a", title="Nectar memory", venue="arXiv", version="preprint"),
        record("b", title="Nectar memory in bees", venue="Meadow Letters", version="published"),
    )
    assert (paper["title"], paper["venue"]) == ("Nectar memory in bees", "Meadow Letters")
    assert provenance["title"]["record_id"] == record_id("b")
    assert provenance["title"]["alternatives"] == [
        {"value": "Nectar memory", "record_id": record_id("a")}
    ]


def test_a_title_without_its_subtitle_gives_way() -> None:
    paper, _ = survived(
        record("a", title="TidePulse", abstract="Long.", year=2020, authors=["Ilse Brand"]),
        record("b", title="TidePulse: Warnings for Harbours"),
    )
    assert paper["title"] == "TidePulse: Warnings for Harbours"


def test_a_shouted_title_gives_way() -> None:
    paper, _ = survived(
        record("a", title="NECTAR MEMORY", year=2020), record("b", title="Nectar Memory")
    )
    assert paper["title"] == "Nectar Memory"


def test_a_line_that_could_not_be_split_is_the_last_resort() -> None:
    paper, _ = survived(
        record("a", title="Nectar MemoryIlse Brand", byline_printed="x", year=2020, category="q"),
        record("b", title="Nectar Memory"),
    )
    assert paper["title"] == "Nectar Memory"


def test_any_code_flag_wins_and_the_disagreement_is_told() -> None:
    paper, provenance = survived(
        record("a", title="T", has_code=False), record("b", title="T", has_code=True)
    )
    assert paper["has_code"] is True
    assert provenance["has_code"]["record_id"] == record_id("b")
    assert provenance["has_code"]["alternatives"] == [
        {"value": "false", "record_id": record_id("a")}
    ]


def test_dates_by_precision_then_printed() -> None:
    day = {"publication_date": dt.date(2020, 5, 3), "date_precision": "day"}
    paper, provenance = survived(
        record("a", title="T", year=2021),
        record("b", title="T", **day | {"date_basis": "inferred_year"}),
        record("c", title="T", **day | {"date_basis": "printed"}),
    )
    assert (paper["publication_date"], paper["publication_year"]) == (dt.date(2020, 5, 3), 2020)
    chosen = {provenance[f"{name}"]["record_id"] for name in ("publication_date", "date_precision")}
    assert chosen == {record_id("c")}
    assert [a["value"] for a in provenance["publication_date"]["alternatives"]] == ["2021-01-01"]


def test_a_complete_list_beats_a_cut_one_and_longer_beats_shorter() -> None:
    rows = [
        record("cut", title="T", authors=["Ada A", "Bea B", "Cid C", "Dot D"], cut=True),
        record("short", title="T", authors=["Ada A"]),
        record("long", title="T", authors=["Ada A", "Bea B"], author_count=2),
    ]
    paper, _ = survived(*rows)
    assert (paper["author_count"], paper["authors_complete"]) == (2, True)
    records = frame(rows)
    lists = author_list_records(records, records.select("record_id", paper_id=pl.lit(PAPER)))
    assert lists["record_id"].to_list() == [record_id("long")]


def test_a_stated_count_stands_where_no_list_is_complete() -> None:
    paper, _ = survived(
        record("a", title="T", authors=["Ada A"], cut=True), record("b", title="T", author_count=7)
    )
    assert (paper["author_count"], paper["authors_complete"]) == (7, False)


def test_absent_is_absent() -> None:
    paper, provenance = survived(record("a", abstract="Only this."))
    assert paper["title"] is None
    assert set(provenance) == {"abstract"}
    assert paper["partition_year"] == 0


def test_every_value_has_its_provenance() -> None:
    paper, provenance = survived(
        record("a", title="T", abstract="A", year=2020, authors=["Ada A"], has_code=False,
               category="q", venue="V", doi="10.1/x", arxiv_id="2001.00001")
    )  # fmt: skip
    assert set(provenance) == {rule.field for rule in RULES}
    assert all(paper[field] is not None for field in provenance)


def test_the_publications_doi_comes_before_the_preprints() -> None:
    paper, _ = survived(
        record("a", title="T", doi="10.48550/arxiv.2001.00001", year=2020, venue="V"),
        record("b", title="T", doi="10.1234/x"),
    )
    assert paper["doi"] == "10.1234/x"


def test_identifiers_and_links_of_all_records() -> None:
    records = frame(
        [
            record("a", title="T", doi="10.1234/x", links=["https://github.com/x/y"]),
            record("b", title="T", arxiv_id="2001.00001", links=["https://x.github.io/", "https://a.b"],
                   identifiers=[{"scheme": "pmid", "value": "12"}]),
        ]
    )  # fmt: skip
    tables = survive(records, records.select("record_id", paper_id=pl.lit(PAPER)))
    assert tables["paper_identifiers"].rows() == [
        (PAPER, "arxiv", "2001.00001"), (PAPER, "doi", "10.1234/x"), (PAPER, "pmid", "12")
    ]  # fmt: skip
    kinds = dict(tables["paper_links"].select("url", "kind").iter_rows())
    assert kinds == {
        "https://github.com/x/y": "github",
        "https://x.github.io/": "project_page",
        "https://a.b": "other",
    }
