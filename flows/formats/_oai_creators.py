"""The creators of a Dublin Core record: names of persons and of bodies, and what else is printed
with them: affiliations, ORCIDs, years of life.

A repository prints a creator as `Doe, Jane`, `Jane Doe`, `Doe, Jane, 1951-`, as `Doe, Jane;
University of X`, or all of them in one text: `Doe, Jane; Roe, Richard`. What a name means is the
business of `normalize.names`.
"""

from __future__ import annotations

import re
from typing import Any

from flows.normalize.names import SUFFIXES

_CUT = re.compile(r"(?i)^(?:and\s+)?(?:et\.?\s*al\.?|others)$")
_ORCID = re.compile(r"(?i)^(?:https?://orcid\.org/|orcid:?\s*)?(\d{4}-\d{4}-\d{4}-\d{3}[\dXx])$")
_LIFE = re.compile(
    r"(?i)[,(]\s*(?:(?:b|d|born|died|ca|fl)\.?\s*\d{4}|\d{4}\??\s*[-\u2013]\s*(?:\d{4}\??)?)\s*\)?\.?$"
)
_HAS_LETTER = re.compile(r"[^\W\d_]")
_BODY = re.compile(
    r"(?i)\b(?:univ|institut|instytut|department|departa|dept\b|facult|fakult|faculd|school\b|college\b"
    r"|academ|akadem|cent(?:er|re|ro|rum)\b|laborat|hospital\b|clinic|klinik|minist[ée]r|council\b"
    r"|corporation\b|company\b|inc\b|ltd\b|gmbh\b|foundation\b|funda[cç]|escola\b|escuela\b|[ée]cole\b"
    r"|museum\b|polit[eé]c|polytech|technolog|research\b|national\b|agency\b|society\b|association\b"
    r"|университет|институт|академи|факультет|кафедр)|大学|学院|研究|대학|병원"
)
"""Words that institutions have in their names, and persons have not."""
_CAPITALS = re.compile(r"^[A-Z]{2,}$")
_MOST_WORDS = 4
"""Words that the family name of a person has, or the given names."""


def creators(printed: list[str]) -> dict[str, Any]:
    """Return authors and authors_complete."""
    authors: list[dict[str, Any]] = []
    is_complete = True
    for text in printed:
        first = None
        for part in filter(None, (each.strip() for each in text.split(";"))):
            if orcid := _ORCID.match(part):
                if authors:
                    authors[-1]["orcid"] = orcid[1]
            elif is_cut(part):
                is_complete = False
            elif first is not None and not _is_person(part, first):
                authors[-1].setdefault("affiliations", []).append(part)
            elif _HAS_LETTER.search(part):
                first = first or part
                authors.append(_author(part))
    return {"authors": authors or None, "authors_complete": is_complete if authors else None}


def is_cut(name: str) -> bool:
    """Tell whether a name says that further ones are left out."""
    return bool(_CUT.match(name))


def _is_person(part: str, first: str) -> bool:
    """Tell whether a part of a creator, printed behind another, is a person like the first is, and
    no affiliation."""
    if _BODY.search(part) or re.search(r"\d", part):
        return False
    names = _LIFE.sub("", part).split(",")
    if "," not in first:
        return len(names) == 1 and not _CAPITALS.match(part)
    is_suffixed = len(names) == 3 and _is_suffix(names[2])
    return (len(names) == 2 or is_suffixed) and all(
        0 < len(name.split()) <= _MOST_WORDS for name in names
    )


def _is_suffix(text: str) -> bool:
    return text.strip().casefold() in SUFFIXES


def _author(printed: str) -> dict[str, Any]:
    """Return a creator: `Last, First`, also with a suffix or years of life, or as it is read."""
    names = [part.strip() for part in _LIFE.sub("", printed).split(",")]
    if len(names) == 3 and _is_suffix(names[1]):
        names = [names[0], names[2], names[1]]
    if len(names) == 3 and _is_suffix(names[2]):
        names = [f"{names[0]} {names[2]}", names[1]]
    if len(names) != 2 or not all(names) or _is_suffix(names[1]):
        return {"name": ", ".join(filter(None, names)), "given_name": None, "family_name": None}
    family, given = names
    return {"name": f"{given} {family}", "given_name": given, "family_name": family}
