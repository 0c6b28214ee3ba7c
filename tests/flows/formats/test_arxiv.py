"""arXiv metadata: snapshots written and read back, the traps of its fields, damage and drift."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Generator
from contextlib import suppress
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.formats import Dump, UnknownFormatError, arxiv
from tests.dumps import SAMPLES, damaged, read_dump
from tests.pages import FEW

SAMPLE = SAMPLES / "arxiv/arxiv-metadata-oai-snapshot.json"

words = st.text("abcdefgÉłß$\\{}^_'\"中;,()", min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=6).map(" ".join)
names = st.text("ABCdefgéł.'-", min_size=1, max_size=8).filter(
    lambda name: any(map(str.isalpha, name)) and name.lower().strip(".") not in {"others"}
)
ids = st.one_of(
    st.from_regex(r"\A(0[7-9]|1\d|2[0-4])(0[1-9]|1[0-2])\.\d{4,5}\Z"),
    st.from_regex(r"\A(hep-th|math|cond-mat)/9[1-9](0[1-9]|1[0-2])\d{3}\Z"),
)
stamps = st.datetimes(dt.datetime(1991, 7, 1), dt.datetime(2030, 1, 1))


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """An entry as the snapshot has it, and every field of it known."""
    places = st.lists(texts, max_size=2)
    return {
        "id": draw(ids),
        "submitter": draw(st.none() | texts),
        "title": draw(texts),
        "comments": draw(st.none() | texts),
        "journal-ref": draw(st.none() | texts),
        "doi": draw(st.none() | st.just("10.1000/182 10.1000/183")),
        "report-no": draw(st.none() | st.just("ABC-1, XYZ 2/97")),
        "categories": draw(st.lists(st.sampled_from(("hep-th", "cs.CL")), min_size=1, unique=True)),
        "license": draw(st.none() | st.just("http://arxiv.org/licenses/")),
        "abstract": draw(texts),
        "versions": draw(st.lists(stamps, min_size=1, max_size=3)),
        "update_date": draw(st.dates(dt.date(1991, 7, 1), dt.date(2030, 1, 1))),
        "authors_parsed": draw(
            st.lists(
                st.tuples(names, names, st.sampled_from(("", "Jr.")), places),
                min_size=1,
                max_size=4,
            )
        ),
    }


def snapshot_line(entry: dict[str, Any]) -> str:
    """The entry in the publisher's layout: words broken over lines, lists in their own ways."""
    printed = {
        **entry,
        "title": entry["title"].replace(" ", "\n  ", 1),
        "abstract": f"  {entry['abstract']}\n",
        "authors": ", ".join(f"{given} {last}" for last, given, _, _ in entry["authors_parsed"]),
        "categories": " ".join(entry["categories"]),
        "versions": [
            {"version": f"v{number}", "created": rfc_2822(stamp)}
            for number, stamp in enumerate(entry["versions"], 1)
        ],
        "update_date": entry["update_date"].isoformat(),
        "authors_parsed": [
            [last, given, suffix, *places]
            for last, given, suffix, places in entry["authors_parsed"]
        ],
    }
    return json.dumps(printed) + "\n"


def rfc_2822(stamp: dt.datetime) -> str:
    """As arXiv prints a moment: the day of the month without a leading zero."""
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[stamp.weekday()]
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * stamp.month - 3 : 3 * stamp.month]
    return f"{day}, {stamp.day} {month} {stamp.year} {stamp:%H:%M:%S} GMT"


@FEW
@given(written=st.lists(entries(), min_size=1, max_size=5))
def test_a_written_snapshot_is_read_back(written) -> None:
    dump = read_dump("".join(map(snapshot_line, written)))
    dump.assert_accounted()
    assert dump.format == "arxiv"
    assert dump.rejects.is_empty()
    assert dump.unknown_fields == {}
    assert dump.column("line_start") == list(range(1, len(written) + 1))
    for name, field in (
        ("source_key", "id"), ("arxiv_id", "id"), ("title", "title"), ("abstract", "abstract"),
        ("note", "comments"), ("venue", "journal-ref"), ("doi", "doi"),
        ("categories", "categories"),
    ):  # fmt: skip
        assert dump.column(name) == [entry[field] for entry in written], name
    for row, entry in zip(dump.entries.to_dicts(), written, strict=True):
        assert row["version"] == "preprint"
        assert row["category"] == entry["categories"][0]
        assert row["versions"] == [
            {"label": f"v{number}", "date": stamp.date()}
            for number, stamp in enumerate(entry["versions"], 1)
        ]
        assert row["publication_date"] == entry["versions"][0].date()
        assert row["date_printed"] == rfc_2822(entry["versions"][0])
        assert row["updated_at"].date() == entry["update_date"]
        assert row["authors_complete"] is True
        assert row["warnings"] is None
        reports = [each["value"] for each in row["identifiers"] or []]
        assert reports == (["ABC-1", "XYZ 2/97"] if entry["report-no"] else [])
        for author, (last, first, suffix, places) in zip(
            row["authors"], entry["authors_parsed"], strict=True
        ):
            assert author["given_name"] == first
            assert author["family_name"] == f"{last} {suffix}".strip()
            assert author["name"] == f"{first} {last} {suffix}".strip()
            assert author["affiliations"] == (places or None)


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    golden("arxiv", dump.golden())


def read_entry(**fields: Any) -> dict[str, Any]:
    """What is read from one entry with these fields beside those every entry has."""
    entry = {"id": "2401.00001", "title": "A Title", "categories": "cs.CL", "authors_parsed": []}
    dump = read_dump(json.dumps(entry | fields))
    dump.assert_accounted()
    assert dump.rejects.is_empty()
    row: dict[str, Any] = dump.entries.row(0, named=True)
    return row


def test_a_collaboration_is_one_name_and_has_no_parts() -> None:
    row = read_entry(authors_parsed=[["ATLAS Collaboration", "", ""], ["Doe", "Jane", "III"]])
    assert [author["name"] for author in row["authors"]] == ["ATLAS Collaboration", "Jane Doe III"]
    assert [author["family_name"] for author in row["authors"]] == [None, "Doe III"]


@pytest.mark.parametrize("rest", [["et al", "", ""], ["al.", "et", ""], ["others", "and", ""]])
def test_a_list_that_ends_with_and_others_is_cut(rest) -> None:
    row = read_entry(authors_parsed=[["Doe", "Jane", ""], rest])
    assert [author["name"] for author in row["authors"]] == ["Jane Doe"]
    assert row["authors_complete"] is False


@pytest.mark.parametrize(
    ("line", "names", "affiliations"),
    [
        ("Jane Doe", ["Jane Doe"], [None]),
        ("J. Doe, R. Roe and C. Poe", ["J. Doe", "R. Roe", "C. Poe"], [None] * 3),
        ("J. Doe, R. Roe, and\n  C. Anderson", ["J. Doe", "R. Roe", "C. Anderson"], [None] * 3),
        ("J. Doe, Jr., R. Roe", ["J. Doe Jr.", "R. Roe"], [None] * 2),
        (
            "J. Doe (Physics and Astronomy, MIT (Cambridge)), R. Roe",
            ["J. Doe", "R. Roe"],
            [["Physics and Astronomy, MIT (Cambridge)"], None],
        ),
        (
            "J. Doe (1,2), R. Roe (2) ((1) MIT, Cambridge, (2) ETH)",
            ["J. Doe", "R. Roe"],
            [["MIT, Cambridge", "ETH"], ["ETH"]],
        ),
        ("J. Doe (MIT, R. Roe", ["J. Doe (MIT", "R. Roe"], [None, None]),
        ("for the ATLAS Collaboration", ["for the ATLAS Collaboration"], [None]),
    ],
)
def test_names_that_are_not_taken_apart_are_read_from_the_line(line, names, affiliations) -> None:
    row = read_entry(authors=line)
    assert [author["name"] for author in row["authors"]] == names
    assert [author["affiliations"] for author in row["authors"]] == affiliations
    assert [author["family_name"] for author in row["authors"]] == [None] * len(names)
    assert row["authors_complete"] is True


def test_a_line_of_authors_may_be_cut_and_places_may_belong_to_nobody() -> None:
    row = read_entry(authors="J. Doe, R. Roe et al. ((1) MIT)", authors_parsed=None)
    assert [author["name"] for author in row["authors"]] == ["J. Doe", "R. Roe"]
    assert row["authors_complete"] is False
    assert row["affiliations"] == ["MIT"]
    assert read_entry(authors=" ")["authors_complete"] is None


def test_a_date_that_is_none_is_a_warning_and_nothing_is_made_up() -> None:
    row = read_entry(
        versions=[
            {"version": "v1", "created": "Mon, 31 Feb 2007 19:18:42 GMT"},
            {"version": "v2", "created": "Tue, 24 Jul 2007 20:10:27 GMT"},
        ],
        update_date="soon",
    )
    assert row["publication_date"] is None
    assert row["date_basis"] is None
    assert [version["date"] for version in row["versions"]] == [None, dt.date(2007, 7, 24)]
    assert [(each["column"], each["printed"]) for each in row["warnings"]] == [
        ("versions", "Mon, 31 Feb 2007 19:18:42 GMT"),
        ("updated_at", "soon"),
    ]


def test_without_its_first_version_an_entry_has_no_date() -> None:
    later = [{"version": "v2", "created": "Tue, 24 Jul 2007 20:10:27 GMT"}]
    row = read_entry(versions=later)
    assert row["publication_date"] is None
    assert row["warnings"] is None
    assert read_entry(versions=[])["versions"] is None


def test_links_of_abstract_and_comments_are_found() -> None:
    row = read_entry(abstract=r"Code: \url{https://a.org/x_1}.", comments="See http://b.org/y.")
    assert row["links"] == ["https://a.org/x_1", "http://b.org/y"]


def test_a_field_nobody_knows_is_counted_and_one_of_another_type_named() -> None:
    lines = SAMPLE.read_text().splitlines()
    changed = [json.loads(line) | {"orcids": [], "doi_count": None} for line in lines[:3]]
    changed[1]["categories"] = ["cs.CL"]
    changed[2]["versions"][0]["source_size"] = "12kb"
    dump = read_dump("\n".join(map(json.dumps, changed)) + "\n" + "\n".join(lines[3:]))
    dump.assert_accounted()
    assert dump.unknown_fields == {"doi_count": 2, "orcids": 2}
    assert dump.column("ordinal") == [1, *range(3, len(lines) + 1)]
    assert dump.rejects.select("ordinal", "line_start", "column", "check").rows() == [
        (2, 2, "categories", "field_type")
    ]


@FEW
@given(content=damaged(SAMPLE.read_bytes()))
def test_a_damaged_snapshot_is_accounted_for(content) -> None:
    # A NUL byte at the head makes it a binary file, refused as a whole.
    with suppress(UnknownFormatError):
        read_dump(content, stated_format="arxiv").assert_accounted()


def test_lines_between_damaged_ones_are_read() -> None:
    first, second, *rest = SAMPLE.read_text().splitlines()
    dump = read_dump("\n".join([first, second[:-30], "", "\ufeff" + rest[0], *rest[1:]]))
    dump.assert_accounted()
    assert dump.column("source_key") == [json.loads(line)["id"] for line in (first, *rest)]
    assert dump.rejects.select("ordinal", "line_start", "check").rows() == [(2, 2, "valid_json")]


def test_a_long_snapshot_is_read_in_order() -> None:
    entry = json.loads(SAMPLE.read_text().splitlines()[0]) | {"abstract": "long " * 600}
    many = [entry | {"id": f"0704.{number:05}"} for number in range(6000)]
    many[4321]["news"] = 1
    dump = read_dump("".join(f"{json.dumps(each)}\n" for each in many))
    dump.assert_accounted()
    assert dump.column("source_key") == [each["id"] for each in many]
    assert dump.column("line_start") == list(range(1, 6001))
    assert dump.unknown_fields == {"news": 1}


def test_other_json_is_not_taken_for_a_snapshot() -> None:
    for other in (
        {"id": "W1", "title": "A", "authorships": []},
        {"title": "A", "author": "B;C", "status": "Poster", "track": "main"},
        {"id": "x", "title": "A", "categories": ["a"]},
        [],
    ):
        assert arxiv.sniff(json.dumps(other)) == 0.0


def test_a_reading_given_up_closes_the_dump(tmp_path) -> None:
    path = tmp_path / "long.json"
    path.write_text(SAMPLE.read_text() * 1500)
    files: list[BinaryIO] = []

    def open_dump() -> BinaryIO:
        files.append(path.open("rb"))
        return files[-1]

    batches = arxiv.read(Dump(open=open_dump)).batches
    assert next(batches).entries.height > 0
    assert not files[0].closed
    assert isinstance(batches, Generator)
    batches.close()
    assert files[0].closed
