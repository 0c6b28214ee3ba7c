"""Blocking: who meets, and that no block makes the work quadratic."""

from __future__ import annotations

from typing import Any

import polars as pl

from flows.resolve.blocking import KEYS, Candidates, candidates, key_names, shared_keys
from flows.resolve.features import describe, sides
from tests.flows.resolve.sample import frame, record, record_id


def met(rows: list[dict[str, Any]]) -> Candidates:
    features = describe(frame(rows))
    return candidates(features, sides(features))


def test_a_block_of_any_size_gives_pairs_in_proportion_to_its_records() -> None:
    rows = [
        record(f"{number:05d}", title="Preface", authors=[f"Ada Nr{number % 7}"], year=1990)
        for number in range(2000)
    ]
    found = met(rows)
    assert found.pairs.height < 2000 * 40
    assert pl.concat([found.pairs["left"], found.pairs["right"]]).n_unique() == 2000
    assert found.left_out > 1_000_000


def test_shared_passages_bring_nobody_together_in_large_blocks() -> None:
    opening = "In recent years there has been growing interest in the study of many things such as"
    rows = [
        record(
            f"{number:04d}",
            title=f"q{number}a q{number}b q{number}c q{number}d",
            abstract=f"{opening} " + " ".join(f"w{number}x{step}" for step in range(80)),
        )
        for number in range(300)
    ]
    assert met(rows).pairs.is_empty()


def test_records_of_one_venue_meet_in_a_large_block_of_one_title() -> None:
    rows = [
        record(f"{number:04d}", title="Nectar memory in bees", year=1990 + number % 30)
        | {"authors": None, "venue": f"Venue {'abcdefghijklmnopqrstuvwxyz'[number % 26]}ought"}
        for number in range(300)
    ]
    rows += [record("x", title="Nectar memory in bees", venue="Zebra Letters")]
    rows += [record("y", title="Nectar memory in bees", venue="Zebra Letters", year=2015)]
    features = describe(frame(rows))
    ids = features.rows.filter(pl.col("venue") == features.venues.to_list().index("zebra letters"))
    pairs = candidates(features, sides(features)).pairs
    assert (
        pairs.filter(
            pl.col("left").is_in(ids["row"].to_list()), pl.col("right").is_in(ids["row"].to_list())
        ).height
        == 1
    )


def test_pairs_are_ordered_and_given_once() -> None:
    rows = [record(str(number), title="Nectar memory in bees", year=2000) for number in range(5)]
    pairs = met(rows).pairs
    assert pairs.height == 10
    assert (pairs["left"] < pairs["right"]).all()
    assert pairs.select("left", "right").is_duplicated().sum() == 0


def test_typos_in_every_word_are_met_by_author_venue_and_year() -> None:
    said = {"authors": ["Yanzhao Zhou"], "venue": "CVPR", "year": 2017}
    rows = [
        record("a", title="Oriented Response Networks", **said),
        record("b", title="Oreinted Respoyse Netwroks", **said),
    ]
    assert met(rows).pairs.height == 1


def test_key_names_reads_the_bits() -> None:
    bits = pl.DataFrame({"keys": [1, 1 << 3 | 1 << 1]}, schema={"keys": pl.UInt32})
    names = bits.select(key_names(pl.col("keys"))).to_series().to_list()
    assert names == [KEYS[0].name, f"{KEYS[1].name}, {KEYS[3].name}"]


def test_absent_values_are_no_keys() -> None:
    rows = [record("a", title="One rare wording"), record("b", abstract="Quite another text")]
    assert met(rows).pairs.is_empty()


def test_every_key_says_what_it_is() -> None:
    assert all(key.values.__doc__ for key in KEYS)
    assert len({key.name for key in KEYS}) == len(KEYS)


def test_what_is_left_out_is_a_count_of_large_blocks_only() -> None:
    alike = [record(str(place), title="Moult of Marsh Beetles", authors=["Ilse Brand"], year=2001,
                    venue="Soil Letters", pages="7-9") for place in range(20)]  # fmt: skip
    features = describe(frame(alike))
    assert candidates(features, sides(features)).left_out >= 0
    few = describe(frame(alike[:5]))
    assert candidates(few, sides(few)).left_out == 0


def test_the_keys_that_two_papers_share_are_named() -> None:
    rows = [
        record("a", title="Moult of Marsh Beetles", authors=["Ilse Brand"], doi="10.1234/a"),
        record("b", title="Moult of Marsh Beetles", authors=["Okoro Ade"]),
        record("c", title="Nectar Memory", doi="10.1234/a"),
        record("d", title="Unlike Any"),
    ]
    groups = {record_id(key): "one" if key == "a" else "other" for key in "abcd"}

    def shared(*keys: str) -> list[str]:
        chosen = [row for row in rows if row["source_key"] in keys]
        return shared_keys(describe(frame(chosen)), groups)

    assert "title" in shared("a", "b")
    assert shared("a", "c") == ["doi"]
    assert shared("a", "d") == []
    assert {"doi", "title"} <= set(shared("a", "b", "c", "d"))
