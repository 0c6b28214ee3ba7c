"""Blocking: who meets, and that no block makes the work quadratic."""

from __future__ import annotations

import polars as pl

from flows.resolve.blocking import KEYS, candidate_pairs, key_names
from flows.resolve.features import describe
from tests.flows.resolve.sample import frame, record


def test_a_block_of_any_size_gives_pairs_in_proportion_to_its_records() -> None:
    rows = [
        record(f"{number:05d}", title="Preface", authors=[f"Ada Nr{number % 7}"], year=1990)
        for number in range(2000)
    ]
    pairs = candidate_pairs(describe(frame(rows)))
    assert pairs.height < 2000 * 40
    met = pl.concat([pairs["left"], pairs["right"]]).n_unique()
    assert met == 2000


def test_pairs_are_ordered_and_given_once() -> None:
    rows = [record(str(number), title="Nectar memory in bees", year=2000) for number in range(5)]
    pairs = candidate_pairs(describe(frame(rows)))
    assert pairs.height == 10
    assert (pairs["left"] < pairs["right"]).all()
    assert pairs.select("left", "right").is_duplicated().sum() == 0


def test_key_names_reads_the_bits() -> None:
    bits = pl.DataFrame({"keys": [1, 1 << 3 | 1 << 1]}, schema={"keys": pl.UInt32})
    names = bits.select(key_names(pl.col("keys"))).to_series().to_list()
    assert names == [KEYS[0].name, f"{KEYS[1].name}, {KEYS[3].name}"]


def test_absent_values_are_no_keys() -> None:
    rows = [record("a", title="One rare wording"), record("b", abstract="Quite another text")]
    assert candidate_pairs(describe(frame(rows))).is_empty()


def test_every_key_says_what_it_is() -> None:
    assert all(key.values.__doc__ for key in KEYS)
    assert len({key.name for key in KEYS}) == len(KEYS)
