"""What speaks for a cut between title and authors, and how much: the clues and their weights.

Here: the clues, visible in one tuple, and the probability that they add up to. Not here: where a
line may be cut and what is done with the probability (`byline`), the frequencies behind the
readings (`byline_model`).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from flows.normalize.byline_model import BylineModel, text_scores, text_words
from flows.normalize.names import PARTICLES
from flows.normalize.text import match_key


@dataclass(frozen=True)
class BylineEvidence:
    """What the rest of the input says about names and titles."""

    names: pl.DataFrame  # name (as printed), count: author names printed unambiguously elsewhere
    titles: pl.DataFrame  # title (as printed): titles known from where they are not glued


@dataclass(frozen=True)
class Clue:
    """One piece of evidence: its weight in nats per unit of its value."""

    name: str
    weight: float
    value: pl.Expr


_NAME, _LEFT = pl.col("name"), pl.col("left")
_WORDS = _NAME.str.count_matches(" ", literal=True) + 1
_IS_CJK = _NAME.str.contains(r"^[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}]{2,5}$")
# Signed, for their difference: counts of matches are unsigned.
_PREFIXES = _NAME.str.count_matches(r"\b(?:Mc|Mac|De|Di|Du|La|Le|Van|Von|Fitz)\p{Lu}").cast(
    pl.Int64
)
_HUMPS = _NAME.str.count_matches(r"\p{Ll}\p{Lu}").cast(pl.Int64) - _PREFIXES
# `Dde la Cruz`: the end of a title and a particle, unless it is a name of its own, such as Ada.
_IS_GLUED_PARTICLE = _NAME.str.contains(rf"^\p{{Lu}}+(?:{'|'.join(PARTICLES)}) ")
_COUNT = pl.col("count").fill_null(0).cast(pl.Float64)


def _reading(column: str, low: float, high: float) -> pl.Expr:
    """Return a log-probability or a gain, kept within bounds; `low` where nothing is to be read."""
    return pl.col(column).fill_null(low).clip(low, high)


def _is(column: str) -> pl.Expr:
    return pl.col(column).fill_null(value=False)


# The weights are those of a conditional logit over the possible cuts of a line and no cut at all,
# fitted on glued lines (data/README.md); the last four are set by hand, as that data has hardly any
# such lines.
CLUES = (
    Clue("cut", 4.79, pl.lit(1.0)),
    Clue("of_truncated_list", -0.73, pl.col("truncated")),
    Clue("leaves_three", 0.41, pl.col("truncated") & (pl.col("authors") == 3)),
    # How the letters and words read: as a name, as a title, cut here against not cut at all.
    Clue("name_reading", 0.038, _reading("as_name", -60, 0)),
    Clue("ending_reading", -0.055, _reading("as_ending", -60, 0)),
    Clue("uncut_reading", 0.139, -_reading("as_title", -80, 0)),
    Clue("balance", 0.119, _reading("balance", -25, 25)),
    Clue("name_gain", 0.073, _reading("name_gain", -25, 25)),
    Clue("given_reading", 0.24, _reading("as_given", -40, 0)),
    Clue("given_gain", 0.02, _reading("given_gain", -10, 10)),
    Clue("family_gain", -0.111, _reading("family_gain", -10, 10)),
    Clue("given_in_names", -4.8, _is("first_in_names")),
    Clue("family_in_names", -1.51, _is("last_in_names")),
    # The same for the halves of words with a hump: Kook of KookJin, Net of WordNet.
    Clue("given_half_gain", 0.115, _reading("given_half_gain", -10, 10)),
    Clue("ending_half_gain", 0.215, _reading("ending_half_gain", -10, 10)),
    Clue("followers_gain", 0.196, pl.col("followers_gain").clip(-30, 24)),
    # The shape of the name.
    Clue("one_word", -4.63, (_WORDS == 1) & ~_IS_CJK),
    Clue("three_words", -1.93, _WORDS == 3),
    Clue("many_words", -4.1, _WORDS > 3),
    Clue("humps", 1.7, _HUMPS),
    Clue("later_humps", -2.34, _NAME.str.count_matches(r" \S*\p{Ll}\p{Lu}")),
    Clue("acronym_inside", -5.22, _NAME.str.contains(r".[ \-]\S*\p{Lu}{2,}\p{Ll}")),
    Clue("prefixes", 4.93, _PREFIXES),
    Clue("starts_like_acronym", -8.7, _NAME.str.contains(r"^\p{Lu}{2,}\p{Ll}")),
    Clue("capital_words", -2.22, _NAME.str.count_matches(r"\b\p{Lu}{2,}\b")),
    Clue("starts_with_bare_letter", -9.03, _NAME.str.contains(r"^\p{Lu}(?: |$)")),
    Clue("starts_small", -10.58, _NAME.str.contains(r"^\p{Ll}")),
    Clue("accented", 0.372, _NAME.str.contains(r"[^\x00-\x7f]")),
    # The end of the title: the usual one is a small letter.
    Clue("after_capital", -2.12, _LEFT.str.contains(r"\p{Lu}$")),
    Clue("after_digit", -6.37, _LEFT.str.contains(r"\p{N}$")),
    Clue("after_full_stop", -2.46, _LEFT.str.contains(r"[.?!]$")),
    Clue("after_acronym", -1.34, _LEFT.str.contains(r"\p{Lu}{2,}$")),
    Clue("after_bare_letter", -3.13, _LEFT.str.contains(r"(?:^|[^\p{L}])\p{Lu}$")),
    Clue("after_small_and_capital", 0.99, _LEFT.str.contains(r"\p{Ll}\p{Lu}$")),
    Clue("ending_humps", 2.87, _LEFT.str.count_matches(r"\p{Ll}\p{Lu}")),
    Clue("ending_in_titles", 2.04, _is("ending_in_titles")),
    # What the rest of the input says.
    Clue("name_seen", 4.99, _COUNT > 0),
    Clue("name_seen_often", 0.199, (_COUNT.log1p() - 0.69).clip(0, 3)),
    Clue("title_known", 12.0, _is("title_known")),
    # `generationS.` | `S. Ghidary`: a cut between the initials of a name.
    Clue("between_initials", -12.0, _LEFT.str.contains(r"\p{Ll}\p{Lu}\.$")),
    Clue("cjk_name_after_other_script", 12.0, _IS_CJK),
    Clue("glued_particle", -60.0, _IS_GLUED_PARTICLE & ~_is("first_in_names") & (_COUNT == 0)),
)  # fmt: skip


def followers_gains(parts: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    """How much better the parts after each part read as names: line, part, followers_gain."""
    gain = (pl.col("as_name") - pl.col("as_title")).clip(-8, 8).fill_null(0)
    return parts.join(scores, on="text", how="left", maintain_order="left").select(
        "line", "part", followers_gain=(gain.cum_sum(reverse=True) - gain).over("line")
    )


def with_readings(
    cuts: pl.DataFrame, parts: pl.DataFrame, evidence: BylineEvidence, model: BylineModel
) -> pl.DataFrame:
    """Join to each cut what the frequencies and the evidence say of the two sides."""
    followers = parts.filter(pl.col("part") > 0)["text"]
    read = cuts.with_columns(
        title_key=match_key(pl.col("title")),
        name_key=match_key(pl.col("name")),
        given_half=pl.col("name").str.extract(r"^(\p{Lu}*[^\p{Lu}\s]*)"),
        ending_half=pl.col("left").str.extract(r"(\p{Lu}*[^\p{Lu}]*)$"),
    )
    texts = [read[column] for column in ("left", "name", "glued", "given_half", "ending_half")]
    scores = text_scores(pl.concat([*texts, followers]), model)
    known_titles = (
        evidence.titles.select(title_key=match_key(pl.col("title")))
        .unique()
        .with_columns(title_known=pl.lit(value=True))
    )
    known_words = (
        text_words(evidence.titles.select(text="title").unique())
        .select(last_word="word", word_known=pl.lit(value=True))
        .unique()
    )
    seen_names = (
        evidence.names.group_by(name_key=match_key(pl.col("name")))
        .agg(pl.col("count").sum())
        .drop_nulls()
    )
    sides = (
        scores.select("last_word", "as_ending", left="text", ending_in_titles="last_in_titles"),
        scores.select(
            "as_name",
            "as_given",
            "given_gain",
            "family_gain",
            "first_in_names",
            "last_in_names",
            name="text",
            name_gain=pl.col("as_name") - pl.col("as_title"),
        ),
        scores.select("as_title", glued="text"),
        scores.select(given_half="text", given_half_gain=pl.col("as_name") - pl.col("as_title")),
        scores.select(ending_half="text", ending_half_gain=pl.col("as_ending") - pl.col("as_name")),
        followers_gains(parts, scores),
        known_titles,
        known_words,
        seen_names,
    )
    keys = (
        ["left"],
        ["name"],
        ["glued"],
        ["given_half"],
        ["ending_half"],
        ["line", "part"],
        ["title_key"],
        ["last_word"],
        ["name_key"],
    )
    for side, key in zip(sides, keys, strict=True):
        read = read.join(side, on=key, how="left", maintain_order="left")
    return read.with_columns(
        balance=pl.col("as_name") + pl.col("as_ending") - pl.col("as_title"),
        # A word of other titles in the input is a title word as much as one of the tables.
        ending_in_titles=_is("ending_in_titles") | _is("word_known"),
    )


def clue_values(
    cuts: pl.DataFrame, parts: pl.DataFrame, evidence: BylineEvidence, model: BylineModel
) -> pl.DataFrame:
    """Return the values of the clues, a column each, for each cut, in order."""
    return with_readings(cuts, parts, evidence, model).select(
        clue.value.cast(pl.Float64).alias(clue.name) for clue in CLUES
    )


def with_probability(
    cuts: pl.DataFrame, parts: pl.DataFrame, evidence: BylineEvidence, model: BylineModel
) -> pl.DataFrame:
    """Give each cut its `probability` among the cuts of its line and no cut at all (0 nats)."""
    values = clue_values(cuts, parts, evidence, model)
    nats = values.select(nats=pl.sum_horizontal(pl.col(clue.name) * clue.weight for clue in CLUES))
    best = pl.max_horizontal(pl.col("nats").max().over("line"), 0.0)
    share = (pl.col("nats") - best).exp()
    return (
        pl.concat([cuts, nats], how="horizontal")
        .with_columns(probability=share / (share.sum().over("line") + (-best).exp()))
        .drop("nats")
    )
