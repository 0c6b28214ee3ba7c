"""CSL-JSON: the fields of an item, many of several types, as columns.

What they mean is the reader's business.

The fields are those of the schema of CSL (https://github.com/citation-style-language/schema) and
those that Crossref adds when it gives its metadata in this layout.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import pyarrow as pa

from flows.formats._crossref import WORKS
from flows.formats._json import Fields
from flows.formats._lists import elements
from flows.formats._values import gathered

_TEXTS = ("type", "title", "abstract", "DOI", "URL", "publisher", "note", "genre")
SCALARS = (
    "id", "volume", "issue", "page", "page-first", "number", "PMID", "PMCID", "event",
    "event-title", "archive", "archive_location",
)  # fmt: skip
"""Texts or numbers."""
LISTED = (
    "container-title", "collection-title", "container-title-short", "journalAbbreviation", "ISSN",
    "ISBN", "subject",
)  # fmt: skip
"""Texts, or lists of them."""
WHOLE = ("ISSN", "ISBN", "subject")
"""Of these, all that is listed."""
PEOPLE = ("author", "editor")
_CHECKED = ("family", "given", "literal")
_NAMED = (
    "family", "given", "literal", "name", "suffix", "dropping-particle", "non-dropping-particle",
    "ORCID",
)  # fmt: skip

_IGNORED = (
    "accessed", "annote", "archive-place", "archive_collection", "authority", "available-date",
    "call-number", "categories", "chair", "chapter-number", "citation-key", "citation-label",
    "citation-number", "collection-editor", "collection-number", "compiler", "composer",
    "container-author", "container", "contributor", "curator", "custom", "dimensions", "director",
    "division", "edition", "editor-translator", "editorial-director", "event-date", "event-place",
    "executive-producer", "first-reference-note-number", "guest", "host", "illustrator",
    "interviewer", "jurisdiction", "keyword", "language", "locator", "medium", "narrator",
    "number-of-pages", "number-of-volumes", "organizer", "original-author", "original-date",
    "original-publisher", "original-publisher-place", "original-title", "part-number",
    "part-title", "part", "performer", "printing-number", "producer", "publisher-place",
    "recipient", "references", "reviewed-author", "reviewed-genre", "reviewed-title", "scale",
    "script-writer", "section", "series-creator", "shortTitle", "source", "status", "submitted",
    "supplement-number", "supplement", "system_id", "title-short", "translator", "version",
    "volume-title", "year-suffix", "copyright",
)  # fmt: skip

_TEXT_KINDS = ("NULL", "VARCHAR", "BIGINT", "UBIGINT", "HUGEINT", "DOUBLE")
_KINDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(SCALARS, _TEXT_KINDS),
    **dict.fromkeys(LISTED, (*_TEXT_KINDS, "ARRAY")),
    **dict.fromkeys(PEOPLE, ("NULL", "ARRAY")),
    "issued": (*_TEXT_KINDS, "OBJECT"),
}
"""The types, as DuckDB calls them, that a field may be of."""
_KIND_PATHS = [f'$."{name}"' for name in _KINDS]

_DATE_PARTS = ("year", "month", "day")
_DATE = {
    **{part: f'$.issued."date-parts"[0][{place}]' for place, part in enumerate(_DATE_PARTS)},
    # As some programs write it.
    **{f"{part}_": f"$.issued.date_parts[0][{place}]" for place, part in enumerate(_DATE_PARTS)},
    **{f"{part}.": f"$.issued.{part}" for part in _DATE_PARTS},
    "raw": "$.issued.raw",
    "literal": "$.issued.literal",
    "issued": "$.issued",
}
_PATHS = {
    **{name: f'$."{name}"' for name in (*SCALARS, *LISTED)},
    **{f"{name}[0]": f'$."{name}"[0]' for name in LISTED},
    **_DATE,
}
"""What is read as a text, and where it stands."""


def _sql_list(paths: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{path}'" for path in paths) + "]"


def _people(name: str) -> str:
    """Return the SQL of a list of people, with their affiliations as a list of texts."""
    fields = ", ".join(f"'{field}': each->>'{field}'" for field in _NAMED)
    kinds = _sql_list(("$", *(f"$.{field}" for field in _CHECKED)))
    places = (
        "CASE json_type(each, '$.affiliation') WHEN 'ARRAY' THEN"
        " [coalesce(place->>'name', CASE json_type(place) WHEN 'VARCHAR' THEN place->>'$' END)"
        " FOR place IN json_extract(each, '$.affiliation[*]')]"
        " WHEN 'VARCHAR' THEN [each->>'affiliation'] END"
    )
    return (
        f"[{{{fields}, 'places': {places}, 'kinds': json_type(each, {kinds})}}"
        f" FOR each IN json_extract(raw_text, '$.{name}[*]')]"
    )


def unpacked(values: pl.DataFrame) -> pl.DataFrame:
    """Return the values with a text column for each of the fields of `_PATHS`, and `wrong`: the
    name of a field that is of a type it may not be of; else null.

    `X[0]` is the first element of X, where that is a list.
    """
    texts = {
        name: pl.col("texts").list.get(place, null_on_oob=True) for place, name in enumerate(_PATHS)
    }
    for part in _DATE_PARTS:
        texts[part] = pl.coalesce(texts.pop(f"{part}{way}") for way in ("", "_", "."))
    kinds = values.select(
        pl.col("kinds").list.get(place, null_on_oob=True).alias(name)
        for place, name in enumerate(_KINDS)
    )
    misfits = [
        pl.when(~pl.col(name).is_in(allowed)).then(pl.lit(name)) for name, allowed in _KINDS.items()
    ]
    people = pl.DataFrame([_misfit_people(values, name) for name in PEOPLE])
    return values.drop("texts", "kinds").with_columns(
        values.select(**texts),
        wrong=kinds.hstack(people.rename("people_{}".format))
        .select(pl.coalesce(*misfits, *(f"people_{name}" for name in PEOPLE)))
        .to_series(),
    )


def _misfit_people(values: pl.DataFrame, name: str) -> pl.Series:
    """Return where a person or a part of a name is of a wrong type, such as `author.family`."""
    kinds = pl.col(name).struct.field("kinds").list
    misfits = [
        pl.when(kinds.get(0) != "OBJECT").then(pl.lit(f"{name}[]")),
        *(
            pl.when(~kinds.get(place).is_in(["VARCHAR", "NULL"])).then(pl.lit(f"{name}.{field}"))
            for place, field in enumerate(_CHECKED, 1)
        ),
    ]
    wrong = elements(values, name).select("row", value=pl.coalesce(misfits))
    return gathered([wrong], values.height).list.first().alias(name)


_CROSSREF = (*WORKS.typed.names, *WORKS.known, *WORKS.ignored)

ITEMS = Fields(
    pa.schema([(name, pa.string()) for name in _TEXTS]),
    queried={
        "kinds": f"json_type(raw_text, {_sql_list(_KIND_PATHS)})",
        "texts": f"json_extract_string(raw_text, {_sql_list(_PATHS.values())})",
        **{name: _people(name) for name in PEOPLE},
        **{f"{name}[*]": f"json_extract_string(raw_text, '$.{name}[*]')" for name in WHOLE},
    },
    known=(*SCALARS, *LISTED, *PEOPLE, "issued"),
    ignored=(*_IGNORED, *_CROSSREF),
)
"""An item: an element of the list, or of `items`."""
