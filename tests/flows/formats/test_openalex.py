"""OpenAlex works: written and read back, abstracts word for word, the traps, damage and drift."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import UnknownFormatError, openalex
from tests.dumps import SAMPLES, ReadDump, damaged, read_dump
from tests.pages import FEW

SAMPLE = SAMPLES / "openalex/data/works/updated_date=2024-01-01/part_000.jsonl"
ROOT = "https://openalex.org/"
SOME = settings(max_examples=20)

words = st.text("abcdÉł中\"'\\{}[]:,.-$&", min_size=1, max_size=8)
texts = st.lists(words, min_size=1, max_size=5).map(" ".join)
numbers = st.integers(1, 10**10)
days = st.dates(dt.date(1700, 1, 1), dt.date(2030, 1, 1))


@st.composite
def works(draw: st.DrawFn) -> dict[str, Any]:
    """What a work says, before it is in OpenAlex's layout."""
    people = st.fixed_dictionaries(
        {
            "key": numbers.filter(lambda key: key not in (9999999999, 5317838346)),
            "name": texts,
            "raw": st.none() | texts,
            "orcid": st.none() | st.just("https://orcid.org/0000-0002-1825-0097"),
            "raw_places": st.lists(texts, max_size=2, unique=True),
            "places": st.lists(texts, max_size=2, unique=True),
        }
    )
    return {
        "key": draw(numbers.filter(lambda key: key != 4285719527)),
        "title": draw(texts),
        "abstract": draw(st.none() | st.lists(words, max_size=30)),
        "people": draw(st.lists(people, max_size=4)),
        "date": draw(days),
        "mag": draw(st.none() | numbers),
        "venue": draw(st.none() | texts),
        "version": draw(st.sampled_from((None, "submittedVersion", "publishedVersion"))),
        "topics": draw(st.lists(texts, max_size=3, unique=True)),
        "cites": draw(st.integers(0, 10**6)),
        "volume": draw(st.none() | texts),
        "pages": draw(st.sampled_from(((None, None), ("e12", None), ("3", "3"), ("4", "19")))),
        "updated": draw(st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2026, 1, 1))),
    }


def inverted(text: list[str], step: int = 1) -> dict[str, list[int]]:
    """The inverted index of a text, whose words stand `step` places apart."""
    index: dict[str, list[int]] = {}
    for place, word in enumerate(text):
        index.setdefault(word, []).append(place * step)
    return index


def printed(work: dict[str, Any]) -> str:
    """The work in the publisher's layout, a line."""
    key = f"{ROOT}W{work['key']}"
    source = work["venue"] and {"id": f"{ROOT}S1", "display_name": work["venue"], "type": "journal"}
    location = {"source": source, "version": work["version"], "landing_page_url": "http://a.org/1"}
    return json.dumps(
        {
            "id": key,
            "doi": "https://doi.org/10.1000/182",
            "title": work["title"],
            "display_name": work["title"],
            "publication_year": work["date"].year,
            "publication_date": work["date"].isoformat(),
            "ids": {"openalex": key} | ({"mag": str(work["mag"])} if work["mag"] else {}),
            "type": "article",
            "authorships": [
                {
                    "author_position": "middle",
                    "author": {
                        "id": f"{ROOT}A{person['key']}",
                        "display_name": person["name"],
                        "orcid": person["orcid"],
                    },
                    "institutions": [
                        {"id": f"{ROOT}I1", "display_name": place} for place in person["places"]
                    ],
                    "raw_author_name": person["raw"],
                    "raw_affiliation_strings": person["raw_places"],
                }
                for person in work["people"]
            ],
            "primary_location": location,
            "locations": [location],
            "biblio": {
                "volume": work["volume"],
                "issue": None,
                "first_page": work["pages"][0],
                "last_page": work["pages"][1],
            },
            "cited_by_count": work["cites"],
            "topics": [{"id": f"{ROOT}T1", "display_name": name} for name in work["topics"]],
            "primary_topic": {"display_name": work["topics"][0]} if work["topics"] else None,
            "abstract_inverted_index": None
            if work["abstract"] is None
            else inverted(work["abstract"]),
            "updated_date": work["updated"].isoformat(),
        },
        ensure_ascii=work["key"] % 2 == 0,
    )


@SOME
@given(written=st.lists(works(), min_size=1, max_size=5))
def test_written_works_are_read_back(written) -> None:
    dump = read_dump("".join(printed(work) + "\n" for work in written))
    dump.assert_accounted()
    assert dump.format == "openalex"
    assert dump.rejects.is_empty()
    assert dump.unknown_fields == {}
    assert dump.stated["value"].to_list() == [work["cites"] for work in written]
    assert set(dump.stated["metric"]) == {"citation_count"}
    for row, work in zip(dump.entries.to_dicts(), written, strict=True):
        assert row["source_key"] == f"W{work['key']}"
        assert row["title"] == work["title"]
        assert row["abstract"] == (" ".join(work["abstract"] or []) or None)
        assert row["publication_date"] == work["date"]
        assert row["date_precision"] == "day"
        assert row["date_printed"] == work["date"].isoformat()
        assert row["venue"] == work["venue"]
        assert row["volume"] == work["volume"]
        assert row["pages"] == {None: None, "e12": "e12", "3": "3", "4": "4-19"}[work["pages"][0]]
        assert row["category"] == (work["topics"] or [None])[0]
        assert row["categories"] == (work["topics"] or None)
        assert row["updated_at"].replace(tzinfo=None) == work["updated"]
        assert row["links"] == ["http://a.org/1"]
        assert row["identifiers"] == [
            {"scheme": "openalex", "value": f"{ROOT}W{work['key']}"},
            *([{"scheme": "mag", "value": str(work["mag"])}] if work["mag"] else []),
        ]
        assert row["authors_complete"] is (True if work["people"] else None)
        for author, person in zip(row["authors"] or [], work["people"], strict=True):
            assert author["name"] == (person["raw"] or person["name"])
            assert author["source_author_key"] == f"A{person['key']}"
            assert author["orcid"] == person["orcid"]
            assert author["affiliations"] == (person["raw_places"] or person["places"] or None)


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    golden("openalex", dump.golden())


def read_works(*works: dict[str, Any]) -> ReadDump:
    """What is read of works with these fields besides those that every work has."""
    every = {"id": f"{ROOT}W1", "title": "A Title"}
    dump = read_dump("\n".join(json.dumps(every | work) for work in works))
    dump.assert_accounted()
    return dump


def read_work(**fields: Any) -> dict[str, Any]:
    """The entry read of a work with these fields."""
    dump = read_works(fields)
    assert dump.rejects.is_empty()
    row: dict[str, Any] = dump.entries.row(0, named=True)
    return row


@SOME
@given(
    text=st.lists(words, min_size=1, max_size=60),
    step=st.integers(1, 9),
    order=st.randoms(use_true_random=False),
)
def test_an_abstract_is_put_together_word_for_word(text, step, order) -> None:
    index = list(inverted(text, step).items())
    order.shuffle(index)
    assert read_work(abstract_inverted_index=dict(index))["abstract"] == " ".join(text)


def test_words_at_one_place_and_doubled_words_are_all_kept() -> None:
    line = (
        f'{{"id": "{ROOT}W1", "title": "A", "abstract_inverted_index":'
        ' {"b": [1], "a": [0], "c": [1], "a": [2]}}'
    )
    assert read_dump(line).column("abstract") == ["a b c a"]


@pytest.mark.parametrize("index", [None, {}, {"a": []}])
def test_an_index_without_words_is_no_abstract(index) -> None:
    assert read_work(abstract_inverted_index=index)["abstract"] is None


def test_an_index_may_be_a_text_and_stand_in_an_object_with_its_length() -> None:
    index = {"We": [0], "show": [1, 3], "InvertedIndex": [2], "IndexLength": [4]}
    text = "We show InvertedIndex show IndexLength"
    wrapped = {"IndexLength": 5, "InvertedIndex": index}
    forms = (index, wrapped, json.dumps(index), json.dumps(wrapped), "", "no index", None)
    dump = read_works(*({"abstract_inverted_index": form} for form in forms))
    dump.assert_accounted()
    assert dump.column("ordinal") == [1, 2, 3, 4, 5, 7]
    assert dump.column("abstract") == [text] * 4 + [None] * 2
    assert dump.rejects["column"].to_list() == ["abstract_inverted_index"]
    empty = read_work(abstract_inverted_index={"IndexLength": 0, "InvertedIndex": {}})
    assert empty["abstract"] is None


@pytest.mark.parametrize(
    ("type_", "source", "version", "expected"),
    [
        ("preprint", "repository", "submittedVersion", "preprint"),
        ("preprint", None, "publishedVersion", "preprint"),
        ("article", "repository", None, "preprint"),
        ("article", "repository", "submittedVersion", "preprint"),
        ("article", "repository", "publishedVersion", "published"),
        ("article", "journal", None, "published"),
        ("article", "journal", "acceptedVersion", "published"),
        ("dissertation", "repository", None, None),
        ("article", None, None, None),
        (None, "conference", None, "published"),
    ],
)
def test_which_version_a_work_is(type_, source, version, expected) -> None:
    location = {"source": source and {"display_name": "A", "type": source}, "version": version}
    assert read_work(type=type_, primary_location=location)["version"] == expected
    assert read_work(type_crossref="posted-content")["version"] == "preprint"


def test_authors_who_are_nobody_are_told_apart_from_nobody() -> None:
    row = read_work(
        authorships=[
            {
                "author": {"id": f"{ROOT}A9999999999", "display_name": "NULL"},
                "raw_author_name": "J",
            },
            {"author": {"id": None, "display_name": None}, "raw_author_name": "R. Roe"},
            {"author": {"id": f"{ROOT}A5317838346", "orcid": "x"}, "raw_author_name": "C. Poe"},
        ]
    )
    assert [author["name"] for author in row["authors"]] == ["J", "R. Roe", "C. Poe"]
    assert {author["source_author_key"] for author in row["authors"]} == {None}
    assert {author["orcid"] for author in row["authors"]} == {None}
    assert row["authors_complete"] is True


def test_a_list_is_cut_where_it_says_so_and_where_a_name_is_missing() -> None:
    jane = {"author": {"id": f"{ROOT}A1", "display_name": "Jane Doe"}}
    nameless = {"author": {"id": f"{ROOT}A9999999999", "display_name": "NULL AUTHOR_ID"}}
    cut = read_work(authorships=[jane], is_authors_truncated=True, authors_count=120)
    assert (cut["authors_complete"], cut["author_count"]) == (False, 120)
    assert read_work(authorships=[jane, nameless])["authors_complete"] is False
    assert read_work(authorships=[nameless])["authors"] is None
    assert read_work(authorships=[])["authors_complete"] is None


def test_arxiv_ids_and_links_are_found_in_the_locations() -> None:
    arxiv = [
        {"landing_page_url": "http://arxiv.org/abs/hep-th/9901001v2", "pdf_url": None},
        {"landing_page_url": "https://doi.org/10.48550/arXiv.1706.03762"},
        {"landing_page_url": None, "pdf_url": "https://arxiv.org/pdf/1706.03762.pdf"},
        {"landing_page_url": "https://dx.doi.org/10.1000/182"},
    ]
    row = read_work(locations=arxiv, primary_location=arxiv[1])
    assert row["arxiv_id"] == "1706.03762"
    assert {"scheme": "arxiv", "value": "hep-th/9901001v2"} in row["identifiers"]
    assert row["links"] == [
        "http://arxiv.org/abs/hep-th/9901001v2",
        "https://arxiv.org/pdf/1706.03762.pdf",
    ]


def test_identifiers_are_as_printed_wherever_they_stand() -> None:
    row = read_work(
        ids={
            "openalex": f"{ROOT}W1",
            "doi": "https://doi.org/10.1/a",
            "mag": 2741809807,
            "pmid": "https://pubmed.ncbi.nlm.nih.gov/29456894",
            "pmcid": "https://www.ncbi.nlm.nih.gov/pmc/articles/5815332",
        },
        primary_location={
            "source": {"display_name": "PeerJ", "issn_l": "2167-8359", "issn": ["2167-8359"]}
        },
    )
    assert row["doi"] == "https://doi.org/10.1/a"
    assert [(each["scheme"], each["value"]) for each in row["identifiers"]] == [
        ("openalex", f"{ROOT}W1"),
        ("mag", "2741809807"),
        ("pmid", "https://pubmed.ncbi.nlm.nih.gov/29456894"),
        ("pmcid", "https://www.ncbi.nlm.nih.gov/pmc/articles/5815332"),
        ("issn", "2167-8359"),
    ]


def test_an_impossible_day_is_a_warning_and_the_year_stays() -> None:
    row = read_work(publication_date="2021-02-30", publication_year=2021)
    assert row["publication_date"] == dt.date(2021, 1, 1)
    assert (row["date_precision"], row["date_printed"]) == ("year", "2021")
    assert [each["printed"] for each in row["warnings"]] == ["2021-02-30"]
    year_only = read_work(publication_year=1687)
    assert (year_only["publication_date"], year_only["warnings"]) == (dt.date(1687, 1, 1), None)
    impossible = read_work(publication_year=999999999999)
    assert impossible["publication_date"] is None
    assert impossible["date_basis"] is None
    assert [each["printed"] for each in impossible["warnings"]] == ["999999999999"]


def test_a_retracted_work_says_so_and_a_deleted_one_is_a_deletion() -> None:
    assert read_work(is_retracted=True)["note"] == "retracted"
    dump = read_works({}, {"id": f"{ROOT}W4285719527", "title": "Deleted Work"}, {"id": None})
    assert dump.column("ordinal") == [1, 3]
    assert dump.column("source_key") == ["W1", None]
    assert dump.deletions.select("ordinal", "source_key").rows() == [(2, "W4285719527")]


def test_older_and_newer_layouts_are_read() -> None:
    row = read_work(
        title=None,
        display_name="An Old Title",
        concepts=[{"display_name": "Physics"}, {"display_name": "Optics"}],
        authorships=[{"author": {"display_name": "J. Doe"}, "raw_affiliation_string": "CERN"}],
        primary_location={"source": None, "raw_source_name": "Acta"},
        updated_date="2023-07-21",
    )
    assert (row["title"], row["venue"], row["category"]) == ("An Old Title", "Acta", "Physics")
    assert row["authors"][0]["affiliations"] == ["CERN"]
    assert row["updated_at"] == dt.datetime(2023, 7, 21, tzinfo=dt.UTC)


HOST_VENUE = {
    "id": f"{ROOT}V1", "display_name": "Acta Exempli", "issn_l": "0341-4183",
    "issn": ["0341-4183", "1865-7648"], "publisher": "Example Press", "type": "journal",
    "url": "https://example.org/1", "is_oa": True, "version": "submittedVersion", "license": None,
}  # fmt: skip


def test_host_venues_of_older_snapshots_are_locations() -> None:
    others = [{"id": None, "url": "https://arxiv.org/abs/1706.03762", "type": "repository"}]
    row = read_work(host_venue=HOST_VENUE, alternate_host_venues=others)
    assert (row["venue"], row["publisher"]) == ("Acta Exempli", "Example Press")
    assert (row["version"], row["arxiv_id"]) == ("published", "1706.03762")
    assert row["links"] == ["https://example.org/1", "https://arxiv.org/abs/1706.03762"]
    issns = [each["value"] for each in row["identifiers"] if each["scheme"] == "issn"]
    assert issns == ["0341-4183", "1865-7648"]


def test_a_location_goes_before_a_host_venue_and_empty_ones_are_none() -> None:
    place = {"source": {"display_name": "New Name", "type": "journal"}}
    row = read_work(host_venue=HOST_VENUE, primary_location=place, locations=[place])
    assert (row["venue"], row["links"]) == ("New Name", None)
    nothing = dict.fromkeys(HOST_VENUE)
    row = read_work(host_venue=nothing, alternate_host_venues=[])
    assert (row["venue"], row["version"], row["links"]) == (None, None, None)
    rows = read_works({"host_venue": None}, {"host_venue": HOST_VENUE}).column("venue")
    assert rows == [None, "Acta Exempli"]


@pytest.mark.parametrize(
    ("printed", "moment"),
    [
        ("2024-01-02T03:04:05.123456", dt.datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=dt.UTC)),
        ("2024-01-02T03:04:05.123456789Z", dt.datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=dt.UTC)),
        ("2024-01-02 03:04:05+00:00", dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        ("2024-01-02", dt.datetime(2024, 1, 2, tzinfo=dt.UTC)),
        ("2024-13-02", None),
        ("2024-01-02T03:04:05+05:00", None),
        ("soon", None),
    ],
)
def test_the_moment_of_the_last_change(printed, moment) -> None:
    assert read_work(updated_date=printed)["updated_at"] == moment


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": 7}, "title"),
        ({"cited_by_count": "many"}, "cited_by_count"),
        ({"authorships": [{"author": {"display_name": ["J"]}}]}, "author.display_name"),
        ({"locations": [{"source": {"issn": "1234-5678"}}]}, "source.issn"),
        ({"biblio": "12(3)"}, "biblio"),
        ({"abstract_inverted_index": "We show"}, "abstract_inverted_index"),
        ({"abstract_inverted_index": ["We"]}, "abstract_inverted_index"),
        ({"abstract_inverted_index": {"We": 0}}, "abstract_inverted_index"),
        ({"abstract_inverted_index": {"We": [0, "x"]}}, "abstract_inverted_index"),
        ({"abstract_inverted_index": {"InvertedIndex": {"We": [0]}}}, "abstract_inverted_index"),
    ],
)
def test_a_field_of_another_type_is_a_reject_that_names_it(change, field) -> None:
    dump = read_works({}, change, {"id": f"{ROOT}W3", "abstract_inverted_index": {"We": [0]}})
    assert dump.column("source_key") == ["W1", "W3"]
    assert dump.column("abstract") == [None, "We"]
    (reject,) = dump.rejects.to_dicts()
    assert (reject["ordinal"], reject["line_start"], reject["check"]) == (2, 2, "field_type")
    assert field in reject["column"]
    assert f"'{reject['column']}'" in reject["message"]
    assert reject["raw_text"] is not None


def test_unknown_fields_are_counted_and_known_ones_are_not() -> None:
    dump = read_works({"fwci": 1.5, "news": []}, {"news": None, "grants": [], "is_xpac": False})
    assert dump.unknown_fields == {"news": 2}


def test_pages_of_the_api_are_read_and_so_are_pages_line_by_line() -> None:
    lines = SAMPLE.read_text().splitlines()
    expected = read_dump(SAMPLE)

    def page(works: list[str]) -> str:
        query = {"filters": [{"is": {"results": ["x"]}}, 'a"]'], "sort": {}}
        meta = {"count": 6, "page": 1, "next": None, "x_query": query, "items": ["y"]}
        return f'{{"meta": {json.dumps(meta)}, "results": [{", ".join(works)}], "group_by": []}}'

    one = read_dump(page(lines))
    several = read_dump(f"{page(lines[:2])}\n{page([])}\n\n{page(lines[2:])}\n")
    for dump in (one, several):
        dump.assert_accounted()
        assert dump.format == "openalex"
        assert dump.rejects.is_empty()
        places = ["line_start", "line_end"]
        assert dump.entries.drop(places).equals(expected.entries.drop(places))
    assert several.column("line_start") == [1, 1, 4, 4, 4]


def test_what_an_answer_did_not_find_is_no_value() -> None:
    work = json.dumps({"id": f"{ROOT}W1", "title": "A"})
    dump = read_dump(f'{{"results": [null, {work}, null, null,\n{work}, nullify, {work}, null]}}')
    dump.assert_accounted()
    assert dump.column("source_key") == ["W1"] * 3
    assert dump.rejects["raw_text"].to_list() == ["nullify"]


def test_what_stands_behind_a_page_is_not_lost() -> None:
    work = json.dumps({"id": f"{ROOT}W1", "title": "A"})
    for behind in (f"\n{work}", "x", f"],{work}"):
        dump = read_dump(f'{{"meta": {{}}, "results": [{work}]}}{behind}')
        dump.assert_accounted()
        assert dump.column("source_key") == ["W1"]
        assert dump.rejects["check"].to_list() == ["valid_json"]
    split = read_dump(f'{{"meta": {{}}, "results": [{work}],{work}]}}')
    split.assert_accounted()
    assert split.rejects["raw_text"].to_list() == [f",{work}]}}"]


@FEW
@given(content=damaged(SAMPLE.read_bytes()))
def test_damaged_works_are_accounted_for(content) -> None:
    # A NUL byte at the head makes it a binary file, refused as a whole.
    with suppress(UnknownFormatError):
        read_dump(content, stated_format="openalex").assert_accounted()


def test_lines_between_damaged_ones_are_read_also_behind_the_first() -> None:
    first, second, third, *_ = SAMPLE.read_text().splitlines()
    dump = read_dump("\n".join([first[:-200], second, third[50:], "null", second]))
    dump.assert_accounted()
    assert dump.format == "openalex"
    assert dump.column("source_key") == ["W2963341956"] * 2
    assert dump.rejects["line_start"].to_list() == [1, 3, 4]


@pytest.mark.parametrize("text", ["null", "null\nnull", "7\n{}", '["a"]', "[null]", "[]", "{}"])
def test_values_that_are_no_works_are_accounted_for(text) -> None:
    read_dump(text, stated_format="openalex").assert_accounted()


def test_a_first_work_longer_than_the_head_is_recognised() -> None:
    work = json.dumps({"id": f"{ROOT}W1", "title": "A", "referenced_works": ["W2"] * 60_000})
    assert read_dump(work).format == "openalex"


def test_other_json_is_not_taken_for_works() -> None:
    for other in (
        {"id": f"{ROOT}A1", "display_name": "Jane Doe"},
        {"id": f"{ROOT}S1", "display_name": "Nature"},
        {"id": "2401.00001", "title": "A", "categories": "cs.CL", "authors_parsed": []},
        {"DOI": "10.1/a", "title": ["A"], "prefix": "10.1"},
        {"results": []},
        {"results": [{"id": f"{ROOT}W1", "hint": "Jane Doe", "entity_type": "work"}]},
        [],
    ):
        assert openalex.sniff(json.dumps(other)) == 0.0
