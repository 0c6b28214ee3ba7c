"""The warehouse as a place: its paths, its lock, its releases, and reading tables back.

What is written where, and in which order, stands in `flows.publish`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.publish.manifest import MANIFEST, load_manifest
from schemas import TABLES, keys_of
from schemas.dictionary import polars_schema

CATALOG = "bibliography.duckdb"


class WarehouseError(RuntimeError):
    """The warehouse cannot do what was asked; the message is a sentence for people."""


class WarehouseBusy(WarehouseError):  # noqa: N818 - the names say the state
    """Another refresh is writing to the warehouse."""


class WarehouseUnwritable(WarehouseError):  # noqa: N818 - the names say the state
    """The warehouse cannot be written."""


@dataclass(frozen=True)
class Warehouse:
    """The folder that releases are published in, and the paths below it."""

    root: Path

    @property
    def catalog(self) -> Path:
        """The DuckDB file with views and macros over the current release."""
        return self.root / CATALOG

    @property
    def current(self) -> Path:
        """The symbolic link to the current release."""
        return self.root / "current"

    @property
    def releases(self) -> Path:
        """The folder of releases, one folder for each."""
        return self.root / "releases"

    @property
    def staging(self) -> Path:
        """Where a refresh keeps unfinished files; swept before and after each."""
        return self.root / ".staging"

    @property
    def unpublished(self) -> Path:
        """A marker: the id of a release whose folder may be there without having been published."""
        return self.staging / "unpublished"

    @property
    def lock_file(self) -> Path:
        """The file that a writing process locks; it stays between refreshes."""
        return self.root / ".lock"

    def release_folder(self, release_id: str) -> Path:
        """Return the folder of a release, whether it exists or not."""
        return self.releases / release_id

    def require_release(self, release_id: str) -> Path:
        """Return the folder of a release; raise WarehouseError where there is no such release."""
        folder = self.release_folder(release_id)
        if not (folder / MANIFEST).is_file():
            raise WarehouseError(
                f"There is no release '{release_id}' in the warehouse '{self.root}': there are"
                f" {_listed(list_releases(self))}."
            )
        return folder

    def prepare(self) -> None:
        """Create the folders of the warehouse; raise WarehouseUnwritable where that is impossible.

        An existing warehouse is tried with a file, so that a refresh fails at its start.
        """
        if self.root.is_file():
            raise WarehouseUnwritable(
                f"The warehouse '{self.root}' is a file: name another folder with --warehouse."
            )
        if "?" in str(self.root.resolve()):
            raise WarehouseUnwritable(
                f"The warehouse '{self.root}' lies in a path with a question mark, which DuckDB"
                " takes for the end of a file's name: rename the folder, or name another with"
                " --warehouse."
            )
        try:
            for folder in (self.root, self.releases, self.staging):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".writable-{os.getpid()}"
            probe.write_bytes(b"bibmill")
            probe.unlink()
        except OSError as error:
            raise WarehouseUnwritable(
                f"The warehouse '{self.root}' cannot be written ({error.strerror or error}): make"
                " it writable, or name another folder with --warehouse."
            ) from error

    @contextmanager
    def lock(self, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold the warehouse for writing; raise WarehouseBusy where another process holds it.

        The lock ends with the process, however it ends.
        """
        import filelock

        if not self.root.is_dir():
            raise WarehouseUnwritable(
                f"There is no warehouse '{self.root}': run 'bibmill refresh', or name another"
                " folder with --warehouse."
            )
        lock = filelock.FileLock(self.lock_file, timeout=wait_seconds)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise WarehouseBusy(
                f"Another refresh is writing to the warehouse '{self.root}': wait until it has"
                " finished, and try again."
            ) from error
        except OSError as error:
            raise WarehouseUnwritable(
                f"The warehouse '{self.root}' cannot be locked ({error.strerror or error}): make"
                " it writable, or name another folder with --warehouse."
            ) from error
        try:
            yield
        finally:
            lock.release()


def current_release_id(warehouse: Warehouse) -> str | None:
    """Return the id of the current release, or None before the first is published.

    Raises WarehouseError where there are releases and none is current: to go on as if there were
    none would begin their history anew.
    """
    linked = linked_release_id(warehouse)
    # What a killed first refresh left is no release: it was never current.
    if linked is None and not warehouse.unpublished.exists():
        kept = list_releases(warehouse)
        if kept:
            raise WarehouseError(
                f"The warehouse '{warehouse.root}' has releases, but '{warehouse.current}', which"
                " says which of them is current, is gone: run 'bibmill rollback ID' with one of"
                f" {_listed(kept)}."
            )
    return linked


def linked_release_id(warehouse: Warehouse) -> str | None:
    """Return the id that the link `current` names, or None without the link."""
    if not os.path.lexists(warehouse.current):
        return None
    try:
        return warehouse.current.readlink().name
    except OSError as error:
        raise WarehouseError(
            f"'{warehouse.current}' must be a symbolic link to a release, but is none: remove it,"
            f" then run 'bibmill rollback' to one of {_listed(list_releases(warehouse))}."
        ) from error


def list_releases(warehouse: Warehouse) -> list[str]:
    """Return the ids of the releases in the warehouse, oldest first."""
    return sorted(manifest.parent.name for manifest in warehouse.releases.glob(f"*/{MANIFEST}"))


def read_tables(
    warehouse: Warehouse, release_id: str, names: Iterable[str] | None = None
) -> dict[str, pl.DataFrame]:
    """Return tables of a release, typed as the dictionary types them, sorted by primary key.

    `names` is all tables if None. What an older release lacks, a table or a column of today's
    dictionary, is empty or null.
    """
    folder = warehouse.require_release(release_id)
    manifest = load_manifest(folder)
    return {
        name: read_table(name, [folder / file.path for file in manifest.tables.get(name, ())])
        for name in (TABLES if names is None else names)
    }


def read_table(name: str, files: Iterable[Path]) -> pl.DataFrame:
    """Return the rows of a table's Parquet files, typed and sorted as `read_tables` does."""
    schema = polars_schema(TABLES[name])
    try:
        read = [_read_file(file, schema) for file in files]
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise WarehouseError(
            f"A file of the table {name} cannot be read ({reason}): 'bibmill verify' says what is"
            " damaged; 'bibmill rollback' makes another release current."
        ) from error
    frame = pl.concat([pl.DataFrame(schema=schema), *read])
    return frame.sort(keys_of(TABLES[name]).primary, maintain_order=True)


def _read_file(file: Path, schema: pl.Schema) -> pl.DataFrame:
    # The partition key is read from the file's own column, never from the folder's name.
    frame = pl.read_parquet(file, glob=False, hive_partitioning=False)
    lacking = [
        pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in frame
    ]
    return frame.with_columns(lacking).select(pl.col(name).cast(schema[name]) for name in schema)


def _listed(names: list[str]) -> str:
    return ", ".join(names) if names else "none yet"
