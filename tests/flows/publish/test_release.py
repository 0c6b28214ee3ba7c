"""Publication: whole or absent, whatever happens and whenever; rollback, pruning, sharing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from flows.normalize.digest import file_digest
from flows.publish import (
    ReleaseBlocked,
    catalog,
    parquet,
    prune,
    publish_release,
    releases,
    repoint,
    rollback,
    verify,
    writing,
)
from flows.publish.manifest import read_manifest
from flows.publish.warehouse import (
    Warehouse,
    WarehouseError,
    WarehouseUnwritable,
    current_release_id,
    list_releases,
    read_tables,
)
from schemas import SCHEMA_VERSION, TABLES


def shown(warehouse: Warehouse) -> str:
    """Return the release the catalog shows, having read every row of every table by it."""
    with duckdb.connect(str(warehouse.catalog), read_only=True) as connection:
        ((release_id, counts),) = connection.sql(
            "SELECT release_id, row_counts FROM release"
        ).fetchall()
        for name in TABLES:
            assert len(connection.sql(f"FROM {name}").fetchall()) == counts[name]
    return release_id


def tree(folder: Path) -> dict[str, str]:
    """Return every file and link below a folder with its digest or target."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink())
        if path.is_symlink()
        else file_digest(path)
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_a_release_is_published(one_release, first, sample):
    assert current_release_id(one_release) == shown(one_release) == sample.FIRST
    assert list_releases(one_release) == [sample.FIRST]
    assert os.fspath(one_release.current.readlink()) == f"releases/{sample.FIRST}"
    assert list(one_release.staging.iterdir()) == []
    assert read_tables(one_release, sample.FIRST)["papers"].equals(first["papers"])


def test_the_manifest_tells_what_the_release_is(two_releases, sample, second):
    text = (two_releases.current / "manifest.json").read_text()
    values = json.loads(text)
    assert values["release_id"] == sample.SECOND
    assert values["previous_release_id"] == sample.FIRST
    assert (values["schema_version"], values["code_version"]) == (SCHEMA_VERSION, "1.0")
    assert values["inputs"] == {"dump:a": "1"}
    assert [dump["path"] for dump in values["dumps"]] == sorted(second["dumps"]["path"])
    assert set(values["tables"]) == set(TABLES)
    assert values["tables"]["papers"]["rows"] == second["papers"].height
    files = {
        name: digest
        for name, digest in tree(two_releases.current).items()
        if name != "manifest.json"
    }
    listed = [file for table in values["tables"].values() for file in table["files"]]
    assert {file["path"]: file["sha256"] for file in listed} == files
    assert values["totals"]["files"] == len(files)
    assert values["totals"]["rows"] == sum(frame.height for frame in second.values())
    assert read_manifest(two_releases, sample.SECOND).inputs == {"dump:a": "1"}


def test_equal_input_gives_equal_bytes(tmp_path, publish, sample):
    trees = []
    for name in ("one", "two"):
        publish(Warehouse(tmp_path / name), sample.FIRST)
        trees.append(tree(tmp_path / name / "releases"))
    assert trees[0] == trees[1]


def test_unchanged_files_are_shared_with_the_previous_release(two_releases, sample):
    first, second = (read_manifest(two_releases, name) for name in (sample.FIRST, sample.SECOND))
    before = {file.path: file.sha256 for file in first.files()}
    shared = Counter(before.get(file.path) == file.sha256 for file in second.files())
    assert shared[True] > 5
    assert shared[False] > 5
    for file in second.files():
        links = (two_releases.release_folder(sample.SECOND) / file.path).stat().st_nlink
        assert links == (2 if file.sha256 in before.values() else 1), file.path


def test_a_damaged_file_is_not_shared(one_release, publish, sample):
    damaged = one_release.release_folder(sample.FIRST) / "matches/part-0.parquet"
    damaged.write_bytes(b"damaged")
    publish(one_release, sample.SECOND)
    assert verify(one_release, sample.SECOND) == []


def test_without_hard_links_files_are_copies(one_release, publish, sample, monkeypatch):
    def refuse(*_args: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    publish(one_release, sample.SECOND)
    assert verify(one_release, sample.SECOND) == []


# Killed at any instant. In this process a kill is an exception after which no call to the file
# system goes through any more, so nothing is cleaned up; a few instants are killed for real below.

CALLS = (
    *((os, name) for name in ("fsync", "link", "mkdir", "replace", "rmdir", "symlink", "unlink")),
    (parquet.pq, "write_table"),
    (catalog.duckdb, "connect"),
)


class Killed(BaseException):
    """The process would be dead."""


def kill_at(monkeypatch, number: int, log: list[str]) -> None:
    """Let every call that changes files fail from the given one on."""
    for module, name in CALLS:
        original = getattr(module, name)

        def call(*args, _original=original, _name=name, **options):
            log.append(_name)
            if len(log) >= number:
                raise Killed
            return _original(*args, **options)

        monkeypatch.setattr(module, name, call)


def test_killed_at_any_call_readers_keep_a_whole_release(
    tmp_path, publish, sample, monkeypatch, second
):
    warehouse = Warehouse(tmp_path / "warehouse")
    publish(warehouse, sample.FIRST)
    published = tree(warehouse.release_folder(sample.FIRST))
    catalogs = {file_digest(warehouse.catalog): sample.FIRST}
    seen, number, is_alive = set(), 0, False
    while not is_alive:
        number += 1
        with monkeypatch.context() as patched:
            log: list[str] = []
            kill_at(patched, number, log)
            try:
                publish(warehouse, sample.SECOND)
                is_alive = True
            except Killed:
                pass
        # The readers' side, before anything is repaired.
        digest = file_digest(warehouse.catalog)
        if digest not in catalogs:
            catalogs[digest] = shown(warehouse)
        current = current_release_id(warehouse)
        seen.add((current, catalogs[digest]))
        assert tree(warehouse.release_folder(sample.FIRST)) == published
        if current == sample.SECOND:
            assert verify(warehouse, sample.SECOND) == []
        # The next run repairs.
        with writing(warehouse):
            assert list(warehouse.staging.iterdir()) == []
        assert current_release_id(warehouse) == shown_again(warehouse, catalogs) == current
        if current == sample.FIRST:
            assert list_releases(warehouse) == [sample.FIRST]
        else:
            assert list_releases(warehouse) == [sample.FIRST, sample.SECOND]
            if not is_alive:
                with writing(warehouse):
                    rollback(warehouse, sample.FIRST)
                    shutil.rmtree(warehouse.release_folder(sample.SECOND))
    assert number > 100
    assert seen == {
        (sample.FIRST, sample.FIRST),
        (sample.SECOND, sample.FIRST),
        (sample.SECOND, sample.SECOND),
    }


def shown_again(warehouse: Warehouse, catalogs: dict[str, str]) -> str:
    """Return the release the catalog shows, by its digest if it is known."""
    digest = file_digest(warehouse.catalog)
    if digest not in catalogs:
        catalogs[digest] = shown(warehouse)
    return catalogs[digest]


def test_killed_at_any_call_the_first_publication_is_absent_or_whole(
    tmp_path, publish, sample, monkeypatch
):
    log: list[str] = []
    with monkeypatch.context() as patched:
        kill_at(patched, sys.maxsize, log)
        publish(Warehouse(tmp_path / "whole"), sample.FIRST)
    # Every second of the calls around the commit; the test above tries each.
    for number in range(len(log) - 22, len(log) + 1, 2):
        warehouse = Warehouse(tmp_path / str(number))
        with monkeypatch.context() as patched:
            kill_at(patched, number, [])
            with pytest.raises(Killed):
                publish(warehouse, sample.FIRST)
        current = current_release_id(warehouse)
        assert current in (None, sample.FIRST)
        with writing(warehouse):
            assert list_releases(warehouse) == ([current] if current else [])
        if current is None:
            publish(warehouse, sample.FIRST)
        assert shown(warehouse) == sample.FIRST
        assert verify(warehouse, sample.FIRST) == []


CHILD = """
import os, runpy, signal, sys
from pathlib import Path
from flows.publish import publish_release, writing
from flows.publish.warehouse import Warehouse
sample = runpy.run_path(sys.argv[1])
tables = sample["second_release"]()
victim, real = int(sys.argv[3]), os.replace
def replace(source, target):
    global victim
    victim -= 1
    if victim == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
os.replace = replace
warehouse = Warehouse(Path(sys.argv[2]))
with writing(warehouse):
    publish_release(
        warehouse, sample["SECOND"], tables, {}, sample["FIRST"], "1.0"
    )
print(victim)
"""


def test_killed_for_real_readers_keep_a_whole_release(tmp_path, publish, sample):
    template = Warehouse(tmp_path / "template")
    publish(template, sample.FIRST)
    alive = spawn(template.root, tmp_path / "alive", 10_000)
    (left,) = alive.communicate()[0].split()
    total = 10_000 - int(left)
    # The last renames: the release's folder, a marker, `current`, the catalog.
    victims = [total // 2, total - 3, total - 1, total]
    children = {victim: spawn(template.root, tmp_path / str(victim), victim) for victim in victims}
    seen = []
    for victim, child in children.items():
        child.communicate()
        assert child.returncode == -signal.SIGKILL
        warehouse = Warehouse(tmp_path / str(victim))
        current = current_release_id(warehouse)
        seen.append((current, shown(warehouse)))
        assert verify(warehouse, current) == []
        with writing(warehouse):
            pass
        assert shown(warehouse) == current
        if current == sample.FIRST:
            publish(warehouse, sample.SECOND)
        assert shown(warehouse) == current_release_id(warehouse) == sample.SECOND
        assert list_releases(warehouse) == [sample.FIRST, sample.SECOND]
        assert verify(warehouse, sample.SECOND) == []
    assert seen[0] == (sample.FIRST, sample.FIRST)
    assert seen[-1] == (sample.SECOND, sample.FIRST)


def spawn(template: Path, root: Path, victim: int) -> subprocess.Popen:
    shutil.copytree(template, root, symlinks=True)
    sample = Path(__file__).with_name("sample.py")
    run = [sys.executable, "-c", CHILD, sample, root, str(victim)]
    return subprocess.Popen(run, stdout=subprocess.PIPE)


@pytest.mark.parametrize("call", ["write_table", "fsync", "connect", "symlink", "replace"])
def test_a_full_disk_leaves_the_previous_release(one_release, publish, sample, monkeypatch, call):
    before = tree(one_release.root)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    log: list[str] = []
    with monkeypatch.context() as patched:
        for module, name in CALLS:
            if name == call:
                patched.setattr(module, name, fails_after(getattr(module, name), 3, full, log))
        if call in ("symlink", "connect"):
            log += ["before"] * 3
        message = "(?s)could not be published.*No space left.*current release is still 000001"
        with pytest.raises(WarehouseUnwritable, match=message):
            publish(one_release, sample.SECOND)
    with writing(one_release):
        pass
    assert shown(one_release) == sample.FIRST
    after = tree(one_release.root)
    # Where it cannot be told which release the catalog shows, it is built anew.
    assert after | {"bibliography.duckdb": ""} == before | {"bibliography.duckdb": ""}
    publish(one_release, sample.SECOND)
    assert shown(one_release) == sample.SECOND


def test_publishing_can_be_tried_again_at_once(one_release, sample, second, monkeypatch):
    def attempt() -> None:
        publish_release(one_release, sample.SECOND, second, {}, sample.FIRST, "1.0")

    def refuse(*_args: object) -> None:
        raise OSError(errno.EIO, "broken disk")

    with writing(one_release):
        for name in ("symlink", "fsync"):
            with monkeypatch.context() as patched:
                patched.setattr(os, name, refuse)
                with pytest.raises(WarehouseUnwritable, match="broken disk"):
                    attempt()
        attempt()
    assert shown(one_release) == current_release_id(one_release) == sample.SECOND
    assert verify(one_release, sample.SECOND) == []


def fails_after(original, calls: int, error: OSError, log: list[str]):
    def call(*args, **options):
        log.append(original.__name__)
        if len(log) > calls:
            raise error
        return original(*args, **options)

    return call


def test_a_catalog_that_cannot_be_replaced_is_told(one_release, publish, sample, monkeypatch):
    def refuse(*_args: object) -> None:
        raise OSError(errno.EIO, "broken disk")

    with monkeypatch.context() as patched:
        patched.setattr("flows.publish.release.replace_catalog", refuse)
        with pytest.raises(WarehouseUnwritable, match="is current, but the catalog is not renewed"):
            publish(one_release, sample.SECOND)
    assert current_release_id(one_release) == sample.SECOND
    assert shown(one_release) == sample.FIRST
    with writing(one_release):
        pass
    assert shown(one_release) == sample.SECOND


def test_a_failed_check_blocks(one_release, sample, second):
    checks = second["checks"].with_columns(
        passed=pl.col("check") != "id_succession",
        message=pl.when(check="id_succession").then(pl.lit("Ids are lost.")).otherwise("message"),
    )
    before = tree(one_release.root)
    tables = {**second, "checks": checks}
    with writing(one_release), pytest.raises(ReleaseBlocked, match=r"^Ids are lost\.$"):
        publish_release(one_release, sample.SECOND, tables, {}, sample.FIRST, "1.0")
    assert tree(one_release.root) == before


def test_a_release_has_every_table_and_a_new_id(one_release, sample, first):
    with writing(one_release):
        with pytest.raises(WarehouseError, match="there already"):
            publish_release(one_release, sample.FIRST, first, {}, None, "1.0")
        some = {name: frame for name, frame in first.items() if name != "papers"}
        with pytest.raises(ValueError, match="papers"):
            publish_release(one_release, sample.SECOND, some, {}, None, "1.0")
        with pytest.raises(ValueError, match="no release id"):
            publish_release(one_release, "../000001", first, {}, None, "1.0")


def test_rollback_shows_an_earlier_release(two_releases, sample):
    with writing(two_releases):
        rollback(two_releases, sample.FIRST)
    assert current_release_id(two_releases) == shown(two_releases) == sample.FIRST
    with writing(two_releases):
        rollback(two_releases, sample.SECOND)
    assert current_release_id(two_releases) == shown(two_releases) == sample.SECOND
    with (
        writing(two_releases),
        pytest.raises(WarehouseError, match="no release '000009-00000000'"),
    ):
        rollback(two_releases, "000009-00000000")


def test_releases_are_listed(two_releases, sample):
    rows = releases(two_releases).drop("bytes").rows()
    assert rows == [
        (sample.FIRST, None, 3, 2, 3, False),
        (sample.SECOND, sample.FIRST, 3, 2, 4, True),
    ]
    assert releases(two_releases)["bytes"].min() > 0


def test_pruning_keeps_the_newest_and_the_current(two_releases, sample):
    with writing(two_releases):
        assert prune(two_releases, keep=2) == []
        with pytest.raises(WarehouseError, match="at least 1"):
            prune(two_releases, keep=0)
        rollback(two_releases, sample.FIRST)
        assert prune(two_releases, keep=1) == []
        rollback(two_releases, sample.SECOND)
        assert prune(two_releases, keep=1) == [sample.FIRST]
    assert list_releases(two_releases) == [sample.SECOND]
    assert verify(two_releases, sample.SECOND) == []
    assert shown(two_releases) == sample.SECOND


def test_a_lost_catalog_is_built_anew(one_release, sample):
    one_release.catalog.unlink()
    with writing(one_release):
        pass
    assert shown(one_release) == sample.FIRST


def test_a_warehouse_without_release_cannot_be_repointed(warehouse):
    with writing(warehouse), pytest.raises(WarehouseError, match="no release yet"):
        repoint(warehouse)


def test_a_current_release_that_was_deleted_can_be_replaced(two_releases, sample):
    shutil.rmtree(two_releases.release_folder(sample.SECOND))
    two_releases.catalog.unlink()
    with writing(two_releases):
        rollback(two_releases, sample.FIRST)
    assert shown(two_releases) == sample.FIRST


def test_staging_is_swept_before_and_after(warehouse):
    warehouse.prepare()
    (warehouse.staging / "left" / "over").mkdir(parents=True)
    (warehouse.staging / "left" / "over" / "file").write_text("")
    with writing(warehouse):
        assert list(warehouse.staging.iterdir()) == []
        (warehouse.staging / "now").mkdir()
    assert list(warehouse.staging.iterdir()) == []


def test_every_file_and_folder_is_forced_to_the_disk(warehouse, publish, sample, monkeypatch):
    synced = set()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    publish(warehouse, sample.FIRST)
    release = warehouse.release_folder(sample.FIRST)
    for path in [release, *release.rglob("*"), warehouse.catalog, warehouse.root]:
        assert path.stat().st_ino in synced, path


def test_parquet_of_a_release_names_its_schema(one_release):
    schema = pq.read_schema(one_release.current / "authors" / "part-0.parquet")
    assert b"One row per author" in schema.metadata[b"description"]
