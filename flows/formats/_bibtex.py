"""Values of BibTeX fields: abbreviations, protecting braces, names and dates.

Works value by value, since BibTeX is nested text. Which field fills which column is the reader's
business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_TOKEN = re.compile(r'\s*(?:#|%[^\n]*|([^\s#{}",]+)|(["{]))')
_MARK = re.compile(r'\\.|[{}"]', re.DOTALL)
# What a macro or a script takes as its argument stays in braces.
_GROUP = re.compile(r"(\\[A-Za-z]+\*?\s*|\\[^A-Za-z]\s*|[\^_])?\{([^{}]*)\}")
_TAG_SIGN = re.compile(r"(?:\{\\text(?=\w+\})|\\text(?=\w+\{\}))(less|greater)(?:\}|\{\})")
MOST_BRACES = 2000
_OPEN, _CLOSE = "\ue010", "\ue011"
_OTHERS = re.compile(r"(?i)^(?:others|et\.?\s*al\.?)$")
_CUT = re.compile(r"(?i)[\s,;]+et\.?\s*al\b\.?\s*$")
_AND = re.compile(r"(?i)^(?:and\s+)+")
_SUFFIX = re.compile(r"(?i)(?:jr|sr)\.?$|(?:ii|iii|iv)$")
_NAMESAKE = re.compile(r"(.*\S)\s\d{4}")
_PART = re.compile(r"\s*(family|given|prefix|suffix)\s*=\s*(\"[^\"]*\"|[^,]*)(?:,|$)")
_ORCID = re.compile(r"(\d+)\s*=\s*\"?(?:https?://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])")


def value(printed: str, strings: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the text of a field's value, parts joined by `#`, and the abbreviations not known.

    An unknown abbreviation stands as printed.
    """
    text = printed.strip()
    parts: list[str] = []
    unknown: list[str] = []
    place = 0
    is_joined = True
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            parts.append(text[place:])
            break
        place = token.end()
        word, opening = token.groups()
        parts += [] if is_joined or not (word or opening) else [" "]
        is_joined = not (word or opening)
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
    depth = 0
    for mark in _MARK.finditer(text, place):
        sign = mark.group()
        if sign == '"' and opening == '"' and depth == 0:
            return mark.start()
        if sign == "{":
            depth += 1
        elif sign == "}":
            if depth == 0 and opening == "{":
                return mark.start()
            depth -= 1
    return len(text)


def unbraced(text: str) -> str:
    r"""Return the text without braces that only protect letters: `{BERT}` reads `BERT`.

    Those of LaTeX stay: `\textbf{x}`, `{\"o}`, `x_{i}`; and all of a text with very many. Signs of
    tags, which some programs write as LaTeX, are signs again: `{\textless}i{\textgreater}`.
    """
    if "\\text" in text:
        text = _TAG_SIGN.sub(lambda found: "<" if found[1] == "less" else ">", text)
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
    told = [_AND.sub("", name) for name in people]
    listed = [_CUT.sub("", name) for name in told if not _OTHERS.match(unbraced(name))]
    is_cut = len(listed) < len(told) or any(_CUT.search(name) for name in told)
    # A name without a letter names nobody.
    named = [name for name in listed if re.search(r"[^\W\d_]", name)]
    return [_person(name) for name in named], not is_cut


def _person(printed: str) -> dict[str, Any]:
    from bibtexparser.middlewares.names import InvalidNameError, parse_single_name_into_parts

    if parts := dict(_PART.findall(printed)):
        return _of_parts({name: unbraced(text.strip(' "')) for name, text in parts.items()})
    if namesake := _NAMESAKE.fullmatch(printed):
        # DBLP tells persons of one name apart by a number.
        return _person(namesake[1]) | {"source_author_key": unbraced(printed)}
    is_group = printed.startswith("{") and printed.endswith("}") and "}" not in printed[1:-1]
    try:
        name = parse_single_name_into_parts(printed, strict=False)
    except InvalidNameError:
        return {"name": unbraced(printed)}
    if is_group or "," not in printed:
        return {"name": unbraced(printed)}
    read = {"given": name.first, "prefix": name.von, "family": name.last, "suffix": name.jr}
    parts = {part: unbraced(" ".join(words)) for part, words in read.items()}
    if _SUFFIX.match(parts["given"]) and parts["suffix"]:
        # BibTeX has `Doe, Jr., Jane`; some write `Doe, Jane, Jr.`.
        parts |= {"given": parts["suffix"], "suffix": parts["given"]}
    told = _of_parts(parts)
    return told if told["name"] else {"name": unbraced(printed)}


def _of_parts(parts: Mapping[str, str]) -> dict[str, Any]:
    """Return a person whose parts of the name are told apart."""
    family = " ".join(filter(None, (parts.get(name) for name in ("prefix", "family", "suffix"))))
    given = parts.get("given", "")
    return {
        "name": " ".join(filter(None, (given, family))),
        "given_name": given or None,
        "family_name": family or None,
    }


def orcids(annotation: str) -> list[tuple[int, str]]:
    """Return the places of authors, from 1, and their ORCIDs."""
    return [(int(place), orcid) for place, orcid in _ORCID.findall(annotation)]


_ISO = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?(?=[T/~?%\s]|$)")
_FULL_DATE = re.compile(r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)(?!\d)")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_MONTH = re.compile(rf"(?i)(?<![a-z])(?:{'|'.join(MONTHS)})")
_MONTH_NUMBER = re.compile(r"\s*(\d{1,2})(?:\D|$)")
_DAY = re.compile(r"(?<![\d'])(\d{1,2})(?:st|nd|rd|th)?(?!\d)(?!\w)")
_SEASON = re.compile(r"(?i)spring|summer|autumn|\bfall\b|winter|quarter|\bq[1-4]\b")

Date = tuple[int, int | None, int | None, str]
"""Year, month, day, and what of the print is no part of them."""


def dated(fields: Mapping[str, str]) -> Date | None:
    """Return the date of an entry, of a range of dates the first: its `date`, or what `year`,
    `month` and `day` tell; null where no year is printed."""
    date, year = (fields.get(name, "").strip() for name in ("date", "year"))
    if iso := _ISO.match(date):
        months, days = int(iso[2] or 0), int(iso[3] or 0)
        # Numbers beyond the months are seasons.
        return int(iso[1]), *((0, 0) if months > 20 else (months, days)), ""
    if full := _FULL_DATE.match(date) or _FULL_DATE.match(year):
        return int(full[1]), int(full[2]), int(full[3]), ""
    # Before a slash or a hyphen that comes first, the beginning of the range is not known.
    if (found := _YEAR.search(date)) and date[0] not in "/.-":
        return int(found[1]), *_month(_YEAR.sub(" ", date, count=1), "")
    if (found := _YEAR.search(year)) is None:
        return None
    words = fields.get("month", "").strip() or re.sub(r"[\d\W_]+[a-z]?(?![a-z])", " ", year)
    return int(found[1]), *_month(words, fields.get("day", ""))


def _month(words: str, day: str) -> tuple[int | None, int | None, str]:
    """Return month and day, and the words where they are neither month nor season."""
    named = _MONTH.search(words)
    number = None if named else _MONTH_NUMBER.match(words)
    if not (named or number):
        is_told = not re.search(r"[^\W_]{3}", words) or _SEASON.search(words)
        return None, None, "" if is_told else words.strip()
    first_day = _DAY.search(day) or (_DAY.search(words) if named else None)
    month = MONTHS.index(named.group().lower()) + 1 if named else int(number[1]) if number else None
    return month, int(first_day[1]) if first_day else None, ""
