"""Publishing: in which order files are written, so that a release is whole or absent.

1. Everything is written to the staging folder, the manifest last, all of it forced to the disk.
2. The folder is renamed to releases/<id>. A marker says that this release is not yet published.
3. The catalog of the release is built in the staging folder, which proves that it can be read.
4. `current` is pointed to the release in one rename: **this is the commit**. Killed before it, the
   release is not published, and the next run removes it; killed after it, the next run finishes.
5. The catalog is replaced in one rename. Killed between 4 and 5, `current` shows the new release
   and the catalog still the one before, both whole; a second marker has the next run replace it.

`writing` is the door for everything that changes a warehouse: it holds the lock, and repairs what a
killed run left. All other functions here are called inside it.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import polars as pl

from flows.normalize.digest import file_digest
from flows.publish.catalog import build_catalog, replace_catalog
from flows.publish.checks import blocking
from flows.publish.files import point, remove, replace, sync, sync_folders, write_text
from flows.publish.manifest import InputDump, Manifest, load_manifest, read_manifest, write_manifest
from flows.publish.parquet import WrittenFile, write_table
from flows.publish.warehouse import (
    Warehouse,
    WarehouseError,
    WarehouseUnwritable,
    current_release_id,
    linked_release_id,
    list_releases,
)
from schemas import SCHEMA_VERSION, TABLES

RELEASE_ID = re.compile(r"\d{6}-[0-9a-f]{8}")
CATALOG_BEHIND = "catalog-behind"
"""Marker in the staging folder: the catalog may show another release than `current`."""


class ReleaseBlocked(WarehouseError):  # noqa: N818 - the name says the state
    """A failed check blocks the release."""


@contextlib.contextmanager
def writing(warehouse: Warehouse, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the warehouse for writing, repaired and swept before and after.

    Raises WarehouseUnwritable or WarehouseBusy, each with one clear line, before anything is done.
    """
    warehouse.prepare()
    with warehouse.lock(wait_seconds):
        recover(warehouse)
        try:
            yield
        finally:
            # What cannot be swept now, on a full disk say, is swept by the next run.
            with contextlib.suppress(OSError, WarehouseError, duckdb.Error):
                recover(warehouse)


def recover(warehouse: Warehouse) -> None:
    """Finish or undo what a killed run left, and sweep the staging folder."""
    _discard_unpublished(warehouse)
    behind = warehouse.staging / CATALOG_BEHIND
    stale = behind.exists() or not warehouse.catalog.exists()
    if stale and linked_release_id(warehouse) in list_releases(warehouse):
        repoint(warehouse)
    for left in sorted(warehouse.staging.iterdir()):
        remove(left)


def publish_release(
    warehouse: Warehouse,
    release_id: str,
    tables: Mapping[str, pl.DataFrame],
    inputs: Mapping[str, str],
    previous_release_id: str | None,
    code_version: str,
) -> Manifest:
    """Publish `tables`, all of `schemas.TABLES`, as the current release; return its manifest.

    `inputs` is what decided the content, by name (digests of dumps, settings, rulings, code); the
    manifest keeps it. Raises ReleaseBlocked where the table `checks` has a failed check of severity
    fail, ValueError where a table is not as the dictionary says, WarehouseUnwritable where a file
    cannot be written; the previous release stays as it was then.
    """
    folder = warehouse.staging / "release"
    with _failures_told(warehouse, release_id):
        # An attempt before this one may have failed half way.
        _discard_unpublished(warehouse)
        remove(folder)
        _require_publishable(warehouse, release_id, tables)
        manifest = _write_release(
            warehouse, release_id, tables, inputs, previous_release_id, code_version, folder
        )
        write_text(warehouse.unpublished, release_id)
        replace(folder, warehouse.release_folder(release_id))
        _switch(warehouse, release_id)
        remove(warehouse.unpublished)
    return manifest


def rollback(warehouse: Warehouse, release_id: str) -> None:
    """Make an earlier release, or a later one again, the current release."""
    warehouse.require_release(release_id)
    with _failures_told(warehouse, release_id):
        _switch(warehouse, release_id)


def repoint(warehouse: Warehouse) -> None:
    """Build the catalog of the current release anew, for the folder the warehouse is in now."""
    release_id = current_release_id(warehouse)
    if release_id is None:
        raise WarehouseError(
            f"The warehouse '{warehouse.root}' has no release yet: run 'bibmill refresh'."
        )
    warehouse.require_release(release_id)
    built = warehouse.staging / "catalog.duckdb"
    with _failures_told(warehouse, release_id):
        build_catalog(warehouse, release_id, built)
        replace_catalog(warehouse, built)


def prune(warehouse: Warehouse, keep: int) -> list[str]:
    """Remove all but the newest `keep` releases and the current one; return the ids removed.

    A reader that still has a removed release open can no longer read it.
    """
    if keep < 1:
        raise WarehouseError(f"Cannot keep {keep} releases: keep at least 1.")
    current = current_release_id(warehouse)
    removed = [name for name in list_releases(warehouse)[:-keep] if name != current]
    for release_id in removed:
        _discard(warehouse, release_id)
    return removed


def releases(warehouse: Warehouse) -> pl.DataFrame:
    """Return the releases in the warehouse, oldest first, with their main counts.

    `bytes` counts all files of a release, also those it shares with others.
    """
    current = linked_release_id(warehouse)
    manifests = [read_manifest(warehouse, release_id) for release_id in list_releases(warehouse)]
    return pl.DataFrame(
        [
            (
                manifest.release_id,
                manifest.previous_release_id,
                *(manifest.rows(name) for name in ("papers", "authors", "records")),
                sum(file.bytes for file in manifest.files()),
                manifest.release_id == current,
            )
            for manifest in manifests
        ],
        schema={
            "release_id": pl.String,
            "previous_release_id": pl.String,
            "papers": pl.Int64,
            "authors": pl.Int64,
            "records": pl.Int64,
            "bytes": pl.Int64,
            "is_current": pl.Boolean,
        },
        orient="row",
    )


def _require_publishable(
    warehouse: Warehouse, release_id: str, tables: Mapping[str, pl.DataFrame]
) -> None:
    if not RELEASE_ID.fullmatch(release_id):
        raise ValueError(f"'{release_id}' is no release id, such as 000001-0a1b2c3d.")
    if set(tables) != set(TABLES):
        differing = ", ".join(sorted(set(tables) ^ set(TABLES)))
        raise ValueError(f"A release has all tables of the dictionary and no others: {differing}.")
    if failed := blocking(tables["checks"]):
        raise ReleaseBlocked(" ".join(failed))
    if os.path.lexists(warehouse.release_folder(release_id)):
        raise WarehouseError(
            f"Release {release_id} is there already, and releases never change: publish under a"
            " new number."
        )


def _write_release(
    warehouse: Warehouse,
    release_id: str,
    tables: Mapping[str, pl.DataFrame],
    inputs: Mapping[str, str],
    previous_release_id: str | None,
    code_version: str,
    folder: Path,
) -> Manifest:
    """Write the whole release into `folder` of the staging folder, for good."""
    written = {name: tuple(write_table(name, tables[name], folder)) for name in TABLES}
    manifest = Manifest(
        release_id=release_id,
        previous_release_id=previous_release_id,
        schema_version=SCHEMA_VERSION,
        code_version=code_version,
        inputs=inputs,
        dumps=tuple(
            InputDump(**row)
            for row in tables["dumps"].sort("path").select("path", "sha256", "bytes").to_dicts()
        ),
        tables=written,
    )
    if previous_release_id is not None:
        _share(warehouse.require_release(previous_release_id), folder, manifest)
    write_manifest(manifest, folder)
    sync_folders(folder)
    return manifest


def _share(previous: Path, folder: Path, manifest: Manifest) -> None:
    """Put hard links to the previous release's files in place of equal files."""
    there = {file.sha256: file.path for file in load_manifest(previous).files()}
    for file in manifest.files():
        if file.sha256 in there:
            _link(previous / there[file.sha256], folder / file.path, file)


def _link(source: Path, target: Path, file: WrittenFile) -> None:
    # A file that was damaged since it was published is not passed on.
    if not source.is_file() or file_digest(source) != file.sha256:
        return
    linked = target.with_name(f".{target.name}.link")
    try:
        os.link(source, linked)
    except OSError:
        # No hard links on this file system, or too many to one file: the copy stays.
        return
    replace(linked, target)


def _switch(warehouse: Warehouse, release_id: str) -> None:
    """Make a release in the warehouse the current one: first `current`, then the catalog."""
    built = warehouse.staging / "catalog.duckdb"
    build_catalog(warehouse, release_id, built)
    sync(warehouse.releases)
    behind = warehouse.staging / CATALOG_BEHIND
    write_text(behind, release_id)
    point(
        warehouse.current, f"{warehouse.releases.name}/{release_id}", warehouse.staging / "current"
    )
    replace_catalog(warehouse, built)
    remove(behind)


def _discard_unpublished(warehouse: Warehouse) -> None:
    """Remove a release whose folder is in place, but which was never made current."""
    marker = warehouse.unpublished
    if marker.exists() and (release_id := marker.read_text()) != linked_release_id(warehouse):
        _discard(warehouse, release_id)
    remove(marker)


def _discard(warehouse: Warehouse, release_id: str) -> None:
    """Remove a release: out of sight in one rename, then from the disk."""
    folder = warehouse.release_folder(release_id)
    if folder.exists():
        discarded = warehouse.staging / f"discarded-{release_id}"
        remove(discarded)
        replace(folder, discarded)
        sync(warehouse.releases)
        remove(discarded)


@contextlib.contextmanager
def _failures_told(warehouse: Warehouse, release_id: str) -> Iterator[None]:
    """Raise WarehouseUnwritable, saying which release stands, where a file cannot be written."""
    try:
        yield
    except (OSError, duckdb.OperationalError) as error:
        current = linked_release_id(warehouse)
        if current == release_id:
            stands = "It is current, but the catalog is not renewed: mend that and run"
            stands += " 'bibmill repoint'."
        else:
            stands = f"The current release is still {current or 'none'}: mend that and try again."
        raise WarehouseUnwritable(
            f"Release {release_id} could not be published in the warehouse '{warehouse.root}'"
            f" ({error}). {stands}"
        ) from error
