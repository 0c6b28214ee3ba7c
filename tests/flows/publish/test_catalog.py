"""The DuckDB file: real SQL on real releases, from other processes and other folders."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.normalize.text import match_key
from flows.publish import publish_release, repoint, rollback, writing
from flows.publish.warehouse import Warehouse
from schemas import TABLES
from schemas.dictionary import arrow_schema, column_descriptions, table_description

ASK = """
import duckdb, json, sys
with duckdb.connect(sys.argv[1]) as connection:
    print(json.dumps(connection.sql(sys.argv[2]).fetchall(), default=str))
"""


def ask(database: str | Path, sql: str, folder: str | Path = "/") -> list[list]:
    """Return the answer of DuckDB in another process with `folder` as its working directory."""
    run = [sys.executable, "-c", ASK, database, sql]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def query(warehouse: Warehouse, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse.catalog), read_only=True) as connection:
        return connection.sql(sql).fetchall()


def test_every_table_answers_as_it_was_published(two_releases, second):
    with duckdb.connect(str(two_releases.catalog), read_only=True) as connection:
        for name, table in TABLES.items():
            frame = connection.sql(f"FROM {name}").pl()
            assert frame.columns == second[name].columns
            assert frame.sort(frame.columns).equals(
                second[name].sort(second[name].columns).cast(frame.schema)
            )
            types = connection.sql(f"FROM {name}").types
            assert types == connection.from_arrow(arrow_schema(table).empty_table()).types


def test_it_answers_from_any_working_directory(one_release, tmp_path):
    sql = "SELECT count(*), (SELECT count(*) FROM records) FROM papers"
    assert ask(one_release.catalog, sql) == [[3, 3]]
    assert ask(one_release.catalog.name, sql, one_release.root) == [[3, 3]]
    relative = Path("..", one_release.root.name, one_release.catalog.name)
    (tmp_path / "elsewhere").mkdir()
    assert ask(relative, sql, tmp_path / "elsewhere") == [[3, 3]]


def test_it_answers_after_the_folder_was_moved(one_release, tmp_path):
    moved = one_release.root.rename(tmp_path / "moved {b} [a]")
    assert ask(moved / "bibliography.duckdb", "SELECT count(*) FROM papers") == [[3]]
    assert ask("bibliography.duckdb", "SELECT count(*) FROM records", moved) == [[3]]


def test_attached_it_answers_after_repointing(one_release, tmp_path):
    moved = Warehouse(one_release.root.rename(tmp_path / "moved"))
    attached = f"ATTACH '{moved.catalog}' AS bibliography (READ_ONLY)"
    with duckdb.connect() as connection:
        connection.execute(attached)
        with pytest.raises(duckdb.IOException, match="No files found"):
            connection.sql("FROM bibliography.papers").fetchall()
    with writing(moved):
        repoint(moved)
    with duckdb.connect() as connection:
        connection.execute(attached)
        assert len(connection.sql("FROM bibliography.papers").fetchall()) == 3


def test_open_readers_keep_their_release_while_it_is_swapped(one_release, publish, sample):
    with duckdb.connect(str(one_release.catalog)) as reader:
        assert reader.sql("SELECT release_id FROM release").fetchall() == [(sample.FIRST,)]
        publish(one_release, sample.SECOND)
        assert reader.sql("SELECT title FROM papers ORDER BY paper_id").fetchall() == [
            ("Title 1",),
            ("Title 2",),
            ("Title 3",),
        ]
        assert reader.sql("SELECT release_id FROM release").fetchall() == [(sample.FIRST,)]
        sql = "SELECT title, (SELECT release_id FROM release) FROM papers ORDER BY paper_id LIMIT 1"
        assert ask(one_release.catalog, sql) == [["New title", sample.SECOND]]


def test_what_a_reader_left_unfinished_does_not_lock_out_others(one_release, publish, sample):
    script = "import duckdb, os, sys\nconnection = duckdb.connect(sys.argv[1])\n"
    script += "connection.execute('CREATE TABLE mine AS SELECT 1')\nos._exit(0)"
    subprocess.run([sys.executable, "-c", script, one_release.catalog], check=True)
    log = one_release.catalog.with_name("bibliography.duckdb.wal")
    assert log.exists()
    publish(one_release, sample.SECOND)
    assert query(one_release, "SELECT release_id FROM release") == [(sample.SECOND,)]


def test_every_table_and_column_is_described(one_release):
    comments = dict(
        query(one_release, "SELECT view_name, comment FROM duckdb_views() WHERE NOT internal")
    )
    described = {
        (table, column): comment
        for table, column, comment in query(
            one_release,
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal",
        )
    }
    for name, table in TABLES.items():
        assert comments[name] == table_description(table)
        for column, description in column_descriptions(table).items():
            assert described[name, column] == description
    assert all(comments.values())
    assert all(described.values())
    macros = "SELECT function_name, comment FROM duckdb_functions() WHERE NOT internal"
    assert {name for name, comment in query(one_release, macros) if comment} == {
        "author_of",
        "name_words",
        "resolve",
    }


def test_the_dictionary_has_every_column(one_release):
    rows = query(one_release, "SELECT table_name, column_name, nullable, is_key FROM dictionary")
    listed = {(table, column): (nullable, key) for table, column, nullable, key in rows}
    for name, table in TABLES.items():
        for field in arrow_schema(table):
            assert listed[name, field.name][0] == field.nullable
    assert listed["papers", "paper_id"] == (False, True)
    sql = "SELECT type, refers_to, description FROM dictionary WHERE (table_name, column_name) = "
    assert query(one_release, sql + "('paper_records', 'paper_id')")[0][:2] == (
        "VARCHAR",
        "papers.paper_id",
    )
    assert query(one_release, "SELECT count(*) FROM dictionary WHERE description IS NULL") == [(0,)]


def test_release_tells_what_is_shown(two_releases, sample, second):
    (row,) = query(two_releases, "SELECT release_id, previous_release_id, row_counts FROM release")
    assert row[:2] == (sample.SECOND, sample.FIRST)
    assert row[2] == {name: frame.height for name, frame in second.items()}


def test_works_merge_the_papers_of_a_work(two_releases, sample):
    rows = query(two_releases, "SELECT work_id, paper_count, title, record_count FROM works")
    assert sorted(rows) == [
        (sample.an_id("W", 1), 1, "New title", 1),
        (sample.an_id("W", 2), 2, "Title 2", 2),
    ]


@pytest.mark.parametrize(
    ("wanted", "alias"),
    [
        ("José García", "José García"),
        ("jose GARCIA", "José García"),
        ("García, José", "José García"),
        ("  garcia   jose. ", "José García"),
        ("Garci\u0301a Jose\u0301", "José García"),
    ],
)
def test_an_author_is_found_by_any_form_of_the_name(one_release, sample, wanted, alias):
    with duckdb.connect(str(one_release.catalog), read_only=True) as connection:
        found = connection.execute("FROM author_of(?)", [wanted]).fetchall()
    assert found == [(sample.an_id("A", 1), "José García", alias, 3)]


@pytest.mark.parametrize("wanted", ["", " . ", "José", "García García José", "Nobody"])
def test_other_names_find_nobody(one_release, wanted):
    with duckdb.connect(str(one_release.catalog), read_only=True) as connection:
        assert connection.execute("FROM author_of(?)", [wanted]).fetchall() == []


def test_letters_without_accents_are_found(one_release, sample):
    assert query(one_release, "SELECT author_id FROM author_of('Orsted Lukasz')") == [
        (sample.an_id("A", 2),)
    ]


@pytest.fixture(scope="module")
def name_words(tmp_path_factory, sample, first):
    """The macro name_words of a catalog, as a function."""
    warehouse = Warehouse(tmp_path_factory.mktemp("names"))
    with writing(warehouse):
        publish_release(warehouse, sample.FIRST, first, {}, None, "1.0")
    connection = duckdb.connect(str(warehouse.catalog), read_only=True)
    yield lambda name: connection.execute("SELECT name_words(?)", [name]).fetchall()[0][0]
    connection.close()


def is_plain(letter: str) -> bool:
    """Ligatures and superscripts are taken apart by resolution only."""
    return unicodedata.normalize("NFKD", letter) == unicodedata.normalize("NFD", letter)


LATIN = st.characters(max_codepoint=0x17F, exclude_categories=["Cc"]).filter(is_plain)


@given(st.text(LATIN | st.sampled_from("ßæœøłđðþı'-., ")))
def test_names_have_the_words_that_resolution_compares(name_words, name):
    words = pl.select(match_key(pl.lit(name, pl.String))).item()
    letters = [word for word in name_words(name) if any(map(str.isalpha, word))]
    expected = [word for word in (words or "").split() if any(map(str.isalpha, word))]
    assert letters == sorted(expected)


def redirected(sample, first, redirects: list[dict]) -> dict[str, pl.DataFrame]:
    content = {name: first[name] for name in first if name not in ("checks", "changes")}
    content["redirects"] = sample.frame("redirects", redirects)
    return sample.release(content, {}, sample.FIRST)


def test_old_ids_resolve_to_todays(warehouse, sample, first):
    today = sample.an_id("P", 1), sample.an_id("P", 2)
    merged, chained, deleted, split, revived, left, right = (
        sample.an_id("P", number) for number in range(10, 17)
    )
    rows = [
        sample.redirect("paper", merged, today[0], "merged", sample.SECOND),
        sample.redirect("paper", chained, merged, "merged", sample.FIRST),
        sample.redirect("paper", deleted, today[0], "merged", sample.FIRST),
        sample.redirect("paper", deleted, None, "deleted", sample.SECOND),
        sample.redirect("paper", split, today[0], "split", sample.SECOND),
        sample.redirect("paper", split, today[1], "split", sample.SECOND),
        sample.redirect("paper", today[1], today[0], "merged", sample.FIRST),
        sample.redirect("paper", revived, today[0], "merged", sample.FIRST),
        sample.redirect("paper", revived, today[1], "merged", sample.SECOND),
        sample.redirect("paper", left, right, "merged", sample.FIRST),
        sample.redirect("paper", right, left, "merged", sample.FIRST),
    ]
    with writing(warehouse):
        tables = redirected(sample, first, rows)
        publish_release(warehouse, sample.FIRST, tables, {}, None, "1.0")
    expected = {
        merged: today[0],
        chained: today[0],
        deleted: None,
        split: today[0],
        today[0]: today[0],
        today[1]: today[1],
        revived: today[1],
        left: None,
        "unknown": None,
    }
    values = ", ".join(f"('{old}')" for old in expected)
    assert dict(query(warehouse, f"SELECT id, resolve(id) FROM (VALUES {values}) old (id)")) == (
        expected
    )
    successors = f"SELECT new_id FROM id_successors WHERE old_id = '{split}' ORDER BY new_id"
    assert query(warehouse, successors) == [(today[0],), (today[1],)]


def test_partitions_that_cannot_match_are_not_read(one_release):
    plan = query(
        one_release, "EXPLAIN ANALYZE SELECT title FROM papers WHERE partition_year = 2021"
    )
    assert "Total Files Read: 1" in plan[0][1]


def test_a_source_too_long_for_a_folder_is_readable(warehouse, sample, first):
    long_source = "x" * 255
    rename = pl.col("source").replace(sample.ODD_SOURCE, long_source)
    content = {name: first[name] for name in first if name not in ("checks", "changes")}
    for name in ("dumps", "records", "paper_records"):
        content[name] = content[name].with_columns(rename)
    with writing(warehouse):
        tables = sample.release(content, {}, sample.FIRST)
        publish_release(warehouse, sample.FIRST, tables, {}, None, "1.0")
    assert query(warehouse, "SELECT DISTINCT source FROM records ORDER BY source") == [
        ("plain",),
        (long_source,),
    ]


def test_a_release_of_an_older_dictionary_can_be_shown_again(two_releases, sample):
    folder = two_releases.release_folder(sample.FIRST)
    for file in (folder / "papers").rglob("*.parquet"):
        pl.read_parquet(file, glob=False, hive_partitioning=False).drop("venue").write_parquet(file)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"relations"', '"relationships"'))
    shutil.rmtree(folder / "relations")
    with writing(two_releases):
        rollback(two_releases, sample.FIRST)
    assert query(two_releases, "SELECT count(*), count(venue) FROM papers") == [(3, 0)]
    assert query(two_releases, "SELECT count(*) FROM relations") == [(0,)]


def test_plain_parquet_readers_use_current(two_releases, tmp_path):
    pattern = (
        os.fspath(two_releases.root).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")
    )
    pattern = pattern.replace("'", "''") + "/current/papers/*/*.parquet"
    assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{pattern}')").fetchall() == [(3,)]
    assert pl.scan_parquet(two_releases.current / "papers").collect().height == 3
