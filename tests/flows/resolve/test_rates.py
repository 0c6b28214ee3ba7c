"""Rates: what an input teaches of how its own versions agree, without labels."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.resolve.levels import EVIDENCE
from flows.resolve.papers import resolve_papers
from flows.resolve.rates import rates_table
from flows.resolve.weights import Rate, Weights, shipped_weights
from schemas.match import Estimates
from tests.flows.resolve.sample import JUDGEMENTS, frame, record

APART, EQUAL = "one year apart", "the same year"
FROZEN = shipped_weights()
LEARNED = [
    kind for kind in EVIDENCE if any(isinstance(level, Rate) for level in FROZEN.worth[kind.name])
]


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
def rates_of(count: int, gap: int, date_basis: str = "printed") -> Weights:
    rows = [row | {"date_basis": date_basis} for row in papers(count, gap)]
    return resolve_papers(frame(rows), JUDGEMENTS).weights


def of_level(weights: Weights, name: str, says: str) -> Rate:
    kind = next(kind for kind in EVIDENCE if kind.name == name)
    rate = weights.worth[name][[level.says for level in kind.levels].index(says)]
    assert isinstance(rate, Rate)
    return rate


def same(weights: Weights, says: str) -> float:
    return of_level(weights, "year", says).same


def test_where_copies_are_often_a_year_off_that_is_learned() -> None:
    frozen, learned = FROZEN, rates_of(60, 1)
    assert same(learned, APART) > 5 * same(frozen, APART)
    assert same(learned, EQUAL) < same(frozen, EQUAL)


def test_where_years_are_always_equal_a_year_off_tells_more() -> None:
    frozen, learned = FROZEN, rates_of(60, 0)
    assert same(learned, APART) < 0.7 * same(frozen, APART)
    assert same(learned, EQUAL) > same(frozen, EQUAL)
    assert of_level(learned, "year", APART).nats < of_level(frozen, "year", APART).nats


def test_more_of_the_same_teaches_more() -> None:
    frozen, learned = FROZEN, [rates_of(count, 1) for count in (1, 10, 60)]
    seen = [same(rates, APART) for rates in (frozen, *learned)]
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("gap", [0, 1])
def test_two_records_teach_nearly_nothing(gap: int) -> None:
    frozen, learned = FROZEN, rates_of(1, gap)
    for kind in LEARNED:
        for found, known in zip(learned.worth[kind.name], frozen.worth[kind.name], strict=True):
            assert isinstance(found, Rate) == isinstance(known, Rate)
            if isinstance(found, Rate) and isinstance(known, Rate):
                assert found.same == pytest.approx(known.same, abs=0.03)


def test_papers_without_copies_teach_nothing() -> None:
    alone = [row for row in papers(20, 0) if row["source_key"].endswith("-0")]
    assert resolve_papers(frame(alone), JUDGEMENTS).weights == FROZEN


def test_preprints_and_columns_teach_nothing() -> None:
    rows = list(papers(30, 1, ("arXiv preprint", "Soil Letters")))
    assert resolve_papers(frame(rows), JUDGEMENTS).weights == FROZEN
    columns = [row | {"title": "Editorial Preface"} for row in papers(30, 1)]
    assert resolve_papers(frame(columns), JUDGEMENTS).weights == FROZEN


@pytest.mark.parametrize("date_basis", ["printed", "inferred_year"])
@pytest.mark.parametrize("gap", [0, 1, 4])
def test_the_rates_of_a_kind_sum_to_what_the_frozen_ones_sum_to(gap: int, date_basis: str) -> None:
    learned = rates_of(40, gap, date_basis)
    assert learned.worth.keys() == FROZEN.worth.keys()
    for kind in LEARNED:
        known, found = (
            [level.same for level in weights.worth[kind.name] if isinstance(level, Rate)]
            for weights in (FROZEN, learned)
        )
        assert sum(found) == pytest.approx(sum(known))
        assert min(found) > 0


def test_what_is_no_rate_is_never_learned() -> None:
    frozen, learned = FROZEN, rates_of(60, 1)
    assert learned.worth["year"] != frozen.worth["year"]
    for kind in EVIDENCE:
        for found, known in zip(learned.worth[kind.name], frozen.worth[kind.name], strict=True):
            if isinstance(known, Rate):
                assert isinstance(found, Rate)
                assert found.other == known.other
            else:
                assert found == known


def test_the_share_of_equal_versions_is_learned_within_bounds() -> None:
    assert FROZEN.same_version < rates_of(60, 0).same_version < 1
    rows = list(papers(60, 2, ("Proc. of the Symposium on Soils", "Journal of Herons")))
    later = [
        row | {"pages": f"{500 + place}"} if place % 2 else row for place, row in enumerate(rows)
    ]
    assert 0 < resolve_papers(frame(later), JUDGEMENTS).weights.same_version < FROZEN.same_version


def test_the_order_of_records_teaches_the_same() -> None:
    records = frame(list(papers(25, 1)))
    order = np.random.default_rng(8).permutation(records.height)
    first, again = (resolve_papers(rows, JUDGEMENTS) for rows in (records, records[order]))
    assert first.weights == again.weights != FROZEN
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
    learned = same(compared.weights, APART)
    assert same(FROZEN, APART) < learned
    assert learned < same(rates_of(12, 1), APART)


def test_the_table_has_each_rate_beside_the_frozen_one() -> None:
    table = rates_table(rates_of(60, 1), FROZEN)
    Estimates.validate(table)
    expected = [
        (kind.name, level.says, worth.same, worth.other)
        for kind in LEARNED
        for level, worth in zip(kind.levels, FROZEN.worth[kind.name], strict=True)
        if isinstance(worth, Rate)
    ]
    assert table.drop("value").rows() == [
        ("same version", "", FROZEN.same_version, None),
        *expected,
    ]
    apart = table.filter(pl.col("level") == APART).to_dicts()[0]
    assert apart["value"] == same(rates_of(60, 1), APART)


def test_nothing_to_compare_teaches_nothing() -> None:
    compared = resolve_papers(frame([record("a", title="Alone")]), JUDGEMENTS)
    assert compared.weights == FROZEN
    table = rates_table(compared.weights, FROZEN)
    assert table["value"].to_list() == table["frozen"].to_list()
