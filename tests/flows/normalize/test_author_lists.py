"""Author lists in one text: which sign separates names, and lists written and read back."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.normalize.author_lists import author_names

TOLD = (
    ("Doe, Jane and Roe, Max", ["Jane Doe", "Max Roe"]),
    ("Jane Doe and Max Roe", ["Jane Doe", "Max Roe"]),
    ("Jane Doe; Max Roe", ["Jane Doe", "Max Roe"]),
    ("Doe, J.; Roe, M.", ["J. Doe", "M. Roe"]),
    ("Jane Doe, Max Roe, Li Wei", ["Jane Doe", "Max Roe", "Li Wei"]),
    ("Jane Doe, Max Roe, and Li Wei", ["Jane Doe", "Max Roe", "Li Wei"]),
    ("Doe, J., Roe, M., Wei, L.", ["J. Doe", "M. Roe", "L. Wei"]),
    ("Doe, J., Roe, M. and Wei, L.", ["J. Doe", "M. Roe", "L. Wei"]),
    ("doe, j. & roe, m.", ["j. doe", "m. roe"]),
    ("Doe, Jane", ["Jane Doe"]),
    ("van der Berg, Jan", ["Jan van der Berg"]),
    ("Doe, Jane, Roe, Max", ["Jane Doe", "Max Roe"]),
    ("Jane Doe, Jr., Max Roe and Li Wei", ["Jane Doe Jr.", "Max Roe", "Li Wei"]),
    ("Wang, Y.-L., Li, X. Y.", ["Y.-L. Wang", "X. Y. Li"]),
    ("Doe J, Roe MJ", ["Doe J", "Roe MJ"]),
    ("Plato", ["Plato"]),
    ("Jane Doe, John Roe, and Max Poe, PhD", ["Jane Doe", "John Roe", "Max Poe"]),
    ("Jane Doe and John Roe; Max Poe", ["Jane Doe", "John Roe", "Max Poe"]),
    ("Sara Others", ["Sara Others"]),
    ("Anders Andersen", ["Anders Andersen"]),
    ("李明; 王伟", ["李明", "王伟"]),
)


@pytest.mark.parametrize(("printed", "names"), TOLD)
def test_names_are_told_apart(printed, names) -> None:
    assert author_names(pl.Series([printed])).rows() == [(names, True)]


@pytest.mark.parametrize("ending", [" et al.", ", et al", " and others", "; et al."])
def test_a_cut_list_says_so(ending) -> None:
    told = author_names(pl.Series([f"Jane Doe, Max Roe{ending}"]))
    assert told.rows() == [(["Jane Doe", "Max Roe"], False)]


def test_nothing_is_nobody() -> None:
    told = author_names(pl.Series([None, "", " ; ", "et al."], dtype=pl.String))
    assert told["names"].to_list() == [None] * 4
    assert told["is_complete"].to_list() == [None] * 4
    assert author_names(pl.Series([], dtype=pl.String)).is_empty()


GIVEN = st.sampled_from(("Jane", "Max", "Anne-Marie", "J. R.", "Łukasz", "Li", "Ælf"))
FAMILY = st.sampled_from(("Doe", "Roe", "O'Neil", "Müller", "van der Berg", "Wei", "Erdős"))
PEOPLE = st.lists(st.tuples(GIVEN, FAMILY), min_size=2, max_size=6)


@settings(max_examples=60)
@given(people=PEOPLE, style=st.sampled_from(("; ", " and ", ", ", "turned ;", "turned and")))
def test_a_written_list_is_read_back(people, style) -> None:
    if style.startswith("turned"):
        separator = "; " if style.endswith(";") else " and "
        printed = separator.join(f"{family}, {given}" for given, family in people)
    else:
        printed = style.join(f"{given} {family}" for given, family in people)
    expected = [f"{given} {family}" for given, family in people]
    assert author_names(pl.Series([printed])).row(0) == (expected, True)
