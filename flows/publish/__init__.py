"""Publish: tables become a release, whole or not at all, that every reader sees at once.

warehouse   the place: its paths, its lock, reading tables back
release     the order of publication, and what changes a warehouse
parquet     tables as files
manifest    what a release was made from, and its files
catalog     the DuckDB file over a release
views       what the DuckDB file offers beyond the tables
changes     a release against the one before
checks      what must hold before a release is published (`guarantees`), and what people should
            know of it (`notices`); both are measured on a `candidate`
integrity   what must hold inside a set of tables
files       durable file operations

The functions `changes.changes` and `checks.run_checks` fill their tables before `publish_release`.
"""

from flows.publish.integrity import verify
from flows.publish.release import (
    ReleaseBlocked,
    prune,
    publish_release,
    releases,
    repoint,
    rollback,
    writing,
)

__all__ = [
    "ReleaseBlocked",
    "prune",
    "publish_release",
    "releases",
    "repoint",
    "rollback",
    "verify",
    "writing",
]
