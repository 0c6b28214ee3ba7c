"""Daily Papers of the API: answers written and read back, what is missing, damage and drift."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flows.formats import UnknownFormatError, daily_papers_api
from tests.dumps import SAMPLES, damaged, read_dump
from tests.pages import FEW

SAMPLE = SAMPLES / "daily-papers-api/2024-01-12.json"

words = st.text("abcdefgÉł中$\\{}[]\"',:", min_size=1, max_size=12)
texts = st.lists(words, min_size=1, max_size=6).map(" ".join)
names = texts.filter(lambda name: any(map(str.isalpha, name)))
handles = st.from_regex(r"\A[a-zA-Z][a-zA-Z0-9-]{0,9}\Z")
counts = st.integers(0, 10**6)


@st.composite
def listings(draw: st.DrawFn) -> dict[str, Any]:
    """What the answer says of a paper."""
    return {
        "id": draw(st.from_regex(r"\A2[34](0[1-9]|1[0-2])\.\d{5}\Z")),
        "title": draw(texts),
        "summary": draw(texts),
        "at": draw(st.datetimes(dt.datetime(2023, 1, 1), dt.datetime(2030, 1, 1))),
        "authors": draw(
            st.lists(st.tuples(names, st.none() | handles, st.booleans()), min_size=1, max_size=4)
        ),
        "upvotes": draw(counts),
        "comments": draw(counts),
        "github": draw(st.none() | handles.map("https://github.com/{0}/code".format)),
        "page": draw(st.none() | handles.map("https://{0}.github.io/x".format)),
        "organization": draw(st.none() | st.tuples(handles, texts)),
    }


def answer_item(listing: dict[str, Any], number: int) -> dict[str, Any]:
    """The listing in the publisher's layout; accounts carry their handle under either name."""
    stamp = listing["at"].strftime("%Y-%m-%dT%H:%M:%S.000Z")
    paper: dict[str, Any] = {
        "id": listing["id"],
        "authors": [
            {"_id": "65", "name": name, "hidden": hidden}
            | ({} if handle is None else {"user": account(handle, has_user=number % 2 == 0)})
            for name, handle, hidden in listing["authors"]
        ],
        "publishedAt": stamp,
        "title": listing["title"],
        "summary": listing["summary"],
        "upvotes": listing["upvotes"],
        "discussionId": "66",
        "ai_keywords": ["a model's word"],
    }
    optional = {"githubRepo": listing["github"], "projectPage": listing["page"]}
    paper |= {name: value for name, value in optional.items() if value is not None}
    item = {"paper": paper, "publishedAt": stamp, "title": listing["title"], "thumbnail": "x"}
    item |= {"numComments": listing["comments"], "submittedBy": account("someone", has_user=True)}
    if listing["organization"]:
        slug, name = listing["organization"]
        (item if number % 2 else paper)["organization"] = {"name": slug, "fullname": name}
    return item


def account(handle: str, *, has_user: bool) -> dict[str, Any]:
    """An account as the API gives it."""
    names = {"user": handle, "name": handle} if has_user else {"name": handle}
    return {"_id": "60", "avatarUrl": "/a.svg", "isPro": False, "fullname": "Some One", **names}


@FEW
@given(written=st.lists(listings(), min_size=1, max_size=4), indent=st.sampled_from((None, 2)))
def test_a_written_answer_is_read_back(written, indent) -> None:
    items = [answer_item(listing, number) for number, listing in enumerate(written)]
    dump = read_dump(json.dumps(items, indent=indent, ensure_ascii=indent is None))
    dump.assert_accounted()
    assert dump.format == "daily_papers_api"
    assert dump.rejects.is_empty()
    assert dump.unknown_fields == {}
    for name, field in (
        ("source_key", "id"), ("arxiv_id", "id"), ("title", "title"), ("abstract", "summary"),
    ):  # fmt: skip
        assert dump.column(name) == [listing[field] for listing in written], name
    for row, listing in zip(dump.entries.to_dicts(), written, strict=True):
        assert row["version"] == "preprint"
        assert row["publication_date"] == listing["at"].date()
        assert row["has_code"] is (True if listing["github"] else None)
        assert (row["links"] or []) == [
            link for link in (listing["github"], listing["page"]) if link
        ]
        assert (row["organization_slug"], row["organization"]) == (
            listing["organization"] or (None, None)
        )
        assert [(author["name"], author["source_author_key"]) for author in row["authors"]] == [
            (name, handle) for name, handle, _ in listing["authors"]
        ]
        assert row["authors_complete"] is True
    assert dump.stated.select("ordinal", "metric", "value").rows() == [
        stated
        for ordinal, listing in enumerate(written, 1)
        for stated in (
            (ordinal, "comment_count", listing["comments"]),
            (ordinal, "upvote_count", listing["upvotes"]),
        )
    ]


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    golden("daily_papers_api", dump.golden())


def read_item(paper: dict[str, Any] | None, **fields: Any) -> dict[str, Any]:
    """What is read from one item with these fields, after a whole one."""
    whole = {"paper": {"id": "2401.00001", "authors": []}, "publishedAt": "x", "title": "Whole"}
    dump = read_dump(json.dumps([whole, {"paper": paper, **fields}]))
    dump.assert_accounted()
    assert dump.rejects.is_empty()
    row: dict[str, Any] = dump.entries.row(1, named=True)
    return row


def test_what_is_missing_or_null_is_null() -> None:
    row = read_item({"id": "2401.00002", "authors": None, "organization": None}, title="Above")
    assert row["title"] == "Above"
    assert row["authors"] is None
    assert row["authors_complete"] is None
    assert row["links"] is None
    assert row["publication_date"] is None
    assert read_item(None, title="Alone", organization=None)["source_key"] is None


def test_authors_without_an_account_or_name_and_hidden_ones() -> None:
    authors = [
        {"name": "Jane Doe", "user": None, "hidden": True},
        {"name": " ", "user": {"fullname": "Richard Roe", "user": "roe", "name": "other"}},
        {"name": None},
        {"name": "--"},
        None,
    ]
    row = read_item({"id": "2401.00002", "authors": authors})
    assert [(author["name"], author["source_author_key"]) for author in row["authors"]] == [
        ("Jane Doe", None),
        ("Richard Roe", "roe"),
    ]


def test_an_impossible_date_or_slug_is_a_warning_and_a_foreign_id_no_arxiv_id() -> None:
    row = read_item(
        {"id": "some-report", "authors": [], "publishedAt": "2024-02-31T00:00:00.000Z"},
        organization={"name": "two words", "fullname": "Two Words"},
    )
    assert row["source_key"] == "some-report"
    assert row["arxiv_id"] is None
    assert row["publication_date"] is None
    assert row["organization"] == "Two Words"
    assert row["organization_slug"] is None
    assert [(each["column"], each["printed"]) for each in row["warnings"]] == [
        ("publication_date", "2024-02-31T00:00:00.000Z"),
        ("organization_slug", "two words"),
    ]


def test_a_field_nobody_knows_is_counted_and_one_of_another_type_named() -> None:
    items = json.loads(SAMPLE.read_text())
    for item in items[:3]:
        item["mood"] = 1
    items[1]["paper"]["authors"] = "Jane Doe, Richard Roe"
    dump = read_dump(json.dumps(items))
    dump.assert_accounted()
    assert dump.unknown_fields == {"mood": 2}
    assert dump.rejects.select("ordinal", "column", "check").rows() == [
        (2, "paper.authors", "field_type")
    ]


@FEW
@given(content=damaged(SAMPLE.read_bytes()))
def test_a_damaged_answer_is_accounted_for(content) -> None:
    # A NUL byte at the head makes it a binary file, refused as a whole.
    with suppress(UnknownFormatError):
        read_dump(content, stated_format="daily_papers_api").assert_accounted()


def test_an_answer_cut_short_keeps_what_stands_before_the_cut() -> None:
    dump = read_dump(SAMPLE.read_bytes()[:-400])
    dump.assert_accounted()
    assert dump.entries.height == 3
    assert dump.rejects["check"].to_list() == ["complete_dump"]


def test_other_json_is_not_taken_for_an_answer() -> None:
    for other in ({"paper": "A", "title": "B"}, {"paper": {"id": "1"}, "numComments": 1}, {}):
        assert daily_papers_api.sniff(json.dumps([other])) == 0.0
        assert daily_papers_api.sniff(json.dumps(other)) == 0.0
    abstracts = {"id": "2401.00001", "authors": [], "summary": "We ..."}
    assert daily_papers_api.sniff(json.dumps([abstracts])) == 0.0


def test_papers_that_nothing_wraps_are_read() -> None:
    paper = {
        "id": "2401.00001",
        "title": "An Example",
        "summary": "We show.",
        "publishedAt": "2024-01-02T00:00:00.000Z",
        "authors": [{"_id": "1", "name": "Jane Doe", "hidden": False, "user": {"user": "jane"}}],
        "upvotes": 3,
        "discussionId": "1",
        "githubRepo": "https://github.com/a/b",
        "organization": {"name": "acme", "fullname": "Acme Labs"},
        "ai_summary": "A summary.",
    }
    for content in (paper, [paper]):
        dump = read_dump(json.dumps(content))
        dump.assert_accounted()
        assert (dump.format, dump.unknown_fields) == ("daily_papers_api", {})
        wrapped = read_dump(json.dumps([{"paper": paper, "numComments": None}]))
        assert dump.rows() == wrapped.rows()
        assert dump.stated.equals(wrapped.stated)
