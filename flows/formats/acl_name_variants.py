"""ACL Anthology people: `name_variants.yaml`, and `people.yaml`, which has replaced it.

The file is cut into its items, which are read one after another, by PyYAML's safe loader, so that
nothing but texts, lists and maps comes out of it. Only those of one name need an id in the older of
the files; the key of the others is their name, by which papers refer to them.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

import polars as pl

from flows.formats import (
    PERSON_SCHEMA,
    RAW_TEXT_LIMIT,
    REJECT_SCHEMA,
    Batch,
    Dump,
    Format,
    Reading,
)
from flows.formats._entries import as_people, as_rejects, numbered
from flows.formats._page import NOT_UTF8

FORMAT = Format(
    name="acl_name_variants",
    title="ACL Anthology people (name_variants.yaml, people.yaml)",
    recognised_by="YAML items with 'canonical: {first:, last:}' or 'names: - {first:, last:}'",
    example="- canonical: {first: Jane, last: Doe}\n  id: jane-doe\n  variants:\n"
    "  - {first: J., last: Doe}",
    delivery="many_files",
)

_CANONICAL = re.compile(r"^- (?:\w+:.*\n  )*canonical:\s*(?:\{|\n\s+)(?:first|last):", re.MULTILINE)
_NAMES = re.compile(
    r"^[^\s#:]+:\n(?:  .*\n)*?  names:\n  (?:  )?- (?:\{|)(?:first|last):", re.MULTILINE
)
_ITEM_LIMIT = 256 * 1024
_BATCH_ITEMS = 5_000
_KNOWN = {"canonical", "variants", "names", "id", "orcid", "comment", "degree", "similar",
          "disable_name_matching"}  # fmt: skip


def sniff(head: str) -> float:
    """Return 1 for YAML with an item of names as the Anthology writes them, else 0."""
    return 1.0 if _CANONICAL.search(head) or _NAMES.search(head) else 0.0


def read(dump: Dump) -> Reading:
    """Return a person for each item; the other names are aliases."""
    return Reading(numbered(_batches(dump)), has_lines=False)


def _items(dump: Dump) -> Iterator[tuple[int, bytes]]:
    """Yield each item with the number of its first line: it begins where a line is not indented."""
    lines: list[bytes] = []
    first, size = 1, 0
    with dump.open() as file:
        for number, line in enumerate(_lines(file), 1):
            text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            begins = text[:1] not in b" \t\r\n#" and not text.startswith((b"---", b"..."))
            if (begins or size > _ITEM_LIMIT) and lines:
                yield first, b"".join(lines)
                lines, size = [], 0
            if begins or lines:
                first = first if lines else number
                lines.append(text)
                size += len(text)
    if lines:
        yield first, b"".join(lines)


def _lines(file: Any) -> Iterator[bytes]:
    while line := file.readline(_ITEM_LIMIT):
        yield line


def _batches(dump: Dump) -> Iterator[Batch]:
    items = _items(dump)
    while chunk := list(islice(items, _BATCH_ITEMS)):
        yield _batch(chunk)


def _batch(items: list[tuple[int, bytes]]) -> Batch:
    """Return the people of some items. A loop: YAML is nested text, which no expression parses."""
    people: list[dict[str, Any]] = []
    rejects: list[dict[str, Any]] = []
    unknown: Counter[str] = Counter()
    for first, content in items:
        text = content.decode("utf-8", errors="backslashreplace").rstrip()
        place = {
            "ordinal": len(people) + len(rejects) + 1,
            "line_start": first,
            "line_end": first + text.count("\n"),
            "line_total": sum(1 for line in text.split("\n") if line.strip()),
            "raw_text": text[:RAW_TEXT_LIMIT],
        }
        person = _person(content)
        if isinstance(person, str):
            check = "readable_encoding" if person == NOT_UTF8 else "valid_person"
            rejects.append({**place, "check": check, "message": person})
        else:
            unknown.update(person.pop("unknown"))
            people.append({**place, **person})
    return Batch(
        people=as_people(pl.DataFrame(people, schema=PERSON_SCHEMA)),
        rejects=as_rejects(pl.DataFrame(rejects, schema=REJECT_SCHEMA)),
        unknown_fields=dict(sorted(unknown.items())),
    )


def _person(content: bytes) -> dict[str, Any] | str:
    """Return the columns of the person of an item, or why it is none."""
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        # The base loader, safe as well, leaves `No` and `2020-01-01` the texts they are.
        value = yaml.load(content.decode("utf-8"), Loader=loader)  # noqa: S506
    except UnicodeDecodeError:
        return NOT_UTF8
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why = " ".join(str(getattr(error, "problem", None) or error).split()).rstrip(".")
        return f"The item is not well-formed YAML ({why}): mend it."
    item, key = value, None
    if isinstance(value, list) and len(value) == 1:
        item = value[0]
    elif isinstance(value, dict) and len(value) == 1:
        [(key, item)] = value.items()
    if not isinstance(item, dict):
        return "The item is no person: it needs names with 'first' and 'last'."
    for field, kind, words in _TYPES:
        if field in item and not isinstance(item[field], kind):
            return f"The field '{field}' is not {words}: the layout has changed, or it is damaged."
    printed = [item["canonical"]] if "canonical" in item else []
    names = [_name(each) for each in (*printed, *item.get("names", ()), *item.get("variants", ()))]
    if not names or None in names:
        return "The item has no name, or one without 'last': mend it."
    aliases = [name for name in dict.fromkeys(names[1:]) if name != names[0]]
    key = item.get("id") or key
    orcid = item.get("orcid") or None
    found = [("acl_author", key), ("orcid", orcid)]
    return {
        "source_key": key or names[0],
        "name": names[0],
        "aliases": aliases or None,
        "orcid": orcid,
        "identifiers": [{"scheme": scheme, "value": text} for scheme, text in found if text]
        or None,
        "affiliations": [item["degree"]] if item.get("degree") else None,
        "unknown": set(map(str, item)) - _KNOWN,
    }


_TYPES = (
    ("canonical", dict, "a map"),
    ("names", list, "a list"),
    ("variants", list, "a list"),
    ("id", str, "a text"),
    ("orcid", str, "a text"),
    ("degree", str, "a text"),
)


def _name(printed: Any) -> str | None:
    if not isinstance(printed, dict):
        return None
    parts = [printed.get("first") or "", printed.get("last") or ""]
    if not all(isinstance(part, str) for part in parts):
        return None
    return " ".join(" ".join(parts).split()) or None
