"""Author listing: pages written from known papers and read back, the sample, the seams."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pages import (
    FEW,
    SAMPLES,
    Paper,
    affiliations,
    as_bytes,
    author_listing,
    author_lists,
    capture_year,
    categories,
    dates,
    day_of,
    paragraphs,
    read_page,
    read_path,
    wild_titles,
)

papers = st.lists(
    st.builds(
        Paper,
        title=wild_titles,
        abstract=st.one_of(st.just(()), paragraphs),
        authors=author_lists,
        is_cut=st.booleans(),
        affiliations=affiliations,
        category=categories,
        date=dates(),
        has_code=st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@FEW
@given(papers=papers, data=st.data())
def test_a_written_page_is_read_back(papers: list[Paper], data: st.DataObject) -> None:
    page = read_page(data.draw(as_bytes(author_listing(papers))))
    year = capture_year([paper.date for paper in papers])
    assert page.format == "author_listing"
    assert page.rejects.is_empty()
    assert page.reading.capture_year == year
    page.assert_accounted()
    for row, paper in zip(page.rows, papers, strict=True):
        assert row["byline_printed"] == " ".join((paper.title + paper.byline).split())
        assert row["title"] is None
        assert row["authors"] is None
        assert row["abstract"] == (" ".join(paper.abstract) or None)
        assert row["category"] == (paper.category or None)
        assert row["has_code"] == paper.has_code
        assert row["date_printed"] == paper.date
        assert row["publication_date"] == day_of(paper.date, year)
        assert row["line_total"] == 2 + len(paper.abstract)


def test_the_sample_is_read_as_it_was(golden) -> None:
    page = read_path(SAMPLES / "author-listings/number-theory-and-learning.txt")
    page.assert_accounted()
    golden("author_listing", {"entries": page.rows, "rejects": page.rejects.to_dicts()})


@pytest.mark.parametrize(
    ("meta", "category", "printed", "has_code"),
    [
        ("CLDec 20, 2022Code", "CL", "Dec 20, 2022", True),
        ("AIOct 30, 2025", "AI", "Oct 30, 2025", False),
        ("CLJan 13Code", "CL", "Jan 13", True),
        ("LGMay 9", "LG", "May 9", False),
        ("MMMar 1, 2020", "MM", "Mar 1, 2020", False),
        ("cond-mat.str-elSep 2, 2019", "cond-mat.str-el", "Sep 2, 2019", False),
        ("Aug 31, 2021Code", None, "Aug 31, 2021", True),
        ("CLDecember 20, 2022Code", "CL", "December 20, 2022", True),
        ("cs.CLSept 2, 2019", "cs.CL", "Sept 2, 2019", False),
        ("  CLJun 5, 2021  ", "CL", "Jun 5, 2021", False),
        ("CLJul\u00a07,\u00a02021", "CL", "Jul 7, 2021", False),
    ],
)
def test_the_line_of_facts_is_taken_apart(meta, category, printed, has_code) -> None:
    row = read_page(f"{meta}\nA TitleAda Lovelace\nAbout it.\nCLJan 1, 2018\nBB C\nMore.").rows[0]
    assert (row["category"], row["date_printed"], row["has_code"]) == (category, printed, has_code)
    assert row["publication_date"] is not None


def test_text_before_the_first_entry_is_rejected_with_its_place() -> None:
    page = read_page("the end of an abstract.\nCLDec 20, 2022\nA TitleAda Lovelace\nAbout it.")
    page.assert_accounted()
    assert page.rejects.select("ordinal", "line_start", "line_end", "check", "raw_text").rows() == [
        (1, 1, 1, "recognised_text", "the end of an abstract.")
    ]
    assert page.column("ordinal") == [2]


def test_an_entry_of_one_line_is_rejected_and_an_abstract_may_be_missing() -> None:
    page = read_page("CLDec 20, 2022\nA TitleAda Lovelace\nLGDec 21, 2022")
    page.assert_accounted()
    assert page.column("abstract") == [None]
    assert page.rejects["check"].to_list() == ["whole_entry"]


def test_the_stated_day_of_capture_rules_dates_without_a_year() -> None:
    text = "CLDec 20\nA TitleAda Lovelace\nAbout.\nCLMar 2\nA TitleAda Lovelace\nAbout."
    page = read_page(text, day=dt.date(2026, 10, 31))
    assert page.column("publication_date") == [dt.date(2025, 12, 20), dt.date(2026, 3, 2)]


def test_without_any_printed_year_a_date_stays_unknown() -> None:
    page = read_page("CLDec 20\nA TitleAda Lovelace\nAbout it.")
    row = page.rows[0]
    assert row["date_printed"] == "Dec 20"
    assert row["publication_date"] is None
    assert row["date_basis"] is None
