"""What is kept of texts once they are let go: hashes of their letters, shingles, sets of words.

Shingles are runs of three words (A. Broder, On the resemblance and containment of documents, 1997).
Of a long text only those are kept whose hash is divisible by four (FracMinHash: L. Irber et al.,
2022), so that the share of one text in another can be told from what is kept.
"""

from __future__ import annotations

import numpy as np

from flows.resolve.kernels.compiled import kernel
from flows.resolve.kernels.words import BLANK, Array, Lists, Texts, Unsigned, _hash

SHINGLE_WORDS = 3
SAMPLED = 4
"""Of a text of more than `MOST_WHOLE` words one shingle in so many is kept."""
MOST_WHOLE = 100

ZERO, NINE, POINT, HYPHEN, COMMA = 48, 57, 46, 45, 44


def letter_hashes(column: Texts, ends: int) -> tuple[Array, Array, Array]:
    """Return hashes of each folded text without its blanks: of all, of the first and of the last
    `ends` bytes; 0 where there are fewer."""
    return _letter_hashes(column.data, column.starts, ends)


def edge_words(column: Texts, fewest: int) -> tuple[Array, Array]:
    """Return the hashed first word of each folded text up to its first digit, 0 if it has fewer
    than so many bytes, and the hashed last word."""
    return _edge_words(column.data, column.starts, fewest)


def shingles(words: Lists) -> Lists:
    """Return the distinct hashed shingles that are kept of texts (lists of words), in order."""
    return Lists(*_shingles(words.values, words.starts))


def word_sets(words: Lists) -> Lists:
    """Return the distinct words of each list, in order."""
    return Lists(*_sets(words.values, words.starts))


def numbers(column: Texts) -> tuple[Lists, Lists]:
    """Return of each text as printed the hashed numbers that stand alone (`3,000` and `3000` are
    one), and the names with a number in them (`Model-2.5`, `model2.5`), both without links."""
    figures, figure_starts, names, name_starts = _numbers(column.data, column.starts)
    sets = (Lists(figures, figure_starts), Lists(names, name_starts))
    return word_sets(sets[0]), word_sets(sets[1])


@kernel
def mixed(value: Unsigned) -> Unsigned:
    """Return 64 bits in which each bit of `value` has a part (SplitMix64's last steps)."""
    state = np.uint64(value)
    state ^= state >> np.uint64(30)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    state ^= state >> np.uint64(27)
    state *= np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@kernel
def _letter_hashes(data: Array, starts: Array, ends: int) -> tuple[Array, Array, Array]:
    count = len(starts) - 1
    whole = np.zeros(count, np.uint64)
    first = np.zeros(count, np.uint64)
    last = np.zeros(count, np.uint64)
    prime = np.uint64(1099511628211)
    for text in range(count):
        state = np.uint64(14695981039346656037)
        letters = 0
        for at in range(starts[text], starts[text + 1]):
            if data[at] != BLANK:
                state = (state ^ np.uint64(data[at])) * prime
                letters += 1
                if letters == ends:
                    first[text] = mixed(state)
        if letters:
            whole[text] = mixed(state)
        if letters >= ends:
            state = np.uint64(14695981039346656037)
            left = ends
            at = starts[text + 1] - 1
            while left:
                if data[at] != BLANK:
                    state = (state ^ np.uint64(data[at])) * prime
                    left -= 1
                at -= 1
            last[text] = mixed(state)
    return whole, first, last


@kernel
def _edge_words(data: Array, starts: Array, fewest: int) -> tuple[Array, Array]:
    first = np.zeros(len(starts) - 1, np.uint32)
    last = np.zeros(len(starts) - 1, np.uint32)
    for text in range(len(starts) - 1):
        start, end = starts[text], starts[text + 1]
        at = start
        while at < end and _is_letter(data[at]):
            at += 1
        if at - start >= fewest:
            first[text] = _hash(data, start, at)
        at = end
        while at > start and data[at - 1] != BLANK:
            at -= 1
        if end > at:
            last[text] = _hash(data, at, end)
    return first, last


@kernel
def _shingles(words: Array, starts: Array) -> tuple[Array, Array]:
    out = np.empty(len(words), np.uint32)
    out_starts = np.empty(len(starts), np.int64)
    out_starts[0] = 0
    place = 0
    for text in range(len(starts) - 1):
        begun = place
        start, end = starts[text], starts[text + 1]
        is_whole = end - start <= MOST_WHOLE
        for at in range(start, end - SHINGLE_WORDS + 1):
            run = np.uint64(0)
            for step in range(SHINGLE_WORDS):
                run = mixed(run * np.uint64(31) + np.uint64(words[at + step]) + np.uint64(1))
            shingle = np.uint32(run >> np.uint64(32))
            if is_whole or shingle % SAMPLED == 0:
                out[place] = shingle
                place += 1
        place = _distinct(out, begun, place)
        out_starts[text + 1] = place
    return out[:place].copy(), out_starts


@kernel
def _sets(values: Array, starts: Array) -> tuple[Array, Array]:
    out = np.empty(len(values), np.uint32)
    out_starts = np.empty(len(starts), np.int64)
    out_starts[0] = 0
    place = 0
    for row in range(len(starts) - 1):
        begun = place
        for at in range(starts[row], starts[row + 1]):
            out[place] = values[at]
            place += 1
        place = _distinct(out, begun, place)
        out_starts[row + 1] = place
    return out[:place].copy(), out_starts


@kernel
def _distinct(values: Array, start: int, end: int) -> int:
    """Sort a part of an array in place, each value once; return where it ends now."""
    if end - start > 24:
        values[start:end] = np.sort(values[start:end])
    else:
        for at in range(start + 1, end):
            value = values[at]
            before = at - 1
            while before >= start and values[before] > value:
                values[before + 1] = values[before]
                before -= 1
            values[before + 1] = value
    place = start
    for at in range(start, end):
        if at == start or values[at] != values[at - 1]:
            values[place] = values[at]
            place += 1
    return place


@kernel
def _is_digit(byte: int) -> bool:
    return ZERO <= byte <= NINE


@kernel
def _is_letter(byte: int) -> bool:
    return 97 <= byte <= 122 or 65 <= byte <= 90 or byte >= 128


@kernel
def _numbers(data: Array, starts: Array) -> tuple[Array, Array, Array, Array]:
    most = 1
    for at in range(starts[0], starts[-1]):
        most += _is_digit(data[at])
    figures = np.empty(most, np.uint32)
    names = np.empty(most, np.uint32)
    figure_starts = np.zeros(len(starts), np.int64)
    name_starts = np.zeros(len(starts), np.int64)
    text_of = np.empty(512, np.uint8)
    figure_count = name_count = 0
    for text in range(len(starts) - 1):
        at = starts[text]
        end = starts[text + 1]
        while at < end:
            if data[at] <= BLANK:
                at += 1
                continue
            token = at
            point = False
            digits = False
            link = False
            while at < end and data[at] > BLANK:
                byte = data[at]
                digits = digits or _is_digit(byte)
                point = point or byte == POINT
                # `https:` and `site.org/path`: a colon or a point, and a slash after it.
                link = link or (byte == 47 and (point or (at > token and data[at - 1] == 58)))
                at += 1
            if not digits or link:
                continue
            place = token
            while place < at:
                if not _is_digit(data[place]):
                    place += 1
                    continue
                begun = place
                while begun > token and _is_letter(data[begun - 1]):
                    begun -= 1
                if begun == place and place > token + 1 and data[place - 1] == HYPHEN:
                    begun = place - 1
                    while begun > token and _is_letter(data[begun - 1]):
                        begun -= 1
                    if begun == place - 1:
                        begun = place
                ended = place
                while ended < at and (
                    _is_digit(data[ended])
                    or (
                        (data[ended] == POINT or data[ended] == COMMA)
                        and ended + 1 < at
                        and _is_digit(data[ended + 1])
                    )
                ):
                    ended += 1
                following = ended
                while following < at and _is_letter(data[following]):
                    following += 1
                is_name = begun < place and following - ended <= 2
                size = 0
                for source in range(begun if is_name else place, following if is_name else ended):
                    byte = data[source]
                    if byte != HYPHEN and byte != COMMA and size < len(text_of):
                        text_of[size] = byte + 32 if 65 <= byte <= 90 else byte
                        size += 1
                if is_name:
                    names[name_count] = _hash(text_of, 0, size)
                    name_count += 1
                else:
                    figures[figure_count] = _hash(text_of, 0, size)
                    figure_count += 1
                place = max(following if is_name else ended, place + 1)
        figure_starts[text + 1] = figure_count
        name_starts[text + 1] = name_count
    return figures[:figure_count], figure_starts, names[:name_count], name_starts
