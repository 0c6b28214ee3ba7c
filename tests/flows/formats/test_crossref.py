"""Crossref works: written and read back, dates and relations, the traps, damage and drift."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import UnknownFormatError, crossref
from tests.dumps import SAMPLES, ReadDump, damaged, read_dump
from tests.pages import FEW

SAMPLE = SAMPLES / "crossref/0.json"
SOME = settings(max_examples=20)

words = st.text("ABCdéł中<>&;'\"\\/.-", min_size=1, max_size=8)
texts = st.lists(words, min_size=1, max_size=5).map(" ".join)
names = st.text("ABCdefgéł'-", min_size=1, max_size=8)
days = st.dates(dt.date(1700, 1, 1), dt.date(2030, 1, 1))
dois = st.from_regex(r"\A10\.[1-9]\d{3}/[A-Z0-9.()]{1,8}\Z")


@st.composite
def works(draw: st.DrawFn) -> dict[str, Any]:
    """What a work says, before it is in Crossref's layout."""
    people = st.fixed_dictionaries(
        {
            "given": st.none() | names,
            "family": names,
            "suffix": st.none() | st.just("Jr."),
            "orcid": st.none() | st.just("http://orcid.org/0000-0002-1825-0097"),
            "places": st.lists(texts, max_size=2, unique=True),
        }
    )
    kinds = st.sampled_from(("is-preprint-of", "has-preprint", "is-version-of", "is-reply-to"))
    return {
        "doi": draw(dois),
        "title": draw(texts),
        "abstract": draw(st.none() | texts.map(lambda text: f"<jats:p>{text}</jats:p>")),
        "people": draw(st.lists(people, max_size=4)),
        "groups": draw(st.lists(names, max_size=1)),
        "editors": draw(st.lists(st.tuples(names, names), max_size=2, unique=True)),
        "date": draw(days),
        "parts": draw(st.integers(1, 3)),
        "relations": draw(st.dictionaries(kinds, st.lists(dois, max_size=2, unique=True))),
        "venue": draw(st.lists(texts, max_size=2)),
        "subjects": draw(st.lists(texts, max_size=3, unique=True)),
        "isbn": draw(st.lists(st.just("9780306406157"), max_size=1)),
        "cites": draw(st.integers(0, 10**5)),
        "updated": draw(st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2026, 1, 1))),
    }


def laid_out(work: dict[str, Any]) -> dict[str, Any]:
    """The work in the publisher's layout: parts that are not known are not there."""
    date = work["date"]
    parts = [date.year, date.month, date.day][: work["parts"]]
    people = [
        {
            **({"given": person["given"]} if person["given"] else {}),
            "family": person["family"],
            **({"suffix": person["suffix"]} if person["suffix"] else {}),
            **({"ORCID": person["orcid"]} if person["orcid"] else {}),
            "sequence": "additional" if number else "first",
            "affiliation": [{"name": place} for place in person["places"]],
        }
        for number, person in enumerate(work["people"])
    ]
    groups = [
        {"name": name, "sequence": "additional" if people else "first", "affiliation": []}
        for name in work["groups"]
    ]
    return {
        "indexed": {
            "date-parts": [[2024, 1, 1]],
            "date-time": work["updated"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "timestamp": 1,
        },
        "DOI": work["doi"],
        "URL": f"http://dx.doi.org/{work['doi']}",
        "type": "journal-article",
        "created": {"date-parts": [[1690, 1, 1]], "date-time": "1690-01-01T00:00:00Z"},
        "title": [work["title"]],
        **({"abstract": work["abstract"]} if work["abstract"] else {}),
        **({"author": people + groups} if people or groups else {}),
        "editor": [{"given": given, "family": family} for given, family in work["editors"]],
        "issued": {"date-parts": [parts]},
        "published": {"date-parts": [parts]},
        "relation": {
            kind: [{"id-type": "doi", "id": doi, "asserted-by": "subject"} for doi in others]
            for kind, others in work["relations"].items()
        },
        "container-title": work["venue"],
        "subject": work["subjects"],
        "ISBN": work["isbn"],
        "is-referenced-by-count": work["cites"],
        "reference": [{"key": "1", "DOI": "10.1/a"}],
        "prefix": "10.1",
    }


@SOME
@given(
    written=st.lists(works(), min_size=1, max_size=4),
    layout=st.sampled_from(("file", "lines", "answer", "indented")),
)
def test_written_works_are_read_back(written, layout) -> None:
    items = [laid_out(work) for work in written]
    if layout == "lines":
        text = "\n".join(map(json.dumps, items))
    elif layout == "answer":
        message = {"facets": {}, "total-results": 1, "items": items, "items-per-page": 20}
        text = json.dumps({"status": "ok", "message-type": "work-list", "message": message})
    else:
        text = json.dumps({"items": items}, indent=1 if layout == "indented" else None)
    dump = read_dump(text)
    dump.assert_accounted()
    assert dump.format == "crossref"
    assert dump.rejects.is_empty()
    assert dump.unknown_fields == {}
    assert dump.stated["value"].to_list() == [work["cites"] for work in written]
    for row, work in zip(dump.entries.to_dicts(), written, strict=True):
        assert row["source_key"] == work["doi"].lower()
        assert row["doi"] == work["doi"]
        assert row["title"] == work["title"]
        assert row["abstract"] == work["abstract"]
        assert row["venue"] == (work["venue"] or [None])[0]
        assert row["categories"] == (work["subjects"] or None)
        assert row["version"] == "published"
        assert row["links"] is None
        assert row["updated_at"].replace(tzinfo=None) == work["updated"].replace(microsecond=0)
        assert row["editors"] == ([f"{first} {last}" for first, last in work["editors"]] or None)
        date, parts = work["date"], work["parts"]
        assert row["publication_date"] == date.replace(
            month=date.month if parts > 1 else 1, day=date.day if parts > 2 else 1
        )
        assert row["date_precision"] == ("year", "month", "day")[parts - 1]
        assert row["related"] == (
            [
                {"relation": kind.replace("-", "_"), "scheme": "doi", "value": doi}
                for kind, others in work["relations"].items()
                for doi in others
            ]
            or None
        )
        assert [each["value"] for each in row["identifiers"] or []] == work["isbn"]
        authors = row["authors"] or []
        assert row["authors_complete"] is (True if authors else None)
        assert [author["name"] for author in authors[len(work["people"]) :]] == work["groups"]
        for author, person in zip(authors, work["people"], strict=False):
            last = " ".join(filter(None, (person["family"], person["suffix"])))
            assert author["name"] == " ".join(filter(None, (person["given"], last)))
            assert author["given_name"] == person["given"]
            assert author["family_name"] == (last if person["given"] else None)
            assert author["orcid"] == person["orcid"]
            assert author["affiliations"] == (person["places"] or None)


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    golden("crossref", dump.golden())


def read_works(*works: dict[str, Any]) -> ReadDump:
    """What is read of works with these fields besides those that every work has."""
    every = {"DOI": "10.1000/182", "prefix": "10.1000", "type": "journal-article"}
    items = [{**every, "title": ["A Title"], **work} for work in works]
    dump = read_dump(json.dumps({"items": items}))
    dump.assert_accounted()
    return dump


def read_work(**fields: Any) -> dict[str, Any]:
    """The entry read of a work with these fields; an underscore stands for a hyphen."""
    dump = read_works({name.replace("_", "-"): value for name, value in fields.items()})
    assert dump.rejects.is_empty()
    row: dict[str, Any] = dump.entries.row(0, named=True)
    return row


def on(*parts: int | None) -> dict[str, Any]:
    """A date in Crossref's layout."""
    return {"date-parts": [list(parts)]}


PRINT, ONLINE = "published_print", "published_online"


@pytest.mark.parametrize(
    ("dates", "expected", "precision"),
    [
        ({PRINT: on(2020, 6), ONLINE: on(2019, 12, 5)}, (2019, 12, 5), "day"),
        ({PRINT: on(2019), ONLINE: on(2019, 12, 5)}, (2019, 12, 5), "day"),
        ({PRINT: on(2019, 12), ONLINE: on(2019)}, (2019, 12, 1), "month"),
        ({PRINT: on(2018), ONLINE: on(2019, 1, 2)}, (2018, 1, 1), "year"),
        ({"posted": on(2019, 4, 29), "issued": on(2018)}, (2019, 4, 29), "day"),
        ({"issued": on(2018, 7)}, (2018, 7, 1), "month"),
        ({"issued": on(2018, 0, 0)}, (2018, 1, 1), "year"),
        ({"issued": on(2018, None, 3)}, (2018, 1, 1), "year"),
        ({PRINT: on(2018, 2, 30), "issued": on(2018)}, (2018, 1, 1), "year"),
        ({"issued": on(None)}, None, None),
        ({"issued": {"date-parts": [None]}}, None, None),
        ({"issued": {"date-parts": []}}, None, None),
        ({"issued": None, "created": on(2016, 1, 1), "deposited": on(2017, 1, 1)}, None, None),
    ],
)  # fmt: skip
def test_the_date_is_the_earliest_day_it_came_out(dates, expected, precision) -> None:
    row = read_work(**dates)
    assert row["publication_date"] == (dt.date(*expected) if expected else None)
    assert row["date_precision"] == precision
    assert row["date_basis"] == ("printed" if expected else None)


def test_an_impossible_date_is_a_warning() -> None:
    row = read_work(issued=on(2020, 13), published_print=on(2020, 2, 30), posted=on(9**18))
    assert row["publication_date"] is None
    (warning,) = row["warnings"]
    assert (warning["column"], warning["check"]) == ("publication_date", "possible_date")
    assert warning["printed"] == f"2020-2-30, {9**18}, 2020-13"
    assert read_work(issued=on(2020, 12, 31))["warnings"] is None


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"subtitle": ["A Sub"]}, "A Title: A Sub"),
        ({"title": ["A Title:"], "subtitle": ["A Sub"]}, "A Title: A Sub"),
        ({"title": ["A Title: a sub"], "subtitle": ["A Sub"]}, "A Title: a sub"),
        ({"title": ["", "Another"]}, "Another"),
        ({"title": [], "original_title": ["Ein Titel"]}, "Ein Titel"),
        ({"title": []}, None),
        ({"title": None, "subtitle": ["A Sub"]}, None),
    ],
)
def test_titles_may_be_missing_or_in_parts(fields, title) -> None:
    assert read_work(**fields)["title"] == title


def test_a_work_without_title_or_authors_stays_an_entry() -> None:
    dump = read_dump('{"items": [{"DOI": "10.1/A", "member": "1"}, {"member": "2"}]}')
    dump.assert_accounted()
    assert dump.column("source_key") == ["10.1/a", None]
    assert dump.column("version") == [None, None]


def test_the_order_of_the_list_is_kept_where_another_is_called_first() -> None:
    jane = {"given": "Jane", "family": "Doe", "sequence": "additional"}
    rick = {"given": "Rick", "family": "Roe", "sequence": "first"}
    row = read_work(author=[jane, rick])
    assert [author["name"] for author in row["authors"]] == ["Jane Doe", "Rick Roe"]
    assert [(each["check"], each["printed"]) for each in row["warnings"]] == [
        ("author_order", "Rick Roe")
    ]
    assert read_work(author=[rick, jane])["warnings"] is None


def test_a_cut_list_and_authors_without_names_are_told() -> None:
    jane = {"given": "Jane", "family": "Doe"}
    for other in ({"family": "et al."}, {"name": "others"}, {"affiliation": [{"name": "CERN"}]}):
        row = read_work(author=[jane, other])
        assert [author["name"] for author in row["authors"]] == ["Jane Doe"]
        assert row["authors_complete"] is False
    assert read_work(author=[])["authors_complete"] is None


def test_relations_of_all_kinds_are_read() -> None:
    row = read_work(
        DOI="10.1000/OWN",
        relation={
            "is-preprint-of": {"id-type": "doi", "id": "10.1/a", "asserted-by": "subject"},
            "is-supplement-to": [{"id-type": "arxiv", "id": "1706.03762"}, {"id-type": "uri"}],
            "cites": [],
        },
        update_to=[
            {"DOI": "10.1/b", "type": "erratum", "label": "Erratum"},
            {"DOI": "10.1/c", "type": "retraction", "updated": on(2020, 1, 1)},
            {"DOI": "10.1/d", "type": "expression_of_concern"},
            {"DOI": "10.1000/own", "type": "new_version"},
        ],
        updated_by=[{"DOI": "10.1/e", "type": "correction"}, {"DOI": None, "type": None}],
    )
    assert [(each["relation"], each["scheme"], each["value"]) for each in row["related"]] == [
        ("is_preprint_of", "doi", "10.1/a"),
        ("is_supplement_to", "arxiv", "1706.03762"),
        ("corrects", "doi", "10.1/b"),
        ("retracts", "doi", "10.1/c"),
        ("updates", "doi", "10.1/d"),
        ("is_corrected_by", "doi", "10.1/e"),
    ]
    assert row["note"] == "new_version"


def test_a_relation_may_lack_the_kind_of_its_id() -> None:
    row = read_work(relation={"is-preprint-of": [{"id": "10.1234/OE.5"}, {"id": "PXD001"}]})
    assert [(each["scheme"], each["value"]) for each in row["related"]] == [
        ("doi", "10.1234/OE.5"),
        (None, "PXD001"),
    ]


def test_preprints_name_their_server_and_field() -> None:
    posted = {"type": "posted-content", "subtype": "preprint", "group_title": "Genomics"}
    for institution in ([{"name": "bioRxiv"}], {"name": "bioRxiv"}):
        row = read_work(**posted, institution=institution)
        assert (row["version"], row["venue"]) == ("preprint", "bioRxiv")
        assert (row["category"], row["entry_type"]) == ("Genomics", "posted-content")
    thesis = read_work(type="dissertation", institution=[{"name": "ETH"}])
    assert (thesis["version"], thesis["venue"]) == ("published", None)


def test_links_are_those_besides_the_doi() -> None:
    row = read_work(
        URL="https://doi.org/10.1000/182",
        resource={"primary": {"URL": "https://a.org/1"}},
        link=[{"URL": "https://a.org/1.pdf"}, {"URL": "https://a.org/1"}],
    )
    assert row["links"] == ["https://a.org/1", "https://a.org/1.pdf"]
    own = read_work(resource={"primary": {"URL": "https://doi.org/10.1000/182"}})
    assert own["links"] is None


def test_places_in_a_journal() -> None:
    row = read_work(
        article_number="e17", container_title=[], short_container_title=["Acta"], volume="3"
    )
    assert (row["venue"], row["volume"], row["pages"]) == ("Acta", "3", "e17")
    assert read_work(page="1-9", article_number="e17")["pages"] == "1-9"


def test_the_venue_of_a_chapter_is_the_book_not_its_series() -> None:
    both = ["Lecture Notes in Examples", "Examples 2017", ""]
    assert read_work(type="book-chapter", container_title=both)["venue"] == "Examples 2017"
    alone = read_work(type="book-chapter", container_title=["A Book"])
    assert alone["venue"] == "A Book"
    journal = read_work(type="journal-article", container_title=["Acta Exempli", "Acta Ex."])
    assert journal["venue"] == "Acta Exempli"


def test_older_answers_give_the_last_change_in_milliseconds() -> None:
    indexed = {"date-parts": [[2015, 6, 9]], "timestamp": 1433817308344}
    assert read_work(indexed=indexed)["updated_at"] == dt.datetime(
        2015, 6, 9, 2, 35, 8, 344000, tzinfo=dt.UTC
    )
    both = {**indexed, "date-time": "2016-01-02T03:04:05Z"}
    moment = dt.datetime(2016, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert read_work(indexed=both)["updated_at"] == moment


def test_an_answer_of_few_fields_is_read() -> None:
    items = [{"DOI": "10.1234/a", "title": ["An Example"]}, {"DOI": "10.1234/b"}]
    message = {"facets": {}, "total-results": 2, "items": items}
    dump = read_dump(json.dumps({"status": "ok", "message-type": "work-list", "message": message}))
    dump.assert_accounted()
    assert dump.format == "crossref"
    assert dump.column("doi") == ["10.1234/a", "10.1234/b"]
    assert dump.column("title") == ["An Example", None]


def test_an_answer_with_one_work_is_read() -> None:
    work = json.loads(SAMPLE.read_text())["items"][4]
    answer = {"status": "ok", "message-type": "work", "message-version": "1.0.0", "message": work}
    expected = {**read_dump(SAMPLE).rows()[4], "ordinal": 1}
    for text in (json.dumps(answer), json.dumps(answer, indent=2), json.dumps(answer) + "\n" * 3):
        dump = read_dump(text)
        dump.assert_accounted()
        assert dump.format == "crossref"
        assert dump.unknown_fields == {}
        (row,) = dump.entries.to_dicts()
        places = {"ordinal", "line_start", "line_end", "line_total"}
        assert {name: row[name] for name in expected if name not in places} == {
            name: value for name, value in expected.items() if name not in places
        }


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "A"}, "title"),
        ({"author": [{"family": ["Doe"]}]}, "author[].family"),
        ({"author": [{"affiliation": "CERN"}]}, "affiliation"),
        ({"issued": {"date-parts": [["2020"]]}}, "issued.date-parts"),
        ({"is-referenced-by-count": "7"}, "is-referenced-by-count"),
        ({"relation": []}, "relation"),
        ({"relation": "none"}, "relation"),
        ({"relation": {"is-preprint-of": "10.1/a"}}, "relation"),
        ({"update-to": [{"DOI": 7}]}, "update-to"),
    ],
)
def test_a_field_of_another_type_is_a_reject_that_names_it(change, field) -> None:
    dump = read_works({}, change, {"DOI": "10.1000/3"})
    assert dump.column("ordinal") == [1, 3]
    (reject,) = dump.rejects.to_dicts()
    assert (reject["ordinal"], reject["check"]) == (2, "field_type")
    assert field in reject["column"]
    assert f"'{reject['column']}'" in reject["message"]


def test_unknown_fields_are_counted_and_known_ones_are_not() -> None:
    dump = read_works({"news": 1, "funder": [], "group-title": "A"}, {"news": None, "relation": {}})
    assert dump.unknown_fields == {"news": 2}


@FEW
@given(content=damaged(SAMPLE.read_bytes()))
def test_damaged_works_are_accounted_for(content) -> None:
    # A NUL byte at the head makes it a binary file, refused as a whole.
    with suppress(UnknownFormatError):
        read_dump(content, stated_format="crossref").assert_accounted()


def test_a_cut_file_gives_the_works_before_the_cut() -> None:
    text = SAMPLE.read_text()
    dump = read_dump(text[: text.index("10.1109/cvpr")])
    dump.assert_accounted()
    assert dump.entries.height == 3
    assert dump.rejects["check"].to_list() == ["complete_dump"]


def test_a_first_work_longer_than_the_head_is_recognised() -> None:
    crowd = [{"given": "Jane", "family": "Doe", "sequence": "additional"}] * 6000
    work = {"DOI": "10.1/a", "indexed": {}, "title": ["A"], "author": crowd}
    dump = read_dump(json.dumps({"items": [work]}))
    assert dump.format == "crossref"
    assert len(dump.column("authors")[0]) == 6000


def test_other_json_is_not_taken_for_crossref() -> None:
    for other in (
        {"DOI": "10.1/a", "title": "A", "container-title": "B", "indexed": {}},
        {"id": "x", "DOI": "10.1/a", "title": ["A"]},
        {"title": ["A"], "member": "1"},
        {"message": {"items": []}},
        {"message": "gone"},
        [],
    ):
        assert crossref.sniff(json.dumps(other)) == 0.0
