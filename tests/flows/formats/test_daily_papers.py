"""Daily Papers listing: pages written and read back, blocks and their lack, head and foot."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.formats.daily_papers import roles_of_lines
from tests.pages import (
    FEW,
    SAMPLES,
    Paper,
    as_bytes,
    capture_year,
    daily_papers,
    dates,
    day_of,
    is_plain_text,
    long_abstracts,
    organizations,
    proper_titles,
    read_page,
    read_path,
    short_abstracts,
    wild_titles,
)

blocks = {
    "author_count": st.one_of(st.none(), st.integers(1, 1200)),
    "organization": organizations,
    "date": dates(),
    "count": st.one_of(st.none(), st.integers(0, 999)),
}
papers_with_blocks = st.lists(
    st.builds(
        Paper,
        title=wild_titles.filter(is_plain_text),
        abstract=short_abstracts.map(lambda text: (text,)),
        **blocks,
    ),
    min_size=1,
    max_size=6,
)
any_papers = st.lists(
    st.one_of(
        st.builds(Paper, title=proper_titles, abstract=long_abstracts.map(lambda text: (text,))),
        st.builds(
            Paper, title=proper_titles, abstract=long_abstracts.map(lambda text: (text,)), **blocks
        ),
    ),
    min_size=1,
    max_size=8,
)


def assert_read_back(page, papers, year, day=None) -> None:
    assert page.format == "daily_papers"
    assert page.rejects.is_empty()
    page.assert_accounted()
    for row, paper in zip(page.rows, papers, strict=True):
        assert row["title"] == paper.title
        assert row["abstract"] == " ".join(paper.abstract)
        assert row["author_count"] == paper.author_count
        has_organization = paper.organization and not paper.author_count
        slug, _, name = paper.organization.partition(" ")
        assert row["organization_slug"] == (slug if has_organization else None)
        assert row["organization"] == (name if has_organization else None)
        assert row["date_printed"] == (paper.date or None)
        assert row["authors"] is None
        assert row["has_code"] is None
        expected = day_of(paper.date, year) if paper.date else None
        if expected and day and "," not in paper.date and expected > day + dt.timedelta(days=1):
            expected = expected.replace(year=expected.year - 1)
        assert row["publication_date"] == expected
    counts = [(n, float(p.count)) for n, p in enumerate(papers, start=1) if p.count is not None]
    assert page.stated.select("ordinal", "value").rows() == counts


@FEW
@given(papers=papers_with_blocks, data=st.data())
def test_a_written_page_is_read_back(papers, data) -> None:
    page = read_page(data.draw(as_bytes(daily_papers(papers, header=None))))
    assert_read_back(page, papers, capture_year([paper.date for paper in papers]))


@FEW
@given(papers=any_papers, header=dates(leap=False), data=st.data())
def test_entries_without_a_block_follow_each_other(papers, header, data) -> None:
    papers = [replace(paper, date=paper.date.replace("Feb 29", "Feb 28")) for paper in papers]
    page = read_page(data.draw(as_bytes(daily_papers(papers, header=header))))
    printed = [paper.date for paper in papers if paper.date]
    year = int(header[-4:]) if "," in header else capture_year(printed)
    day = day_of(header, year)
    assert page.furniture == 6
    assert page.reading.captured_on == day
    assert_read_back(page, papers, year, day)


def test_the_sample_is_read_as_it_was(golden) -> None:
    page = read_path(SAMPLES / "paper-listings/2018-11-02.txt")
    page.assert_accounted()
    golden(
        "daily_papers",
        {
            "entries": page.rows,
            "rejects": page.rejects.to_dicts(),
            "stated": page.stated.to_dicts(),
            "captured_on": page.reading.captured_on,
        },
    )


LONG = "We show at some length how a thing is done, and that it can be done by anybody at all. " * 3
ABSTRACT = LONG.strip()


def one(block: str, abstract: str = ABSTRACT) -> dict[str, object]:
    page = read_page(f"A Title\n\n{abstract}\n\n{block}\n\nAnother\n\n{ABSTRACT}\n\n·\nMay 1, 2020")
    page.assert_accounted()
    assert page.column("title")[-1] == "Another"
    return page.rows[0]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("  • 1 authors", 1),
        ("  • 1 author", 1),
        ("• 114 authors", 114),
        (" •\u00a01,024 authors", 1024),
    ],
)
def test_authors_are_counted(line, count) -> None:
    assert one(f"{line}\n·\nJan 5, 2019")["author_count"] == count


@pytest.mark.parametrize(
    ("line", "slug", "name"),
    [
        ("nvidia NVIDIA", "nvidia", "NVIDIA"),
        ("PekingUniversity Peking University", "PekingUniversity", "Peking University"),
        ("zai-org  Z.ai  (Zhipu AI)", "zai-org", "Z.ai (Zhipu AI)"),
        ("LinkedIn", "LinkedIn", "LinkedIn"),
    ],
)
def test_an_organization_is_a_slug_and_a_name(line, slug, name) -> None:
    row = one(f"{line}\n·\nJan 5, 2019")
    assert (row["organization_slug"], row["organization"]) == (slug, name)
    assert row["author_count"] is None


@pytest.mark.parametrize(
    "block", ["  • 3 authors\n·", "  • 3 authors", "  • 3 authors\n\nJan 5, 2019"]
)
def test_a_block_may_lack_a_piece(block) -> None:
    row = one(block)
    assert row["author_count"] == 3
    assert row["date_printed"] == ("Jan 5, 2019" if "Jan" in block else None)


@pytest.mark.parametrize(
    ("line", "printed", "count"),
    [
        ("Jan 23 1.2k", "Jan 23", 1200.0),
        ("Jan 23, 2019 2K", "Jan 23, 2019", 2000.0),
        ("January 23, 2019 1,024", "January 23, 2019", 1024.0),
        ("Sept 3", "Sept 3", None),
    ],
)
def test_a_date_line_has_a_date_and_perhaps_a_count(line, printed, count) -> None:
    page = read_page(f"A Title\n\n{ABSTRACT}\n\n  • 3 authors\n·\n{line}")
    page.assert_accounted()
    assert page.column("date_printed") == [printed]
    assert page.stated["value"].to_list() == ([] if count is None else [count])


def test_a_short_abstract_is_no_organization() -> None:
    row = one("·\nJan 5, 2019", abstract="Withdrawn.")
    assert (row["abstract"], row["organization"]) == ("Withdrawn.", None)


@pytest.mark.parametrize(
    "second", [ABSTRACT, "Code: https://example.org/x.", "The data are open to everybody."]
)
def test_an_abstract_may_have_paragraphs(second) -> None:
    row = one("  • 3 authors\n·\nJan 5, 2019", abstract=f"{ABSTRACT}\n\n{second}")
    assert row["abstract"] == f"{ABSTRACT} {second}"


@pytest.mark.parametrize(
    "title",
    [
        "Reinforcement Mid-Training",
        'LLMs Can Get "Brain Rot"!',
        "Attention Is Not All You Need.",
        "Is It? It Is. A Reply to Our Critics",
        "word2vec: A Tutorial",
        "mPLUG-Owl: Modularization",
        "A Title of Extraordinary Length " * 9 + "That Ends",
        "Met^2Net: PATIENT-Ψ, 100%",
    ],
)
def test_titles_in_a_row_without_blocks(title) -> None:
    papers = [Paper(f"{number} {title}" if number else title, (ABSTRACT,)) for number in range(4)]
    page = read_page(daily_papers(papers, header="Oct 31"))
    page.assert_accounted()
    assert page.column("title") == [paper.title for paper in papers]
    assert page.column("abstract") == [ABSTRACT] * 4


def test_a_date_that_is_none_is_rejected_and_the_rest_goes_on() -> None:
    page = read_page(
        f"A\n\n{ABSTRACT}\n\n  • 2 authors\n·\nyester\x1bday\n\n"
        f"B\n\n{ABSTRACT}\n\n  • 9 authors\n·\nMay 1"
    )
    page.assert_accounted()
    assert page.rejects.select("line_start", "line_end", "check").rows() == [
        (1, 7, "readable_date")
    ]
    assert page.rejects.item(0, "message").endswith("'Jan 23, 2024': yester day")
    assert page.column("title") == ["B"]


def test_a_number_of_authors_that_is_none_is_rejected() -> None:
    page = read_page(f"A\n\n{ABSTRACT}\n\n  • 99999999999 authors\n·\nMay 1, 2020")
    assert page.rejects["check"].to_list() == ["readable_count"]


def test_a_page_cut_at_its_head_loses_the_cut_entry_alone() -> None:
    page = read_page(f"and accuracy.\n\n  • 2 authors\n·\nMay 1, 2020\n\nB\n\n{ABSTRACT}")
    page.assert_accounted()
    assert page.rejects.select("line_start", "line_end", "check").rows() == [(1, 5, "whole_entry")]
    assert page.column("title") == ["B"]


def test_the_foot_of_a_page_is_furniture() -> None:
    page = read_page(daily_papers([Paper("B", (ABSTRACT,))], "Oct 31") + "\n\nPrevious\n\nNext\n")
    page.assert_accounted()
    assert page.furniture == 8
    assert page.column("abstract") == [ABSTRACT]


def test_pages_that_follow_each_other_are_read_as_one() -> None:
    papers = [Paper("Search", (ABSTRACT,)), Paper("B", (ABSTRACT,), author_count=2, date="May 1")]
    page = read_page("\n\n".join(daily_papers(papers, header) for header in ("May 2", "May 3")))
    page.assert_accounted()
    assert page.column("title") == ["Search", "B"] * 2
    assert page.furniture == 12


def test_a_lone_title_at_the_end_is_rejected() -> None:
    page = read_page(
        daily_papers([Paper("B", (ABSTRACT,)), Paper("A Title whose Page Ends " * 9)], "May 1")
    )
    page.assert_accounted()
    assert page.column("title") == ["B"]
    assert page.rejects["check"].to_list() == ["whole_entry"]


@given(st.lists(st.text(max_size=400), max_size=9), st.booleans())
def test_every_line_of_a_run_has_a_role(lines, has_block) -> None:
    assert len(roles_of_lines(lines, has_block=has_block)) == len(lines)
