"""How rare words are: counts in an open-addressed hash table, and what they weigh."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flows.resolve.kernels.compiled import kernel
from flows.resolve.kernels.words import Array, Lists


class Counts(NamedTuple):
    """In how many texts each word stands: a table of 2^n places, 0 where no word is."""

    words: Array
    counts: Array


def counted(lists: Lists, is_counted: Array) -> Counts:
    """Return in how many of the lists that count each word stands."""
    return Counts(*_counted(lists.values, lists.starts, is_counted))


def table_of(words: Array, counts: Array) -> Counts:
    """Return counts that are known as a table."""
    starts = np.arange(len(words) + 1)
    table = counted(Lists(words, starts), np.ones(len(words), np.bool_))
    return Counts(table.words, _set(table.words, table.counts, words, counts.astype(np.int32)))


def count_of(words: Array, table: Counts) -> Array:
    """Return how often each word was counted."""
    return _looked_up(words, table.words, table.counts)


def totals(weights: Array, lists: Lists) -> Array:
    """Return for each list the sum of its words' weights."""
    return _totals(weights, lists.starts)


def rarest(lists: tuple[Lists, ...], weights: tuple[Array, ...], most: int) -> Array:
    """Return for each row its `most` words of the largest weights, of several lists together, the
    heaviest first; 0 where there are fewer. Words without weight are left out."""
    chosen = np.zeros((len(lists[0].starts) - 1, most), np.uint32)
    nats = np.zeros((len(lists[0].starts) - 1, most), np.float32)
    for part, weight in zip(lists, weights, strict=True):
        _rarest(part.values, part.starts, weight, chosen, nats)
    return chosen


@kernel
def _counted(values: Array, starts: Array, is_counted: Array) -> tuple[Array, Array]:
    size = 1 << 16
    words = np.zeros(size, np.uint32)
    counts = np.zeros(size, np.int32)
    filled = 0
    for row in range(len(starts) - 1):
        if not is_counted[row]:
            continue
        for at in range(starts[row], starts[row + 1]):
            word = values[at]
            place = np.int64(word) & (size - 1)
            while counts[place] and words[place] != word:
                place = (place + 1) & (size - 1)
            filled += counts[place] == 0
            words[place] = word
            counts[place] += 1
            if 2 * filled > size:
                old_words, old_counts = words, counts
                size *= 4
                words = np.zeros(size, np.uint32)
                counts = np.zeros(size, np.int32)
                for old in range(len(old_words)):
                    if old_counts[old]:
                        place = np.int64(old_words[old]) & (size - 1)
                        while counts[place]:
                            place = (place + 1) & (size - 1)
                        words[place] = old_words[old]
                        counts[place] = old_counts[old]
    return words, counts


@kernel
def _set(table: Array, counts: Array, words: Array, known: Array) -> Array:
    size = len(table)
    out = np.zeros(size, np.int32)
    for at in range(len(words)):
        place = np.int64(words[at]) & (size - 1)
        while counts[place] and table[place] != words[at]:
            place = (place + 1) & (size - 1)
        out[place] = max(out[place], known[at])
    return out


@kernel
def _looked_up(values: Array, words: Array, counts: Array) -> Array:
    out = np.zeros(len(values), np.int32)
    size = len(words)
    for at in range(len(values)):
        place = np.int64(values[at]) & (size - 1)
        while counts[place] and words[place] != values[at]:
            place = (place + 1) & (size - 1)
        out[at] = counts[place]
    return out


@kernel
def _totals(weights: Array, starts: Array) -> Array:
    out = np.zeros(len(starts) - 1, np.float32)
    for row in range(len(starts) - 1):
        total = 0.0
        for at in range(starts[row], starts[row + 1]):
            total += weights[at]
        out[row] = total
    return out


@kernel
def _rarest(values: Array, starts: Array, weights: Array, chosen: Array, nats: Array) -> None:
    most = chosen.shape[1]
    for row in range(len(starts) - 1):
        for at in range(starts[row], starts[row + 1]):
            word = values[at]
            weight = weights[at]
            if weight <= 0:
                continue
            is_known = False
            for place in range(most):
                is_known = is_known or (chosen[row, place] == word and nats[row, place] > 0)
            if is_known:
                continue
            place = most
            while place > 0 and (
                nats[row, place - 1] < weight
                or (nats[row, place - 1] == weight and chosen[row, place - 1] > word)
            ):
                if place < most:
                    nats[row, place] = nats[row, place - 1]
                    chosen[row, place] = chosen[row, place - 1]
                place -= 1
            if place < most:
                nats[row, place] = weight
                chosen[row, place] = word
