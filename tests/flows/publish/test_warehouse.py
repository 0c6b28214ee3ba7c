"""The warehouse as a place: its lock, its errors, and tables read back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from flows.publish import prune, releases, rollback, writing
from flows.publish.warehouse import (
    Warehouse,
    WarehouseBusy,
    WarehouseError,
    WarehouseUnwritable,
    current_release_id,
    list_releases,
    read_tables,
)
from schemas import TABLES, keys_of
from schemas.dictionary import polars_schema


def test_a_new_warehouse_has_no_release(warehouse):
    warehouse.prepare()
    assert current_release_id(warehouse) is None
    assert list_releases(warehouse) == []


@pytest.mark.parametrize("place", ["/proc/warehouse", "/dev/null/warehouse"])
def test_a_place_that_cannot_be_written_is_one_clear_line(place):
    with pytest.raises(WarehouseUnwritable, match=r"cannot be written \(.+\): make it writable"):
        Warehouse(Path(place)).prepare()


def test_a_file_in_its_place_is_one_clear_line(tmp_path):
    (tmp_path / "warehouse").write_text("")
    with pytest.raises(
        WarehouseUnwritable, match=r"is a file: name another folder with --warehouse"
    ):
        Warehouse(tmp_path / "warehouse").prepare()


def test_a_path_that_duckdb_cannot_open_is_one_clear_line(tmp_path):
    with pytest.raises(WarehouseUnwritable, match="question mark"):
        Warehouse(tmp_path / "what?").prepare()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_one_clear_line(warehouse):
    warehouse.prepare()
    warehouse.root.chmod(0o555)
    with pytest.raises(WarehouseUnwritable):
        warehouse.prepare()


HOLD = """
import sys, time
from pathlib import Path
from flows.publish.warehouse import Warehouse
with Warehouse(Path(sys.argv[1])).lock():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(warehouse):
    """Another process that holds the lock."""
    warehouse.prepare()
    run = [sys.executable, "-c", HOLD, warehouse.root]
    with subprocess.Popen(run, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


def test_a_second_writer_is_told(warehouse, holder):
    message = "^Another refresh is writing to the warehouse .* wait until it has finished"
    started = time.monotonic()
    with pytest.raises(WarehouseBusy, match=message), warehouse.lock():
        pass
    with pytest.raises(WarehouseBusy), warehouse.lock(wait_seconds=0.3):
        pass
    assert 0.3 <= time.monotonic() - started < 5


def test_the_lock_ends_with_a_killed_process(warehouse, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with warehouse.lock():
        pass


def test_a_warehouse_that_is_not_there_cannot_be_locked(warehouse):
    with pytest.raises(WarehouseUnwritable, match="There is no warehouse"), warehouse.lock():
        pass


def test_a_lock_that_cannot_be_opened_is_one_clear_line(warehouse):
    warehouse.prepare()
    warehouse.lock_file.mkdir()
    with pytest.raises(WarehouseUnwritable, match="cannot be locked"), warehouse.lock():
        pass


def test_a_second_writer_can_wait(warehouse):
    warehouse.prepare()
    with warehouse.lock():
        pass
    with warehouse.lock(wait_seconds=1):
        pass


def test_tables_come_back_typed_and_sorted(one_release, first, sample):
    tables = read_tables(one_release, sample.FIRST)
    assert list(tables) == list(TABLES)
    for name, frame in tables.items():
        assert frame.schema == polars_schema(TABLES[name])
        assert frame.equals(first[name].sort(keys_of(TABLES[name]).primary))


def test_some_tables_can_be_asked_for(one_release, sample):
    assert list(read_tables(one_release, sample.FIRST, ["papers"])) == ["papers"]


def test_an_older_release_lacks_columns_and_tables(one_release, sample):
    folder = one_release.release_folder(sample.FIRST)
    for file in (folder / "papers").rglob("*.parquet"):
        pl.read_parquet(file, glob=False, hive_partitioning=False).drop("venue").write_parquet(file)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"relations"', '"relationships"'))
    tables = read_tables(one_release, sample.FIRST, ["papers", "relations"])
    assert tables["papers"].schema == polars_schema(TABLES["papers"])
    assert tables["papers"]["venue"].null_count() == tables["papers"].height == 3
    assert tables["relations"].is_empty()


def test_an_unknown_release_is_one_clear_line(one_release):
    with pytest.raises(WarehouseError, match=r"no release '000009-00000000'.*000001-aaaaaaaa"):
        read_tables(one_release, "000009-00000000")


def test_current_must_be_a_link(one_release):
    one_release.current.unlink()
    one_release.current.mkdir()
    with pytest.raises(WarehouseError, match=r"must be a symbolic link.*000001-aaaaaaaa"):
        current_release_id(one_release)


def test_releases_without_a_current_one_are_one_clear_line(two_releases, sample):
    two_releases.current.unlink()
    message = rf"is gone: run 'bibmill rollback ID' with one of {sample.FIRST}, {sample.SECOND}"
    with pytest.raises(WarehouseError, match=message):
        current_release_id(two_releases)
    assert releases(two_releases)["is_current"].to_list() == [False, False]
    with pytest.raises(WarehouseError, match=message), writing(two_releases):
        prune(two_releases, 1)
    with writing(two_releases):
        rollback(two_releases, sample.FIRST)
    assert current_release_id(two_releases) == sample.FIRST


def test_a_first_release_that_was_killed_is_no_release(one_release, sample):
    one_release.current.unlink()
    one_release.prepare()
    one_release.unpublished.write_text(sample.FIRST)
    assert current_release_id(one_release) is None
    with writing(one_release):
        assert current_release_id(one_release) is None
    assert list_releases(one_release) == []


def test_a_damaged_file_of_a_table_is_one_clear_line(one_release, sample):
    file = one_release.release_folder(sample.FIRST) / "authors/part-0.parquet"
    file.write_bytes(b"PAR1")
    with pytest.raises(WarehouseError, match=r"table authors cannot be read .*bibmill verify"):
        read_tables(one_release, sample.FIRST)
