"""Dumps of structured formats, read in tests: from bytes, damaged bytes and files."""

from __future__ import annotations

import datetime as dt
import io
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from flows.formats import (
    DELETION_SCHEMA,
    ENTRY_SCHEMA,
    HEAD_BYTES,
    PERSON_SCHEMA,
    REJECT_SCHEMA,
    STATED_SCHEMA,
    Dump,
    Reading,
    RefusedContentError,
    UnknownFormatError,
    recognise,
)

SAMPLES = Path(__file__).parents[1] / "raw"


@dataclass(frozen=True)
class ReadDump:
    """Everything a reader gave for a dump."""

    format: str
    reading: Reading
    entries: pl.DataFrame
    people: pl.DataFrame
    deletions: pl.DataFrame
    rejects: pl.DataFrame
    stated: pl.DataFrame
    unknown_fields: dict[str, int]

    def rows(self) -> list[dict[str, Any]]:
        """The entries, without what is null everywhere and without the raw text."""
        kept = [name for name, column in self._plain().to_dict().items() if column.count()]
        return self.entries.select(kept).to_dicts()

    def _plain(self) -> pl.DataFrame:
        return self.entries.drop("raw_text")

    def column(self, name: str) -> list[Any]:
        return self.entries[name].to_list()

    def names(self) -> list[list[str] | None]:
        """The author lists of the entries, as names."""
        lists = self.entries["authors"].to_list()
        return [None if each is None else [author["name"] for author in each] for each in lists]

    def assert_accounted(self) -> None:
        """Every ordinal from 1 on stands in exactly one frame, and lines are in order."""
        frames = (self.entries, self.people, self.deletions, self.rejects)
        ordinals = sorted(number for frame in frames for number in frame["ordinal"])
        assert ordinals == list(range(1, len(ordinals) + 1))
        for frame in frames:
            assert frame.filter(pl.col("line_end") < pl.col("line_start")).is_empty()
        assert self.rejects["message"].null_count() == 0
        assert self.rejects["check"].null_count() == 0

    def golden(self) -> dict[str, Any]:
        """What a golden file holds."""
        return {
            "entries": self.rows(),
            "people": self.people.drop("raw_text").to_dicts(),
            "deletions": self.deletions.to_dicts(),
            "rejects": self.rejects.to_dicts(),
            "stated": self.stated.to_dicts(),
            "unknown_fields": self.unknown_fields,
        }


def read_dump(
    content: bytes | str | Path,
    stated_format: str | None = None,
    columns: dict[str, str] | None = None,
    captured_on: dt.date | None = None,
) -> ReadDump:
    """Recognise and read a dump given as content or as a file."""
    path = content if isinstance(content, Path) else None
    data = content.encode() if isinstance(content, str) else content
    if isinstance(data, Path):
        data = data.read_bytes()
    reader = recognise(data[:HEAD_BYTES], stated_format)
    dump = Dump(
        open=lambda: io.BytesIO(data), path=path, captured_on=captured_on, columns=columns or {}
    )
    reading = reader.read(dump)
    batches = list(reading.batches)
    unknown: Counter[str] = Counter()
    for batch in batches:
        unknown.update(batch.unknown_fields)

    def together(name: str, schema: pl.Schema) -> pl.DataFrame:
        frames = [getattr(batch, name) for batch in batches]
        for frame in frames:
            assert frame.schema == schema, name
        return pl.concat([pl.DataFrame(schema=schema), *frames])

    return ReadDump(
        format=reader.FORMAT.name,
        reading=reading,
        entries=together("entries", ENTRY_SCHEMA),
        people=together("people", PERSON_SCHEMA),
        deletions=together("deletions", DELETION_SCHEMA),
        rejects=together("rejects", REJECT_SCHEMA),
        stated=together("stated", STATED_SCHEMA),
        unknown_fields=dict(unknown),
    )


def assert_survives(
    content: bytes, stated_format: str, columns: dict[str, str] | None = None
) -> None:
    """Damaged content is read with every entry accounted for, or refused as a whole."""
    with suppress(UnknownFormatError, RefusedContentError):
        read_dump(content, stated_format, columns).assert_accounted()


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with some bytes changed, left out or put in, or cut at some place."""
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        kind = draw(st.sampled_from(("change", "leave out", "put in", "cut", "repeat")))
        few = draw(st.binary(min_size=1, max_size=4))
        reach = place + draw(st.integers(1, 40))
        if kind == "change":
            content = content[:place] + few + content[place + len(few) :]
        elif kind == "leave out":
            content = content[:place] + content[reach:]
        elif kind == "put in":
            content = content[:place] + few + content[place:]
        elif kind == "repeat":
            content = content[:reach] + content[place:]
        else:
            content = content[: max(place, 1)]
    return content
