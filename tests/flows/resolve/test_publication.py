"""What is read out of a printed place of publication: kind, words, page, issue and volume."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.resolve.publication import KIND, publication
from tests.flows.resolve.sample import frame, record


def read(**said: Any) -> dict[str, Any]:
    return publication(frame([record("a", **said)])).to_dicts()[0]


@pytest.mark.parametrize(
    ("venue", "kind", "named"),
    [
        (
            "In Proc. of the 26th Annual ACM Symposium on Theory of Computing",
            "proceedings",
            "acm theory computing",
        ),
        (
            "Proceedings of the Twenty-Third International Conference on Soils, July 1992",
            "proceedings",
            "soils",
        ),
        ("Advances in Meadow Science 12", "proceedings", "advances meadow science"),
        ("Workshop on Nectar", "proceedings", "nectar"),
        ("J. of Comput. Syst. Sci.", "journal", "j comput syst sci"),
        ("Journal of Meadow Research", "journal", "journal meadow research"),
        ("IEEE Trans. Inf. Theory", "journal", "ieee trans inf theory"),
        ("Technical report UCSC-CRL-94-33", "report", "technical report ucsc crl"),
        ("TR CS94", "report", "tr cs94"),
        ("arXiv preprint", "preprint", "arxiv preprint"),
        ("CoRR", "preprint", "corr"),
        ("To appear in Journal of Bees", "preprint", "appear journal bees"),
        ("PhD thesis", "thesis", "phd thesis"),
        ("Ph.D. thesis, University of Bergen", "thesis", "ph d thesis university bergen"),
        ("Meadow Surveys", None, "meadow surveys"),
    ],
)
def test_a_venue_has_a_kind_and_words_that_name_it(
    venue: str, kind: str | None, named: str
) -> None:
    found = read(venue=venue)
    assert (found["kind"], found["venue"]) == (kind, named)


def test_years_and_numbers_of_one_conference_are_one_venue() -> None:
    printed = (
        "Proc. of the 26th Annual Symposium on Soils",
        "In Proceedings of the Twenty-Seventh Symposium on Soils, May 1995",
        "SOILS: 3rd edition",
    )
    assert {read(venue=venue)["venue"] for venue in printed} == {"soils"}


@pytest.mark.parametrize("venue", ["Proc.", "1998", "In Proceedings of the 3rd Conference"])
def test_a_venue_of_empty_words_alone_keeps_them(venue: str) -> None:
    assert read(venue=venue)["venue"] is not None


@pytest.mark.parametrize("venue", [None, "", " ", "--"])
def test_where_no_venue_is_printed_nothing_is_said(venue: str | None) -> None:
    nothing = dict.fromkeys(("venue", "kind", "first_page", "issue", "volume"))
    assert read(venue=venue) == nothing
    assert read(venue=venue, volume="7") == nothing | {"volume": "7"}


def test_a_volume_without_a_word_for_its_kind_is_a_journals() -> None:
    assert read(venue="Bee Tidings", volume="12")["kind"] == "journal"
    assert read(venue="Bee Tidings")["kind"] is None
    assert read(venue="Bee Tidings", volume="A")["kind"] is None
    assert read(venue="Workshop on Bees", volume="12")["kind"] == "proceedings"


@pytest.mark.parametrize(
    ("pages", "first"),
    [
        ("123-145", "123"),
        ("pages 123--145", "123"),
        ("pp. 0012--17", "12"),
        ("S12-S20", "s12"),
        ("e1000123", "e1000123"),
        ("007", "7"),
        ("xii-xx", None),
        ("0", None),
        ("", None),
        (None, None),
    ],
)
def test_the_first_page(pages: str | None, first: str | None) -> None:
    assert read(pages=pages)["first_page"] == first


@pytest.mark.parametrize(
    ("volume", "digits"),
    [("12", "12"), ("vol. 12", "12"), ("12(3)", "12"), ("12-13", "12"), ("A", None), (None, None)],
)
def test_the_volume_is_its_digits(volume: str | None, digits: str | None) -> None:
    assert read(volume=volume)["volume"] == digits


@pytest.mark.parametrize(("issue", "digits"), [("3", "3"), ("no. 3-4", "3"), ("May", None)])
def test_the_issue_is_its_digits(issue: str, digits: str | None) -> None:
    assert read(issue=issue)["issue"] == digits


def test_every_record_has_one_row_in_its_place() -> None:
    records = frame([record(key, venue=key) for key in ("Soils", "Herons", "Soils", "Bees")])
    expected = [name.lower() for name in records["venue"]]
    assert publication(records)["venue"].to_list() == expected
    text = dict.fromkeys(("venue", "kind", "first_page", "issue", "volume"), pl.String)
    assert publication(records.clear()).schema == text | {"kind": KIND}
