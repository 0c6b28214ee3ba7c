"""Blocks to pairs: keys that several rows have, and the pairs of such rows that are near."""

from __future__ import annotations

import numpy as np

from flows.resolve.kernels.compiled import kernel
from flows.resolve.kernels.likeness import (
    Scratch,
    Sides,
    abstracts_alike,
    abstracts_may_be_alike,
    scratch,
    titles_alike,
    weight_shared,
)
from flows.resolve.kernels.words import Array, Unsigned

# How near two rows have to be to be compared in full.
TITLE_AND_ALL = (0.33, 0.4)
TITLE_ALONE = 0.7
ALL_ALONE = 0.6
# Titles that begin with one word and share words of this rarity are shown side by side.
FAMILY_RARITY = 6.0
# Of those that begin with the same letters there are many more.
FAMILY_ALONE = 9.0
LETTERS = 0.7
NAMES_AND_LETTERS = 0.2
ABSTRACT = 0.15
ABSTRACT_ALONE = 0.06
NAMES_ALONE = 0.5

EXACT, BY_WORDS, BY_LETTERS, BY_ABSTRACT = range(4)
HALF = 0xFFFFFFFF


@kernel
def repeated(keys: Array) -> Array:
    """Return which keys may stand more than once: a filter that lets no such key out."""
    bits = 16
    while (1 << bits) < len(keys) and bits < 27:
        bits += 1
    seen = np.zeros(1 << bits, np.uint8)
    shift = np.uint64(64 - bits)
    for at in range(len(keys)):
        place = keys[at] >> shift
        seen[place] = min(seen[place] + 1, 2)
    out = np.empty(len(keys), np.bool_)
    for at in range(len(keys)):
        out[at] = seen[keys[at] >> shift] > 1
    return out


@kernel
def word_pairs(words: Array) -> tuple[Array, Array]:
    """Return (row, key) for each pair of words of a row (0: no word), whatever their order."""
    count, most = words.shape
    rows = np.empty(count * most * (most - 1) // 2, np.uint32)
    keys = np.empty(len(rows), np.uint64)
    place = 0
    for row in range(count):
        for one in range(most):
            for other in range(one + 1, most):
                if words[row, one] and words[row, other]:
                    low = min(words[row, one], words[row, other])
                    high = max(words[row, one], words[row, other])
                    rows[place] = row
                    state = (np.uint64(low) << np.uint64(32)) | np.uint64(high)
                    state ^= state >> np.uint64(31)
                    state *= np.uint64(0xBF58476D1CE4E5B9)
                    keys[place] = state ^ (state >> np.uint64(29))
                    place += 1
    return rows[:place].copy(), keys[:place].copy()


@kernel
def words_shared(pairs: Array, words: Array, fewest: int) -> Array:
    """Return which pairs (numbers) have so many words in common; of rows with fewer words (0: no
    word), all that one of them has."""
    most = words.shape[1]
    out = np.empty(len(pairs), np.bool_)
    for at in range(len(pairs)):
        left, right = np.int64(pairs[at] >> np.uint64(32)), np.int64(pairs[at] & np.uint64(HALF))
        shared = of_left = of_right = 0
        for one in range(most):
            of_left += words[left, one] != 0
            of_right += words[right, one] != 0
            for other in range(most):
                shared += words[left, one] != 0 and words[left, one] == words[right, other]
        out[at] = shared >= min(fewest, of_left, of_right)
    return out


@kernel
def smallest(values: Array, starts: Array, most: int) -> tuple[Array, Array]:
    """Return (row, value) for the `most` smallest values of each sorted list."""
    rows = np.empty((len(starts) - 1) * most, np.uint32)
    keys = np.empty(len(rows), np.uint64)
    place = 0
    for row in range(len(starts) - 1):
        for at in range(starts[row], min(starts[row] + most, starts[row + 1])):
            rows[place] = row
            keys[place] = np.uint64(values[at]) * np.uint64(0x9E3779B97F4A7C15)
            place += 1
    return rows[:place].copy(), keys[:place].copy()


@kernel
def pairs_within(rows: Array, starts: Array) -> Array:
    """Return the pairs of the rows of each block as numbers: the lower row above 32 bits of the
    higher one."""
    count = 0
    for block in range(len(starts) - 1):
        size = starts[block + 1] - starts[block]
        count += size * (size - 1) // 2
    pairs = np.empty(count, np.uint64)
    place = 0
    for block in range(len(starts) - 1):
        for one in range(starts[block], starts[block + 1]):
            for other in range(one + 1, starts[block + 1]):
                pairs[place] = _pair(rows[one], rows[other])
                place += rows[one] != rows[other]
    return pairs[:place]


@kernel
def pairs_beside(rows: Array, reach: Array) -> Array:
    """Return the pairs of each row with those after it up to its `reach` (a place), as numbers."""
    count = 0
    for one in range(len(rows)):
        count += max(reach[one] - one - 1, 0)
    pairs = np.empty(count, np.uint64)
    place = 0
    for one in range(len(rows)):
        for other in range(one + 1, reach[one]):
            pairs[place] = _pair(rows[one], rows[other])
            place += rows[one] != rows[other]
    return pairs[:place]


@kernel
def _pair(one: Unsigned, other: Unsigned) -> Unsigned:
    return (np.uint64(min(one, other)) << np.uint64(32)) | np.uint64(max(one, other))


@kernel
def are_near(pairs: Array, sides: Sides, kind: int) -> Array:
    """Return which pairs (numbers) are near enough to be compared in full."""
    room = scratch()
    out = np.empty(len(pairs), np.bool_)
    for at in range(len(pairs)):
        left, right = np.int64(pairs[at] >> np.uint64(32)), np.int64(pairs[at] & np.uint64(HALF))
        out[at] = _is_near(sides, left, right, kind, room)
    return out


@kernel
def reaches(block: Array, second: Array, small: int, neighbours: int) -> Array:
    """Return for each place of blocks in order the place up to which its row is compared: with its
    next neighbours, or with the rest of a small run of one `second` key, within its block."""
    out = np.empty(len(block), np.int64)
    block_end = run_end = 0
    run_start = 0
    for place in range(len(block)):
        if place == block_end:
            while block_end < len(block) and block[block_end] == block[place]:
                block_end += 1
        if place == run_end:
            run_start = place
            while run_end < block_end and second[run_end] == second[place]:
                run_end += 1
        last = place + 1 + neighbours
        if run_end - run_start <= small:
            last = max(last, run_end)
        out[place] = min(last, block_end)
    return out


@kernel
def _abstracts_are_near(sides: Sides, left: Unsigned, right: Unsigned, sampled: int) -> bool:
    if not abstracts_may_be_alike(sides, left, right, sampled):
        return False
    is_titled = sides.title_hash[left] != 0 and sides.title_hash[right] != 0
    share, _ = abstracts_alike(sides, left, right)
    return share >= (ABSTRACT if is_titled else ABSTRACT_ALONE)


@kernel
def _is_near(sides: Sides, left: Unsigned, right: Unsigned, kind: int, room: Scratch) -> bool:
    if kind == BY_ABSTRACT:
        # Those with like titles meet under other keys.
        return _abstracts_are_near(sides, left, right, 2)
    titles = min(sides.title_total[left], sides.title_total[right])
    shared = weight_shared(
        sides.title_words, sides.title_word_starts, sides.title_rarity, left, right
    )
    title = shared / titles if titles > 0 else 0.0
    if title >= TITLE_ALONE:
        return True
    shared_names = weight_shared(
        sides.name_words, sides.name_word_starts, sides.name_rarity, left, right
    )
    is_titled = sides.title_hash[left] != 0 and sides.title_hash[right] != 0
    if is_titled:
        least = min(
            sides.title_total[left] + sides.name_total[left],
            sides.title_total[right] + sides.name_total[right],
        )
        both = (shared + shared_names) / least if least > 0 else 0.0
        if both >= ALL_ALONE or (title >= TITLE_AND_ALL[0] and both >= TITLE_AND_ALL[1]):
            return True
        if (
            sides.opening[left] != 0
            and sides.opening[left] == sides.opening[right]
            and shared >= (FAMILY_RARITY if kind == BY_WORDS else FAMILY_ALONE)
        ):
            return True
        names = min(sides.name_total[left], sides.name_total[right])
        if (
            kind == BY_LETTERS
            and shared_names >= NAMES_AND_LETTERS * names
            and titles_alike(sides, left, right, room) >= LETTERS
        ):
            return True
    else:
        names = min(sides.name_total[left], sides.name_total[right])
        if names > 0 and shared_names >= NAMES_ALONE * names:
            return True
    return _abstracts_are_near(sides, left, right, 1)
