"""DBLP: `dblp.xml`, the publications and persons of the computer science bibliography.

Its DTD is not needed; the characters it names are HTML's. What the elements mean stands in `_dblp`.
What a record would inherit by `crossref` is not copied into it: `related` says where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from flows.formats import REJECT_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._dblp import PLAIN, REPEATED, told_apart
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
_IGNORED = ("address", "cdrom", "chapter", "cite", "publnr", "stream")
_BATCH_RECORDS = 20_000
_DETAILS = {"author": "orcid", "note": "type"}
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
    gathered = _Gathered()
    for piece in pieces(dump, KINDS):
        gathered.add(piece)
        if gathered.total >= _BATCH_RECORDS:
            yield gathered.batch()
            gathered = _Gathered()
    yield gathered.batch()


class _Gathered:
    """Values of some records, in columns.

    A loop over elements: XML is nested text, which no column expression parses. All it does is to
    put the text of each element into the list of its name.
    """

    def __init__(self) -> None:
        self.total = 0
        self._records: list[tuple[Any, ...]] = []
        self._rejects: list[dict[str, Any]] = []
        self._plain: dict[str, list[str | None]] = {name: [] for name in PLAIN}
        self._repeated: dict[str, tuple[list[int], list[str | None], list[str | None]]] = {
            name: ([], [], []) for name in REPEATED
        }
        self._unknown: dict[str, set[int]] = {}

    def add(self, piece: Piece | Broken) -> None:
        """Take in the records of a piece."""
        if isinstance(piece, Broken):
            self.total += 1
            self._rejects.append(reject(piece, self.total))
            return
        records, first_row = piece.records, len(self._records)
        for column in self._plain.values():
            column.extend([None] * len(records))
        plain, repeated, titles = self._plain, self._repeated, self._plain["title"]
        for row, record in enumerate(records, first_row):
            child = None
            for child in record:
                name = child.tag
                text = inner(child) if len(child) else child.text
                if (values := repeated.get(name)) is not None:
                    values[0].append(row)
                    values[1].append(text)
                    values[2].append(child.get(_DETAILS[name]) if name in _DETAILS else None)
                elif (texts := plain.get(name)) is not None:
                    if texts[row] is None:
                        texts[row] = text
                elif name not in _IGNORED:
                    self._unknown.setdefault(name, set()).add(row)
            self.total += 1
            key = record.get("key")
            self._records.append(
                (
                    self.total,
                    *lines(record, child, piece.line),
                    record.tag,
                    key,
                    record.get("mdate"),
                    record.get("publtype"),
                    raw(record) if key is None or titles[row] is None else None,
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
        plain = pl.DataFrame(self._plain, schema=dict.fromkeys(PLAIN, pl.String))
        repeated = {
            name: pl.DataFrame(
                {"row": rows, "value": values, "detail": details},
                schema={"row": pl.UInt32, "value": pl.String, "detail": pl.String},
            )
            for name, (rows, values, details) in self._repeated.items()
        }
        frames = told_apart(records.hstack(plain), repeated)
        broken = pl.DataFrame(self._rejects, schema=REJECT_SCHEMA)
        return Batch(
            entries=frames["entries"],
            people=frames["people"],
            deletions=frames["deletions"],
            rejects=pl.concat([frames["rejects"], as_rejects(broken)]).sort("ordinal"),
            unknown_fields={name: len(rows) for name, rows in sorted(self._unknown.items())},
        )
