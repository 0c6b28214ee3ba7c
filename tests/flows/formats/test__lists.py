"""Lists cut from one long column, against lists built one by one."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from flows.formats._lists import elements, in_lists, split_text
from tests.pages import FEW

PAIR = pl.Struct({"name": pl.String, "place": pl.List(pl.String)})
pairs = st.fixed_dictionaries(
    {"name": st.none() | st.text(max_size=3), "place": st.none() | st.lists(st.text(max_size=2))}
)


@FEW
@given(lists=st.lists(st.none() | st.lists(pairs, max_size=4), max_size=6))
def test_elements_put_together_again_are_the_lists(lists) -> None:
    values = pl.DataFrame({"pairs": pl.Series(lists, dtype=pl.List(PAIR))})
    rows = elements(values, "pairs").unnest("pairs")
    assert in_lists(rows, values.height, PAIR).to_list() == [each or None for each in lists]


def test_a_field_that_is_lacking_is_null_and_a_list_without_elements_too() -> None:
    rows = pl.DataFrame({"row": [1, 1], "name": ["a", "b"]})
    lists = in_lists(rows, 3, PAIR)
    assert lists.dtype == pl.List(PAIR)
    assert lists.to_list() == [
        None,
        [{"name": "a", "place": None}, {"name": "b", "place": None}],
        None,
    ]


def test_a_text_is_split_into_parts_that_are_not_blank() -> None:
    texts = pl.DataFrame({"text": ["a; b ;;c", " ; ", "", None]})
    assert texts.select(split_text(pl.col("text"), ";")).to_series().to_list() == [
        ["a", "b", "c"],
        None,
        None,
        None,
    ]
