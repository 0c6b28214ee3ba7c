"""Kernels: each against a plain reference on small data of any shape."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from flows.normalize.text import match_key
from flows.resolve.features import describe, sides
from flows.resolve.kernels import compiled
from flows.resolve.kernels.blocks import (
    BY_ABSTRACT,
    BY_LETTERS,
    BY_WORDS,
    are_near,
    pairs_beside,
    pairs_within,
    reaches,
    repeated,
    smallest,
    word_pairs,
    words_shared,
)
from flows.resolve.kernels.compiled import in_parts, return_large_arrays
from flows.resolve.kernels.digests import edge_words, letter_hashes, numbers, shingles, word_sets
from flows.resolve.kernels.likeness import (
    LONGEST,
    Sides,
    abstracts_alike,
    abstracts_may_be_alike,
    letters_alike,
    scratch,
    titles_alike,
)
from flows.resolve.kernels.rarity import count_of, counted, rarest, table_of, totals
from flows.resolve.kernels.words import Lists, Texts, folded, hashed, joined, texts, words
from tests.flows.resolve.sample import frame, record, record_id

# Signs of the first two planes of Unicode (a sigma's form depends on its place in the word), and
# ideographs beyond.
SIGNS = st.characters(
    exclude_categories=["Cs"], max_codepoint=0x1FFFF, exclude_characters="Σ"
) | st.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF)
ANY_TEXTS = st.lists(st.none() | st.text(SIGNS, max_size=12), max_size=6)
FOLDED = st.lists(st.text("aé4 ", max_size=8).map(lambda text: " ".join(text.split())), max_size=5)
WORD_SETS = st.lists(st.sets(st.integers(0, 9)).map(sorted), max_size=6)


def read(column: Texts) -> list[str]:
    data, starts = column.data.tobytes(), column.starts.tolist()
    return [data[start:end].decode() for start, end in pairwise(starts)]


def lists(column: Lists) -> list[list[int]]:
    return [column.values[start:end].tolist() for start, end in pairwise(column.starts.tolist())]


def listed(rows: list[list[int]], kind: Any = np.uint32) -> Lists:
    starts = np.cumsum([0] + [len(row) for row in rows])
    return Lists(np.array([value for row in rows for value in row], kind), starts)


def column_of(*said: str | None) -> Texts:
    return texts(pl.Series(list(said), dtype=pl.String))


def two_sides(**said: tuple[str | None, str | None]) -> tuple[Sides, int, int]:
    """The columns of two records, and their rows."""
    first, second = ({name: pair[place] for name, pair in said.items()} for place in (0, 1))
    features = describe(frame([record("a", **first), record("b", **second)]))
    ids = features.rows["record_id"].to_list()
    return sides(features), ids.index(record_id("a")), ids.index(record_id("b"))


def share_of(one: str, other: str) -> tuple[float, int]:
    return abstracts_alike(*two_sides(abstract=(one, other)))


def told(start: int, end: int) -> str:
    return " ".join(f"word{number}" for number in range(start, end))


@given(ANY_TEXTS)
def test_texts_are_folded_as_match_key_folds_them(said: list[str | None]) -> None:
    column = pl.Series("text", said, dtype=pl.String)
    expected = column.to_frame().select(match_key(pl.col("text")).fill_null("")).to_series()
    assert read(folded(texts(column))) == expected.to_list()


def test_a_sign_that_folds_to_many_letters_has_room() -> None:
    said = "ﷺ" * 500
    expected = pl.select(match_key(pl.lit(said))).item()
    assert read(folded(column_of(said, said))) == [expected, expected]


def test_parts_of_a_column_are_read_where_they_stand() -> None:
    column = pl.Series(["Öl", None, "Bär", "Ähre"]).append(pl.Series(["Übung"]))
    assert read(texts(column.slice(2, 3))) == ["Bär", "Ähre", "Übung"]
    assert read(folded(texts(column.slice(1, 2)))) == ["", "bar"]
    assert read(texts(column.slice(4, 0))) == []


def test_many_texts_are_folded_side_by_side_as_one_by_one() -> None:
    column = pl.Series([f"Größe {'Ä' * (number % 5)}-{number}" for number in range(9000)])
    together = folded(texts(column))
    apart = joined([folded(texts(column.slice(start, 1000))) for start in range(0, 9000, 1000)])
    assert read(together) == read(apart)
    assert read(together)[7001] == "grosse a 7001"


@given(FOLDED, st.integers(1, 3))
def test_words_are_what_stands_between_blanks(said: list[str], fewest: int) -> None:
    expected = [
        [hashed(word) for word in text.split() if len(word.encode()) >= fewest] for text in said
    ]
    assert lists(words(column_of(*said), fewest)) == expected


def test_words_rarely_share_a_number() -> None:
    column = column_of(" ".join(f"w{number}" for number in range(20_000)))
    assert len(set(words(column).values.tolist())) >= 19_998


@given(st.text("abcdeé", min_size=1, max_size=200), st.text("abcdeé", min_size=1, max_size=200))
def test_letters_are_compared_as_the_indel_distance_does(one: str, other: str) -> None:
    column = column_of(one, other)
    starts = column.starts
    alike = letters_alike(column.data, starts[0], starts[1], starts[1], starts[2], scratch())
    assert alike == pytest.approx(Indel.normalized_similarity(one.encode(), other.encode()))


@pytest.mark.parametrize("size", [1, 63, 64, 65, 127, 128, 129, 1000])
def test_texts_of_any_length_are_compared_in_one_room(size: int) -> None:
    letters = np.random.default_rng(size).choice(list("abcdefgh"), (2, size))
    one, other = ("".join(row) for row in letters)
    column = column_of(one, other + "xyz")
    room = scratch()
    bounds = (0, size, size, 2 * size + 3)
    expected = Indel.normalized_similarity(one, other + "xyz")
    for _ in range(2):
        assert letters_alike(column.data, *bounds, room) == pytest.approx(expected)
    assert not room.places.any()


@pytest.mark.parametrize("gap", [62, 63, 64, 127, 128, 149, 500])
def test_one_letter_is_found_once_however_far_its_next_place(gap: int) -> None:
    one = f"x{'a' * gap}x{'b' * gap}x"
    column = column_of(one, "x", "xx")
    starts = column.starts.tolist()
    for other in ("x", "xx"):
        place = len(other)
        alike = letters_alike(column.data, *starts[:2], starts[place], starts[place + 1], scratch())
        assert alike == pytest.approx(Indel.normalized_similarity(one, other))


def test_blanks_count_for_nothing_and_an_empty_text_is_like_none() -> None:
    column = column_of("data base", "database", " ")
    starts = column.starts.tolist()
    assert letters_alike(column.data, *starts[:2], *starts[1:3], scratch()) == 1.0
    assert letters_alike(column.data, *starts[:2], starts[0], starts[0], scratch()) == 0.0
    assert letters_alike(column.data, *starts[2:], *starts[2:], scratch()) == 0.0


def test_what_is_beyond_the_longest_is_not_compared() -> None:
    column = column_of("a" * LONGEST + "b" * 50, "a" * LONGEST + "c" * 90)
    starts = column.starts.tolist()
    assert letters_alike(column.data, *starts[:2], *starts[1:], scratch()) == 1.0


def test_titles_are_compared_folded_and_without_blanks() -> None:
    compared = two_sides(title=("Nectar Memory in Bées!", "Nectar-memory of bees"))
    expected = Indel.normalized_similarity("nectarmemoryinbees", "nectarmemoryofbees")
    assert titles_alike(*compared, scratch()) == pytest.approx(expected)


@given(WORD_SETS, st.data())
def test_words_are_counted_once_for_each_text_that_counts(rows: list, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    expected = Counter(
        word for row, is_counted in zip(rows, chosen, strict=True) if is_counted for word in row
    )
    table = counted(listed(rows), np.array(chosen, np.bool_))
    asked = np.arange(12, dtype=np.uint32)
    assert count_of(asked, table).tolist() == [expected[word] for word in range(12)]


def test_a_table_of_counts_grows_and_keeps_what_it_counted() -> None:
    # Many words end in the same bits, so that they meet in the table.
    many = (np.arange(50_000, dtype=np.uint32) << 9) + np.arange(50_000, dtype=np.uint32) % 3
    rows = Lists(np.concatenate([many, many[:100]]), np.array([0, 50_000, 50_100]))
    found = count_of(many, counted(rows, np.ones(2, np.bool_)))
    assert found.tolist() == [2] * 100 + [1] * 49_900


@given(st.dictionaries(st.integers(0, 2**32 - 1), st.integers(1, 10**6), max_size=20))
def test_known_counts_are_looked_up(known: dict[int, int]) -> None:
    table = table_of(np.array(list(known), np.uint32), np.array(list(known.values()), np.int64))
    asked = [*known, 77]
    expected = [known.get(word, 0) for word in asked]
    assert count_of(np.array(asked, np.uint32), table).tolist() == expected


@given(WORD_SETS)
def test_totals_are_sums_of_weights(rows: list[list[int]]) -> None:
    column = listed(rows)
    weights = (column.values % 5).astype(np.float32)
    assert totals(weights, column).tolist() == [sum(word % 5 for word in row) for row in rows]


@given(
    st.lists(
        st.tuples(st.sets(st.integers(1, 20)).map(sorted), st.sets(st.integers(1, 20)).map(sorted)),
        max_size=5,
    ),
    st.lists(st.integers(0, 4), min_size=21, max_size=21),
    st.integers(1, 4),
)
def test_the_rarest_words_come_first(rows: list, weight: list[int], most: int) -> None:
    columns = tuple(listed([row[side] for row in rows]) for side in (0, 1))
    weights = tuple(np.array(weight, np.float32)[column.values] for column in columns)
    expected = []
    for one, other in rows:
        known = sorted({word for word in [*one, *other] if weight[word]})
        known.sort(key=lambda word: -weight[word])
        expected.append((known + [0] * most)[:most])
    assert rarest(columns, weights, most).tolist() == expected


@given(st.lists(st.lists(st.integers(0, 40), max_size=60), max_size=4))
def test_sets_of_words_are_in_order_and_distinct(rows: list[list[int]]) -> None:
    assert lists(word_sets(listed(rows))) == [sorted(set(row)) for row in rows]


@given(st.lists(st.lists(st.integers(0, 4), max_size=9), max_size=4))
def test_short_texts_have_one_shingle_for_each_run_of_three_words(rows: list[list[int]]) -> None:
    runs = [set(zip(row, row[1:], row[2:], strict=False)) for row in rows]
    assert [len(row) for row in lists(shingles(listed(rows)))] == [len(run) for run in runs]


@given(st.integers(3, 260))
def test_equal_abstracts_hold_each_other(size: int) -> None:
    share, compared = share_of(told(0, size), told(0, size))
    assert share == (1.0 if compared else 0.0)
    assert compared > 0 or size > 100


@given(st.integers(3, 260), st.integers(3, 260))
def test_abstracts_without_a_common_run_share_nothing(size: int, other: int) -> None:
    assert share_of(told(0, size), told(1000, 1000 + other))[0] == 0.0


@pytest.mark.parametrize("size", [60, 180, 400, 1000])
def test_a_long_abstract_holds_its_first_half(size: int) -> None:
    share, compared = share_of(told(0, size), told(0, size // 2))
    assert share == 1.0
    assert abs(compared - size // 2) <= 6 * (size // 2) ** 0.5


def test_abstracts_that_share_half_are_half_alike() -> None:
    share, _ = share_of(told(0, 2000), told(1000, 3000))
    assert share == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize(
    ("text", "figures", "names"),
    [
        ("We saw 3,000 bees and 3000 ants.", ["3000"], []),
        ("A gain of 2.5% in 1998.", ["2.5", "1998"], []),
        ("Model-2.5 and model2.5 are one", [], ["model2.5"]),
        ("GPT4o, but v2beta is no name", ["2"], ["gpt4o"]),
        ("https://here.org/v2/33 and here.org/44 are links", [], []),
        ("see p. 12-15", ["12", "15"], []),
        ("Straße7", [], ["straße7"]),
        ("no digits at all", [], []),
        ("", [], []),
    ],
)
def test_numbers_and_names_with_numbers(text: str, figures: list, names: list) -> None:
    found = numbers(column_of("99 bottles", text))
    assert [set(lists(part)[1]) for part in found] == [
        {hashed(word) for word in expected} for expected in (figures, names)
    ]


def test_letters_are_hashed_without_their_blanks() -> None:
    whole, first, last = letter_hashes(column_of("data base", "database", "base", ""), 4)
    assert whole[0] == whole[1] != whole[2]
    assert first[0] == first[1] != first[2] == whole[2]
    assert last[0] == last[1] != last[3]
    assert (whole[3], first[3], last[3]) == (0, 0, 0)
    assert letter_hashes(column_of("abc"), 4)[1].tolist() == [0]


def test_the_edges_of_a_text_are_its_first_word_without_a_number_and_its_last() -> None:
    first, last = edge_words(column_of("heron2 by ada brand", "ab brand", ""), 3)
    assert first.tolist() == [hashed("heron"), 0, 0]
    assert last.tolist() == [hashed("brand"), hashed("brand"), 0]


@given(st.integers(0, 60), st.integers(1, 20))
def test_parts_are_whole_and_in_order(count: int, least: int) -> None:
    parts = in_parts(count, least, range)
    assert [number for part in parts for number in part] == list(range(count))
    assert len(parts) == 1 or min(len(part) for part in parts) >= least


@given(st.lists(st.lists(st.lists(st.integers(0, 9), max_size=3), max_size=4), min_size=1))
def test_joined_columns_are_one_below_the_other(parts: list) -> None:
    columns = [listed(rows) for rows in parts]
    # A column may begin in the middle of its values.
    columns = [
        Lists(np.concatenate([[55], part.values]).astype(np.uint32), part.starts + 1)
        for part in columns
    ]
    together = joined(columns)
    found = [together.values[a:b].tolist() for a, b in pairwise(together.starts.tolist())]
    assert found == [row for rows in parts for row in rows]


BLOCKS = st.lists(st.sets(st.integers(0, 30), max_size=6), max_size=6)


def numbered(pairs: np.ndarray) -> list[tuple[int, int]]:
    return [(pair >> 32, pair & 0xFFFFFFFF) for pair in pairs.tolist()]


@given(BLOCKS, st.randoms(use_true_random=False))
def test_every_pair_of_a_block_is_given_once(blocks: list[set[int]], random: Any) -> None:
    rows = [random.sample(sorted(block), len(block)) for block in blocks]
    packed = listed(rows)
    found = numbered(pairs_within(packed.values, packed.starts))
    expected = [pair for block in blocks for pair in combinations(sorted(block), 2)]
    assert sorted(found) == sorted(expected)


def test_a_row_is_no_pair_with_itself() -> None:
    twice = np.array([3, 5, 3], np.uint32)
    assert numbered(pairs_within(twice, np.array([0, 3]))) == [(3, 5), (3, 5)]
    assert numbered(pairs_beside(twice, np.array([3, 3, 3]))) == [(3, 5), (3, 5)]
    last = np.array([2**32 - 1, 0], np.uint32)
    assert numbered(pairs_within(last, np.array([0, 2]))) == [(0, 2**32 - 1)]


WORDS = st.lists(
    st.lists(st.integers(0, 6), min_size=4, max_size=4).filter(
        lambda row: len({word for word in row if word}) == sum(word > 0 for word in row)
    ),
    min_size=2,
    max_size=2,
)


@given(WORDS, st.integers(1, 4))
def test_rows_share_so_many_words_or_all_that_one_has(rows: list[list[int]], fewest: int) -> None:
    pair = np.array([1], np.uint64)
    one, other = ({word for word in row if word} for row in rows)
    expected = len(one & other) >= min(fewest, len(one), len(other))
    assert words_shared(pair, np.array(rows, np.uint32), fewest).tolist() == [expected]


def test_a_sketch_tells_abstracts_apart_that_share_nothing() -> None:
    for one, other in ((told(0, 90), told(0, 90)), (told(0, 90), told(0, 50) + told(200, 240))):
        assert abstracts_may_be_alike(*two_sides(abstract=(one, other)), 1)
    assert not abstracts_may_be_alike(*two_sides(abstract=(told(0, 90), told(100, 190))), 1)
    for absent in (None, "", "one two"):
        assert not abstracts_may_be_alike(*two_sides(abstract=(told(0, 90), absent)), 1)
    # Of a text with one run of words, one is all there is.
    short = two_sides(abstract=(told(0, 3), told(0, 90)))
    assert abstracts_may_be_alike(*short, 2) == abstracts_may_be_alike(*short, 1)


NEAR = [
    ({"title": "Wintering of marsh harriers", "authors": ["Ada Bo"]}, BY_WORDS, True),
    ({"title": "Wintering of marsh harriers", "authors": ["Ada Bo"]}, BY_LETTERS, True),
    ({"title": "Moult in peat beetles", "authors": ["Cy Dee"]}, BY_WORDS, False),
    ({"title": "Moult in peat beetles", "authors": ["Cy Dee"]}, BY_ABSTRACT, False),
    ({"title": "Moult in peat beetles", "abstract": told(0, 60)}, BY_ABSTRACT, True),
    ({"title": None, "abstract": told(0, 60)}, BY_WORDS, True),
    ({"title": None, "authors": ["Ada Bo"]}, BY_WORDS, True),
]


@pytest.mark.parametrize(("said", "kind", "expected"), NEAR)
def test_rows_are_near_by_titles_names_or_abstracts(
    said: dict[str, Any], kind: int, expected: bool
) -> None:
    first = {"title": "Wintering of marsh harriers", "authors": ["Ada Bo"],
             "abstract": told(0, 60)}  # fmt: skip
    pairs = {name: (first[name], said.get(name)) for name in first}
    columns, left, right = two_sides(**pairs)
    pair = np.array([(min(left, right) << 32) | max(left, right)], np.uint64)
    assert are_near(pair, columns, kind).tolist() == [expected]


def test_the_c_library_is_asked_to_return_large_arrays(monkeypatch: Any) -> None:
    asked = []
    with_it = SimpleNamespace(mallopt=lambda *said: asked.append(said))
    monkeypatch.setattr(compiled.ctypes, "CDLL", lambda _: with_it)
    return_large_arrays()
    monkeypatch.setattr(compiled.ctypes, "CDLL", lambda _: SimpleNamespace())
    return_large_arrays()
    assert asked == [(-3, compiled.LARGE)]


ORDERED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=25).map(sorted)


def reached(places: list[tuple[int, int]], small: int, neighbours: int) -> list[int]:
    split = np.array([second for _, second in places], np.uint32)
    block = np.array([first for first, _ in places], np.int64)
    return reaches(block, split, small, neighbours).tolist()


@given(ORDERED, st.integers(0, 4), st.integers(0, 4))
def test_a_row_reaches_its_neighbours_and_no_other_block(
    places: list, small: int, neighbours: int
) -> None:
    blocks = Counter(block for block, _ in places)
    runs = Counter(places)
    expected = []
    for at, place in enumerate(places):
        block_end = sum(count for block, count in blocks.items() if block <= place[0])
        run_end = sum(count for run, count in runs.items() if run <= place)
        last = max(at + 1 + neighbours, run_end if runs[place] <= small else 0)
        expected.append(min(last, block_end))
    assert reached(places, small, neighbours) == expected


@given(ORDERED)
def test_a_row_meets_those_it_reaches(places: list) -> None:
    rows = np.arange(len(places), dtype=np.uint32)[::-1].copy()
    reach = reached(places, 3, 2)
    expected = [
        (int(rows[other]), int(rows[one]))
        for one, end in enumerate(reach)
        for other in range(one + 1, end)
    ]
    assert numbered(pairs_beside(rows, np.array(reach, np.int64))) == expected


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20), st.data())
def test_no_key_that_stands_twice_is_let_out(keys: list[int], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(keys), max_size=5)) if keys else []
    every = [*keys, *again]
    kept = repeated(np.array(every, np.uint64)).tolist()
    counts = Counter(every)
    assert all(is_kept for key, is_kept in zip(every, kept, strict=True) if counts[key] > 1)


def test_most_keys_that_stand_once_are_let_out() -> None:
    keys = np.random.default_rng(1).integers(0, 2**64, 1000, np.uint64)
    assert repeated(keys).sum() < 50


def test_pairs_of_words_have_one_key_whatever_their_order() -> None:
    rows, keys = word_pairs(np.array([[7, 9, 0], [9, 7, 3], [4, 0, 0]], np.uint32))
    assert rows.tolist() == [0, 1, 1, 1]
    assert keys[0] == keys[1]
    assert len(set(keys.tolist())) == 3


def test_the_smallest_values_of_each_list_are_its_keys() -> None:
    packed = listed([[1, 5, 8], [], [1]])
    rows, keys = smallest(packed.values, packed.starts, 2)
    assert rows.tolist() == [0, 0, 2]
    assert keys[0] == keys[2] != keys[1]
