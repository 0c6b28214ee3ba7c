"""DBLP: `dblp.xml`, the publications and persons of the computer science bibliography.

Its DTD is not needed; the characters it names are HTML's. What the elements mean stands in `_dblp`.
What a record would inherit by `crossref` is not copied into it: `related` says where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import polars as pl

from flows.formats import REJECT_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._dblp import FIELD, told_apart, unknown_fields
from flows.formats._entries import as_rejects, numbered
from flows.formats._xml import Broken, Piece, inner, lines, pieces, raw, reject, root_tag

FORMAT = Format(
    name="dblp",
    title="DBLP (dblp.xml)",
    recognised_by="the root element is <dblp>",
    example='<dblp>\n<article mdate="2020-01-31" key="journals/x/Doe17">\n<author>Jane Doe 0001'
    "</author>\n<title>An Example.</title>\n<year>2017</year>\n</article>\n</dblp>",
)

KINDS = ("article", "inproceedings", "proceedings", "book", "incollection", "phdthesis",
         "mastersthesis", "www", "data")  # fmt: skip
_BATCH_RECORDS = 10_000
_RECORD = {
    "ordinal": pl.Int64(), "line_start": pl.Int64(), "line_end": pl.Int64(), "kind": pl.String(),
    "key": pl.String(), "mdate": pl.String(), "publtype": pl.String(), "raw_text": pl.String(),
}  # fmt: skip


def sniff(head: str) -> float:
    """Return 1 for XML whose root element is <dblp>, else 0."""
    tag = root_tag(head)
    return 1.0 if tag and tag[1:].split(maxsplit=1)[0].rstrip("/>") == "dblp" else 0.0


def read(dump: Dump) -> Reading:
    """Return the publications as entries, the records of persons (`homepages/...`) as people."""
    return Reading(
        batches=numbered(_batches(dump)),
        captured_on=dump.captured_on,
        captured_on_basis="source_toml" if dump.captured_on else None,
        capture_year=dump.captured_on.year if dump.captured_on else None,
        has_lines=False,
    )


def _batches(dump: Dump) -> Iterator[Batch]:
    """Yield the batches; while one is worked out, the next is gathered."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        upcoming: Future[Batch] | None = None
        for gathered in _gathered(dump):
            before, upcoming = upcoming, pool.submit(gathered.batch)
            if before is not None:
                yield before.result()
        if upcoming is not None:
            yield upcoming.result()


def _gathered(dump: Dump) -> Iterator[_Gathered]:
    gathered = _Gathered()
    for piece in pieces(dump, KINDS):
        gathered.add(piece)
        if gathered.total >= _BATCH_RECORDS:
            yield gathered
            gathered = _Gathered()
    yield gathered


class _Gathered:
    """Some records as columns: one row for each of them, and one for each of their fields.

    A loop over elements: XML is nested text, which no column expression parses.
    """

    def __init__(self) -> None:
        self.total = 0
        self._records: list[tuple[Any, ...]] = []
        self._rejects: list[dict[str, Any]] = []
        self._counts: list[int] = []
        self._names: list[str] = []
        self._values: list[str | None] = []
        self._details: list[str | None] = []

    def add(self, piece: Piece | Broken) -> None:
        """Take in the records of a piece."""
        if isinstance(piece, Broken):
            self.total += 1
            self._rejects.append(reject(piece, self.total))
            return
        for record in piece.records:
            fields = list(record)
            names = [str(field.tag) for field in fields]
            self._counts.append(len(fields))
            self._names += names
            if any(map(len, fields)):
                self._values += [inner(field) for field in fields]
            else:
                self._values += [field.text for field in fields]
            self._details += (
                [
                    field.get("orcid") if name == "author" else None
                    for name, field in zip(names, fields, strict=True)
                ]
                if "note" not in names
                else [
                    field.get("orcid" if name == "author" else "type")
                    for name, field in zip(names, fields, strict=True)
                ]
            )
            self.total += 1
            key = record.get("key")
            self._records.append(
                (
                    self.total,
                    *lines(record, fields[-1] if fields else None, piece.line),
                    record.tag,
                    key,
                    record.get("mdate"),
                    record.get("publtype"),
                    raw(record) if key is None or "title" not in names else None,
                )
            )
        self._add_others(piece)

    def _add_others(self, piece: Piece) -> None:
        """Take in elements beside the records that are none: a kind of record not known here."""
        root = piece.records[0].getparent()
        if root is None or len(root) == len(piece.records):
            return
        for other in root:
            if other.tag not in KINDS:
                first, last = lines(other, other[-1] if len(other) else None, piece.line)
                self.total += 1
                message = f"Records of the kind <{other.tag}> are not read: the layout has changed."
                broken = Broken(first, message, last, raw(other))
                self._rejects.append({**reject(broken, self.total), "check": "known_kind"})

    def batch(self) -> Batch:
        """Return what was taken in."""
        records = pl.DataFrame(self._records, schema=_RECORD, orient="row")
        fields = pl.DataFrame(
            {
                "row": np.repeat(np.arange(len(self._counts), dtype=np.uint32), self._counts),
                "name": self._names,
                "value": self._values,
                "detail": self._details,
            },
            schema=FIELD,
        )
        frames = told_apart(records, fields)
        broken = pl.DataFrame(self._rejects, schema=REJECT_SCHEMA)
        return Batch(
            entries=frames["entries"],
            people=frames["people"],
            deletions=frames["deletions"],
            rejects=pl.concat([frames["rejects"], as_rejects(broken)]).sort("ordinal"),
            unknown_fields=unknown_fields(fields),
        )
