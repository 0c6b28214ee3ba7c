"""How like two rows are: in letters, in words, in what is kept of their texts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flows.resolve.kernels.compiled import kernel
from flows.resolve.kernels.digests import MOST_WHOLE, SAMPLED
from flows.resolve.kernels.words import BLANK, Array

LONGEST = 4096
"""Bytes of a text beyond this are not compared."""
SKETCHED = 16
"""So many of the smallest shingles are looked at before all are."""


class Sides(NamedTuple):
    """The columns of rows that are compared with one another; see `features.Features`."""

    titles: Array
    title_starts: Array
    title_hash: Array
    opening: Array
    head_bytes: Array
    title_words: Array
    title_word_starts: Array
    title_rarity: Array
    title_total: Array
    name_words: Array
    name_word_starts: Array
    name_rarity: Array
    name_total: Array
    shingles: Array
    shingle_starts: Array
    abstract_length: Array


class Scratch(NamedTuple):
    """Room for `subsequence`: where each byte stands in the pattern, and the state."""

    places: Array
    state: Array


@kernel
def scratch() -> Scratch:
    """Return room for comparisons of one thread."""
    width = LONGEST // 64
    return Scratch(np.zeros((256, width), np.uint64), np.zeros(width, np.uint64))


@kernel
def letter_count(data: Array, start: int, end: int) -> int:
    """Return how many bytes of a part are no blanks, up to LONGEST."""
    count = 0
    for at in range(start, end):
        count += data[at] != BLANK
    return min(count, LONGEST)


@kernel
def subsequence(
    data: Array, start: int, end: int, other: int, other_end: int, room: Scratch
) -> int:
    """Return the length of the longest common subsequence of two parts without their blanks.

    Bit-parallel: H. Hyyrö, Bit-parallel LCS-length computation revisited, 2004.
    """
    places, state = room
    length = 0
    for at in range(start, end):
        if data[at] != BLANK and length < LONGEST:
            places[data[at], length >> 6] |= np.uint64(1) << np.uint64(length & 63)
            length += 1
    width = (length + 63) >> 6
    full = ~np.uint64(0)
    for word in range(width):
        state[word] = full
    taken = 0
    for at in range(other, other_end):
        byte = data[at]
        if byte == BLANK:
            continue
        taken += 1
        if taken > LONGEST:
            break
        carry = np.uint64(0)
        for word in range(width):
            now = state[word]
            met = now & places[byte, word]
            total = now + met
            overflow = np.uint64(total < now)
            total += carry
            overflow |= np.uint64(total < carry)
            state[word] = total | (now - met)
            carry = overflow
    common = 0
    for word in range(width):
        zeros = ~state[word]
        if word == width - 1 and length & 63:
            zeros &= (np.uint64(1) << np.uint64(length & 63)) - np.uint64(1)
        while zeros:
            zeros &= zeros - np.uint64(1)
            common += 1
    length = 0
    for at in range(start, end):
        if data[at] != BLANK and length < LONGEST:
            places[data[at], length >> 6] = 0
            length += 1
    return common


@kernel
def letters_alike(
    data: Array, start: int, end: int, other: int, other_end: int, room: Scratch
) -> float:
    """Return the normalised indel similarity of two parts without their blanks, 0 to 1."""
    letters = letter_count(data, start, end) + letter_count(data, other, other_end)
    if letters == 0:
        return 0.0
    return 2.0 * subsequence(data, start, end, other, other_end, room) / letters


@kernel
def titles_alike(sides: Sides, left: int, right: int, room: Scratch) -> float:
    """Return the normalised indel similarity of two titles."""
    starts = sides.title_starts
    return letters_alike(
        sides.titles, starts[left], starts[left + 1], starts[right], starts[right + 1], room
    )


@kernel
def heads_alike(sides: Sides, left: int, right: int, room: Scratch) -> float:
    """Return how like a whole title and what another has before its colon are, in the better of
    two ways; 0 where neither has a colon."""
    starts = sides.title_starts
    best = 0.0
    for mine, other in ((left, right), (right, left)):
        head = starts[mine] + sides.head_bytes[mine]
        if head > starts[mine]:
            best = max(
                best,
                letters_alike(
                    sides.titles, starts[mine], head, starts[other], starts[other + 1], room
                ),
            )
    return best


@kernel
def weight_shared(words: Array, starts: Array, weights: Array, left: int, right: int) -> float:
    """Return the sum of the weights of the words that both rows have."""
    one, one_end = starts[left], starts[left + 1]
    other, other_end = starts[right], starts[right + 1]
    total = 0.0
    while one < one_end and other < other_end:
        if words[one] == words[other]:
            total += weights[one]
            one += 1
            other += 1
        elif words[one] < words[other]:
            one += 1
        else:
            other += 1
    return total


@kernel
def abstracts_alike(sides: Sides, left: int, right: int) -> tuple[float, int]:
    """Return the share of the shingles of the text with fewer that the other has, too, and how
    many it has; of a text that is sampled, both sides are compared in the sample."""
    starts = sides.shingle_starts
    one, one_end = starts[left], starts[left + 1]
    other, other_end = starts[right], starts[right + 1]
    is_sampled = (
        sides.abstract_length[left] > MOST_WHOLE or sides.abstract_length[right] > MOST_WHOLE
    )
    shared = of_one = of_other = 0
    while one < one_end or other < other_end:
        if other == other_end or (one < one_end and sides.shingles[one] < sides.shingles[other]):
            shingle, is_one, is_other = sides.shingles[one], 1, 0
        elif one == one_end or sides.shingles[one] > sides.shingles[other]:
            shingle, is_one, is_other = sides.shingles[other], 0, 1
        else:
            shingle, is_one, is_other = sides.shingles[one], 1, 1
        one += is_one
        other += is_other
        if not is_sampled or shingle % SAMPLED == 0:
            of_one += is_one
            of_other += is_other
            shared += is_one * is_other
    least = min(of_one, of_other)
    if least == 0:
        return 0.0, 0
    return shared / least, least * (SAMPLED if is_sampled else 1)


@kernel
def abstracts_may_be_alike(sides: Sides, left: int, right: int, fewest: int) -> bool:
    """Return whether so many of the smallest shingles of two abstracts are common to them, or all
    that one has: a min-wise sample (A. Broder, On the resemblance and containment of documents,
    1997), quick to look at."""
    starts = sides.shingle_starts
    one, one_end = starts[left], min(starts[left] + SKETCHED, starts[left + 1])
    other, other_end = starts[right], min(starts[right] + SKETCHED, starts[right + 1])
    missing = min(fewest, one_end - one, other_end - other)
    if missing == 0:
        return False
    while one < one_end and other < other_end:
        if sides.shingles[one] == sides.shingles[other]:
            missing -= 1
            if missing == 0:
                return True
            one += 1
            other += 1
        elif sides.shingles[one] < sides.shingles[other]:
            one += 1
        else:
            other += 1
    return False
