"""The change feed of one release against the one before."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from flows.publish.changes import changes
from schemas.release import Changes


def as_dict(frame: pl.DataFrame) -> dict[tuple[str, str], tuple[str, list[str] | None]]:
    Changes.validate(frame)
    columns = frame.select("entity_type", "id", "change", "fields").iter_rows()
    return {(kind, name): (change, fields) for kind, name, change, fields in columns}


def test_the_first_release_changes_nothing(first):
    assert changes({}, first, "input").is_empty()
    Changes.validate(changes({}, first, "input"))


def test_equal_releases_differ_in_nothing(first):
    assert changes(first, first, "input").is_empty()


def test_every_difference_is_told(first, second, sample):
    found = changes(first, second, "rules")
    assert as_dict(found) == {
        ("paper", sample.an_id("P", 1)): ("modified", ["authorships", "title"]),
        ("paper", sample.an_id("P", 2)): ("modified", ["paper_records"]),
        ("paper", sample.an_id("P", 3)): ("removed", None),
        ("paper", sample.an_id("P", 4)): ("added", None),
        ("author", sample.an_id("A", 1)): ("modified", ["authorships"]),
        ("author", sample.an_id("A", 2)): ("removed", None),
        ("author", sample.an_id("A", 3)): ("added", None),
    }
    assert found["cause"].unique().to_list() == ["rules"]


def test_a_value_that_comes_or_goes_is_a_difference(first):
    emptied = {**first, "papers": first["papers"].with_columns(venue=pl.lit("A venue"))}
    assert {fields for _, (_, (fields,)) in as_dict(changes(first, emptied, "input")).items()} == {
        "venue"
    }
    assert changes(emptied, first, "input").height == first["papers"].height


def test_a_year_is_told_once_not_with_its_partition(first, sample):
    moved = first["papers"].with_columns(
        publication_year=pl.lit(2000, pl.Int16), partition_year=pl.lit(2000, pl.Int16)
    )
    found = as_dict(changes(first, {**first, "papers": moved}, "input"))
    assert found["paper", sample.an_id("P", 1)] == ("modified", ["publication_year"])


def test_order_of_rows_is_no_difference(first):
    shuffled = {name: frame.reverse() for name, frame in first.items()}
    assert changes(first, shuffled, "input").is_empty()


TITLES = st.dictionaries(st.integers(1, 6), st.sampled_from(["one", "two"]), max_size=6)


@given(before=TITLES, after=TITLES)
def test_applying_the_feed_gives_the_new_release(first, sample, before, after):
    def release(titles: dict[int, str]) -> dict[str, pl.DataFrame]:
        rows = [sample.paper(number, 2020, title=title) for number, title in titles.items()]
        return {name: frame.clear() for name, frame in first.items()} | {
            "papers": sample.frame("papers", rows)
        }

    expected = {}
    for number in before.keys() | after.keys():
        key = ("paper", sample.an_id("P", number))
        if number not in before:
            expected[key] = ("added", None)
        elif number not in after:
            expected[key] = ("removed", None)
        elif before[number] != after[number]:
            expected[key] = ("modified", ["title"])
    assert as_dict(changes(release(before), release(after), "input")) == expected
