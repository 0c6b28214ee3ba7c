"""Durable file operations: what returned from here survives a power cut.

Knows files and folders, nothing of releases or tables.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def sync(path: Path) -> None:
    """Force a file's content, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folders(folder: Path) -> None:
    """Force the names in `folder` and in every folder below it to the disk."""
    for below, _, _ in os.walk(folder, topdown=False):
        sync(Path(below))


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing: the text stands under `path` at once and for good."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    sync(temporary)
    replace(temporary, path)


def replace(source: Path, target: Path) -> None:
    """Rename `source` to `target`, in place of what is there, for good."""
    os.replace(source, target)  # noqa: PTH105 - one spelling for the calls that commit
    sync(target.parent)


def point(link: Path, target: str, temporary: Path) -> None:
    """Make the symbolic link `link` point to `target` in one step, by way of `temporary`."""
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    replace(temporary, link)


def remove(path: Path) -> None:
    """Remove a file or folder for good, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    sync(path.parent)
