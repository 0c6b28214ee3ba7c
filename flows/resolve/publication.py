"""Where a record appeared: the words of its venue, its kind of publication, pages and volume.

Here: expressions over what is printed, and which venues this input shows to be one. Not here: what
it is worth that two records agree on them (`scoring`).
"""

from __future__ import annotations

import polars as pl

from flows.normalize.text import match_key

# Each kind with how its venues are printed; the first that applies counts.
KINDS: tuple[tuple[str, str], ...] = (
    (
        "preprint",
        r"\b(?:arxiv|corr|biorxiv|medrxiv|chemrxiv|psyarxiv|ssrn|preprints?|pre ?prints?|openreview"
        r"|manuscript|submitted|in preparation|to appear|under review|unpublished|draft)\b",
    ),
    ("thesis", r"\b(?:thesis|dissertation|phd|habilitation)\b"),
    (
        "report",
        r"\b(?:tech(?:nical|n)? ?rep(?:ort|t)?s?|research rep(?:ort)?s?|memo(?:randum)?|report"
        r"|working papers?|tr \w*\d|discussion papers?|white ?paper)\b",
    ),
    (
        "proceedings",
        r"\b(?:proc(?:eedings|s)?|conf(?:erence)?|symp(?:os(?:ium|ia)?)?|workshop|wkshp|congress"
        r"|meeting|colloquium|advances in)\b",
    ),
    (
        "journal",
        r"\b(?:j|journal|jour|jnl|trans(?:actions)?|letters|magazine|annals|quarterly|bulletin"
        r"|archives?|revista|zeitschrift|cahiers)\b",
    ),
)
KIND = pl.Enum([name for name, _ in KINDS])
# Words that say nothing about which venue it is.
_EMPTY_WORDS = (
    r"\b(?:\d+\w*|in|of|the|on|and|for|de|der|des|la|le|an?|at|to|proc(?:eedings|s)?|annual|annu"
    r"|international|intl|int|conf(?:erence)?|symp(?:os(?:ium|ia)?)?|workshop|vol(?:ume)?"
    r"|no|pages?|pp|edition|ed|editors?|eds|"
    r"first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|\w+teenth"
    r"|twentieth|thirtieth|fortieth|(?:twenty|thirty|forty|fifty) \w+(?:st|nd|rd|th)"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|[ivx]+)\b"
)
_SHORTEST_PREFIX = 3


def publication(records: pl.DataFrame) -> pl.DataFrame:
    """Return, for each record: venue (the words that name it, null without), kind, first_page,
    issue and volume (their digits)."""
    venue = match_key(pl.col("venue"))
    printed = pl.col("volume")
    has_volume = printed.str.contains(r"\d").fill_null(value=False)
    venue_is_known = pl.col("key").is_not_null()
    keyed = records.select("volume", "issue", "pages", key=venue)
    kind: pl.Expr = pl.lit(None, pl.String)
    for name, pattern in reversed(KINDS):
        kind = pl.when(pl.col("key").str.contains(pattern)).then(pl.lit(name)).otherwise(kind)
    named = pl.col("key").str.replace_all(_EMPTY_WORDS, " ").str.replace_all(r" +", " ")
    return keyed.select(
        venue=pl.coalesce(named.str.strip_chars().replace("", None), "key"),
        # A volume without a word for its kind is a journal's.
        kind=pl.coalesce(kind, pl.when(has_volume & venue_is_known).then(pl.lit("journal"))).cast(
            KIND
        ),
        first_page=pl.col("pages")
        .str.extract(r"([A-Za-z]?\d+)")
        .str.to_lowercase()
        .str.strip_chars_start("0")
        .replace("", None),
        issue=pl.col("issue").str.extract(r"(\d+)"),
        volume=pl.when(has_volume).then(printed.str.extract(r"0*(\d+)")),
    )
