"""The manifest of a release: what it was made from, and every file of it with its checksum.

It is written last, so a folder with a manifest holds a whole release. No clock in it: the same
input gives the same manifest, but for the table that holds the times of refreshes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.publish.files import write_text
from flows.publish.parquet import WrittenFile

if TYPE_CHECKING:
    from flows.publish.warehouse import Warehouse

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class InputDump:
    """A dump the release was made from; without checksum where it could not be read."""

    path: str
    sha256: str | None
    bytes: int | None


@dataclass(frozen=True)
class Manifest:
    """What stands in manifest.json.

    `inputs` is what the caller says decided the content, by name: digests of dumps, source.toml
    files, judgements and code. `tables` are the files of each table.
    """

    release_id: str
    previous_release_id: str | None
    schema_version: str
    code_version: str
    inputs: Mapping[str, str]
    dumps: tuple[InputDump, ...]
    tables: Mapping[str, tuple[WrittenFile, ...]]

    def rows(self, table: str) -> int:
        """Return the number of rows of a table; 0 for a table the release does not have."""
        return sum(file.rows for file in self.tables.get(table, ()))

    def files(self) -> list[WrittenFile]:
        """Return every file of the release but the manifest."""
        return [file for files in self.tables.values() for file in files]


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write manifest.json into the release in `folder`, for good."""
    write_text(folder / MANIFEST, json.dumps(_as_json(manifest), indent=2, sort_keys=True) + "\n")


def load_manifest(folder: Path) -> Manifest:
    """Return the manifest of the release in `folder`; raise WarehouseError where it is damaged."""
    try:
        return _from_json(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        from flows.publish.warehouse import WarehouseError  # which imports this module

        raise WarehouseError(
            f"The manifest '{folder / MANIFEST}' cannot be read ({type(error).__name__}: {error}):"
            " put it back from a backup, or make another release current with 'bibmill rollback'"
            f" and remove '{folder}'."
        ) from error


def _from_json(values: dict[str, Any]) -> Manifest:
    return Manifest(
        release_id=values["release_id"],
        previous_release_id=values["previous_release_id"],
        schema_version=values["schema_version"],
        code_version=values["code_version"],
        inputs=values["inputs"],
        dumps=tuple(InputDump(**dump) for dump in values["dumps"]),
        tables={
            name: tuple(WrittenFile(**file) for file in table["files"])
            for name, table in values["tables"].items()
        },
    )


def read_manifest(warehouse: Warehouse, release_id: str) -> Manifest:
    """Return the manifest of a release; raise WarehouseError where there is no such release."""
    return load_manifest(warehouse.require_release(release_id))


def _as_json(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest with sums for people; they are not read back."""
    tables = {name: {**_sums(files), "files": [asdict(file) for file in files]}
              for name, files in manifest.tables.items()}  # fmt: skip
    values = {name: value for name, value in vars(manifest).items() if name != "tables"}
    return {
        **values,
        "inputs": dict(manifest.inputs),
        "dumps": [asdict(dump) for dump in manifest.dumps],
        "tables": tables,
        "totals": {**_sums(manifest.files()), "files": len(manifest.files())},
    }


def _sums(files: tuple[WrittenFile, ...] | list[WrittenFile]) -> dict[str, int]:
    return {"rows": sum(file.rows for file in files), "bytes": sum(file.bytes for file in files)}
