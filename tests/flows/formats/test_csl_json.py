"""CSL-JSON: items written and read back, fields of several types, names, dates, drift."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import csl_json
from tests.dumps import SAMPLES, ReadDump, assert_survives, damaged, read_dump

SAMPLE = SAMPLES / "csl-json" / "library.json"
CROSSREF = SAMPLES / "crossref" / "0.json"


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    assert dump.format == "csl_json"
    golden("csl_json", dump.golden())


@settings(max_examples=15)
@given(data=st.data())
def test_damage_is_accounted_for(data) -> None:
    assert_survives(data.draw(damaged(SAMPLE.read_bytes())), "csl_json")


letters = st.text("abcdefÉł中{}[]\"\\',:", min_size=1, max_size=8).filter(
    lambda text: any(map(str.isalpha, text))
)
words = st.lists(letters, min_size=1, max_size=5).map(" ".join)
people = st.tuples(letters, st.none() | letters)
dates = st.dates(dt.date(1500, 1, 1), dt.date(2099, 12, 31))
items = st.fixed_dictionaries(
    {
        "id": st.integers(1, 10**9) | words,
        "type": st.sampled_from(("article-journal", "book", "thesis")),
        "title": words,
        "people": st.lists(people, max_size=3),
        "date": st.none() | st.tuples(dates, st.integers(1, 3)),
        "venue": st.none() | words,
        "volume": st.none() | st.integers(1, 99),
        "abstract": st.none() | words,
        "as_text": st.booleans(),
    }
)


def written(item) -> dict[str, Any]:
    """The item in the layout; numbers and lists where `as_text` does not make them texts."""
    as_text = str if item["as_text"] else (lambda value: value)
    value = {
        "id": item["id"],
        "type": item["type"],
        "title": item["title"],
        "abstract": item["abstract"],
        "container-title": item["venue"]
        and (item["venue"] if item["as_text"] else [item["venue"]]),
        "volume": item["volume"] and as_text(item["volume"]),
        "author": [
            {"family": family, "given": given} if given else {"literal": family}
            for family, given in item["people"]
        ],
        "issued": None,
    }
    if item["date"]:
        day, depth = item["date"]
        value["issued"] = {
            "date-parts": [[as_text(n) for n in (day.year, day.month, day.day)][:depth]]
        }
    return value


@settings(max_examples=15)
@given(
    listed=st.lists(items, min_size=1, max_size=5),
    wrapped=st.booleans(),
    indent=st.sampled_from((None, 2)),
)
def test_written_items_are_read_back(listed, wrapped, indent) -> None:
    values = [written(item) for item in listed]
    text = json.dumps({"items": values} if wrapped else values, indent=indent)
    dump = read_dump(text, "csl_json")
    dump.assert_accounted()
    assert dump.rejects.is_empty()
    assert dump.unknown_fields == {}
    assert dump.column("source_key") == [str(item["id"]) for item in listed]
    for column, field in (("entry_type", "type"), ("title", "title"), ("abstract", "abstract"),
                          ("venue", "venue")):  # fmt: skip
        assert dump.column(column) == [item[field] for item in listed], column
    assert dump.column("volume") == [
        None if item["volume"] is None else str(item["volume"]) for item in listed
    ]
    assert dump.names() == [
        [f"{given} {family}" if given else family for family, given in item["people"]] or None
        for item in listed
    ]
    expected = [
        (None, None)
        if item["date"] is None
        else (
            item["date"][0].replace(
                **{"month": 1, "day": 1} if item["date"][1] == 1 else {},
                **{"day": 1} if item["date"][1] == 2 else {},
            ),
            ("year", "month", "day")[item["date"][1] - 1],
        )
        for item in listed
    ]
    assert dump.entries.select("publication_date", "date_precision").rows() == expected


def read_item(**fields: Any) -> ReadDump:
    dump = read_dump(json.dumps([{"id": "a", "type": "article-journal", "title": "T"} | fields]),
                     "csl_json")  # fmt: skip
    dump.assert_accounted()
    return dump


@pytest.mark.parametrize(
    ("issued", "date", "precision"),
    [
        ({"date-parts": [["2017", 6, "12"]]}, dt.date(2017, 6, 12), "day"),
        ({"date-parts": [[2017, None]]}, dt.date(2017, 1, 1), "year"),
        ({"date-parts": [[2017, 21]]}, dt.date(2017, 1, 1), "year"),
        ({"date-parts": [[2017, 6], [2018, 1]]}, dt.date(2017, 6, 1), "month"),
        ({"raw": "12 June 2017"}, dt.date(2017, 6, 12), "day"),
        ({"literal": "circa 1960"}, dt.date(1960, 1, 1), "year"),
        ({"date-parts": [[2017]], "season": "2"}, dt.date(2017, 1, 1), "year"),
        ("2017-06", dt.date(2017, 6, 1), "month"),
        ({"date-parts": [[None]]}, None, None),
        ({"date_parts": [["2017", 6]]}, dt.date(2017, 6, 1), "month"),
        ({"year": 2017, "month": 6, "day": 12}, dt.date(2017, 6, 12), "day"),
    ],
)
def test_dates_of_all_forms(issued, date, precision) -> None:
    dump = read_item(issued=issued)
    assert dump.entries.select("publication_date", "date_precision").rows() == [(date, precision)]
    assert dump.column("warnings") == [None]


@pytest.mark.parametrize(
    ("issued", "printed"),
    [({"date-parts": [[2017, 2, 30]]}, "2017-2-30"), ({"literal": "in press"}, "in press")],
)
def test_a_date_that_is_none_is_a_warning(issued, printed) -> None:
    dump = read_item(issued=issued)
    assert dump.column("publication_date") == [None]
    assert [each["printed"] for each in dump.column("warnings")[0]] == [printed]


def test_what_a_note_replies_to_is_no_identifier() -> None:
    assert read_item(note="Comment on arXiv:1706.03762").column("arxiv_id") == [None]


def test_names_of_all_kinds() -> None:
    dump = read_item(
        author=[
            {"family": "Beethoven", "given": "Ludwig", "dropping-particle": "van", "suffix": "Jr."},
            {"literal": "The ATLAS Collaboration"},
            {"name": "A Company", "affiliation": []},
            {"family": "Doe", "given": "Jane", "ORCID": "http://orcid.org/0000-0002-1825-0097",
             "affiliation": [{"name": "X"}, "Y"]},
            {"family": "Wang", "given": "Wei"},
            {"family": "Wang", "given": "Wei"},
            {},
            {"literal": "et al."},
        ],
        editor=[{"family": "Roe", "given": "R."}],
    )  # fmt: skip
    assert dump.names() == [
        ["Ludwig van Beethoven Jr.", "The ATLAS Collaboration", "A Company", "Jane Doe",
         "Wei Wang", "Wei Wang"]
    ]  # fmt: skip
    assert dump.column("authors_complete") == [False]
    assert dump.column("editors") == [["R. Roe"]]
    first, _, _, doe = dump.column("authors")[0][:4]
    assert (first["given_name"], first["family_name"]) == ("Ludwig", "van Beethoven Jr.")
    assert doe["orcid"] == "http://orcid.org/0000-0002-1825-0097"
    assert doe["affiliations"] == ["X", "Y"]


def test_identifiers_also_those_in_notes() -> None:
    dump = read_item(
        PMID=17284678, ISSN="1234-5679", note="DOI: 10.1000/182\nPMCID: PMC77\narXiv:hep-th/9901001"
    )
    assert dump.column("doi") == ["10.1000/182"]
    assert dump.column("arxiv_id") == ["hep-th/9901001"]
    assert [(each["scheme"], each["value"]) for each in dump.column("identifiers")[0]] == [
        ("pmid", "17284678"), ("pmcid", "PMC77"), ("issn", "1234-5679"),
    ]  # fmt: skip


def test_preprints_are_told_from_what_they_became() -> None:
    arxiv = {"note": "arXiv:1706.03762"}
    for fields, version in (
        ({"type": "article", **arxiv}, "preprint"),
        ({"type": "article", "publisher": "bioRxiv"}, "preprint"),
        ({"container-title": "Nature", **arxiv}, "published"),
        ({"type": "manuscript"}, None),
    ):
        assert read_item(**fields).column("version") == [version], fields


def test_one_id_twice_is_two_entries() -> None:
    dump = read_dump(json.dumps([{"id": 1, "title": "One"}, {"id": 1, "title": "Two"}]), "csl_json")
    dump.assert_accounted()
    assert dump.column("title") == ["One", "Two"]


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"title": ["T"]}, "title"),
        ({"author": "Jane Doe"}, "author"),
        ({"author": ["Jane Doe"]}, "author[]"),
        ({"author": [{"family": {"x": 1}}]}, "author.family"),
        ({"volume": [1]}, "volume"),
        ({"ISSN": {"print": "1"}}, "ISSN"),
        ({"issued": [2017]}, "issued"),
    ],
)
def test_a_field_of_another_type_is_a_reject_that_names_it(fields, column) -> None:
    dump = read_item(**fields)
    assert dump.rejects.select("column", "check").rows() == [(column, "field_type")]


def test_a_field_that_nobody_knows_is_counted() -> None:
    assert read_item(mood=1, custom={"a": 1}, language="en").unknown_fields == {"mood": 1}


def test_the_layout_is_recognised_and_no_other_json() -> None:
    item = {"type": "book", "title": "T", "issued": {"date-parts": [[2017]]}}
    assert csl_json.sniff(json.dumps(item, indent=1)) == 0.9
    given_by_crossref = item | {"prefix": "10.1000", "member": "1", "ISSN": ["1234-5679"]}
    assert csl_json.sniff(json.dumps(given_by_crossref)) == 0.9
    work = json.loads(CROSSREF.read_text())["items"][0]
    del work["title"]
    others = ({**work}, {"type": "article", "id": "https://openalex.org/W1", "title": "T"},
              {"id": "1", "title": "T", "authors": "Jane Doe", "categories": "cs.CL"})  # fmt: skip
    for other in (CROSSREF.read_text(), *map(json.dumps, others)):
        assert csl_json.sniff(other) == 0.0
