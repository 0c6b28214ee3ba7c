"""The five real page dumps beside this repository: every record against hand-checked truth."""

from __future__ import annotations

import hashlib
import json

import polars as pl
import pytest

from flows.collect import collect
from flows.extract import extract_dump
from flows.sources import FoundDump, Source
from flows.validate import byline_evidence, validate_dump
from tests.pages import SEEDS, names, read_path

pytestmark = pytest.mark.skipif(not SEEDS.is_dir(), reason="the seed dumps are not at hand")

DUMPS = {path.name[:3]: path for path in sorted(SEEDS.glob("[0-9]*.txt"))}
COUNTS = {"000": 20, "001": 50, "002": 10, "003": 121, "004": 12}
WITHOUT_BLOCK = (21, 73, 77, 113, 333, 385, 453, 513, 693)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Return every record of the five dumps by file number and ordinal, stated counts added."""
    staging = tmp_path_factory.mktemp("staging")
    extracted = [
        extract_dump(FoundDump(path, path.name, Source("seeds")), staging)
        for path in DUMPS.values()
    ]
    evidence = byline_evidence(extracted)
    result = collect([validate_dump(dump, evidence) for dump in extracted])
    assert result.rejects.is_empty()
    counts = result.stated.filter(metric="comment_count").select("record_id", comment_count="value")
    paths = result.dumps.select("dump_id", "path")
    rows = result.records.join(paths, on="dump_id").join(counts, on="record_id", how="left")
    return {f"{row['path'][:3]}:{row['ordinal']}": row for row in rows.to_dicts()}


@pytest.fixture(scope="module")
def gold() -> dict[str, object]:
    return json.loads((SEEDS / "gold_000_002_004.json").read_text())


@pytest.mark.parametrize(("number", "count"), COUNTS.items())
def test_every_entry_is_read_and_every_line_accounted_for(number, count) -> None:
    page = read_path(DUMPS[number])
    page.assert_accounted()
    assert (page.entries.height, page.rejects.height) == (count, 0)
    assert page.lines == len(DUMPS[number].read_text().splitlines())


def test_every_record_is_what_a_careful_person_reads(records, gold) -> None:
    assert len(gold["records"]) == 42
    for truth in gold["records"]:
        row = records[truth["record_key"]]
        read = {
            "title": row["title"],
            "authors": names(row) or [],
            "authors_truncated": row["authors_complete"] is False,
            "affiliations": row["affiliations"] or [],
            "organization": row["organization"],
            "organization_slug": row["organization_slug"],
            "author_count": row["author_count"],
            "date_printed": row["date_printed"],
            "date": row["publication_date"] and row["publication_date"].isoformat(),
            "date_basis": {"printed": "explicit", None: "none"}.get(
                row["date_basis"], row["date_basis"]
            ),
            "category": row["category"],
            "has_code": row["has_code"],
            "comment_count": row["comment_count"],
            "line_start": row["line_start"],
            "line_end": row["line_end"],
            "abstract_sha256": hashlib.sha256(row["abstract"].encode()).hexdigest(),
        }
        expected = {name: truth[name] for name in read}
        assert read == expected, truth["record_key"]


def test_every_link_is_found_and_no_other(records, gold) -> None:
    keys = {truth["record_key"] for truth in gold["records"]}
    found = [(key, url) for key in sorted(keys) for url in records[key]["links"] or []]
    assert sorted(found) == sorted((link["record_key"], link["url"]) for link in gold["links"])


def test_all_dumps_together_have_their_links(records) -> None:
    urls = [url for row in records.values() for url in row["links"] or []]
    assert len(urls) == 78
    assert sum(row["links"] is not None for row in records.values()) == 75
    assert not [url for url in urls if url[-1] in ".,;)}" or "{" in url]


def test_blocks_without_metadata_state_nothing(records) -> None:
    bare = [
        row
        for key, row in records.items()
        if key.startswith("003")
        and row["author_count"] is row["organization"] is row["date_printed"] is None
    ]
    assert sorted(row["line_start"] for row in bare) == list(WITHOUT_BLOCK)
    assert all(row["line_end"] == row["line_start"] + 2 for row in bare)
    assert records["003:11"]["line_start"] == 81
    assert (records["003:11"]["author_count"], records["003:11"]["date_printed"]) == (3, "Jul 10")


def test_organizations_are_slug_and_name(records) -> None:
    pairs = {
        (row["organization_slug"], row["organization"])
        for row in records.values()
        if row["organization"]
    }
    assert pairs == {
        ("nvidia", "NVIDIA"),
        ("tencent", "Tencent"),
        ("LinkedIn", "LinkedIn"),
        ("PekingUniversity", "Peking University"),
        ("InternRobotics", "Intern Robotics"),
    }


def test_years_that_are_not_printed(records) -> None:
    inferred = {
        key: row["publication_date"].year
        for key, row in records.items()
        if row["date_basis"] == "inferred_year"
    }
    assert inferred.pop("000:10") == 2026
    assert len(inferred) == 46
    assert set(inferred.values()) == {2025}


def test_the_author_page_states_a_profile_and_more_papers_than_it_lists() -> None:
    page = read_path(DUMPS["001"])
    assert page.reading.stated_count == 75
    profile = page.stated.filter(subject_type="author")
    assert set(profile["subject_name"]) == {"Shaohan Huang"}
    assert dict(profile.select("metric", "value").rows()) == {
        "h_index": 30,
        "paper_count": 75,
        "citation_count": 17969,
        "novelty_percent": 56,
        "ai_score": 58,
    }
    scores = page.stated.filter(subject_type="paper")
    assert scores.height == 50
    assert (scores.item(0, "value"), scores["value"].max()) == (25.3, 59.2)


def test_the_author_page_lists_authors_as_printed() -> None:
    entries = read_path(DUMPS["001"]).entries
    assert entries.filter("authors_complete")["line_start"].to_list() == [19, 222]
    assert set(entries["authors"].list.len()) == {3}
    assert entries["affiliations"].null_count() == 25
    printed = entries.select(
        pl.col("authors")
        .list.eval(pl.element().struct.field("name"))
        .list.contains("Shaohan Huang")
    )
    assert printed.to_series().sum() == 36
    assert set(entries["category"]) == {"CL", "LG", "CV", "AI", "CR", "IR"}
