"""Table: the same rows as CSV, JSON lines and Parquet; columns that are missing or parallel."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import RefusedContentError, UnknownFormatError
from tests.dumps import SAMPLES, assert_survives, damaged, read_dump

FOLDER = SAMPLES / "tables"
COLUMNS = {
    "source_key": "No", "title": "Paper Title", "authors": "By", "affiliations": "From",
    "orcid": "Orcids", "year": "Year",
}  # fmt: skip


def sample_columns() -> dict[str, str]:
    return tomllib.loads((FOLDER / "source.toml").read_text())["columns"]


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(FOLDER / "reading-list.csv", "table", sample_columns())
    dump.assert_accounted()
    golden("table", dump.golden())


texts = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=12)
words = texts.map(lambda text: " ".join(text.split()))
rows = st.lists(
    st.fixed_dictionaries(
        {
            "No": st.integers(1, 10**6).map(str),
            "Paper Title": words.map(lambda text: f"T {text}".strip()),
            "By": st.sampled_from(("", "Jane Doe; Max Roe", "Doe, Jane and Roe, Max")),
            "From": st.sampled_from(("", "A; B", "A")),
            "Orcids": st.sampled_from(("", "0000-0002-1825-0097;")),
            "Year": st.sampled_from(("", "1999", "2017")),
        }
    ),
    min_size=1,
    max_size=6,
)


def as_csv(table: list[dict[str, str]], separator: str, quoting: int, ends: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(
        out, list(table[0]), delimiter=separator, quoting=quoting, lineterminator=ends
    )
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue().encode()


@settings(max_examples=40)
@given(
    table=rows,
    separator=st.sampled_from(",;\t|"),
    quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    ends=st.sampled_from(("\n", "\r\n")),
)
def test_a_written_table_is_read_back_from_any_layout(table, separator, quoting, ends) -> None:
    read = read_dump(as_csv(table, separator, quoting, ends), "table", COLUMNS)
    read.assert_accounted()
    assert read.rejects.is_empty()
    assert read.column("source_key") == [row["No"] for row in table]
    assert read.column("title") == [" ".join(row["Paper Title"].split()) for row in table]
    both = ["Jane Doe", "Max Roe"]
    assert read.names() == [both if row["By"] else None for row in table]
    years = [date and date.year for date in read.column("publication_date")]
    assert years == [int(row["Year"]) if row["Year"] else None for row in table]

    lines = "\n".join(json.dumps(row) for row in table)
    again = read_dump(lines, "table", COLUMNS)
    assert places_apart(again.entries).equals(places_apart(read.entries))


def test_parquet_gives_the_same(tmp_path) -> None:
    table = pl.DataFrame(
        {
            "No": [1, 2],
            "Paper Title": ["One", "Two"],
            "By": [["Jane Doe", "Max Roe"], None],
            "From": ["A; B", None],
            "Orcids": [None, None],
            "Year": [1999.0, 2017.0],
        }
    )
    path = tmp_path / "table.parquet"
    table.write_parquet(path)
    read = read_dump(path, "table", COLUMNS)
    read.assert_accounted()
    assert read.column("source_key") == ["1", "2"]
    assert read.names() == [["Jane Doe", "Max Roe"], None]
    assert [date.year for date in read.column("publication_date")] == [1999, 2017]
    assert read.entries["authors"][0][1]["affiliations"] == ["B"]


def places_apart(entries: pl.DataFrame) -> pl.DataFrame:
    return entries.drop("line_start", "line_end", "line_total", "raw_text")


@settings(max_examples=60)
@given(data=st.data())
def test_damage_is_accounted_for(data) -> None:
    content = (FOLDER / "reading-list.csv").read_bytes()
    head, _, rest = content.partition(b"\n")
    content = head + b"\n" + data.draw(damaged(rest))
    assert_survives(content, "table", sample_columns())


def test_what_stands_parallel_to_the_authors_goes_to_them() -> None:
    table = "No,Paper Title,By,From,Orcids,Year\n1,T,Jane Doe; Max Roe,A; B,;0000-0002-1825-0097,\n"
    read = read_dump(table, "table", COLUMNS)
    first, second = read.column("authors")[0]
    assert (first["affiliations"], first["orcid"]) == (["A"], None)
    assert (second["affiliations"], second["orcid"]) == (["B"], "0000-0002-1825-0097")
    assert read.column("affiliations") == [None]


def test_what_is_not_parallel_is_nobodys() -> None:
    table = "No,Paper Title,By,From,Orcids,Year\n1,T,Jane Doe; Max Roe,A; B; C,x,19999\n"
    read = read_dump(table, "table", COLUMNS)
    assert read.column("affiliations") == [["A", "B", "C"]]
    assert [author["affiliations"] for author in read.column("authors")[0]] == [None, None]
    checks = {warning["check"] for warning in read.column("warnings")[0]}
    assert checks == {"parallel_orcid", "possible_date"}


def test_a_row_of_another_length_is_rejected_and_the_rest_goes_on() -> None:
    table = 'No,Paper Title,By,From,Orcids,Year\n1,A,,,,\n2,B\n3,"C\n""D""",,,,\n'
    read = read_dump(table, "table", COLUMNS)
    read.assert_accounted()
    assert read.column("title") == ["A", 'C "D"']
    assert read.column("line_start") == [2, 4]
    assert read.column("line_end") == [2, 5]
    assert read.rejects.select("ordinal", "line_start", "check").rows() == [(2, 3, "column_count")]


def test_bytes_that_are_no_utf8_reject_their_row() -> None:
    table = b"No,Paper Title,By,From,Orcids,Year\n1,M\xfcll,,,,\n2,B,,,,\n"
    read = read_dump(table, "table", COLUMNS)
    assert read.column("title") == ["B"]
    assert read.rejects["check"].to_list() == ["readable_encoding"]


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(RefusedContentError, match=r"'By'.* it has a, b\."):
        read_dump("a,b\n1,2\n", "table", COLUMNS)
    with pytest.raises(RefusedContentError, match=r"under \[columns\]"):
        read_dump("a,b\n1,2\n", "table")


def test_columns_named_like_fields_need_no_mapping() -> None:
    read = read_dump("Title,Year,other\nOne,1999,x\n")
    assert read.format == "table"
    assert read.column("title") == ["One"]
    with pytest.raises(UnknownFormatError):
        read_dump("name,size\nOne,1999\n")


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(RefusedContentError, match="damaged"):
        read_dump(path, "table", COLUMNS)


STRAY = (
    # A quote inside a value that is not quoted is a letter like any other.
    ('A 5" disk,B C,2000\nD 7" disk,E F,2001\n', ['A 5" disk', 'D 7" disk'], []),
    # A quote that is not closed costs its row, not those after it.
    ('A,B C,"2000\nD,E F,2001\n', ["D"], ["closed_quotes"]),
    ('"A, b",B C,2000\nOn "d, e" and f,E F,2001\nG,H I,2002\n', ["A, b", "G"], ["column_count"]),
    ('"A ""q""\nx","B C",2000\nD,E F,2001', ['A "q" x', "D"], []),
)


@pytest.mark.parametrize(("rows", "titles", "checks"), STRAY)
def test_a_stray_quote_costs_its_own_row(rows, titles, checks) -> None:
    read = read_dump("title,authors,year\n" + rows, "table")
    read.assert_accounted()
    assert read.column("title") == titles
    assert read.rejects["check"].to_list() == checks


def test_lines_before_and_within_the_header() -> None:
    read = read_dump('\n\n"title","authors","the\nyear"\nA,B C,2000\n', "table")
    assert read.column("title") == ["A"]
    assert read.column("line_start") == [5]


def test_lines_that_end_with_a_carriage_return_alone_are_refused() -> None:
    with pytest.raises(RefusedContentError, match="line feed"):
        read_dump("title,authors,year\rA,B C,2000\r", "table")


def test_json_rows_need_not_have_the_fields_of_the_first() -> None:
    rows = [{"title": "A"}, {"title": "B", "doi": "10.1234/x", "year": 2001}]
    read = read_dump("\n".join(map(json.dumps, rows)), "table")
    assert read.column("doi") == [None, "10.1234/x"]
    mapped = read_dump(
        "\n".join(map(json.dumps, rows)), "table", {"title": "title", "year": "year"}
    )
    assert [date and date.year for date in mapped.column("publication_date")] == [None, 2001]


def test_authors_may_be_objects_and_parallel_values_may_be_missing() -> None:
    row = {
        "title": "A",
        "authors": [{"name": "Jane Doe"}, {"name": "Max Roe"}],
        "orcid": [None, "0000-0002-1825-0097"],
        "affiliations": "X;Y;",
    }
    first, second = read_dump(json.dumps(row), "table").column("authors")[0]
    assert (first["name"], first["orcid"], first["affiliations"]) == ("Jane Doe", None, ["X"])
    assert (second["name"], second["orcid"]) == ("Max Roe", "0000-0002-1825-0097")


def test_numbers_of_a_date_may_be_written_as_fractions() -> None:
    read = read_dump("title,year,month\nA,2017.0,6.0\n")
    assert [str(date) for date in read.column("publication_date")] == ["2017-06-01"]
