"""Author page: pages written from known papers and read back, the profile, author lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pages import (
    FEW,
    SAMPLES,
    Paper,
    affiliations,
    as_bytes,
    author_lists,
    author_page,
    capture_year,
    categories,
    dates,
    day_of,
    names,
    paragraphs,
    read_page,
    read_path,
    scores,
    wild_titles,
)

HEADER = (
    *("Ada B. Lovelace-Byron", "", "cs.CL", "h-index30", "75papers", "17,969citations"),
    *("Novelty56%", "AI Score58", "", "75 Papers"),
)

papers = st.lists(
    st.builds(
        Paper,
        title=wild_titles,
        abstract=st.one_of(st.just(()), paragraphs),
        authors=st.one_of(author_lists, st.just(())),
        is_cut=st.booleans(),
        affiliations=affiliations,
        category=categories,
        score=scores,
        date=dates(),
        has_code=st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@FEW
@given(papers=papers, header=st.sampled_from(((), HEADER)), data=st.data())
def test_a_written_page_is_read_back(papers, header, data) -> None:
    page = read_page(data.draw(as_bytes(author_page(papers, header))))
    year = capture_year([paper.date for paper in papers])
    assert page.format == "author_page"
    assert page.rejects.is_empty()
    assert page.furniture == sum(map(bool, header))
    assert page.reading.stated_count == (75 if header else None)
    page.assert_accounted()
    for row, paper in zip(page.rows, papers, strict=True):
        assert row["title"] == paper.title
        assert row["abstract"] == (" ".join(paper.abstract) or None)
        assert names(row) == (list(paper.authors) or None)
        assert row["authors_complete"] == (not paper.is_cut if paper.authors else None)
        assert row["affiliations"] == ((paper.authors and list(paper.affiliations)) or None)
        assert row["category"] == (paper.category or None)
        assert row["has_code"] == paper.has_code
        assert row["date_printed"] == paper.date
        assert row["publication_date"] == day_of(paper.date, year)
    stated = page.stated.filter(subject_type="paper")
    assert stated.select("ordinal", "value").rows() == [
        (number, float(paper.score)) for number, paper in enumerate(papers, start=1)
    ]


def test_the_sample_is_read_as_it_was(golden) -> None:
    page = read_path(SAMPLES / "author-pages/terence-tao.txt")
    page.assert_accounted()
    golden(
        "author_page",
        {
            "entries": page.rows,
            "rejects": page.rejects.to_dicts(),
            "stated": page.stated.to_dicts(),
            "stated_count": page.reading.stated_count,
        },
    )


ENTRY = "25.3CLMar 15, 2023\nA Title\n\nAda Lovelace\n\nAbout it."


@pytest.mark.parametrize(
    ("line", "metric", "value"),
    [
        ("h-index30", "h_index", 30.0),
        ("h-index 7", "h_index", 7.0),
        ("1papers", "paper_count", 1.0),
        ("1paper", "paper_count", 1.0),
        ("17,969citations", "citation_count", 17969.0),
        ("1.2Kcitations", "citation_count", 1200.0),
        ("3Mcitations", "citation_count", 3e6),
        ("Novelty56.5%", "novelty_percent", 56.5),
        ("AI Score0", "ai_score", 0.0),
    ],
)
def test_the_profile_is_stated_of_the_author_it_names(line, metric, value) -> None:
    header = ["Ada Lovelace", "", "AI", "h-index9", line]
    if metric == "h_index":
        del header[3]
    page = read_page("\n".join([*header, "", ENTRY]))
    page.assert_accounted()
    assert page.rejects.is_empty()
    stated = page.stated.filter(subject_type="author", metric=metric)
    assert stated.select("subject_name", "value").rows() == [("Ada Lovelace", value)]


def test_an_unknown_line_of_the_header_is_rejected_and_the_rest_is_read() -> None:
    page = read_page(
        "\n".join([*HEADER[:3], "Open to collaboration (2026)", *HEADER[3:], "", ENTRY])
    )
    page.assert_accounted()
    assert page.rejects.select("line_start", "check").rows() == [(4, "recognised_text")]
    assert page.stated.filter(subject_type="author").height == 5


def test_the_rest_of_a_cut_entry_is_no_name() -> None:
    page = read_page("language models.\n\n" + ENTRY)
    page.assert_accounted()
    assert page.rejects["raw_text"].to_list() == ["language models."]
    assert page.stated.filter(subject_type="author").is_empty()
    assert page.furniture == 0


def test_a_page_of_a_header_alone_is_read() -> None:
    page = read_page("\n".join(HEADER))
    page.assert_accounted()
    assert page.entries.is_empty()
    assert page.stated.height == 5


def test_one_score_on_the_page_makes_it_an_author_page() -> None:
    entries = [ENTRY.replace("25.3", ""), ENTRY, ENTRY.replace("25.3", "")]
    page = read_page("\n\n".join(entries))
    assert page.format == "author_page"
    assert page.column("title") == ["A Title"] * 3


@pytest.mark.parametrize(
    ("third", "people"),
    [
        ("We study graphs, trees, and forests.", None),
        ("Withdrawn.", None),
        ("No abstract available", None),
        ("This settles a conjecture of Erdős, Graham, and Pomerance.", None),
        ("Ada Lovelace", ["Ada Lovelace"]),
        ("The LIGO Collaboration, B. P. Abbott", ["The LIGO Collaboration", "B. P. Abbott"]),
        ("ludwig van beethoven · bonn", ["ludwig van beethoven"]),
        ("Ada Lovelace, Alan Turing et al.", ["Ada Lovelace", "Alan Turing"]),
        ("Marcel·lí Antúnez · upc", ["Marcel·lí Antúnez"]),
    ],
)
def test_authors_are_told_from_a_short_abstract(third, people) -> None:
    row = read_page(f"25.3CLMar 15, 2023\nA Title\n\n{third}").rows[0]
    assert names(row) == people
    assert row["abstract"] == (third if people is None else None)


def test_names_without_capitals_are_names_where_an_abstract_follows() -> None:
    row = read_page("1.0CLMar 15, 2023\nA Title\n\ndanah boyd, bell hooks\n\nAbout it.").rows[0]
    assert names(row) == ["danah boyd", "bell hooks"]
