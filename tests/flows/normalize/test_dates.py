"""Dates: printed forms, the capture year and its bounds, days that no calendar has."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.normalize.dates import (
    DATE,
    MONTHS,
    capture_date,
    infer_capture_year,
    month_and_day,
    printed_year,
    with_dates,
)


def dated(printed: str | None, year: int | None = None, captured_on: dt.date | None = None):
    frame = pl.DataFrame({"date_printed": [printed]}, schema={"date_printed": pl.String})
    return with_dates(frame, year, captured_on).drop("date_printed").row(0)


@given(st.dates(dt.date(1000, 1, 1), dt.date(2100, 12, 31)), st.booleans())
def test_a_printed_day_is_read(day: dt.date, has_year: bool) -> None:
    year = f", {day.year}" if has_year else ""
    basis = "printed" if has_year else "inferred_year"
    printed = f"{MONTHS[day.month - 1]} {day.day}{year}"
    assert dated(printed, day.year) == (day, "day", basis)


@pytest.mark.parametrize("printed", ["Feb 30, 2024", "Feb 29, 2023", "Jan 0, 2020", "Apr 31, 2020"])
def test_a_day_that_no_calendar_has_keeps_its_basis_alone(printed) -> None:
    assert dated(printed) == (None, "day", "printed")


def test_without_a_year_nothing_is_invented() -> None:
    assert dated("Jan 5") == (None, None, None)
    assert dated(None, 2025) == (None, None, None)


@pytest.mark.parametrize(
    ("printed", "year"),
    [
        ("Oct 30", 2025),
        ("Oct 31", 2025),
        ("Nov 1", 2025),
        ("Nov 2", 2024),
        ("Dec 31", 2024),
        ("Jan 1", 2025),
    ],
)
def test_the_day_of_capture_bounds_dates_without_a_year(printed, year) -> None:
    day, _, basis = dated(printed, 2025, dt.date(2025, 10, 31))
    assert (day.year, basis) == (year, "inferred_year")


def test_the_last_day_of_the_year_bounds_nothing() -> None:
    assert dated("Dec 31", 2025, dt.date(2025, 12, 31))[0] == dt.date(2025, 12, 31)
    assert dated("Jan 1", 2025, dt.date(2025, 12, 31))[0] == dt.date(2025, 1, 1)


def test_a_printed_year_is_not_bounded() -> None:
    assert dated("Dec 31, 2030", 2025, dt.date(2025, 10, 31))[0] == dt.date(2030, 12, 31)


@pytest.mark.parametrize(
    ("printed", "header", "year"),
    [
        (["Jan 5, 2024", "Dec 1, 2019", "Mar 3"], None, 2025),
        (["Jan 5, 2024"], "Oct 31", 2025),
        (["Jan 5, 2024"], "Oct 31, 2026", 2026),
        (["Jan 5"], "Oct 31", None),
        ([], None, None),
        (["Jan 5, 2024", "Feb 29"], None, 2025),
        (["Jan 5, 2023", "Feb 29"], None, 2024),
        (["Jan 5, 1899", "Feb 29"], None, 1900),
        (["Jan 5, 2024", "Feb 29, 2024"], None, 2025),
        (["Jan 5, 2023"], "Feb 29", 2024),
        (["Jan 5, 2024"], "Feb 29", None),
        (["Jan 5, 2024"], "Feb 29, 2028", 2028),
        (["September 5, 2024", "Mar 3"], None, 2025),
        (["Jan 5,\u00a02024"], "Oct\u00a031", 2025),
    ],
)
def test_the_capture_year_follows_every_printed_one(printed, header, year) -> None:
    assert infer_capture_year(pl.Series(printed, dtype=pl.String), header) == year


@pytest.mark.parametrize(
    ("years", "capture_year"),
    [
        ([2022, *[2023] * 2, *[2024] * 3], 2025),
        ([2022, *[2023] * 2, *[2024] * 3, 2096], 2025),
        ([2022, *[2023] * 2, *[2024] * 3, 2042, 2096], 2025),
        ([2022, *[2023] * 2, *[2024] * 3, 2029], 2030),
        ([*[2024] * 4, 2096], None),
        ([1970, 1975, 1980, 2024], None),
        ([2010, 2024], None),
        ([2019, 2024], 2025),
        ([1970, 2024, 2024], 2025),
        ([1970, 2023, 2024], 2025),
        ([2096], 2097),
    ],
)
def test_a_lone_year_far_beyond_the_others_is_no_evidence(years, capture_year) -> None:
    printed = pl.Series([f"Jan 5, {year}" for year in years] + ["Mar 5"])
    assert infer_capture_year(printed, None) == capture_year
    assert infer_capture_year(printed.reverse(), None) == capture_year


def test_a_leap_day_of_no_known_year_stays_undated() -> None:
    assert dated("Feb 29", 2025) == (None, None, None)
    assert dated("Feb 29", 2025, dt.date(2025, 1, 31)) == (
        dt.date(2024, 2, 29),
        "day",
        "inferred_year",
    )
    assert dated("Feb 29", 2024) == (dt.date(2024, 2, 29), "day", "inferred_year")
    assert dated("Feb 30", 2025) == (None, "day", "inferred_year")


MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


@pytest.mark.parametrize(("number", "name"), [*enumerate(MONTH_NAMES, start=1), (9, "Sept")])
def test_names_of_months_are_read_in_full(number, name) -> None:
    assert dated(f"{name} 5, 2024") == (dt.date(2024, number, 5), "day", "printed")
    assert pl.select(pl.lit(f"CL{name} 5").str.extract(f"({DATE})$")).item() == f"{name} 5"


def test_the_day_of_capture_needs_header_and_year() -> None:
    assert capture_date("Oct 31", 2025) == dt.date(2025, 10, 31)
    assert capture_date("Jan 7, 2026", 2026) == dt.date(2026, 1, 7)
    assert capture_date("Feb 31", 2025) is None
    assert capture_date(None, 2025) is None
    assert capture_date("Oct 31", None) is None


def test_parts_of_a_printed_date() -> None:
    frame = pl.DataFrame({"date": ["Feb 9, 2024", "Dec 31", "Sep\u00a02"]})
    parts = frame.select(year=printed_year(pl.col("date")), day=month_and_day(pl.col("date")))
    assert parts.rows() == [(2024, 209), (None, 1231), (None, 902)]
