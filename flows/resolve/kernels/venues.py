"""How like two names of venues are, word by word, abbreviations included."""

from __future__ import annotations

import numpy as np

from flows.resolve.kernels.compiled import kernel
from flows.resolve.kernels.words import BLANK, Array

FEWEST_LETTERS = 3


@kernel
def venues_alike(data: Array, starts: Array, left: Array, right: Array) -> Array:
    """Return for pairs of names the share of the words of the shorter one that stand in the other,
    or begin a word of it, or begin with one (`comput`, `computing`)."""
    out = np.zeros(len(left), np.float32)
    for pair in range(len(left)):
        one, other = left[pair], right[pair]
        shared, of_one = _shared(
            data, starts[one], starts[one + 1], starts[other], starts[other + 1]
        )
        back, of_other = _shared(
            data, starts[other], starts[other + 1], starts[one], starts[one + 1]
        )
        out[pair] = shared / of_one if of_one <= of_other else back / of_other
    return out


@kernel
def _shared(data: Array, start: int, end: int, other: int, other_end: int) -> tuple[int, int]:
    shared = count = 0
    begun = start
    for at in range(start, end + 1):
        if at < end and data[at] != BLANK:
            continue
        count += 1
        word = other
        for place in range(other, other_end + 1):
            if place < other_end and data[place] != BLANK:
                continue
            size = min(at - begun, place - word)
            same = 0
            while same < size and data[begun + same] == data[word + same]:
                same += 1
            is_equal = same == at - begun and same == place - word
            if is_equal or (same == size and size >= FEWEST_LETTERS):
                shared += 1
                break
            word = place + 1
        begun = at + 1
    return shared, max(count, 1)
