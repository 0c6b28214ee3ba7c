"""Learning: labelled pairs move the weights towards what explains them, and never far on little."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from flows.resolve.clustering import RULING
from flows.resolve.learning import FEWEST, Learned, TooFewError, learned_weights
from flows.resolve.levels import EVIDENCE
from flows.resolve.papers import Compared, resolve_papers
from flows.resolve.scoring import with_weights
from flows.resolve.weights import Rate, shipped_weights
from tests.flows.resolve.sample import JUDGEMENTS, frame, record

SOUNDS = [one + two for one in "bdfgklmnprstvz" for two in "aeiou"]


def retitled(count: int) -> list[dict[str, Any]]:
    """Two records of each paper; the second has one word of the title in another form, another
    author besides, and no year."""
    random = np.random.default_rng(5)
    rows = []
    for number in range(count):
        words = ["".join(word) for word in random.choice(SOUNDS, (9, 4))]
        title, people = words[:6], [" ".join(words[6:8])]
        rows.append(record(f"{number}-a", title=" ".join(title), authors=people))
        changed = [*title[:-1], title[-1][:-3] + "zzu"]
        rows.append(record(f"{number}-b", title=" ".join(changed), authors=[*people, words[8]]))
    return rows


@cache
def compared(count: int = 60) -> Compared:
    return resolve_papers(frame(retitled(count)), JUDGEMENTS)


def labelled(count: int = 60, same: int = 30) -> pl.DataFrame:
    """The two records of each paper, of which the first so many are said to be the same."""
    whole = compared(count)
    keys = frame(retitled(count)).sort("record_id")["source_key"].str.split("-")
    number = keys.list.first().cast(pl.Int64)
    ends = [number.gather(whole.scored[side]) for side in ("left", "right")]
    return whole.scored.with_columns(is_same=ends[0] < same).filter(ends[0] == ends[1])


def learned(pairs: pl.DataFrame) -> Learned:
    near = compared().scored["weight"].to_numpy()
    return learned_weights(pairs, compared().frozen, compared().weights, near)


def probability(found: Learned) -> float:
    """The mean probability of the pairs by the learned weights, with the rates of this input."""
    here = compared().weights
    worth = {
        name: tuple(
            replace(one, same=other.same)
            if isinstance(one, Rate) and isinstance(other, Rate)
            else one
            for one, other in zip(found.weights.worth[name], here.worth[name], strict=True)
        )
        for name in here.worth
    }
    weights = replace(found.weights, same_version=here.same_version, worth=worth)
    return float(with_weights(labelled(), weights)["probability"].to_numpy().mean())


def levels_seen(pairs: pl.DataFrame) -> set[str]:
    return {
        kind.levels[level - 1].says
        for kind in EVIDENCE
        for level in pairs[f"level {kind.name}"].unique()
        if level > 0
    }


def test_labels_move_the_probability_to_their_share() -> None:
    assert labelled().height == 60
    shares = [probability(learned(labelled(same=same))) for same in (20, 30, 40)]
    assert shares == sorted(set(shares))
    assert shares == pytest.approx([1 / 3, 1 / 2, 2 / 3], abs=0.15)


def test_what_no_label_shows_stays_as_shipped() -> None:
    found, shipped = learned(labelled()).weights, shipped_weights()
    seen = levels_seen(labelled())
    for kind in EVIDENCE:
        for level, here, there in zip(
            kind.levels, found.worth[kind.name], shipped.worth[kind.name], strict=True
        ):
            if level.says not in seen:
                assert here == there, level.says
            if isinstance(there, Rate):
                assert isinstance(here, Rate)
                assert here.same == there.same


def test_more_labels_move_more() -> None:
    few, many = (learned(pl.concat([labelled(same=20)] * times)) for times in (1, 10))
    assert probability(many) < probability(few)
    assert probability(many) == pytest.approx(1 / 3, abs=0.02)


def test_the_order_of_labels_does_not_matter() -> None:
    pairs = labelled()
    assert learned(pairs) == learned(pairs.reverse())


def test_pairs_held_out_are_told_better_by_what_others_teach() -> None:
    # All pairs look alike and two in three are one paper: only their share can be learned.
    found = learned(labelled(same=40))
    assert found.pairs == 60
    assert found.same == 40
    assert found.is_better
    assert found.after.log_loss < 1.1 * -(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3))


@pytest.mark.parametrize("same", [0, FEWEST - 1, 60 - FEWEST + 1, 60])
def test_too_few_of_a_kind_are_refused(same: int) -> None:
    with pytest.raises(TooFewError, match=f"{same} labelled pairs that are the same"):
        learned(labelled(same=same))


def test_contradictions_are_counted_and_teach_nothing() -> None:
    pairs = labelled()
    apart = pairs.with_columns(numbers_conflict=pl.int_range(pl.len()) < 4)
    found = learned(apart)
    assert found.beyond == 4
    assert found.pairs == 56


def test_rulings_are_labels() -> None:
    records = frame(retitled(3))
    rulings = pl.DataFrame(
        {"left": [records["record_id"][0]], "right": [records["record_id"][3]], "ruling": ["same"]}
    )
    ruled = JUDGEMENTS.clear().vstack(
        rulings.with_columns(
            pl.lit(None, pl.String).alias(name) for name in ("who", "when", "why", "origin")
        )
    )
    scored = resolve_papers(records, ruled).scored.filter(pl.col("decided_by") == "judgement")
    assert scored.height == 1
    assert scored["bound"].item() == RULING
