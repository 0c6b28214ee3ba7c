"""OpenAlex authors: written and read back, names and affiliations, damage and drift."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import UnknownFormatError, openalex_authors
from tests.dumps import SAMPLES, ReadDump, damaged, read_dump
from tests.pages import FEW

SAMPLE = SAMPLES / "openalex/data/authors/updated_date=2024-01-01/part_000.jsonl"
ROOT = "https://openalex.org/"
SOME = settings(max_examples=20)

names = st.text("ABCdefÉł中.'\"\\-", min_size=1, max_size=12)
counts = st.none() | st.integers(0, 10**6)


@SOME
@given(
    written=st.lists(
        st.fixed_dictionaries(
            {
                "key": st.integers(1, 10**9),
                "name": names,
                "others": st.lists(names, max_size=4, unique=True),
                "last": st.lists(names, max_size=2, unique=True),
                "past": st.lists(names, max_size=2, unique=True),
                "orcid": st.none() | st.just("https://orcid.org/0000-0002-1825-0097"),
                "counts": st.tuples(counts, counts, counts),
            }
        ),
        min_size=1,
        max_size=4,
    )
)
def test_written_authors_are_read_back(written) -> None:
    lines = [
        {
            "id": f"{ROOT}A{author['key']}",
            "orcid": author["orcid"],
            "display_name": author["name"],
            "display_name_alternatives": author["others"],
            "works_count": author["counts"][0],
            "cited_by_count": author["counts"][1],
            "summary_stats": {"2yr_mean_citedness": 0.5, "h_index": author["counts"][2]},
            "ids": {"openalex": f"{ROOT}A{author['key']}"},
            "last_known_institutions": [{"display_name": name} for name in author["last"]],
            "affiliations": [
                {"institution": {"display_name": name}, "years": [2020]} for name in author["past"]
            ],
            "topics": [],
        }
        for author in written
    ]
    dump = read_dump("".join(f"{json.dumps(line)}\n" for line in lines))
    dump.assert_accounted()
    assert dump.format == "openalex_authors"
    assert dump.unknown_fields == {}
    for person, author in zip(dump.people.to_dicts(), written, strict=True):
        assert person["source_key"] == f"A{author['key']}"
        assert person["name"] == author["name"]
        assert person["aliases"] == ([o for o in author["others"] if o != author["name"]] or None)
        assert person["orcid"] == author["orcid"]
        places = list(dict.fromkeys((*author["last"], *author["past"])))
        assert person["affiliations"] == (places or None)
        metrics = zip(("paper_count", "citation_count", "h_index"), author["counts"], strict=True)
        assert person["metrics"] == (
            [{"metric": metric, "value": count} for metric, count in metrics if count is not None]
            or None
        )


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    golden("openalex_authors", dump.golden())


def read_authors(*authors: dict[str, Any]) -> ReadDump:
    """What is read of authors with these fields besides those that every author has."""
    every = {"id": f"{ROOT}A1", "display_name": "Jane Doe"}
    dump = read_dump("\n".join(json.dumps(every | author) for author in authors))
    dump.assert_accounted()
    return dump


def test_other_ids_and_older_affiliations_are_read() -> None:
    dump = read_authors(
        {
            "ids": {
                "mag": 17,
                "scopus": "http://www.scopus.com/authid/detail.uri?authorId=1",
                "wikipedia": "https://en.wikipedia.org/wiki/Jane_Doe",
                "orcid": "https://orcid.org/0000-0002-1825-0097",
            },
            "last_known_institution": {"display_name": "CERN"},
        }
    )
    (person,) = dump.people.to_dicts()
    assert [each["scheme"] for each in person["identifiers"]] == ["openalex", "mag", "scopus"]
    assert [each["value"] for each in person["identifiers"]][:2] == [f"{ROOT}A1", "17"]
    assert person["links"] == ["https://en.wikipedia.org/wiki/Jane_Doe"]
    assert person["orcid"] == "https://orcid.org/0000-0002-1825-0097"
    assert person["affiliations"] == ["CERN"]


def test_stand_ins_for_authors_are_deletions() -> None:
    dump = read_authors({"id": f"{ROOT}A9999999999"}, {}, {"id": f"{ROOT}A5317838346"})
    assert dump.people["source_key"].to_list() == ["A1"]
    assert dump.deletions["ordinal"].to_list() == [1, 3]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"display_name_alternatives": "J. Doe"}, "display_name_alternatives"),
        ({"summary_stats": {"h_index": "7"}}, "summary_stats.h_index"),
        ({"last_known_institutions": [{"display_name": 1}]}, "display_name"),
    ],
)
def test_a_field_of_another_type_is_a_reject_that_names_it(change, field) -> None:
    dump = read_authors({}, change)
    (reject,) = dump.rejects.to_dicts()
    assert (reject["ordinal"], reject["check"]) == (2, "field_type")
    assert field in reject["column"]


def test_unknown_fields_are_counted() -> None:
    assert read_authors({"x_concepts": [], "nick": "J"}).unknown_fields == {"nick": 1}


def test_a_page_of_the_api_is_read() -> None:
    lines = SAMPLE.read_text().splitlines()
    dump = read_dump(f'{{"meta": {{"count": 5}}, "results": [{",".join(lines)}]}}')
    dump.assert_accounted()
    assert dump.format == "openalex_authors"
    assert dump.people["name"].to_list() == read_dump(SAMPLE).people["name"].to_list()


def test_works_with_a_damaged_head_are_not_taken_for_authors() -> None:
    author = f'{{"id": "{ROOT}A1", "display_name": "J'
    assert openalex_authors.sniff(author) > 0
    assert openalex_authors.sniff(f'{{"id": "{ROOT}W1", "authorships": [{author}') == 0.0
    assert openalex_authors.sniff(json.dumps({"id": f"{ROOT}W1"})) == 0.0


@FEW
@given(content=damaged(SAMPLE.read_bytes()))
def test_damaged_authors_are_accounted_for(content) -> None:
    # A NUL byte at the head makes it a binary file, refused as a whole.
    with suppress(UnknownFormatError):
        read_dump(content, stated_format="openalex_authors").assert_accounted()
