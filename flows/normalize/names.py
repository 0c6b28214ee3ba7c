"""Personal names: author lists taken apart, and the words under which names are compared."""

from __future__ import annotations

import polars as pl

from flows.normalize.text import fold, match_key
from schemas.columns import AUTHOR_STRUCT

PARTICLES = (
    "al", "bin", "da", "de", "del", "della", "den", "der", "des", "di", "do", "dos", "du", "el",
    "ibn", "la", "le", "ten", "ter", "van", "vom", "von", "zu", "zur",
)  # fmt: skip
SUFFIXES = ("jr", "jr.", "sr", "sr.", "ii", "iii", "iv")
_COMMA_SUFFIX = rf"(?i),\s*({'|'.join(suffix.replace('.', '[.]') for suffix in SUFFIXES)})$"


def given_first(name: pl.Expr) -> pl.Expr:
    """Return the name with `Last, First` turned into `First Last`; `Name, Jr.` loses the comma."""
    plain = fold(name).str.replace(_COMMA_SUFFIX, " $1")
    family = plain.str.extract(r"^([^,]+),[^,]*$")
    given = plain.str.extract(r"^[^,]+,\s*([^,]+)$")
    return pl.when(given.is_not_null()).then(given + " " + family).otherwise(plain)


def name_key(name: pl.Expr) -> pl.Expr:
    """Return the words of a name for comparison, given names first: see `match_key`."""
    return match_key(given_first(name))


def split_name(name: pl.Expr) -> pl.Expr:
    """Return a struct of given_name and family_name; a single word is a family name alone.

    Particles (`van der`) belong to the family name, suffixes (`Jr.`) to nobody's given name.
    """
    full = given_first(name)
    suffix = full.str.extract(rf"(?i)\s+({'|'.join(s.replace('.', '[.]') for s in SUFFIXES)})$")
    core = (
        pl.when(suffix.is_null())
        .then(full)
        .otherwise(full.str.head(-(suffix.str.len_chars().cast(pl.Int64) + 1)).str.strip_chars())
    )
    family = core.str.extract(rf"((?:\b(?:{'|'.join(PARTICLES)})\s+)*\S+)$").fill_null(core)
    given = core.str.head(-family.str.len_chars().cast(pl.Int64)).str.strip_chars()
    return pl.struct(
        given_name=pl.when(given != "").then(given),
        family_name=pl.when(suffix.is_null()).then(family).otherwise(family + " " + suffix),
    )


def parse_author_line(line: pl.Expr) -> pl.Expr:
    """Return a struct of names, is_complete and affiliations of `A, B et al. · x, y`.

    names and affiliations are lists of strings, null where none is printed.
    """
    text = fold(line)
    people = text.str.extract(r"^(.*?)(?:\s+·(?:\s.*)?)?$").str.strip_chars()
    places = text.str.extract(r"\s·\s(.*)$")
    cut = people.str.contains(ET_AL)
    names = _parts(people.str.replace(ET_AL, "").str.replace_all(_LISTED_SUFFIX, "\x1f$1$2"))
    names = names.list.eval(pl.element().str.replace_all("\x1f", ", ", literal=True))
    return pl.struct(
        names=names,
        is_complete=pl.when(names.is_not_null()).then(~cut),
        affiliations=_parts(places),
    )


def as_authors(names: pl.Expr) -> pl.Expr:
    """Return a list of names as the authors column of a record; null stays null."""
    unknown = [
        pl.lit(None, field.dtype).alias(field.name)
        for field in AUTHOR_STRUCT.fields
        if field.name != "name"
    ]
    return names.list.eval(pl.struct(pl.element().alias("name"), *unknown))


ET_AL = r",?\s*\bet al\.?$"
_LISTED_SUFFIX = r",\s+(Jr\.?|Sr\.?|II|III|IV)(,|$)"


def _parts(text: pl.Expr) -> pl.Expr:
    parts = (
        text.str.split(", ")
        .list.eval(pl.element().str.strip_chars())
        .list.eval(pl.element().filter(pl.element() != ""))
    )
    return pl.when(parts.list.len() > 0).then(parts)
