"""Tables as files: what is written is read back exactly, and equal frames give equal bytes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.publish.parquet import HIVE_NULL, partition_folder, write_table
from flows.publish.warehouse import read_table
from schemas import TABLES, keys_of
from schemas.dictionary import arrow_schema, column_descriptions, empty_frame, polars_schema

ODD_SOURCES = [
    "with blank",
    "quote'\"s",
    "new\nline",
    "per%cent %41",
    "a=b",
    "ümläut 中文",
    "star*?[x]{a,b}",
    "back\\slash",
    ".",
    "..",
    " lead and trail ",
    "\x01",
    "007",
    "2020-01-01",
    "null",
    "e\u0301",
]


def records_of(sample, sources: list[str]) -> pl.DataFrame:
    rows = [sample.record(number, 1, source) for number, source in enumerate(sources, start=1)]
    return sample.frame("records", rows)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_back_as_it_was(name, first, tmp_path):
    files = write_table(name, first[name], tmp_path)
    again = read_table(name, [tmp_path / file.path for file in files])
    assert again.equals(first[name].sort(keys_of(TABLES[name]).primary))
    assert sum(file.rows for file in files) == first[name].height
    for file in files:
        content = (tmp_path / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("name", TABLES)
def test_files_have_the_dictionary_in_them(name, first, tmp_path):
    for file in write_table(name, first[name], tmp_path):
        schema = pq.read_schema(tmp_path / file.path)
        assert schema.equals(arrow_schema(TABLES[name]))
        described = {field.name: field.metadata[b"description"].decode() for field in schema}
        assert described == column_descriptions(TABLES[name])


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_is_one_readable_file(name, tmp_path):
    (file,) = write_table(name, empty_frame(TABLES[name]), tmp_path)
    path = tmp_path / file.path
    assert pl.read_parquet(path).schema == polars_schema(TABLES[name])
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{path}')").fetchall() == [(0,)]


def test_odd_partition_values_come_back_whatever_reads_them(sample, tmp_path):
    frame = records_of(sample, ODD_SOURCES)
    files = write_table("records", frame, tmp_path)
    assert len(files) == frame["source"].n_unique()
    expected = dict(frame.select("record_id", "source").iter_rows())
    pattern = f"{tmp_path}/records/*/*.parquet"
    for options in ("", ", hive_partitioning = true, hive_types = {'source': VARCHAR}"):
        scan = f"SELECT record_id, source FROM read_parquet('{pattern}'{options})"
        assert dict(duckdb.sql(scan).fetchall()) == expected
    for hive in (True, False, None):
        found = pl.scan_parquet(tmp_path / "records", hive_partitioning=hive)
        assert dict(found.select("record_id", "source").collect().iter_rows()) == expected


def test_values_that_no_folder_name_can_tell_are_kept_in_the_column(sample, tmp_path):
    sources = ["plain", HIVE_NULL, "x" * 250, "中" * 85]
    files = write_table("records", records_of(sample, sources), tmp_path)
    assert sum("/other-" in file.path for file in files) == 3
    again = read_table("records", [tmp_path / file.path for file in files])
    assert again["source"].to_list() == sources
    scan = f"SELECT source FROM read_parquet('{tmp_path}/records/*/*.parquet')"
    assert {source for (source,) in duckdb.sql(scan).fetchall()} == set(sources)
    found = pl.scan_parquet(tmp_path / "records").select("source").collect()
    assert set(found["source"]) == set(sources)


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1))
@example(HIVE_NULL)
def test_any_source_name_comes_back(sample_of_text, source):
    with tempfile.TemporaryDirectory() as folder:
        files = write_table("records", sample_of_text(source), Path(folder))
        scan = f"SELECT DISTINCT source FROM read_parquet('{folder}/records/*/*.parquet'"
        found = duckdb.sql(f"{scan}, hive_types_autocast = false)").fetchall()
        assert found == [(source,)]
        assert pl.read_parquet(Path(folder) / files[0].path)["source"].to_list() == [source]


@pytest.fixture(scope="session")
def sample_of_text(sample):
    return lambda source: records_of(sample, [source])


def test_order_and_chunks_of_a_frame_do_not_matter(sample, tmp_path):
    frame = records_of(sample, ["a", "b"] * 500)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=7)
    chunked = pl.concat([shuffled[:13], shuffled[13:700], shuffled[700:]], rechunk=False)
    assert chunked.n_chunks() == 3
    digests = [
        [file.sha256 for file in write_table("records", variant, tmp_path / str(number))]
        for number, variant in enumerate((frame, shuffled, chunked))
    ]
    assert digests[0] == digests[1] == digests[2]


CHILD = """
import runpy, sys
from pathlib import Path
import polars as pl
from flows.publish.parquet import write_table
sample = runpy.run_path(sys.argv[1])
rows = [sample["record"](n, 1, "ab"[n % 2], abstract="words " * n) for n in range(1, 400)]
frame = pl.concat([sample["frame"]("records", rows)] * 1).sort("abstract")
for file in write_table("records", frame, Path(sys.argv[2])):
    print(file.path, file.sha256)
"""


def test_thread_count_and_hash_seed_do_not_matter(tmp_path):
    sample = Path(__file__).with_name("sample.py")
    outputs = []
    for threads, seed in (("1", "1"), ("4", "2")):
        folder = tmp_path / threads
        environment = {"POLARS_MAX_THREADS": threads, "PYTHONHASHSEED": seed, "PATH": ""}
        run = [sys.executable, "-c", CHILD, sample, folder]
        outputs.append(subprocess.run(run, env=environment, capture_output=True, check=True).stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") == 2


def test_a_frame_of_another_shape_is_refused(first, tmp_path):
    papers = first["papers"]
    with pytest.raises(ValueError, match="column title is missing"):
        write_table("papers", papers.drop("title"), tmp_path)
    with pytest.raises(ValueError, match="partition_year is Int64, not Int16"):
        write_table("papers", papers.cast({"partition_year": pl.Int64}), tmp_path)
    with pytest.raises(ValueError, match="column more is not in it"):
        write_table("papers", papers.with_columns(more=1), tmp_path)
    with pytest.raises(ValueError, match="another order"):
        write_table("papers", papers.select(reversed(papers.columns)), tmp_path)


def test_a_null_partition_key_is_refused():
    with pytest.raises(ValueError, match="partition key source is null"):
        partition_folder("source", None)
