"""Labelled pairs: what a careful person would say of two records, alone and in company."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.flows.resolve.sample import JUDGEMENTS, frame, record, resolved

PAIRS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "cases" / "pairs.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


def verdict(left: dict[str, Any], right: dict[str, Any]) -> tuple[str, str]:
    records = frame([record("left", **left), record("right", **right)])
    matches, clusters = resolved(records, JUDGEMENTS)
    reason = "; ".join(matches["reason"]) or "they were never compared"
    return ("same" if clusters["cluster"].n_unique() == 1 else "different"), reason


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["id"] for pair in PAIRS])
def test_pair_is_judged_as_a_careful_person_would_whichever_side_is_first(
    pair: dict[str, Any],
) -> None:
    for one, other in (("left", "right"), ("right", "left")):
        found, reason = verdict(pair[one], pair[other])
        assert found == pair["expected"], f"{pair['note']}: {reason}"


def test_shared_links_and_categories_are_no_evidence() -> None:
    for pair in PAIRS[::8]:
        sides = [
            record(side, **pair[side] | {"links": ["https://github.com/x/y"], "category": "CL"})
            for side in ("left", "right")
        ]
        plain = [record(side, **pair[side]) for side in ("left", "right")]
        with_links, _ = resolved(frame(sides), JUDGEMENTS)
        without, _ = resolved(frame(plain), JUDGEMENTS)
        assert with_links["weight"].to_list() == without["weight"].to_list(), pair["id"]


def test_ids_are_unique_and_every_kind_is_there() -> None:
    ids = [pair["id"] for pair in PAIRS]
    assert len(ids) == len(set(ids))
    assert pl.Series(pair["expected"] for pair in PAIRS).value_counts()["count"].min() >= 75
