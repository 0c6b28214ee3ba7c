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
        {"corpusid": 1, "title": "A", "paperAbstract": "We ..."},
        {"paperId": "0" * 40, "citingPaper": {"title": "A"}},
        {"authorId": "7", "name": "Jane Doe", "papers": []},
    ],
)
def test_other_datasets_are_not_taken_for_papers(other) -> None:
    from flows.formats.semantic_scholar import sniff

    assert sniff(json.dumps(other)) == 0.0


ANSWER = {
    "paperId": "0123456789abcdef0123456789abcdef01234567",
    "externalIds": {"DOI": "10.1234/x", "ArXiv": "1706.03762", "PubMed": "17", "CorpusId": 19},
    "url": "https://www.semanticscholar.org/paper/0123",
    "title": "An Example",
    "abstract": "We show.",
    "venue": "Acta Exempli",
    "publicationVenue": {"id": "v", "name": "Acta Exempli", "issn": "1234-5679"},
    "year": 2018,
    "publicationDate": "2018-05-06",
    "citationCount": 3,
    "isOpenAccess": True,
    "openAccessPdf": {"url": "https://example.org/1.pdf", "status": "GREEN", "license": None},
    "fieldsOfStudy": ["Physics"],
    "s2FieldsOfStudy": [{"category": "Optics", "source": "s2-fos-model"}],
    "journal": {"name": "Acta", "volume": "3", "pages": "1-9"},
    "authors": [{"authorId": "7", "name": "Jane Doe", "affiliations": ["CERN"]}],
    "tldr": None,
}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda paper: paper,
        lambda paper: [paper],
        lambda paper: {"total": 1, "offset": 0, "data": [paper]},
        lambda paper: {"total": 1, "token": None, "data": [paper]},
    ],
)
def test_answers_of_the_api_are_read(wrap) -> None:
    dump = read_dump(json.dumps(wrap(ANSWER)))
    dump.assert_accounted()
    assert (dump.format, dump.unknown_fields) == ("semantic_scholar", {})
    [row] = dump.rows()
    assert (row["source_key"], row["part"], row["title"]) == ("19", "papers", "An Example")
    assert (row["doi"], row["arxiv_id"]) == ("10.1234/x", "1706.03762")
    assert row["identifiers"] == [
        {"scheme": "s2_corpus", "value": "19"},
        {"scheme": "s2", "value": ANSWER["paperId"]},
        {"scheme": "pmid", "value": "17"},
    ]
    [author] = row["authors"]
    assert (author["name"], author["source_author_key"]) == ("Jane Doe", "7")
    assert author["affiliations"] == ["CERN"]
    assert (row["publication_date"], row["categories"]) == (dt.date(2018, 5, 6), ["Optics"])
    assert (row["venue"], row["volume"], row["pages"]) == ("Acta Exempli", "3", "1-9")
    assert row["links"] == ["https://example.org/1.pdf"]
    assert dump.stated["metric"].to_list() == ["citation_count"]


def test_answers_with_few_fields_and_of_the_first_api_are_read() -> None:
    few = {"paperId": ANSWER["paperId"], "title": "A", "fieldsOfStudy": ["Physics"]}
    first = {**few, "corpusId": 5, "doi": "10.1234/y", "arxivId": "2401.00001"}
    none = {**few, "doi": False, "arxivId": None, "externalIds": None, "openAccessPdf": None}
    dump = read_dump("\n".join(map(json.dumps, (few, first, none))))
    dump.assert_accounted()
    assert dump.column("source_key") == [ANSWER["paperId"], "5", ANSWER["paperId"]]
    assert dump.column("doi") == [None, "10.1234/y", None]
    assert dump.column("arxiv_id") == [None, "2401.00001", None]
    assert dump.column("categories") == [["Physics"]] * 3


def test_of_full_texts_title_authors_and_ids_are_read() -> None:
    text = {
        "corpusid": 1,
        "title": "An Example",
        "authors": [{"authorId": "7", "name": "Jane Doe"}],
        "openaccessinfo": {
            "externalids": {"DOI": "10.1234/x", "ArXiv": None, "MAG": "5", "ACL": None},
            "url": "https://example.org/1.pdf",
        },
        "body": {"text": "The whole text."},
        "bibliography": {"text": "[1]"},
    }
    dump = read_dump(json.dumps(text))
    dump.assert_accounted()
    assert dump.unknown_fields == {}
    [row] = dump.rows()
    assert (row["part"], row["source_key"], row["doi"]) == ("s2orc", "1", "10.1234/x")
    assert {"scheme": "mag", "value": "5"} in row["identifiers"]
    assert (dump.names(), row["links"]) == ([["Jane Doe"]], ["https://example.org/1.pdf"])
