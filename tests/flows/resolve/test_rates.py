"""Rates: what an input teaches of how its own versions agree, without labels."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.resolve.papers import resolve_papers
from flows.resolve.rates import learned_rates, rates_table
from flows.resolve.scoring import Rates, frozen_rates, worth_of
from flows.resolve.weights import EVIDENCE, SAME_VERSION, Rate
from schemas.match import Estimates
from tests.flows.resolve.sample import JUDGEMENTS, frame, record

APART, EQUAL = "one year apart", "the same year"
LEARNED = [kind for kind in EVIDENCE if any(isinstance(level.worth, Rate) for level in kind.levels)]


def papers(count: int, gap: int, venues: tuple[str, str] = ("Soil Letters", "Soil Letters")) -> Any:
    """Two records of each paper, some years apart; no two papers have a word in common."""
    random = np.random.default_rng(3)
    sounds = [one + two for one in "bdfgklmnprstvz" for two in "aeiou"]
    for number in range(count):
        spoken = ["".join(word) for word in random.choice(sounds, (8, 4))]
        said = {"title": " ".join(spoken[:5]), "authors": [" ".join(spoken[5:7]), spoken[7]]}
        for copy in (0, 1):
            yield record(
                f"{number}-{copy}", year=1990 + number % 9 + gap * copy, venue=venues[copy],
                pages=f"{number + 1}-{number + 9}", **said,
            )  # fmt: skip


@cache
def rates_of(count: int, gap: int, date_basis: str = "printed") -> Rates:
    rows = [row | {"date_basis": date_basis} for row in papers(count, gap)]
    return resolve_papers(frame(rows), JUDGEMENTS).rates


def of_level(rates: Rates, name: str, says: str) -> float:
    kind = next(kind for kind in EVIDENCE if kind.name == name)
    return rates[name][[level.says for level in kind.levels].index(says)]


def test_where_copies_are_often_a_year_off_that_is_learned() -> None:
    frozen, learned = frozen_rates(), rates_of(60, 1)
    assert of_level(learned, "year", APART) > 5 * of_level(frozen, "year", APART)
    assert of_level(learned, "year", EQUAL) < of_level(frozen, "year", EQUAL)


def test_where_years_are_always_equal_a_year_off_tells_more() -> None:
    frozen, learned = frozen_rates(), rates_of(60, 0)
    assert of_level(learned, "year", APART) < 0.7 * of_level(frozen, "year", APART)
    assert of_level(learned, "year", EQUAL) > of_level(frozen, "year", EQUAL)
    year = next(kind for kind in EVIDENCE if kind.name == "year")
    place = [level.says for level in year.levels].index(APART)
    assert worth_of(year, learned)[place] < worth_of(year, frozen)[place]


def test_more_of_the_same_teaches_more() -> None:
    frozen, learned = frozen_rates(), [rates_of(count, 1) for count in (1, 10, 60)]
    seen = [of_level(rates, "year", APART) for rates in (frozen, *learned)]
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("gap", [0, 1])
def test_two_records_teach_nearly_nothing(gap: int) -> None:
    frozen, learned = frozen_rates(), rates_of(1, gap)
    for name, rates in frozen.items():
        assert learned[name] == pytest.approx(rates, abs=0.03)


def test_papers_without_copies_teach_nothing() -> None:
    alone = [row for row in papers(20, 0) if row["source_key"].endswith("-0")]
    assert resolve_papers(frame(alone), JUDGEMENTS).rates == frozen_rates()


def test_preprints_and_columns_teach_nothing() -> None:
    rows = list(papers(30, 1, ("arXiv preprint", "Soil Letters")))
    assert resolve_papers(frame(rows), JUDGEMENTS).rates == frozen_rates()
    columns = [row | {"title": "Editorial Preface"} for row in papers(30, 1)]
    assert resolve_papers(frame(columns), JUDGEMENTS).rates == frozen_rates()


@pytest.mark.parametrize("date_basis", ["printed", "inferred_year"])
@pytest.mark.parametrize("gap", [0, 1, 4])
def test_the_rates_of_a_kind_sum_to_what_the_frozen_ones_sum_to(gap: int, date_basis: str) -> None:
    learned = rates_of(40, gap, date_basis)
    assert learned.keys() == frozen_rates().keys()
    for kind in LEARNED:
        known, found = (
            [
                rate
                for level, rate in zip(kind.levels, rates[kind.name], strict=True)
                if isinstance(level.worth, Rate)
            ]
            for rates in (frozen_rates(), learned)
        )
        assert sum(found) == pytest.approx(sum(known))
        assert min(found) > 0


def test_what_is_no_rate_is_never_learned() -> None:
    frozen, learned = frozen_rates(), rates_of(60, 1)
    assert learned["year"] != frozen["year"]
    for kind in EVIDENCE:
        for level, rate in zip(kind.levels, learned[kind.name], strict=True):
            assert isinstance(level.worth, Rate) or rate == 1.0


def test_the_share_of_equal_versions_is_learned_within_bounds() -> None:
    assert SAME_VERSION < rates_of(60, 0)["prior"][0] < 1
    rows = list(papers(60, 2, ("Proc. of the Symposium on Soils", "Journal of Herons")))
    later = [
        row | {"pages": f"{500 + place}"} if place % 2 else row for place, row in enumerate(rows)
    ]
    assert 0 < resolve_papers(frame(later), JUDGEMENTS).rates["prior"][0] < SAME_VERSION


def test_the_order_of_records_teaches_the_same() -> None:
    records = frame(list(papers(25, 1)))
    order = np.random.default_rng(8).permutation(records.height)
    first, again = (resolve_papers(rows, JUDGEMENTS) for rows in (records, records[order]))
    assert first.rates == again.rates != frozen_rates()
    assert_frame_equal(first.estimates(), again.estimates())


def test_a_paper_with_many_copies_teaches_less_than_many_papers() -> None:
    one, other = papers(1, 1)
    crowd = [
        row | {"source_key": f"{row['source_key']}-{copy}"}
        for copy in range(6)
        for row in (one, other)
    ]
    compared = resolve_papers(frame(crowd), JUDGEMENTS)
    assert (compared.scored["year_gap"] == 1).sum() == 36
    learned = of_level(compared.rates, "year", APART)
    assert of_level(frozen_rates(), "year", APART) < learned
    assert learned < of_level(rates_of(12, 1), "year", APART)


def test_the_table_has_each_rate_beside_the_frozen_one() -> None:
    table = rates_table(rates_of(60, 1))
    Estimates.validate(table)
    expected = [
        (kind.name, level.says, level.worth.match, level.worth.other)
        for kind in LEARNED
        for level in kind.levels
        if isinstance(level.worth, Rate)
    ]
    assert table.drop("value").rows() == [("same version", "", SAME_VERSION, None), *expected]
    apart = table.filter(pl.col("level") == APART).to_dicts()[0]
    assert apart["value"] == of_level(rates_of(60, 1), "year", APART)


def test_nothing_to_compare_teaches_nothing() -> None:
    compared = resolve_papers(frame([record("a", title="Alone")]), JUDGEMENTS)
    assert compared.rates == frozen_rates()
    assert learned_rates(compared.scored) == frozen_rates()
    table = rates_table(compared.rates)
    assert table["value"].to_list() == table["frozen"].to_list()
