"""Sources: the folders under raw/, their optional source.toml, and the dumps found in them."""

from __future__ import annotations

import datetime as dt
import os
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from flows.formats import readers
from flows.normalize.digest import file_digest

ROOT_SOURCE = "raw"
"""The source of dumps that lie in raw/ itself, in no folder of their own."""

JUDGEMENTS = "judgements"
WEIGHTS = "weights.csv"
"""The file in the folder of judgements that holds no rulings, but what they taught."""
IGNORED_NAMES = ("source.toml", "README.md")


class RawError(ValueError):
    """raw/ or a source.toml cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Expect:
    """What a source is expected to deliver: bounds for the checks of a refresh."""

    min_records: int | None = None
    max_reject_share: float | None = None


@dataclass(frozen=True)
class Source:
    """What source.toml says of a source; every key has a default."""

    name: str
    title: str | None = None
    homepage: str | None = None
    publisher: str | None = None
    licence: str | None = None
    format: str | None = None
    mode: str = "append"
    captured_on: dt.date | None = None
    duplicate_free: bool = False
    version: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    expect: Expect = field(default_factory=Expect)


@dataclass(frozen=True)
class FoundDump:
    """A file under raw/: where it lies, and the source it belongs to.

    It may be something that must not be opened: ask `obstacle` first. `relative` is the true name,
    control characters included; print it with `shown`.
    """

    path: Path
    relative: str
    source: Source


def find_dumps(raw: Path) -> list[FoundDump]:
    """Return every dump under `raw`, sorted by path below it.

    Hidden files, README.md, source.toml and the judgements folder are not dumps. Symbolic links to
    files are followed; folders are entered once, so a loop of links ends. Raises RawError where
    `raw` is no folder or a source.toml is wrong.
    """
    if not raw.is_dir():
        raise RawError(
            f"There is no folder '{shown(str(raw))}': create it and put dumps in, or"
            " name it with --raw."
        )
    found: list[FoundDump] = []
    sources: dict[str, Source] = {}
    for path in _files(raw):
        relative = path.relative_to(raw)
        name = relative.parts[0] if len(relative.parts) > 1 else ROOT_SOURCE
        if name not in sources:
            folder = raw / name if len(relative.parts) > 1 else raw
            sources[name] = read_source(name, folder / "source.toml")
        found.append(FoundDump(path, _printable(relative), sources[name]))
    return sorted(found, key=lambda dump: dump.relative)


def read_source(name: str, toml: Path) -> Source:
    """Return the source described by `toml`, or by defaults where there is no such file.

    Raises RawError for a file that is no TOML, for an unknown key and for a value of a wrong type.
    """
    if not toml.is_file():
        return Source(name)
    place = shown(str(toml))
    try:
        values: dict[str, Any] = tomllib.loads(toml.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RawError(f"{place} is no valid TOML ({error}): mend it.") from error
    except OSError as error:
        raise RawError(
            f"{place} cannot be read ({error.strerror}): mend its permissions."
        ) from error
    _known_keys(values, {f.name for f in fields(Source)} - {"name"}, place)
    expect = values.pop("expect", {})
    if not isinstance(expect, dict):
        raise RawError(f"{place}: expect must be a table: write [expect] above its keys.")
    _known_keys(expect, {f.name for f in fields(Expect)}, place)
    source = Source(name, **values, expect=Expect(**expect))
    _checked(source, place)
    return source


def inputs_digest(raw: Path) -> dict[str, str]:
    """Return the SHA-256 of each source.toml and judgement file, by path below `raw`."""
    tomls = [raw / "source.toml", *sorted(raw.glob("*/source.toml"))]
    rulings = sorted((raw / JUDGEMENTS).glob("*.csv"))
    return {
        path.relative_to(raw).as_posix(): file_digest(path)
        for path in [*tomls, *rulings]
        if path.is_file()
    }


def obstacle(path: Path) -> str | None:
    """Return why `path` must not be opened, as a sentence; null for a regular file.

    To open a pipe, a socket or a device may wait for ever. Raises OSError where `path` leads
    nowhere.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return "It is a folder that cannot be listed: mend its permissions."
    if not stat.S_ISREG(mode):
        return "It is no regular file (a pipe, socket or device): replace it by its content."
    return None


def dump_digest(path: Path) -> str:
    """Return the SHA-256 of a dump, or 'unreadable: ' and why there is none; it never waits."""
    try:
        return f"unreadable: {reason}" if (reason := obstacle(path)) else file_digest(path)
    except OSError as error:
        return f"unreadable: {error.strerror}"


def dump_size(path: Path) -> int:
    """Return the bytes of a dump; 0 for what cannot be opened."""
    try:
        return 0 if obstacle(path) else path.stat().st_size
    except OSError:
        return 0


def shown(text: str) -> str:
    """Return a name or path on one line: signs that cannot be printed stand as escapes."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii")
        for sign in text
    )


def _files(raw: Path) -> Iterator[Path]:
    """Yield the files below `raw`, each real folder entered once.

    A folder that cannot be listed is yielded too, so that it becomes a reject, not a silent loss.
    """
    entered: set[Path] = set()
    unlisted: list[Path] = []
    walk = os.walk(raw, followlinks=True, onerror=lambda error: unlisted.append(error.filename))
    for folder, names, files in walk:
        real = Path(folder).resolve()
        if real in entered:
            names.clear()
            continue
        entered.add(real)
        if Path(folder) == raw:
            names[:] = [name for name in names if name != JUDGEMENTS]
        names[:] = sorted(name for name in names if not name.startswith("."))
        for file in files:
            if not file.startswith(".") and file not in IGNORED_NAMES:
                yield Path(folder) / file
    yield from map(Path, unlisted)


def _printable(relative: Path) -> str:
    """Return a path with forward slashes; bytes of a name that are not UTF-8 as escapes."""
    return os.fsencode(relative.as_posix()).decode("utf-8", "backslashreplace")


def _known_keys(values: dict[str, Any], known: set[str], place: str) -> None:
    unknown = sorted(set(values) - known)
    if unknown:
        raise RawError(
            f"{place} has the unknown key '{shown(unknown[0])}'; known are"
            f" {', '.join(sorted(known))}."
        )


def _checked(source: Source, place: str) -> None:
    texts = ("title", "homepage", "publisher", "licence", "format")
    minimum, share = source.expect.min_records, source.expect.max_reject_share
    rules: tuple[tuple[bool, str], ...] = (
        *(
            (isinstance(getattr(source, key), str | None), f"{key} must be a text in quotes")
            for key in texts
        ),
        (
            isinstance(source.columns, dict)
            and all(isinstance(column, str) for column in source.columns.values()),
            'columns must be a table of lines such as title = "Paper Title"',
        ),
        (
            source.format in (None, *readers()),
            f"format must be one that bibmill reads: {', '.join(readers())}",
        ),
        (source.mode in ("append", "snapshot"), "mode must be 'append' or 'snapshot'"),
        (
            source.captured_on is None or type(source.captured_on) is dt.date,
            "captured_on must be a day such as 2026-10-31, without quotes",
        ),
        (
            source.version in (None, "published", "preprint"),
            "version must be 'published' or 'preprint'",
        ),
        (isinstance(source.duplicate_free, bool), "duplicate_free must be true or false"),
        (
            minimum is None or (type(minimum) is int and minimum >= 0),
            "expect.min_records must be a whole number",
        ),
        (
            share is None or (type(share) in (int, float) and 0 <= share <= 1),
            "expect.max_reject_share must be a number between 0 and 1",
        ),
    )
    for holds, message in rules:
        if not holds:
            raise RawError(f"{place}: {message}.")
