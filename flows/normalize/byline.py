"""Cuts a printed line in which a title and its author list are glued together.

`TITLEFirst Author, Second Author, Third Author et al. · affiliation, affiliation`: nothing
separates the title from the first author, and the title may hold commas itself. Here: the grammar
of such a line, the places where it may be cut, the decision. Not here: what a name or a title looks
like and what each clue weighs (`byline_model`, `byline_clues`), which lines of a page are bylines
(`flows/formats`).

Every line is judged on its own and on the evidence that is passed in, never on the other lines of
the batch, so that lines split in any batches give the same result.
"""

from __future__ import annotations

import polars as pl

from flows.normalize.byline_clues import BylineEvidence, with_probability
from flows.normalize.byline_model import shipped_model
from flows.normalize.text import fold

__all__ = ["THRESHOLD", "BylineEvidence", "evident_names", "split_bylines"]

# A cut less probable than this is not made: the line stays whole, its authors unknown. On held-out
# lines this leaves 0.3 % whole and cuts 99.98 % of the others rightly; of the cuts that it refuses
# a quarter would have been wrong.
THRESHOLD = 0.85
# No name has more words than this, separated by blanks.
LONGEST_NAME = 6

# Title and authors, then what is printed after them without any doubt.
LINE = r"^(?<body>.*?)(?<truncated>,? et al\.?)?(?: · (?<affiliations>[^·]+))?$"
# "Smith, Jr." is one name: its comma is hidden while the author list is taken apart.
SUFFIX = r", ((?:Jr|Sr|II|III|IV)\b\.?)"
HIDDEN_COMMA = "\x1f"
NAME_WORD = r"[(\"“„‘'`]?[\p{L}\p{M}][\p{L}\p{M}'’`´.\-‐‑–\x1f\\{}\"^~]*[)\"“”’']?[*†‡]*"
NAME = rf"^{NAME_WORD}(?: {NAME_WORD}){{0,{LONGEST_NAME - 1}}}(?: \d{{4}})?$"
# Words of titles and of lists that no name contains.
NO_NAME = r"(?:^| )(?:and|of|the|for|with|from|by|to|via|using|is|are)(?: |$)"
# Where a name may be glued to what stands before it: no blank, hyphen, opening bracket, markup.
TITLE_END = r"[^\s\-‐‑–—,(\[{/@&#_\\^~<|]"
SEAM = rf"{TITLE_END}[\p{{Lu}}\p{{Lt}}]|[^\s\-‐‑–—,(\[{{/@&#_\\^~<|\p{{Lo}}]\p{{Lo}}"
# A name may begin small when it is small throughout (bell hooks) or begins with a particle.
SMALL_WORD = r"[\p{Ll}.'’\-]+"
PARTICLE = r"(?:de|van|von|der|den|di|del|della|da|dos|el|al|la|le|ter|ten|bin|ibn)"
SMALL_SEAM = r"[\p{L}\p{N}.?!)\]\"”$]\p{Ll}"
SMALL_NAME = rf"^{SMALL_WORD}(?: {SMALL_WORD}){{1,3}}$"
PARTICLE_NAME = rf"^{PARTICLE}\b.*\p{{Lu}}"
SMALL_END = rf"\S\p{{Ll}}{SMALL_WORD}(?: {SMALL_WORD}){{1,3}}$|\S{PARTICLE} .*\p{{Lu}}"
# A capital inside a word: the mark of a glued word, or of a name such as McAuley. Those after a
# hyphen or an apostrophe are common: Kai-Wei, O'Brien.
HUMP = r"[^\s\-‐‑–'’`´(]\p{Lu}"


def parsed_lines(printed: pl.Series) -> pl.DataFrame:
    """Take the lines apart as far as it needs no decision.

    Columns: line (its place), printed (white space folded), body (title and authors), truncated,
    affiliations.
    """
    groups = pl.col("printed").str.extract_groups(LINE).struct
    return (
        pl.DataFrame({"printed": printed.cast(pl.String).fill_null("")})
        .with_columns(fold(pl.col("printed").str.replace_all(r"\p{Cc}", " ")).fill_null(""))
        .with_row_index("line")
        .with_columns(
            body=groups.field("body"),
            truncated=groups.field("truncated").is_not_null(),
            affiliations=groups.field("affiliations").str.split(", "),
        )
    )


def looks_like_name(text: pl.Expr) -> pl.Expr:
    """Say whether text has the form of a name: a few words of letters, brackets in pairs."""
    opening, closing = (text.str.count_matches(bracket, literal=True) for bracket in "()")
    return text.str.contains(NAME) & ~text.str.contains(NO_NAME) & (opening == closing)


def comma_parts(lines: pl.DataFrame) -> pl.DataFrame:
    """One row per comma part of each body: line, part, text, start (offset), is_name, may_start.

    A part may hold the start of the author list when all parts after it look like names.
    """
    width = pl.col("text").str.len_chars()
    return (
        lines.select(
            "line",
            text=pl.col("body").str.replace_all(SUFFIX, HIDDEN_COMMA + " $1").str.split(", "),
        )
        .explode("text")
        .with_columns(
            part=pl.int_range(pl.len()).over("line"),
            parts=pl.len().over("line"),
            # A hidden comma and the blank after it are as long as the separator was.
            start=((width + 2).cum_sum() - width - 2).over("line"),
            is_name=looks_like_name(pl.col("text")),
        )
        .with_columns(
            may_start=pl.col("is_name")
            .cum_min(reverse=True)
            .shift(-1, fill_value=True)
            .over("line")
        )
    )


def evident_names(printed: pl.Series) -> pl.DataFrame:
    """Return the names of glued lines that need no decision, with their counts: name, count.

    These are the last parts of a line that look like names and have no hump (the mark of the part
    in which the list begins); the first part is never among them.
    """
    parts = comma_parts(parsed_lines(printed)).with_columns(
        is_plain=pl.col("is_name")
        & pl.col("text").str.contains(" ", literal=True)
        & ~pl.col("text").str.contains(HUMP)
        & pl.col("text").str.contains(r"^\p{Lu}")
    )
    return (
        parts.filter((pl.col("part") > 0) & pl.col("is_plain").cum_min(reverse=True).over("line"))
        .group_by(name=shown(pl.col("text")))
        .agg(count=pl.len().cast(pl.Int64))
        .sort("name")
    )


def shown(name: pl.Expr) -> pl.Expr:
    """Return a name as it was printed, its hidden comma restored."""
    return name.str.replace_all(HIDDEN_COMMA, ",", literal=True)


def possible_cuts(lines: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """One row per place where the first author may begin.

    Columns: line, truncated, part, authors (how many names there are from here on), title and name
    (before and after the cut: the title, the first author), left (the last word of the title),
    glued (left and name, as printed).
    """
    text, token, left, name = (pl.col(column) for column in ("text", "token", "left", "name"))
    ends_small = text.str.contains(SMALL_END)
    seam = left.str.tail(1) + name.str.head(1)
    is_seam = seam.str.contains(rf"^(?:{SEAM})$") | (
        seam.str.contains(rf"^{SMALL_SEAM}$") & name.str.contains(rf"{SMALL_NAME}|{PARTICLE_NAME}")
    )
    return (
        parts.filter("may_start")
        .select("line", "part", "parts", "start", "text", token=text.str.split(" "))
        .with_columns(place=pl.int_ranges(token.list.len()))
        .with_columns(pl.col("token", "place").list.tail(LONGEST_NAME))
        .explode("token", "place")
        .filter(token.str.contains(SEAM) | ends_small)
        .with_columns(glued=text.str.split(" ").list.slice(pl.col("place")).list.join(" "))
        .with_columns(width=pl.int_ranges(1, token.str.len_chars()))
        .explode("width")
        .drop_nulls("width")
        .with_columns(
            left=token.str.head(pl.col("width")), name=pl.col("glued").str.slice(pl.col("width"))
        )
        .filter(is_seam, looks_like_name(name))
        .join(lines.select("line", "truncated", "body"), on="line", maintain_order="left")
        .with_columns(
            title=pl.col("body").str.head(
                pl.col("start") + text.str.len_chars() - name.str.len_chars()
            )
        )
        .select(
            "line",
            "truncated",
            "part",
            "left",
            "name",
            "glued",
            "title",
            authors=pl.col("parts") - pl.col("part"),
        )
    )


def split_bylines(printed: pl.Series, evidence: BylineEvidence) -> pl.DataFrame:
    """Cut each line into title and authors, or leave it whole when that is not certain enough.

    One row per line, in order: title (the whole line, white space folded, when undecided), authors
    (null when undecided), authors_complete, affiliations (null when undecided or none are printed),
    confidence (the probability that the best cut is right; 0 where none is possible).
    """
    lines = parsed_lines(printed)
    parts = comma_parts(lines)
    cuts = with_probability(possible_cuts(lines, parts), parts, evidence, shipped_model())
    best = cuts.sort("line", "probability", "title", descending=[False, True, False]).unique(
        "line", keep="first", maintain_order=True
    )
    is_first = pl.col("part") == pl.col("cut_part")
    authors = (
        parts.join(best.select("line", "name", cut_part="part"), on="line", maintain_order="left")
        .filter(pl.col("part") >= pl.col("cut_part"))
        .group_by("line", maintain_order=True)
        .agg(authors=shown(pl.when(is_first).then("name").otherwise("text")))
    )
    is_certain = pl.col("confidence") >= THRESHOLD
    return (
        lines.join(best.select("line", "title", "probability"), on="line", how="left")
        .join(authors, on="line", how="left")
        .sort("line")
        .with_columns(confidence=pl.col("probability").fill_null(0.0).round(6))
        .select(
            title=pl.when(is_certain).then("title").otherwise("printed"),
            authors=pl.when(is_certain).then("authors"),
            authors_complete=pl.when(is_certain).then(~pl.col("truncated")),
            affiliations=pl.when(is_certain).then("affiliations"),
            confidence="confidence",
        )
    )
