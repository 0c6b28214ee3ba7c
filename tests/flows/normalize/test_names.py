"""Names: author lines taken apart, names turned, split and compared."""

from __future__ import annotations

import polars as pl
import pytest

from flows.normalize.names import given_first, name_key, parse_author_line, split_name


def parsed(line: str | None) -> tuple[list[str] | None, bool | None, list[str] | None]:
    result = pl.select(parse_author_line(pl.lit(line, pl.String)).alias("line")).item()
    return result["names"], result["is_complete"], result["affiliations"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Ada Lovelace", (["Ada Lovelace"], True, None)),
        ("A B, C D et al. · cmu, mit", (["A B", "C D"], False, ["cmu", "mit"])),
        ("A B, C D, et al", (["A B", "C D"], False, None)),
        ("A B,  C D · x y", (["A B", "C D"], True, ["x y"])),
        ("A B ·", (["A B"], True, None)),
        ("Marcel·lí Pi", (["Marcel·lí Pi"], True, None)),
        ("Robert Tarjan, Jr., C D, II et al.", (["Robert Tarjan, Jr.", "C D, II"], False, None)),
        ("Michal, J. Retal", (["Michal", "J. Retal"], True, None)),
        ("", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_an_author_line_is_taken_apart(line, expected) -> None:
    assert parsed(line) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Lovelace, Ada", "Ada Lovelace"),
        ("van der Maaten, Laurens", "Laurens van der Maaten"),
        ("Robert Tarjan, Jr.", "Robert Tarjan Jr."),
        ("Ada Lovelace", "Ada Lovelace"),
        ("A, B, C", "A, B, C"),
        ("  ", None),
    ],
)
def test_the_given_name_comes_first(name, expected) -> None:
    assert pl.select(given_first(pl.lit(name))).item() == expected


@pytest.mark.parametrize(
    ("name", "given", "family"),
    [
        ("Ada Lovelace", "Ada", "Lovelace"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Laurens van der Maaten", "Laurens", "van der Maaten"),
        ("Robert Tarjan Jr.", "Robert", "Tarjan Jr."),
        ("J. D. Salinger", "J. D.", "Salinger"),
        ("Plato", None, "Plato"),
        ("Lovelace, Ada", "Ada", "Lovelace"),
    ],
)
def test_a_name_is_split(name, given, family) -> None:
    assert pl.select(split_name(pl.lit(name)).alias("name")).item() == {
        "given_name": given,
        "family_name": family,
    }


def test_names_are_compared_given_name_first() -> None:
    names = pl.Series("name", ["Erdős, Paul", "paul erdos", "Paul  Erdős"])
    assert set(names.to_frame().select(name_key(pl.col("name")))["name"]) == {"paul erdos"}
