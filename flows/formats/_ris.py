r"""RIS lines: which belong to a record, and the tag and value of each.

rispy, the library for RIS, tells no line numbers and drops without a word what stands before,
between and after records, so lines are told apart here, all of a chunk at once. Tags are printed
as `AU  - ` by the format's definition; dialects print one blank, a tab or none. What a tag means is
the reader's business.
"""

from __future__ import annotations

import polars as pl

from flows.formats._page import is_blank

_INDENT = r"^[\s\u{feff}]*"
STARTS = rf"{_INDENT}TY(?:  -|[ \t]*-[ \t]*[A-Za-z]\w*\s*$)"
"""The line a record begins with."""
_ENDS = rf"{_INDENT}ER(?:  -|[ \t]*-\s*$)"
_TAG = rf"{_INDENT}([A-Z][A-Z0-9])[ \t]*-"
_SPACING = rf"{_INDENT}[A-Z][A-Z0-9]([ \t]*)-"
_DEFINED = "  "
_HEADING = (
    r"(?i)^[\s\u{feff}]*(?:(?:provider|database|content)\s*:|EF\s*-?\s*$|\d+\s*\.\s*$"
    r"|record\s*#\d+ of \d+\s*$)"
)
"""What programs print before the first record or behind the last, as Provider: and Content:, and
before each, its number."""

_TAGS = (
    "A1 A2 A3 A4 A5 A6 AB AD AE AN AU AV BN BT C1 C2 C3 C4 C5 C6 C7 C8 CA CN CP CT CY DA DB DO DP"
    " DS ED EP ER ET FD H1 H2 ID IP IS J1 J2 JA JF JO KW L1 L2 L3 L4 LA LB LK LL LM M1 M2 M3 N1 N2"
    " NO NV OL OP PA PB PP PY RD RI RN RP SE SF SL SN SP SR ST SV T1 T2 T3 TA TI TT TY U1 U2 U3 U4"
    " U5 UR VL VO WP WT WV Y1 Y2 YR"
)
TAGS = frozenset(_TAGS.split())
"""The tags of RIS in its two definitions and of the programs that write it."""
KNOWN = TAGS | {"AI", "CC", "FU", "FX", "J9", "JI", "M4", "PI", "PM", "PU", "TS", "WE"}
"""These and what databases add, which spaced otherwise would rather be words: `AI - driven`."""

_PROSE = ("AB", "N1", "N2")
_NUMBERS = r"^[\s\d-]{7,}[\dXx]\s*$"
"""What goes on ISSN and ISBN: more of them, one a line."""
_ONE_LINE = ("TY", "PY", "Y1", "Y2", "DA", "SP", "EP", "VL", "IS", "SN", "DO", "ID", "LA")

_CODE = pl.col("code")
_IS_DEFINED = pl.col("spacing") == _DEFINED


def told_apart_lines(lines: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that are not blank with `record` (0: before the first), `tag` (null in lines
    that go on), `field` (its number in the record), `value`, `is_furniture` and `is_stray`.

    A line without a tag goes on the one before, unless that is a number or date, or a blank line
    stands between and it is no prose. Stray is what belongs to no record.
    """
    placed = lines.with_columns(blanks=is_blank(pl.col("text")).cum_sum()).filter(
        ~is_blank(pl.col("text"))
    )
    text = pl.col("text")
    # One line of a record tells the spacing of all: its first.
    coded = (
        placed.with_columns(
            record=text.str.contains(STARTS).cum_sum(),
            code=text.str.extract(_TAG),
            spacing=text.str.extract(_SPACING),
        )
        .with_columns(
            is_behind=text.str.contains(_ENDS).cum_sum().shift(1, fill_value=0).over("record") > 0,
            usual=pl.col("spacing").first().over("record"),
            before=pl.when(_IS_DEFINED).then(_CODE).forward_fill().shift(1).over("record"),
        )
        .with_columns(is_outside=pl.col("is_behind") | (pl.col("record") == 0))
    )
    is_spaced = (pl.col("spacing") == pl.col("usual")) | (
        (pl.col("spacing") != "") & ~pl.col("before").is_in(_PROSE).fill_null(value=False)
    )
    tagged = coded.with_columns(
        tag=pl.when(
            ~pl.col("is_outside"), _IS_DEFINED | (_CODE.is_in(sorted(TAGS)) & is_spaced)
        ).then(_CODE)
    )
    has_tag = pl.col("tag").is_not_null()
    within = tagged.with_columns(
        field=has_tag.cum_sum().over("record"),
        last=pl.col("tag").forward_fill().over("record"),
        gap=pl.col("blanks") > pl.when(has_tag).then("blanks").forward_fill().over("record"),
    )
    goes_on = (
        pl.col("last").is_in(_PROSE)
        | (~pl.col("last").is_in(_ONE_LINE) & ~pl.col("gap"))
        | ((pl.col("last") == "SN") & ~pl.col("gap") & text.str.contains(_NUMBERS))
    )
    is_furniture = pl.col("is_outside") & text.str.contains(_HEADING)
    return within.with_columns(
        is_furniture=is_furniture,
        is_stray=(pl.col("is_outside") & ~is_furniture)
        | (~pl.col("is_outside") & ~has_tag & ~goes_on.fill_null(value=False)),
        value=pl.when(has_tag).then(text.str.replace(rf"{_TAG}\s?", "")).otherwise(text),
    )
