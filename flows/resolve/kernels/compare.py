"""Pairs to likenesses: the measures of a pair of rows that need a look at their letters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flows.resolve.kernels.compiled import kernel
from flows.resolve.kernels.digests import _is_digit, _is_letter
from flows.resolve.kernels.likeness import (
    Scratch,
    Sides,
    abstracts_alike,
    heads_alike,
    letters_alike,
    scratch,
    titles_alike,
    weight_shared,
)
from flows.resolve.kernels.words import BLANK, Array, Unsigned, _hash, hashed

FEWEST_SHINGLES = 20
# Words this alike may be readings of one.
TYPO = 0.55
IS_YEAR, IS_LETTER, IS_SPELLED, IS_PLUS = 1, 2, 3, 4
"""Kinds of marks, in their lowest bits; the others are numbers."""
MARK_KINDS = 7
_SPELLED = np.array(
    sorted(hashed(word) for word in (
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    )),
    np.uint32,
)  # fmt: skip
_ORDINALS = np.array(sorted(hashed(word) for word in ("st", "nd", "rd", "th", "s")), np.uint32)
_ROOM = 4096
LONGEST_PART = 24
"""Letters of left-over words beyond which their parts are not compared."""


class Marked(NamedTuple):
    """What stands in titles and abstracts that tells versions apart, in sets of hashes."""

    marks: Array
    mark_starts: Array
    suffixes: Array
    suffix_starts: Array
    figures: Array
    figure_starts: Array
    versions: Array
    version_starts: Array


class Measures(NamedTuple):
    """A value for each pair; NaN where one of the two has nothing to compare."""

    title_similarity: Array
    title_rarity: Array
    title_least: Array
    title_containment: Array
    head_similarity: Array
    over_left: Array
    over_right: Array
    replaced_similarity: Array
    is_another_version: Array
    marks_over_left: Array
    marks_over_right: Array
    plusses_over_left: Array
    plusses_over_right: Array
    numbers_over: Array
    author_rarity: Array
    author_similarity: Array
    abstract_similarity: Array
    figures_differ: Array
    versions_differ: Array


@kernel
def measures(left: Array, right: Array, sides: Sides, marked: Marked) -> Measures:
    """Return the measures of pairs of rows."""
    count = len(left)
    nothing = np.float32(np.nan)
    title_similarity = np.full(count, nothing, np.float32)
    title_rarity = np.full(count, nothing, np.float32)
    title_least = np.full(count, nothing, np.float32)
    title_containment = np.full(count, nothing, np.float32)
    head_similarity = np.full(count, nothing, np.float32)
    over_left = np.zeros(count, np.float32)
    over_right = np.zeros(count, np.float32)
    replaced = np.full(count, nothing, np.float32)
    is_another = np.zeros(count, np.bool_)
    marks_left = np.zeros(count, np.int16)
    marks_right = np.zeros(count, np.int16)
    plusses_left = np.zeros(count, np.int16)
    plusses_right = np.zeros(count, np.int16)
    numbers = np.zeros(count, np.int16)
    author_rarity = np.full(count, nothing, np.float32)
    author_similarity = np.full(count, nothing, np.float32)
    abstract_similarity = np.full(count, nothing, np.float32)
    figures_differ = np.zeros(count, np.bool_)
    versions_differ = np.zeros(count, np.bool_)
    room = scratch()
    over = (np.empty(_ROOM, np.uint8), np.empty(_ROOM, np.uint8))
    for pair in range(count):
        one, other = left[pair], right[pair]
        if sides.title_hash[one] and sides.title_hash[other]:
            is_equal = sides.title_hash[one] == sides.title_hash[other]
            title_similarity[pair] = 1.0 if is_equal else titles_alike(sides, one, other, room)
            shared = weight_shared(
                sides.title_words, sides.title_word_starts, sides.title_rarity, one, other
            )
            least = min(sides.title_total[one], sides.title_total[other])
            title_rarity[pair] = shared
            title_least[pair] = least
            head_similarity[pair] = heads_alike(sides, one, other, room)
            over_left[pair] = _weight_over(sides, one, other)
            over_right[pair] = _weight_over(sides, other, one)
            if least > 0:
                title_containment[pair] = min(shared / least, 1.0)
            size, words, plain, base = _words_over(sides, marked, one, other, over[0])
            size_2, words_2, plain_2, base_2 = _words_over(sides, marked, other, one, over[1])
            likeness = 0.0
            if size and size_2:
                likeness = _part_alike(over[0], size, over[1], size_2, room)
                replaced[pair] = likeness
            is_another[pair] = (
                words <= 1
                and words_2 <= 1
                and words + words_2 > 0
                and plain + plain_2 == 0
                and (likeness < TYPO or (base != 0 and base == base_2))
            )
            marks_left[pair], plusses_left[pair], telling = _marks_over(marked, one, other)
            marks_right[pair], plusses_right[pair], telling_2 = _marks_over(marked, other, one)
            numbers[pair] = telling + telling_2
        least = min(sides.name_total[one], sides.name_total[other])
        if least > 0:
            shared = weight_shared(
                sides.name_words, sides.name_word_starts, sides.name_rarity, one, other
            )
            author_rarity[pair] = shared
            author_similarity[pair] = min(shared / least, 1.0)
        if sides.abstract_length[one] and sides.abstract_length[other]:
            share, compared = abstracts_alike(sides, one, other)
            if compared >= FEWEST_SHINGLES:
                abstract_similarity[pair] = share
            figures_differ[pair] = _differ(marked.figures, marked.figure_starts, one, other, 2)
            versions_differ[pair] = _differ(marked.versions, marked.version_starts, one, other, 1)
    return Measures(
        title_similarity, title_rarity, title_least, title_containment, head_similarity,
        over_left, over_right, replaced, is_another, marks_left,
        marks_right, plusses_left, plusses_right, numbers, author_rarity, author_similarity,
        abstract_similarity, figures_differ, versions_differ,
    )  # fmt: skip


@kernel
def _words_over(
    sides: Sides, marked: Marked, mine: int, other: int, out: Array
) -> tuple[int, int, int, Unsigned]:
    """Write the words of one title that the other lacks, numbers aside; return their size, how many
    they are, how many of them name no version, and what the first is without its last letters."""
    size = count = plain = 0
    base = np.uint32(0)
    words, starts = sides.title_words, sides.title_word_starts
    begun = sides.title_starts[mine]
    end = sides.title_starts[mine + 1]
    for at in range(begun, end + 1):
        if at < end and sides.titles[at] != BLANK:
            continue
        word = _hash(sides.titles, begun, at)
        is_mine = not _has_between(words, starts[other], starts[other + 1], word)
        if at > begun and is_mine and not _is_number(sides.titles, begun, at, word):
            count += 1
            version = _version(sides.titles, begun, at)
            if count == 1:
                base = version
            suffixes = marked.suffix_starts
            if version == 0 and not _has_between(
                marked.suffixes, suffixes[mine], suffixes[mine + 1], word
            ):
                plain += 1
            for source in range(begun, at):
                if size < len(out):
                    out[size] = sides.titles[source]
                    size += 1
        begun = at + 1
    return size, count, plain, base


@kernel
def _weight_over(sides: Sides, mine: int, other: int) -> float:
    """Return what the words of one title weigh that the other lacks, author names aside."""
    words, starts = sides.title_words, sides.title_word_starts
    names, name_starts = sides.name_words, sides.name_word_starts
    total = 0.0
    for at in range(starts[mine], starts[mine + 1]):
        word = words[at]
        if not (
            _has_between(words, starts[other], starts[other + 1], word)
            or _has_between(names, name_starts[mine], name_starts[mine + 1], word)
            or _has_between(names, name_starts[other], name_starts[other + 1], word)
        ):
            total += sides.title_rarity[at]
    return total


@kernel
def _has_between(values: Array, start: int, end: int, value: int) -> bool:
    while start < end:
        middle = (start + end) // 2
        if values[middle] == value:
            return True
        if values[middle] < value:
            start = middle + 1
        else:
            end = middle
    return False


@kernel
def _is_number(data: Array, start: int, end: int, word: int) -> bool:
    """Whether a word is digits, a Roman numeral or a spelled number."""
    digits = roman = 0
    for at in range(start, end):
        digits += _is_digit(data[at])
        roman += data[at] == 105 or data[at] == 118 or data[at] == 120
    is_whole = digits == end - start or roman == end - start
    return is_whole or _has_between(_SPELLED, 0, len(_SPELLED), word)


@kernel
def _version(data: Array, start: int, end: int) -> Unsigned:
    """Return the hash of a word that names a version (`model2`, `4v`; not `2nd`, not `1990s`)
    without the letters after its number; 0 for another word."""
    at = start
    while at < end and _is_letter(data[at]):
        at += 1
    digits = at
    while at < end and _is_digit(data[at]):
        at += 1
    if at == digits:
        return np.uint32(0)
    for letter in range(at, end):
        if not _is_letter(data[letter]):
            return np.uint32(0)
    if end - at > 2 or (
        end > at and _has_between(_ORDINALS, 0, len(_ORDINALS), _hash(data, at, end))
    ):
        return np.uint32(0)
    return _hash(data, start, at)


@kernel
def _part_alike(one: Array, size: int, other: Array, other_size: int, room: Scratch) -> float:
    """Return how like the shorter text is to the most similar part of the longer one, 0 to 1; of
    long texts, how like they are as wholes."""
    if size > other_size:
        one, size, other, other_size = other, other_size, one, size
    data = np.concatenate((one[:size], other[:other_size]))
    best = letters_alike(data, 0, size, size, size + other_size, room)
    if size > LONGEST_PART:
        return best
    for start in range(size, size + other_size - size + 1):
        best = max(best, letters_alike(data, 0, size, start, start + size, room))
    # Parts at the ends may be shorter than the shorter text.
    for length in range(1, size):
        best = max(best, letters_alike(data, 0, size, size, size + length, room))
        end = size + other_size
        best = max(best, letters_alike(data, 0, size, end - length, end, room))
    return best


@kernel
def _marks_over(marked: Marked, mine: int, other: int) -> tuple[int, int, int]:
    """Return how many marks of one title the other lacks: all, plusses, numbers that are no
    years."""
    starts = marked.mark_starts
    over = plusses = numbers = 0
    for at in range(starts[mine], starts[mine + 1]):
        mark = marked.marks[at]
        kind = mark & np.uint32(MARK_KINDS)
        is_shared = False
        for place in range(starts[other], starts[other + 1]):
            # `Ten` and `10` are one number.
            is_shared = is_shared or (marked.marks[place] ^ mark) <= MARK_KINDS
        if not is_shared:
            over += 1
            plusses += kind == IS_PLUS
            numbers += kind == 0 or kind == IS_PLUS
    return over, plusses, numbers


@kernel
def _differ(values: Array, starts: Array, left: int, right: int, fewest: int) -> bool:
    """Whether each row lists so many that the other lacks; one side alone may be cut."""
    over = other_over = 0
    for at in range(starts[left], starts[left + 1]):
        over += not _has_between(values, starts[right], starts[right + 1], values[at])
    for at in range(starts[right], starts[right + 1]):
        other_over += not _has_between(values, starts[left], starts[left + 1], values[at])
    return over >= fewest and other_over >= fewest
