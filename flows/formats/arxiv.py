"""arXiv metadata: the snapshot in JSON lines that Cornell University publishes on Kaggle.

Every entry is a preprint. Its `doi` and `journal-ref` are those of what it became in a journal:
`journal-ref` is the venue as printed, volume and pages included, the DOI stays in `doi`. Titles,
names and abstracts keep their LaTeX. The submitter and the licence are not read.
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pyarrow as pa

from flows.formats import Batch, Dump, Format, Reading
from flows.formats._entries import as_entries
from flows.formats._json import Fields, first_value, read_json
from flows.formats._lists import elements, in_lists, split_text
from flows.formats._warnings import Doubt, with_warnings
from flows.normalize.links import links
from flows.normalize.text import fold
from schemas.columns import AUTHOR_STRUCT, EARLIEST_PUBLICATION, LATEST_PUBLICATION, VERSION_STRUCT

FORMAT = Format(
    name="arxiv",
    title="arXiv metadata snapshot (JSON lines)",
    recognised_by="objects with id, title, categories, and authors_parsed or journal-ref",
    example='{"id": "0704.0001", "title": "An Example", "categories": "hep-ph", "abstract": "We'
    ' ...", "versions": [{"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}],'
    ' "authors_parsed": [["Doe", "Jane", ""]]}',
)

_TEXTS = (
    "id", "submitter", "authors", "title", "comments", "journal-ref", "doi", "report-no",
    "categories", "license", "abstract", "update_date",
)  # fmt: skip
_VERSIONS = pa.list_(pa.struct([("version", pa.string()), ("created", pa.string())]))
# The submitter and the licence are typed, though unused: see `Fields`.
_FIELDS = Fields(
    pa.schema(
        [(name, pa.string()) for name in _TEXTS]
        + [("versions", _VERSIONS), ("authors_parsed", pa.list_(pa.list_(pa.string())))]
    )
)

_CUT = r"(?i)^(?:and\s+)?(?:et\.?\s*al\.?|others)$"


def sniff(head: str) -> float:
    """Return 0.95 where the first object has the fields of an arXiv entry, else 0."""
    names = first_value(head).keys()
    is_entry = {"id", "title", "categories"} <= names
    return 0.95 if is_entry and names & {"authors_parsed", "journal-ref"} else 0.0


def read(dump: Dump) -> Reading:
    """Return the entries: preprints with their versions, categories and journal references."""
    return Reading(read_json(dump, _FIELDS, _batch), has_lines=False)


def _batch(values: pl.DataFrame) -> Batch:
    categories = fold(pl.col("categories")).str.split(" ")
    dated = pl.col("publication_date").is_not_null()
    entries = values.drop("authors", "authors_parsed", "versions").hstack(_authors(values))
    doubted = with_warnings(
        entries.hstack(_versions(values)).with_columns(
            updated_on=pl.col("update_date").str.to_date("%Y-%m-%d", strict=False)
        ),
        Doubt(
            "versions",
            "possible_date",
            "A version has no date such as 'Mon, 2 Apr 2007 19:18:42 GMT'.",
            pl.col("misprinted"),
        ),
        Doubt(
            "updated_at",
            "possible_date",
            "The date of the last change is none such as '2007-04-02'.",
            pl.when(pl.col("updated_on").is_null()).then(fold(pl.col("update_date"))),
        ),
    )
    return Batch(
        entries=as_entries(
            doubted.with_columns(
                source_key="id",
                arxiv_id="id",
                version=pl.lit("preprint"),
                updated_at=pl.col("updated_on").cast(pl.Datetime("us", "UTC")),
                date_precision=pl.when(dated).then(pl.lit("day")),
                date_basis=pl.when(dated).then(pl.lit("printed")),
                category=categories.list.first(),
                categories=categories,
                venue="journal-ref",
                note="comments",
                identifiers=_reports(pl.col("report-no")),
                links=_links("abstract", "comments"),
            )
        )
    )


def _links(*columns: str) -> pl.Expr:
    """Return the links in the texts; those without any, nearly all, are not searched."""
    text = pl.concat_str(*columns, separator=" ", ignore_nulls=True)
    return links(pl.when(text.str.contains("://", literal=True)).then(text))


def _reports(printed: pl.Expr) -> pl.Expr:
    """Return the report numbers, `A-1, B-2`, as identifiers."""
    return split_text(printed, ", ").list.eval(
        pl.struct(scheme=pl.lit("report"), value=fold(pl.element()))
    )


def _versions(values: pl.DataFrame) -> pl.DataFrame:
    """Return versions, publication_date and date_printed (those of v1), and misprinted: dates of
    versions that are none."""
    listed = elements(values, "versions").unnest("versions")
    day = (
        pl.col("created")
        .str.extract(r"(\d{1,2} [A-Za-z]{3} \d{4})\b")
        .str.to_date("%d %b %Y", strict=False)
    )
    listed = listed.select(
        "row",
        "created",
        label=fold(pl.col("version")),
        date=pl.when(day.is_between(EARLIEST_PUBLICATION, LATEST_PUBLICATION)).then(day),
    )
    firsts = listed.filter(pl.col("label") == "v1").unique("row", keep="first")
    misprinted = (
        listed.filter(pl.col("date").is_null(), fold(pl.col("created")).is_not_null())
        .group_by("row")
        .agg(misprinted=pl.col("created").str.join("; "))
    )
    return (
        pl.DataFrame({"versions": in_lists(listed, values.height, VERSION_STRUCT)})
        .with_row_index("row")
        .join(firsts, on="row", how="left", maintain_order="left")
        .join(misprinted, on="row", how="left", maintain_order="left")
        .select(
            "versions",
            "misprinted",
            publication_date="date",
            date_printed=pl.when(pl.col("date").is_not_null()).then("created"),
        )
    )


def _authors(values: pl.DataFrame) -> pl.DataFrame:
    """Return authors, authors_complete and affiliations (of the entry as a whole).

    Names stand taken apart in `authors_parsed`; where that is absent or empty, in `authors`.
    """
    parts = pl.col("authors_parsed")
    parted = elements(values, "authors_parsed")
    # Affiliations, rare and slow to fold, are looked for where any author has one.
    is_placed = parted.select((parts.list.len() > 3).any()).item()
    listed = parted.select(
        "row",
        family=fold(parts.list.get(0, null_on_oob=True)),
        given=fold(parts.list.get(1, null_on_oob=True)),
        suffix=fold(parts.list.get(2, null_on_oob=True)),
        places=_folded(parts.list.slice(3)) if is_placed else pl.lit(None, pl.List(pl.String)),
    )
    is_parted = pl.col("given").is_not_null() & pl.col("family").is_not_null()
    family = pl.concat_str("family", "suffix", separator=" ", ignore_nulls=True)
    named = listed.select(
        "row",
        name=pl.concat_str("given", family, separator=" ", ignore_nulls=True),
        given_name=pl.when(is_parted).then("given"),
        family_name=pl.when(is_parted).then(family),
        affiliations="places",
    )
    is_cut = pl.col("name").str.contains(_CUT)
    cut = named.filter(is_cut)["row"].unique()
    lists = in_lists(
        named.filter(pl.col("name").str.contains(r"\p{L}"), ~is_cut), values.height, AUTHOR_STRUCT
    )
    authors = pl.DataFrame({"authors": lists}).with_row_index("row")
    return _with_printed_lists(
        authors.select(
            "authors",
            authors_complete=pl.when(pl.col("authors").is_not_null()).then(
                ~pl.col("row").is_in(cut.implode())
            ),
            affiliations=pl.lit(None, pl.List(pl.String)),
            printed=values["authors"],
        )
    )


def _folded(places: pl.Expr) -> pl.Expr:
    folded = places.list.eval(fold(pl.element())).list.drop_nulls()
    return pl.when(folded.list.len() > 0).then(folded)


def _with_printed_lists(entries: pl.DataFrame) -> pl.DataFrame:
    """Return the entries; those without authors have what stands in `printed`, one line."""
    needed = entries["authors"].is_null() & (entries["printed"].str.strip_chars() != "")
    rows = needed.arg_true()
    if rows.is_empty():
        return entries.drop("printed")
    # A loop over the few entries whose names are not taken apart by the source.
    read = [parse_author_line(line) for line in entries["printed"].gather(rows)]
    schema = {name: entries.schema[name] for name in entries.columns if name != "printed"}
    lists = pl.DataFrame(read, schema=schema).with_columns(row=rows)
    return (
        entries.drop("printed")
        .with_row_index("row")
        .update(lists.cast({"row": pl.UInt32}), on="row", how="left")
        .drop("row")
    )


_BETWEEN = re.compile(r"\s*(?:[,;]\s*and\s|[,;]|\band\b)\s*", re.IGNORECASE)
_SUFFIX = re.compile(r"(?i)^(?:jr|sr)\.?$|^(?:ii|iii|iv)$")
_MARK = r"\d{1,2}|\w|\*{1,3}"
_MARKS = re.compile(rf"^(?:{_MARK})(?:[\s,]+(?:{_MARK}))*$")


def parse_author_line(line: str) -> dict[str, Any]:
    """Return authors, authors_complete and affiliations of `A. Doe (1), B. Roe and C. Poe ((1) X)`.

    What stands in parentheses after a name is the author's affiliation, or marks it where the line
    ends with a legend; a legend no mark refers to is of the entry as a whole.
    """
    outside, groups = _parentheses(" ".join(line.split()))
    legend = {}
    if groups and groups[-1].lstrip().startswith("("):
        _, *legend_parts = re.split(rf"\(({_MARK})\)", groups[-1])
        texts = (text.strip(" ,;") for text in legend_parts[1::2])
        legend = dict(zip(legend_parts[::2], texts, strict=True))
    authors: list[dict[str, Any]] = []
    used: set[str] = set()
    is_complete = True
    for part in _BETWEEN.split(outside):
        name = " ".join(re.sub(r"\x00\d+\x00", " ", part).split())
        own = [groups[int(number)].strip() for number in re.findall(r"\x00(\d+)\x00", part)]
        if re.search(_CUT, name) or re.search(r"(?i)\bet\.? al\.?$", name):
            is_complete = False
            name = re.sub(r"(?i)\s*(?:and\s+)?(?:\bet\.?\s*al\.?|\bothers)$", "", name)
        if not name:
            continue
        if authors and _SUFFIX.match(name):
            authors[-1]["name"] += f" {name}"
            continue
        places = []
        for group in own:
            marks = re.split(r"[\s,]+", group) if _MARKS.match(group) else []
            places += [legend[mark] for mark in marks if legend.get(mark)]
            places += [group] if not marks and group and not group.startswith("(") else []
            used.update(marks)
        authors.append({"name": name, "affiliations": places or None})
    unused = [text for mark, text in legend.items() if mark not in used and text]
    return {
        "authors": [dict.fromkeys(_AUTHOR_NAMES) | author for author in authors] or None,
        "authors_complete": is_complete if authors else None,
        "affiliations": unused or None,
    }


_AUTHOR_NAMES = [field.name for field in AUTHOR_STRUCT.fields]


def _parentheses(line: str) -> tuple[str, list[str]]:
    """Return the line with each group in parentheses replaced by its number, and the groups."""
    outside, depth, start = "", 0, 0
    groups: list[str] = []
    for place, sign in enumerate(line):
        if sign == "(":
            start = start if depth else place + 1
            depth += 1
        elif sign == ")" and depth == 1:
            outside += f"\x00{len(groups)}\x00"
            groups.append(line[start:place])
            depth = 0
        elif sign == ")" and depth:
            depth -= 1
        elif not depth:
            outside += sign
    # A group that is not closed is none.
    return outside + line[start - 1 :] if depth else outside, groups
