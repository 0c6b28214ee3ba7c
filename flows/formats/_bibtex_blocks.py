"""BibTeX blocks: which stand within others, and which others take fields from.

bibtexparser ends a block where the next line begins with `@`, which saves what follows a forgotten
brace, but takes listings in abstracts and entries that are commented out for entries. Here the
blocks that stand within a well-formed one are told from those. Fields and values are `_bibtex`'s
business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

LONGEST_ENTRY = 200_000
MOST_GROUPS = 1000
LONGEST_COMMENT = 8 * 1024 * 1024
AT = "\ue012"
"""Stands for the `@` of a block that is within another."""

_START = re.compile(r"^[ \t]*(@)[ \t]*(\w+)\s*([{(])", re.MULTILINE)
_MARK = re.compile(r'\\.|[{}"]', re.DOTALL)
_KEY = re.compile(r"[^,={}\"]*,")
_BETWEEN = re.compile(r"(?:\s|%[^\n]*)*")
_NAME = re.compile(r"[^\s=,{}\"@%#]+\s*=\s*")
_WORD = re.compile(r"[^\s#{}\"=,@%()]+")
_JOINED = re.compile(r"\s*#\s*")
_REFERENCE = re.compile(r"\b(?:crossref|xdata)\s*=\s*[{\"]([^{}\"]*)[}\"]", re.IGNORECASE)
_NO_ENTRIES = ("comment", "string", "preamble")


def outermost(text: str, *, is_whole: bool = True) -> tuple[list[int], list[int]]:
    """Return where the blocks of a text begin that are in no other, and where (at its `@`) those
    that are; without `is_whole`, up to the first that the text's end may have cut."""
    starts: list[int] = []
    nested: list[int] = []
    found = list(_START.finditer(text))
    following = [*(match.start() for match in found[1:]), len(text)]
    closings: dict[int, int] | None = None
    end = 0
    for match, limit in zip(found, following, strict=False):
        if match.start() < end:
            nested.append(match.start(1))
            continue
        starts.append(match.start())
        # Most blocks have an end before the next begins, which counting tells faster.
        signs = (text.count(sign, match.start(), limit) for sign in "{}")
        if match[3] == "{" and next(signs) == next(signs):
            continue
        closings = _closings(text) if closings is None else closings
        whole = _end(text, match, closings)
        if whole is None and not is_whole and len(text) - match.start() < _longest(match):
            return starts, nested
        end = whole or 0
    return starts, nested


def with_nested_hidden(text: str) -> str:
    """Return the text with `AT` for the `@` of blocks that stand within others."""
    pieces: list[str] = []
    place = 0
    for at in outermost(text)[1]:
        pieces += [text[place:at], AT]
        place = at + 1
    return "".join([*pieces, text[place:]])


def shown(text: str) -> str:
    """Return a piece of such a text as it was."""
    return text.replace(AT, "@")


def references(text: str) -> set[str]:
    """Return the keys of entries that others of the text take fields from."""
    return {key.strip() for found in _REFERENCE.findall(text) for key in found.split(",")} - {""}


def blocks_of(text: str, keys: set[str]) -> Iterator[str]:
    """Yield, as printed, the abbreviations and the entries with one of the keys."""
    closings = _closings(text)
    for match in _START.finditer(text):
        key = _KEY.match(text, match.end())
        if match[2].lower() == "string":
            end = closings.get(match.end() - 1)
        elif key and key.group()[:-1].strip() in keys:
            end = _end(text, match, closings)
        else:
            continue
        if end:
            yield text[match.start() : end]


def _longest(match: re.Match[str]) -> int:
    return LONGEST_COMMENT if match[2].lower() == "comment" else LONGEST_ENTRY


def _closings(text: str) -> dict[int, int]:
    """Return the place behind the closing brace of each opening one that has one."""
    closings: dict[int, int] = {}
    opened: list[int] = []
    for mark in _MARK.finditer(text):
        if mark.group() == "{":
            opened.append(mark.start())
        elif mark.group() == "}" and opened:
            closings[opened.pop()] = mark.end()
    return closings


def _end(text: str, start: re.Match[str], closings: Mapping[int, int]) -> int | None:
    """Return where the comment or well-formed entry ends; null where it does not."""
    kind, opening = start[2].lower(), start[3]
    if kind == "comment":
        return closings.get(start.end() - 1)
    key = _KEY.match(text, start.end())
    if kind in _NO_ENTRIES or key is None:
        return None
    closing, place = "}" if opening == "{" else ")", key.end()
    while place - start.start() < LONGEST_ENTRY:
        place = _after(_BETWEEN, text, place) or place
        if text.startswith(closing, place):
            return place + 1
        name = _after(_NAME, text, place)
        value = name and _after_value(text, name, closings)
        if not value:
            return None
        place = _after(_BETWEEN, text, value) or value
        if text.startswith(",", place):
            place += 1
        elif not text.startswith(closing, place):
            return None
    return None


def _after(pattern: re.Pattern[str], text: str, place: int) -> int | None:
    found = pattern.match(text, place)
    return found.end() if found else None


def _after_value(text: str, place: int, closings: Mapping[int, int]) -> int | None:
    """Return where a value, of parts joined by `#`, ends; null where it has no end."""
    while True:
        if text.startswith("{", place):
            end = closings.get(place)
        elif text.startswith('"', place):
            end = _after_quote(text, place + 1, closings)
        else:
            end = _after(_WORD, text, place)
        joined = None if end is None else _after(_JOINED, text, end)
        if joined is None:
            return end
        place = joined


def _after_quote(text: str, place: int, closings: Mapping[int, int]) -> int | None:
    """Return the place behind the quotation mark that ends what begins at `place`."""
    for _ in range(MOST_GROUPS):
        mark = _MARK.search(text, place)
        sign = mark and mark.group()
        if mark is None or sign == "}":
            return None
        if sign == '"':
            return mark.end()
        end = closings.get(mark.start()) if sign == "{" else mark.end()
        if end is None:
            return None
        place = end
    return None


_DATE = {"year", "month", "day", "date"}
INHERITED = (
    "booktitle", "booksubtitle", "journal", "journaltitle", "year", "month", "day", "date",
    "publisher", "organization", "institution", "school", "editor", "series", "volume",
)  # fmt: skip
"""What a part takes from its whole. Not what names the whole: its DOI, pages or abstract."""


def with_inherited(
    fields: Mapping[str, str], parents: Mapping[str, Mapping[str, str]], depth: int = 3
) -> dict[str, str]:
    """Return the fields of an entry, and what it has not, of those of the entries under `crossref`
    and `xdata`."""
    own = dict(fields)
    if not depth:
        return own
    for key in (part.strip() for part in fields.get("xdata", "").split(",")):
        if key in parents:
            own = with_inherited(parents[key], parents, depth - 1) | own
    whole = parents.get(fields.get("crossref", "").strip())
    if whole is not None:
        known = with_inherited(whole, parents, depth - 1)
        taken = {name: known[name] for name in INHERITED if known.get(name, "").strip()}
        titles = [known[name] for name in ("title", "subtitle") if known.get(name, "").strip()]
        if titles and not {"booktitle", "journal", "journaltitle"} & taken.keys():
            taken["booktitle"] = ": ".join(titles)
        if {"year", "date"} & {name for name in own if own[name].strip()}:
            taken = {name: taken[name] for name in taken.keys() - _DATE}
        own = taken | {
            name: text for name, text in own.items() if text.strip() or name not in taken
        }
    return own
