"""Semantic Scholar: four datasets, parts of one record, people, damaged lines."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dumps import SAMPLES, assert_survives, damaged, read_dump

FOLDER = SAMPLES / "semantic-scholar"
DATASETS = ("papers", "abstracts", "authors", "paper-ids")


@pytest.mark.parametrize("name", DATASETS)
def test_the_sample_is_read_as_it_was(golden, name) -> None:
    dump = read_dump(FOLDER / f"{name}.jsonl")
    dump.assert_accounted()
    assert dump.format == "semantic_scholar"
    golden(f"semantic_scholar_{name}", dump.golden())


texts = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=12)
papers = st.fixed_dictionaries(
    {
        "corpusid": st.integers(1, 10**9),
        "title": texts,
        "authors": st.lists(
            st.fixed_dictionaries({"authorId": st.none() | st.just("17"), "name": texts}),
            max_size=3,
        ),
        "year": st.none() | st.integers(1900, 2030),
        "publicationdate": st.none() | st.dates().map(str).filter(lambda d: "1900" < d < "2030"),
        "citationcount": st.none() | st.integers(0, 9999),
        "externalids": st.fixed_dictionaries(
            {"DOI": st.none() | st.just("10.1234/x"), "ArXiv": st.none() | st.just("1706.03762")}
        ),
        "journal": st.none() | st.fixed_dictionaries({"name": texts, "volume": st.none() | texts}),
    }
)


@settings(max_examples=40)
@given(rows=st.lists(papers, min_size=1, max_size=5), ascii_only=st.booleans())
def test_written_papers_are_read_back(rows, ascii_only) -> None:
    dump = read_dump("\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in rows))
    dump.assert_accounted()
    assert dump.rejects.is_empty()
    assert dump.column("source_key") == [str(row["corpusid"]) for row in rows]
    assert dump.column("part") == ["papers"] * len(rows)
    assert dump.column("title") == [row["title"] for row in rows]
    assert dump.names() == [[a["name"] for a in row["authors"]] or None for row in rows]
    assert dump.column("doi") == [row["externalids"]["DOI"] for row in rows]
    assert dump.column("arxiv_id") == [row["externalids"]["ArXiv"] for row in rows]
    assert dump.column("volume") == [(row["journal"] or {}).get("volume") for row in rows]
    printed = [row["publicationdate"] or (row["year"] and str(row["year"])) for row in rows]
    assert dump.column("date_printed") == printed
    assert dump.column("publication_date") == [
        None if date is None else read_day(date) for date in printed
    ]
    counted = {
        (number, float(row["citationcount"]))
        for number, row in enumerate(rows, start=1)
        if row["citationcount"] is not None
    }
    assert set(dump.stated.select("ordinal", "value").rows()) == counted


def read_day(printed: str):
    return dt.date.fromisoformat(printed if len(printed) > 4 else f"{printed}-01-01")


@settings(max_examples=40)
@given(data=st.data(), name=st.sampled_from(DATASETS))
def test_damage_is_accounted_for(data, name) -> None:
    content = (FOLDER / f"{name}.jsonl").read_bytes()
    assert_survives(data.draw(damaged(content)), "semantic_scholar")


def test_a_new_field_is_counted_and_a_changed_one_rejected() -> None:
    rows = [{"corpusid": 1, "title": "A", "mood": 1}, {"corpusid": 2, "title": ["B"]}]
    dump = read_dump("\n".join(map(json.dumps, rows)))
    dump.assert_accounted()
    assert dump.unknown_fields == {"mood": 1}
    assert dump.rejects.select("ordinal", "column", "check").rows() == [(2, "title", "field_type")]


def test_a_year_that_is_none_is_a_warning() -> None:
    dump = read_dump('{"corpusid": 1, "title": "A", "year": 20177}')
    [[warning]] = dump.column("warnings")
    assert (warning["check"], warning["printed"]) == ("possible_date", "20177")
    assert dump.column("publication_date") == [None]


@pytest.mark.parametrize(
    "other",
    [
        {"corpusid": 1, "model": "m", "text": "A summary."},
        {"citationid": 1, "citingcorpusid": 2, "citedcorpusid": 3},
        {"corpusid": 1, "vector": "[0.1]"},
    ],
)
def test_other_datasets_are_not_taken_for_papers(other) -> None:
    from flows.formats.semantic_scholar import sniff

    assert sniff(json.dumps(other)) == 0.0
