"""Crossref: the fields of a work. What they mean is the reader's business."""

from __future__ import annotations

import pyarrow as pa

from flows.formats._json import Fields

_TEXT = pa.string()
_DATE = pa.struct([("date-parts", pa.list_(pa.list_(pa.int64())))])
DATES = ("published-print", "published-online", "published-other", "published", "posted")
"""The days a work came out; `issued` is for where there is none."""

_PERSON = pa.struct(
    [
        *((name, _TEXT) for name in ("given", "family", "name", "suffix", "ORCID", "sequence")),
        ("affiliation", pa.list_(pa.struct([("name", _TEXT)]))),
    ]
)
_UPDATES = pa.list_(pa.struct([("DOI", _TEXT), ("type", _TEXT)]))
_LINK = pa.struct([("URL", _TEXT)])
_TYPED: tuple[tuple[str, pa.DataType], ...] = (
    *(
        (name, _TEXT)
        for name in (
            "DOI", "type", "subtype", "abstract", "volume", "issue", "page", "article-number",
            "publisher",
        )
    ),
    *(
        (name, pa.list_(_TEXT))
        for name in (
            "title", "subtitle", "original-title", "container-title", "short-container-title",
            "ISBN", "ISSN", "subject",
        )
    ),
    *((name, _DATE) for name in (*DATES, "issued")),
    ("author", pa.list_(_PERSON)),
    ("editor", pa.list_(_PERSON)),
    ("update-to", _UPDATES),
    ("updated-by", _UPDATES),
    ("link", pa.list_(_LINK)),
    ("resource", pa.struct([("primary", _LINK)])),
    ("is-referenced-by-count", pa.float64()),
    ("indexed", pa.struct([("date-time", _TEXT), ("timestamp", pa.float64())])),
)  # fmt: skip

_IGNORED = (
    "URL", "accepted", "alias", "aliases", "alternative-id", "approved", "archive", "assertion",
    "award", "award-start", "chair", "clinical-trial-number", "component-number", "content-created",
    "content-domain", "content-updated", "contributors", "created", "degree", "deposited",
    "description", "edition-number", "event", "free-to-read", "funder", "institution-id",
    "isbn-type", "issn-type", "issue-title", "journal-issue", "language", "license", "member",
    "original-title-language", "part-number", "prefix", "proceedings-subject", "project",
    "publisher-location", "reference", "reference-count", "references-count", "review", "score",
    "short-title", "source", "special-numbering", "standards-body", "status", "translator",
    "update-policy", "version",
)  # fmt: skip


def _queried(root: str) -> dict[str, str]:
    """Return the SQL of the fields that are maps or of several types, of a work at `root`."""
    # One parse of the text gives all of them.
    names = ("relation", "institution[0].name", "institution.name", '"group-title"')
    paths = ", ".join(f"'{root}.{name}'" for name in names)
    parts = f"json_extract(raw_text, [{paths}])"
    # A relation to one work may be an object where it is a list elsewhere.
    lists = (
        f"list_transform(json_extract({parts}[1], '$.*'),"
        " lambda each: CASE json_type(each) WHEN 'OBJECT' THEN json_array(each) ELSE each END)"
    )
    return {
        "relation_type": f"json_type({parts}[1])",
        "relation_kinds": f"json_keys({parts}[1])",
        "relation_works": f'TRY_CAST({lists} AS STRUCT("id-type" VARCHAR, id VARCHAR)[][])',
        "institution_name": f"coalesce({parts}[2], {parts}[3])->>'$'",
        "group_title": f"{parts}[4]->>'$'",
    }


WORKS = Fields(
    pa.schema(_TYPED),
    queried=_queried("$"),
    known=("relation", "institution", "group-title"),
    ignored=_IGNORED,
)
"""A work: a line, or an element of items."""

ANSWERS = Fields(
    pa.schema([("message", pa.struct(_TYPED))]),
    queried=_queried("$.message"),
    ignored=("status", "message-type", "message-version"),
)
"""A work in the answer of the API to the question for one DOI."""
