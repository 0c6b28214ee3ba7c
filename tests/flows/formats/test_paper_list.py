"""Lists of conference papers: lists written and read back, lists beside each other, drift."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.formats import UnknownFormatError, paper_list
from tests.dumps import SAMPLES, damaged, read_dump
from tests.pages import FEW

SAMPLE = SAMPLES / "paper-lists/conference-papers.json"

words = st.text("abcdefgÉł中$\\{}[]\"':,", min_size=1, max_size=12).filter(
    lambda word: word.strip(",")
)
texts = st.lists(words, min_size=1, max_size=5).map(" ".join)
names = (
    st.lists(st.text("ABCdefgéł.-", min_size=2, max_size=8), min_size=1, max_size=3)
    .map(" ".join)
    .filter(lambda name: any(map(str.isalpha, name)))
)
places = st.lists(texts, max_size=2)
profiles = st.from_regex(r"\A(~[A-Z][a-z]{1,5}_[A-Z][a-z]{1,5}\d|/j/jane-doe/|\d{1,4})\Z")


@st.composite
def submissions(draw: st.DrawFn) -> dict[str, Any]:
    """What a list says of a submission."""
    authors = st.tuples(
        names, places, st.none() | profiles, st.none() | st.just("0000-0002-1825-0097")
    )
    return {
        "id": draw(st.from_regex(r"\A[A-Za-z][A-Za-z0-9_]{3,9}\Z")),
        "title": draw(texts),
        "abstract": draw(texts),
        "authors": draw(st.lists(authors, min_size=2, max_size=4)),
        "status": draw(st.sampled_from(("Poster", "Oral", "Reject", "Withdraw", "Active"))),
        "track": draw(st.sampled_from(("main", "Datasets & Benchmarks"))),
        "area": draw(st.none() | texts),
        "citations": draw(st.integers(-1, 10**5)),
        "github": draw(st.sampled_from(("", "https://github.com/a/b"))),
    }


def list_item(submission: dict[str, Any], glue: str) -> dict[str, Any]:
    """The submission in the layout of community lists, parallel strings glued with `glue`."""
    authors = submission["authors"]
    return {
        "id": submission["id"],
        "title": submission["title"],
        "track": submission["track"],
        "status": submission["status"],
        "keywords": "a;b",
        "primary_area": submission["area"] or "",
        "author": glue.join(name for name, _, _, _ in authors),
        "aff": glue.join("+".join(own) for _, own, _, _ in authors),
        "authorids": glue.join(profile or "" for _, _, profile, _ in authors),
        "orcid": glue.join(orcid or "" for _, _, _, orcid in authors),
        "abstract": submission["abstract"],
        "rating": "3;6",
        "rating_avg": [4.5, 1.5],
        "authors#_avg": 3,
        "gs_citation": submission["citations"],
        "github": submission["github"],
        "project": "",
        "bibtex": "@inproceedings{a, year={2025}}",
    }


VERSIONS = {"Poster": "published", "Oral": "published", "Active": None}


@FEW
@given(
    written=st.lists(submissions(), min_size=1, max_size=4),
    glue=st.sampled_from((";", "; ")),
    indent=st.sampled_from((None, 4)),
)
def test_a_written_list_is_read_back(written, glue, indent) -> None:
    dump = read_dump(json.dumps([list_item(each, glue) for each in written], indent=indent))
    dump.assert_accounted()
    assert dump.format == "paper_list"
    assert dump.rejects.is_empty()
    assert dump.unknown_fields == {}
    for name, field in (
        ("source_key", "id"), ("title", "title"), ("abstract", "abstract"), ("note", "track"),
        ("entry_type", "status"), ("category", "area"),
    ):  # fmt: skip
        assert dump.column(name) == [submission[field] for submission in written], name
    for row, submission in zip(dump.entries.to_dicts(), written, strict=True):
        assert row["version"] == VERSIONS.get(submission["status"], "preprint")
        assert row["publication_date"] is None
        assert row["warnings"] is None
        assert row["affiliations"] is None
        assert row["has_code"] is (True if submission["github"] else None)
        assert [
            (
                author["name"],
                author["affiliations"] or [],
                author["source_author_key"],
                author["orcid"],
            )
            for author in row["authors"]
        ] == submission["authors"]
    assert dump.stated.select("ordinal", "metric", "value").rows() == [
        (ordinal, "citation_count", submission["citations"])
        for ordinal, submission in enumerate(written, 1)
        if submission["citations"] >= 0
    ]


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    golden("paper_list", dump.golden())


def read_item(**fields: Any) -> dict[str, Any]:
    """What is read from one submission with these fields."""
    dump = read_dump(json.dumps([{"title": "A Title", "author": "", "status": "", **fields}]),
                     stated_format="paper_list")  # fmt: skip
    dump.assert_accounted()
    assert dump.rejects.is_empty()
    row: dict[str, Any] = dump.entries.row(0, named=True)
    return row


def test_lists_of_different_lengths_are_not_matched() -> None:
    row = read_item(
        author="Jane Doe;Richard Roe;Carl Poe",
        aff="MIT;ETH+MIT",
        authorids="~Jane_Doe1;~Richard_Roe1",
        orcid="0000-0002-1825-0097",
    )
    assert [author["name"] for author in row["authors"]] == ["Jane Doe", "Richard Roe", "Carl Poe"]
    for field in ("affiliations", "source_author_key", "orcid"):
        assert [author[field] for author in row["authors"]] == [None] * 3
    assert row["affiliations"] == ["MIT", "ETH"]
    assert [(each["column"], each["check"], each["printed"]) for each in row["warnings"]] == [
        ("affiliations", "parallel_lists", "MIT;ETH+MIT"),
        ("authors", "parallel_lists", "~Jane_Doe1;~Richard_Roe1"),
        ("authors", "parallel_lists", "0000-0002-1825-0097"),
    ]


def test_blank_lists_are_no_lists_and_affiliations_may_lack_authors() -> None:
    row = read_item(author="Jane Doe;Richard Roe", aff=";;;", authorids=" ", orcid=None)
    assert row["warnings"] is None
    assert row["affiliations"] is None
    row = read_item(author="", aff="MIT; ETH; MIT")
    assert row["authors"] is None
    assert row["authors_complete"] is None
    assert row["affiliations"] == ["MIT", "ETH"]
    assert row["warnings"] is None


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Jane Doe", ["Jane Doe"]),
        ("Doe, Jane", ["Doe, Jane"]),
        ("Doe, Jane;Roe, Richard", ["Doe, Jane", "Roe, Richard"]),
        ("Jane Doe, Tao, Richard Roe", ["Jane Doe", "Tao", "Richard Roe"]),
        ("Tao, Richard Roe", ["Tao", "Richard Roe"]),
        ("Jane Doe, Jr., Richard Roe", ["Jane Doe, Jr.", "Richard Roe"]),
        ("Jane Doe; Richard Roe;", ["Jane Doe", "Richard Roe"]),
        ("Jane Doe;;Richard Roe", ["Jane Doe", "Richard Roe"]),
        ("J. Doe; Jr; R. Roe; III", ["J. Doe Jr", "R. Roe III"]),
    ],
)
def test_authors_are_set_apart_by_semicolons_or_commas(line, names) -> None:
    row = read_item(author=line)
    assert [author["name"] for author in row["authors"]] == names
    assert row["authors_complete"] is True


def test_anonymous_is_nobody() -> None:
    for line in ("Anonymous", "Anonymous Authors", "anonymous author(s)"):
        row = read_item(author=line)
        assert (row["authors"], row["authors_complete"]) == (None, None)
    assert read_item(author="Anon Doe;Bob")["authors"][0]["name"] == "Anon Doe"


def test_addresses_and_names_are_no_profile_ids() -> None:
    row = read_item(author="Jane Doe;Li Wei;R. Roe", authorids="jane@example.org;Li Wei;~R._Roe1")
    assert [each["source_author_key"] for each in row["authors"]] == [None, None, "~R._Roe1"]
    assert row["warnings"] is None


@pytest.mark.parametrize(
    ("github", "has_code"),
    [
        ("https://github.com/a/b", True), ("https://a.github.io", True), ("Not provided", None),
        ("https://github.com/", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_code_is_where_an_address_says_so(github, has_code) -> None:
    assert read_item(github=github)["has_code"] is has_code


def test_a_placeholder_is_no_abstract() -> None:
    assert read_item(abstract="Abstract Unavailable")["abstract"] is None
    assert read_item(abstract="Abstract thought is hard.")["abstract"] is not None
    assert read_item(abstract=None)["abstract"] is None


def test_lists_with_addresses_and_authors_with_commas_are_recognised() -> None:
    item = {"title": "A", "author": "B C, D E", "aff": "MIT; ETH", "site": "https://a.org/1",
            "pdf": "https://a.org/1.pdf", "doi": "https://a.org/chapter/10.1234/5_6"}  # fmt: skip
    dump = read_dump(json.dumps([item]))
    assert dump.format == "paper_list"
    assert dump.names() == [["B C", "D E"]]


def test_affiliations_beside_authors_with_commas_are_of_the_entry() -> None:
    row = read_item(author="Jane Doe, Richard Roe", aff="MIT; ETH", authors="ignored")
    assert [author["affiliations"] for author in row["authors"]] == [None, None]
    assert row["affiliations"] == ["MIT", "ETH"]
    assert row["warnings"] is None


def test_a_list_of_authors_may_be_cut() -> None:
    row = read_item(authors="Jane Doe, Richard Roe et al.", author=None)
    assert [author["name"] for author in row["authors"]] == ["Jane Doe", "Richard Roe"]
    assert row["authors_complete"] is False


@pytest.mark.parametrize(
    ("status", "version"),
    [
        ("Accept (Spotlight)", "published"), ("Top-5% notable", "published"),
        ("Long Findings", "published"), ("Desk Reject", "preprint"), ("Withdrawn", "preprint"),
        ("Technical Paper", "published"), ("Active", None), ("", None),
    ],
)  # fmt: skip
def test_the_status_tells_a_paper_from_a_submission(status, version) -> None:
    assert read_item(status=status)["version"] == version


def test_a_number_is_no_key_and_a_printed_year_dates() -> None:
    row = read_item(id=17, year=2019, conf="ICML", gs_citation=None)
    assert row["source_key"] is None
    assert row["publication_date"] == dt.date(2019, 1, 1)
    assert row["date_precision"] == "year"
    assert row["venue"] == "ICML"
    row = read_item(id="x1", year="soon")
    assert row["source_key"] == "x1"
    assert row["publication_date"] is None
    assert [(each["column"], each["printed"]) for each in row["warnings"]] == [
        ("publication_date", "soon")
    ]


def test_identifiers_and_links_stand_in_addresses() -> None:
    row = read_item(
        site="https://openreview.net/forum?id=QwqxO8URJzn", pdf="/pdf/a.pdf", arxiv="2303.06296",
        github="github.com/a/b;https://github.com/c/d", project="www.a.org",
    )  # fmt: skip
    assert row["identifiers"] == [{"scheme": "openreview", "value": "QwqxO8URJzn"}]
    assert row["arxiv_id"] == "2303.06296"
    assert row["links"] == [
        "https://openreview.net/forum?id=QwqxO8URJzn",
        "http://www.a.org",
        "https://github.com/a/b",
        "https://github.com/c/d",
    ]
    row = read_item(site="https://aclanthology.org/2022.acl-short.96/")
    assert row["identifiers"] == [{"scheme": "acl", "value": "2022.acl-short.96"}]


def test_a_field_nobody_knows_is_counted_and_one_of_another_type_named() -> None:
    items = json.loads(SAMPLE.read_text())
    for item in items:
        item["mood"] = 1
    items[1]["author"] = ["Diederik P. Kingma", "Jimmy Ba"]
    dump = read_dump(json.dumps(items))
    dump.assert_accounted()
    assert dump.unknown_fields == {"mood": len(items) - 1}
    assert dump.rejects.select("ordinal", "column", "check").rows() == [(2, "author", "field_type")]


@FEW
@given(content=damaged(SAMPLE.read_bytes()))
def test_a_damaged_list_is_accounted_for(content) -> None:
    # A NUL byte at the head makes it a binary file, refused as a whole.
    with suppress(UnknownFormatError):
        read_dump(content, stated_format="paper_list").assert_accounted()


def test_other_json_is_not_taken_for_a_list() -> None:
    for other in (
        {"title": "A", "author": [{"family": "Doe"}], "status": "x", "track": "y"},
        {"title": "A", "authors": "B;C", "doi": "10.1/2"},
        {"id": "0704.0001", "title": "A", "authors": "B;C", "categories": "x", "abstract": "y"},
        {"title": 5, "author": "B;C", "aff": "x", "status": "y"},
    ):
        assert paper_list.sniff(json.dumps([other])) == 0.0
