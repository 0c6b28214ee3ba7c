"""DBLP: `dblp.xml`, the publications and persons of the computer science bibliography.

Its DTD is not needed; the characters it names are HTML's. What the elements mean stands in `_dblp`.
What a record would inherit by `crossref` is not copied into it: `related` says where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import polars as pl

from flows.formats import REJECT_SCHEMA, Batch, Dump, Format, Reading
from flows.formats._dblp import told_apart, unknown_fields
from flows.formats._entries import as_rejects, numbered
from flows.formats._xml import Broken, Piece, pieces, place, raw, reject, root_tag
from flows.formats._xml_columns import attribute, columns, written

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


def sniff(head: str) -> float:
    """Return 1 for XML whose root element is <dblp>, else 0."""
    tag = root_tag(head)
    return 1.0 if tag and tag[1:].split(maxsplit=1)[0].rstrip("/>") == "dblp" else 0.0


def read(dump: Dump) -> Reading:
    """Return the publications as entries, the records of persons (`homepages/...`) as people."""
    return Reading(numbered(_batches(dump)), has_lines=False)


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
    """Some records as texts, with their places; worked out in columns all at once."""

    def __init__(self) -> None:
        self.total = 0
        self._ordinals: list[int] = []
        self._lines: list[int] = []
        self._texts: list[bytes] = []
        self._rejects: list[dict[str, Any]] = []

    def add(self, piece: Piece | Broken) -> None:
        """Take in the records of a piece."""
        if isinstance(piece, Broken):
            self.total += 1
            self._rejects.append(reject(piece, self.total))
            return
        first = self.total + 1
        self.total += len(piece.records)
        self._ordinals += range(first, self.total + 1)
        self._lines += piece.lines()
        self._texts.append(written(piece.records))
        self._add_others(piece)

    def _add_others(self, piece: Piece) -> None:
        """Take in elements beside the records that are none: a kind of record not known here."""
        root = piece.records[0].getparent()
        if root is None or len(root) == len(piece.records):
            return
        for other in root:
            if other.tag not in KINDS:
                first, last = place(other)
                self.total += 1
                message = f"Records of the kind <{other.tag}> are not read: the layout has changed."
                broken = Broken(first, message, last, raw(other))
                self._rejects.append({**reject(broken, self.total), "check": "known_kind"})

    def batch(self) -> Batch:
        """Return what was taken in."""
        read = columns(self._texts)
        records = _records(self._ordinals, self._lines, read.texts, read.tags)
        frames = told_apart(records, read.fields)
        broken = pl.DataFrame(self._rejects, schema=REJECT_SCHEMA)
        return Batch(
            entries=frames["entries"],
            people=frames["people"],
            deletions=frames["deletions"],
            rejects=pl.concat([frames["rejects"], as_rejects(broken)]).sort("ordinal"),
            unknown_fields=unknown_fields(read.fields),
        )


def _records(
    ordinals: list[int], lines: list[int], texts: pl.Series, tags: pl.Series
) -> pl.DataFrame:
    tag = pl.col("tag")
    line_total = pl.col("raw_text").str.count_matches("\n", literal=True).cast(pl.Int64) + 1
    return pl.DataFrame(
        {"ordinal": ordinals, "line_start": lines, "raw_text": texts, "tag": tags},
        schema_overrides={"ordinal": pl.Int64, "line_start": pl.Int64, "tag": pl.String},
    ).select(
        "ordinal",
        "line_start",
        line_end=pl.col("line_start") + line_total - 1,
        line_total=line_total,
        kind=tag.str.splitn(" ", 2).struct.field("field_0").str.strip_suffix("/"),
        key=attribute(tag, "key"),
        mdate=attribute(tag, "mdate"),
        publtype=attribute(tag, "publtype"),
        raw_text="raw_text",
    )
