"""What labelled pairs teach of the weights: the most likely ones near the shipped ones.

The model stays as it is: the probability that two records are one paper is that of one work times
that of one version, each the logistic of a sum of levels. The worth of each level is drawn to what
explains the labels best, and held back by a normal prior around its shipped worth (maximum a
posteriori; C. Bishop, Pattern Recognition and Machine Learning, 2006, 4.3.2 and 4.5), so that few
labels change little. Of a rate only what holds among two versions is learned: the other side is
learned anew on every input (`rates`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy.optimize import minimize
from scipy.sparse import csr_array

from flows.resolve.clustering import components
from flows.resolve.kernels.words import Array
from flows.resolve.levels import EVIDENCE, Question
from flows.resolve.scoring import with_weights
from flows.resolve.verdicts import IS_CONFLICT
from flows.resolve.weights import Rate, Weights

SPREAD = 1.0
"""Nats by which a worth is expected to be off."""
FOLDS = 5
FEWEST = 20
"""So many pairs are needed of each ruling."""
LEAST_SHARE = 0.1
"""Labels nearly all of one kind tell of who chose them."""
STRATA = (-2.2, 0.0, 2.2)
"""Log-odds between which pairs are alike in how sure they are."""
MOST_COUNT = 10.0
PRECISE = 0.99
"""A precision from which on it may fall a little."""
_LOWEST, _HIGHEST = 1e-4, 0.9999
_TINY = 1e-12


class TooFewError(Exception):
    """Too few labelled pairs to learn from; the message says how many are needed."""


@dataclass(frozen=True)
class Fit:
    """How well weights tell labelled pairs they were not learned from."""

    log_loss: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, _TINY)


@dataclass(frozen=True)
class Learned:
    """What labelled pairs teach, and what it is good for."""

    weights: Weights
    pairs: int
    same: int
    beyond: int
    """Labelled pairs that contradict in numbers, notes or identifiers: no weight decides."""
    before: Fit
    after: Fit
    """On pairs held out: each fifth is told by what the other four teach."""

    @property
    def is_better(self) -> bool:
        """Whether pairs held out are told better than by the weights before, and no less
        precisely."""
        is_precise = self.after.precision >= min(self.before.precision, PRECISE)
        return self.after.log_loss < self.before.log_loss and is_precise


def learned_weights(labelled: pl.DataFrame, known: Weights, here: Weights, near: Array) -> Learned:
    """Return what labelled pairs teach.

    labelled: left, right (rows), is_same, the levels of each pair and what levels of its own are
    worth by. known: the weights to begin from. here: the same with the rates of this input.
    near: the log-odds of all pairs of this input that came near. People label what they come upon,
    often the doubtful: labelled pairs count so that they are as likely one paper as those are.
    Raises TooFewError where there are too few pairs of a kind.
    """
    told = labelled.filter(~IS_CONFLICT).sort("left", "right")
    same = int(told["is_same"].sum())
    fewest = max(FEWEST, int(LEAST_SHARE * told.height))
    if min(same, told.height - same) < fewest:
        raise TooFewError(
            f"There are {same} labelled pairs that are the same and {told.height - same} that are"
            f" different, besides {labelled.height - told.height} that contradict each other in"
            f" numbers or identifiers: label at least {fewest} of each, as you come upon them."
        )
    problem = _problem(told, here)
    bounds = _bounds(known)
    is_same = told["is_same"].to_numpy()
    folds = _folds(told)
    counts = _counts(with_weights(told, here)["weight"].to_numpy(), near)
    held_out = np.zeros(told.height)
    for fold in range(FOLDS):
        is_held = folds == fold
        shift = _fitted(problem.of(~is_held), is_same[~is_held], counts[~is_held], bounds)
        held_out[is_held] = problem.of(is_held).probabilities(shift)
    shift = _fitted(problem, is_same, counts, bounds)
    return Learned(
        weights=_shifted(known, shift),
        pairs=told.height,
        same=same,
        beyond=labelled.height - told.height,
        before=_fit(problem.probabilities(np.zeros_like(shift)), is_same, counts),
        after=_fit(held_out, is_same, counts),
    )


@dataclass(frozen=True)
class _Problem:
    """Labelled pairs: their log-odds as they are, and which shift of a worth bears on which."""

    work: Array
    version: Array
    on_work: csr_array
    on_version: csr_array

    def of(self, chosen: Array) -> _Problem:
        return _Problem(
            self.work[chosen], self.version[chosen],
            self.on_work[chosen], self.on_version[chosen],
        )  # fmt: skip

    def sides(self, shift: Array) -> tuple[Array, Array]:
        """Return the probabilities of one work, and of one version of it."""
        logits = (self.work + self.on_work @ shift, self.version + self.on_version @ shift)
        work, version = (1.0 / (1.0 + np.exp(-np.clip(logit, -60, 60))) for logit in logits)
        return work, version

    def probabilities(self, shift: Array) -> Array:
        work, version = self.sides(shift)
        product: Array = work * version
        return product


def _places() -> list[tuple[str, int]]:
    """Return the levels whose worth is learned, after the log-odds of a compared pair."""
    return [
        (kind.name, place)
        for kind in EVIDENCE
        for place, level in enumerate(kind.levels)
        if level.of_pair is None
    ]


def _problem(told: pl.DataFrame, here: Weights) -> _Problem:
    weighed = with_weights(told, here)
    column_of = {place: column for column, place in enumerate(_places(), 1)}

    def bearing(question: Question) -> csr_array:
        rows, columns = [], []
        if question == "work":
            rows.append(np.arange(told.height))
            columns.append(np.zeros(told.height, np.int64))
        for kind in EVIDENCE:
            if kind.question != question:
                continue
            levels = told[f"level {kind.name}"].to_numpy()
            for place in range(len(kind.levels)):
                if (kind.name, place) in column_of:
                    having = np.flatnonzero(levels == place + 1)
                    rows.append(having)
                    columns.append(np.full(len(having), column_of[kind.name, place]))
        where = (np.concatenate(rows), np.concatenate(columns))
        return csr_array((np.ones(len(where[0])), where), shape=(told.height, len(column_of) + 1))

    return _Problem(
        weighed["work"].to_numpy(), weighed["version"].to_numpy(), bearing("work"),
        bearing("version"),
    )  # fmt: skip


def _bounds(known: Weights) -> list[tuple[float, float]]:
    """Return how far each worth may be shifted: a rate stays between 0 and 1."""
    free, held = (-np.inf, np.inf), (0.0, 0.0)
    worths = (known.worth[name][place] for name, place in _places())
    # How often two records that meet are one work is no matter of which were labelled.
    return [held] + [
        (float(np.log(worth.other / _HIGHEST)), float(np.log(worth.other / _LOWEST)))
        if isinstance(worth, Rate)
        else free
        for worth in worths
    ]


def _fitted(
    problem: _Problem, is_same: Array, counts: Array, bounds: list[tuple[float, float]]
) -> Array:
    """Return by how much each worth is shifted."""

    def loss(shift: Array) -> tuple[float, Array]:
        work, version = problem.sides(shift)
        both = np.clip(work * version, _TINY, 1 - _TINY)
        total = -(counts * np.where(is_same, np.log(both), np.log(1 - both))).sum()
        push = counts * np.where(is_same, 1.0, -both / (1 - both))
        gradient = -(
            problem.on_work.T @ (push * (1 - work)) + problem.on_version.T @ (push * (1 - version))
        )
        return (
            total + (shift**2).sum() / (2 * SPREAD**2),
            gradient + shift / SPREAD**2,
        )

    start = np.zeros(problem.on_work.shape[1])
    found: Array = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found


def _folds(told: pl.DataFrame) -> Array:
    """Return the fold of each pair; pairs that hang together are in one."""
    rows = pl.concat([told["left"], told["right"]]).unique().sort()
    ends = [rows.search_sorted(told[side]) for side in ("left", "right")]
    group = components(len(rows), *ends)[ends[0].to_numpy()]
    folds: Array = pl.Series(group).rank("dense").to_numpy() % FOLDS
    return folds


def _counts(weights: Array, near: Array) -> Array:
    """Return how much each labelled pair counts, so that its stratum has the share that it has of
    all (post-stratification)."""
    labelled, all_near = (np.searchsorted(STRATA, values) for values in (weights, near))
    ours, theirs = (np.bincount(part, minlength=len(STRATA) + 1) for part in (labelled, all_near))
    ratio = (theirs / max(theirs.sum(), 1)) / np.maximum(ours / len(labelled), _TINY)
    counts: Array = np.clip(ratio, 1 / MOST_COUNT, MOST_COUNT)[labelled]
    return counts


def _fit(probabilities: Array, is_same: Array, counts: Array) -> Fit:
    certain = np.clip(probabilities, 1e-6, 1 - 1e-6)
    is_match = probabilities >= 0.5
    hits = float(counts[is_match & is_same].sum())
    losses = -np.where(is_same, np.log(certain), np.log(1 - certain))
    return Fit(
        log_loss=float((counts * losses).sum() / counts.sum()),
        precision=hits / max(float(counts[is_match].sum()), _TINY),
        recall=hits / float(counts[is_same].sum()),
    )


def _shifted(known: Weights, shift: Array) -> Weights:
    by_place = dict(zip(_places(), shift[1:].tolist(), strict=True))

    def moved(worth: float | Rate, nats: float) -> float | Rate:
        if isinstance(worth, Rate):
            return replace(worth, other=worth.other * float(np.exp(-nats)))
        return worth + nats

    return replace(
        known,
        compared=known.compared + float(shift[0]),
        worth={
            name: tuple(
                moved(worth, by_place.get((name, place), 0.0)) for place, worth in enumerate(worths)
            )
            for name, worths in known.worth.items()
        },
    )
