"""OpenAlex merged ids: every line a deletion, or a reject."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from flows.formats import UnknownFormatError, openalex_merged_ids
from tests.dumps import SAMPLES, damaged, read_dump
from tests.pages import FEW

SAMPLE = SAMPLES / "openalex/data/merged_ids/works/2024-01-02.csv"
HEADING = "merge_date,id,merge_into_id"


@FEW
@given(
    merges=st.lists(
        st.tuples(
            st.dates(dt.date(2022, 1, 1), dt.date(2030, 1, 1)),
            st.from_regex(r"\A[AW][1-9]\d{0,9}\Z"),
            st.from_regex(r"\A[AW][1-9]\d{0,9}\Z"),
        ),
        max_size=6,
    ),
    end=st.sampled_from(("\n", "\r\n")),
)
def test_written_merges_are_deletions(merges, end) -> None:
    dump = read_dump(end.join([HEADING, *(f"{day},{old},{new}" for day, old, new in merges)]))
    dump.assert_accounted()
    assert dump.format == "openalex_merged_ids"
    assert dump.rejects.is_empty()
    read = dump.deletions.select("line_start", "source_key", "updated_at").rows()
    assert read == [
        (line, old, dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC))
        for line, (day, old, _) in enumerate(merges, 2)
    ]


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    golden("openalex_merged_ids", dump.golden())


def test_lines_that_are_no_merges_are_rejects() -> None:
    lines = [
        HEADING,
        '"2022-06-07","https://openalex.org/A1","https://openalex.org/A2"',
        "",
        "2022-06-07,A3",
        "2022-13-07,A4,A5",
        "2022-06-07,,A6",
        HEADING,
        "2022-06-08,W7,W8",
    ]
    dump = read_dump("\n".join(lines))
    dump.assert_accounted()
    assert dump.deletions["source_key"].to_list() == ["A1", "W7"]
    assert dump.rejects.select("line_start", "check", "raw_text").rows() == [
        (number, "readable_line", lines[number - 1]) for number in (4, 5, 6, 7)
    ]


def test_other_tables_are_not_taken_for_it() -> None:
    assert openalex_merged_ids.sniff("id,title\n1,A") == 0.0
    assert openalex_merged_ids.sniff(f"a\n{HEADING}") == 0.0


@FEW
@given(content=damaged(SAMPLE.read_bytes()))
def test_damaged_merges_are_accounted_for(content) -> None:
    with suppress(UnknownFormatError):
        read_dump(content, stated_format="openalex_merged_ids").assert_accounted()
