"""Values of BibTeX fields: abbreviations, protecting braces, names and dates.

Works value by value, since BibTeX is nested text. Which field fills which column is the reader's
business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_TOKEN = re.compile(r'\s*(?:#|([^\s#{}",]+)|(["{]))')
# What a macro or a script takes as its argument stays in braces.
_GROUP = re.compile(r"(\\[A-Za-z]+\*?\s*|\\[^A-Za-z]\s*|[\^_])?\{([^{}]*)\}")
MOST_BRACES = 2000
_OPEN, _CLOSE = "\ue010", "\ue011"
_OTHERS = re.compile(r"(?i)^(?:others|et\.?\s*al\.?)$")


def value(printed: str, strings: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the text of a field's value, parts joined by `#`, and the abbreviations not known.

    An unknown abbreviation stands as printed.
    """
    text = printed.strip()
    parts: list[str] = []
    unknown: list[str] = []
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            parts.append(text[place:])
            break
        place = token.end()
        word, opening = token.groups()
        if opening:
            end = _end_of(text, place, opening)
            parts.append(text[place:end])
            place = end + 1
        elif word:
            known = word if word.isdigit() else strings.get(word.lower())
            unknown += [word] if known is None else []
            parts.append(word if known is None else known)
    return "".join(parts), unknown


def _end_of(text: str, place: int, opening: str) -> int:
    """Return where the value opened before `place` is closed; the end of the text if nowhere."""
    depth, is_escaped = 0, False
    for at in range(place, len(text)):
        sign = text[at]
        if is_escaped or sign == "\\":
            is_escaped = not is_escaped
        elif sign == '"' and opening == '"' and depth == 0:
            return at
        elif sign == "{":
            depth += 1
        elif sign == "}":
            if depth == 0 and opening == "{":
                return at
            depth -= 1
    return len(text)


def unbraced(text: str) -> str:
    r"""Return the text without braces that only protect letters: `{BERT}` reads `BERT`.

    Those of LaTeX stay: `\textbf{x}`, `{\"o}`, `x_{i}`; and all of a text with very many.
    """
    if text.count("{") > MOST_BRACES:
        return text
    before = ""
    while before != text:
        before = text
        text = _GROUP.sub(_opened, text)
    return text.replace(_OPEN, "{").replace(_CLOSE, "}")


def _opened(group: re.Match[str]) -> str:
    macro, inside = group.groups()
    if macro or inside.lstrip().startswith("\\"):
        return f"{macro or ''}{_OPEN}{inside}{_CLOSE}"
    return inside


def names(printed: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the persons of an author field, and whether the list is complete.

    A name is given first; a name in braces, of a group, is one word.
    """
    from bibtexparser.middlewares.names import split_multiple_persons_names

    people = [name.strip() for name in split_multiple_persons_names(" ".join(printed.split()))]
    is_cut = any(_OTHERS.match(unbraced(name)) for name in people)
    listed = [name for name in people if not _OTHERS.match(unbraced(name))]
    # A name without a letter names nobody.
    named = [name for name in listed if re.search(r"[^\W\d_]", name)]
    return [_person(name) for name in named], not is_cut


def _person(printed: str) -> dict[str, Any]:
    from bibtexparser.middlewares.names import InvalidNameError, parse_single_name_into_parts

    is_group = printed.startswith("{") and printed.endswith("}") and "}" not in printed[1:-1]
    try:
        parts = parse_single_name_into_parts(printed, strict=False)
    except InvalidNameError:
        return {"name": unbraced(printed)}
    if is_group or "," not in printed:
        return {"name": unbraced(printed)}
    given = unbraced(" ".join(parts.first))
    family = unbraced(" ".join([*parts.von, *parts.last]))
    junior = unbraced(" ".join(parts.jr))
    whole = " ".join(part for part in (given, family, junior) if part)
    return {
        "name": whole or unbraced(printed),
        "given_name": given or None,
        "family_name": " ".join(part for part in (family, junior) if part) or None,
    }


def printed_date(fields: Mapping[str, str]) -> tuple[int, int | None, int | None] | None:
    """Return year, month and day of an entry's `date`, or of `year`, `month` and `day`; null where
    no year is printed."""
    iso = re.match(r"\s*(\d{4})(?:-(\d\d))?(?:-(\d\d))?", fields.get("date", ""))
    if iso:
        year, month, day = iso.groups()
        return int(year), int(month) if month else None, int(day) if day else None
    found = re.search(r"(?<!\d)(\d{4})(?!\d)", fields.get("year", ""))
    if found is None:
        return None
    words = fields.get("month", "").lower()
    named = re.search("|".join(MONTHS), words)
    number = re.fullmatch(r"\s*(\d{1,2})\s*", words)
    month_number = MONTHS.index(named.group()) + 1 if named else int(number[1]) if number else None
    first_day = re.search(r"\b(\d{1,2})\b", fields.get("day", "") or (words if named else ""))
    return int(found[1]), month_number, int(first_day[1]) if first_day and month_number else None
