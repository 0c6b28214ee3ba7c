"""What evidence says and what it is worth: log-odds in nats, in one visible tuple.

Here: the levels of each kind of evidence. Not here: how the evidence is measured (`evidence`), the
sum (`scoring`), and what an input teaches of its own versions (`rates`).

Two questions are asked of a pair: is it the same work (titles, abstracts, authors, identifiers),
and if so, the same version of it (years, venues, kinds, pages)? What a level of the first is worth
is frozen. A level of the second has two rates, after I. Fellegi and A. Sunter, A theory for record
linkage, 1969: how often it is found among records of one version, which is learned anew on every
input, and how often among those of two versions of one work, which is frozen, so that what differs
between versions stays a difference. A level that applies where a value is absent is worth 0:
missing is not different.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from flows.resolve.kernels.compare import TYPO

Question = Literal["work", "version"]

WORK_PRIOR = -3.0
"""Log-odds that a pair of records that were compared are of one work."""
SAME_VERSION = 0.82
"""Share of the records of one work that are the same version, before an input is looked at."""


@dataclass(frozen=True)
class Rate:
    """How often a level is found among records of one version, and of two versions of one work."""

    match: float
    other: float


@dataclass(frozen=True)
class Level:
    """One thing that evidence can say: its name in words, when it applies, what it is worth."""

    says: str
    when: pl.Expr
    worth: float | pl.Expr | Rate


@dataclass(frozen=True)
class Evidence:
    """A kind of evidence; of its levels the first that applies counts, none is worth 0."""

    name: str
    question: Question
    levels: tuple[Level, ...]


def _col(name: str) -> pl.Expr:
    return pl.col(name)


TITLE_IS_KNOWN = _col("title_similarity").is_not_null()
# A word was replaced by quite another one, not mistyped.
WORD_IS_REPLACED = (_col("replaced_similarity") < TYPO).fill_null(value=False)
SAME_WORDING = ~_col("number_is_left_over") & ~WORD_IS_REPLACED
# What one title says beyond the other are names of the authors and words of no weight.
ONLY_NAMES_OVER = (
    (_col("over_left") < 1)
    & (_col("over_right") < 1)
    & (_col("title_rarity") >= 10)
    & ~_col("number_is_left_over")
)
CUT_WITH_TYPO = (_col("head_similarity") >= 0.88) & ~_col("number_is_left_over")
TITLES_AGREE = (
    ~_col("notes_conflict")
    & ~_col("numbers_conflict")
    & (
        ((_col("title_similarity") >= 0.9) & SAME_WORDING)
        | _col("title_is_cut")
        | ONLY_NAMES_OVER
        | CUT_WITH_TYPO
    )
)
# Two known titles that are not readings of one: then shared passages are a group's boilerplate.
TITLES_DISAGREE = TITLE_IS_KNOWN & ~(
    TITLES_AGREE
    | ((_col("title_similarity") >= 0.85) & ~WORD_IS_REPLACED)
    | ((_col("title_containment") >= 0.85) & (_col("title_rarity") >= 10))
)
# Every printed field that the two have is the same.
ALL_IS_EQUAL = (
    _col("title_is_equal")
    & _col("abstract_is_equal")
    & (_col("abstract_words") >= 8)
    & (_col("year_gap") == 0)
    & _col("same_day").fill_null(value=True)
    & (_col("author_similarity") >= 0.99).fill_null(value=True)
    & _col("same_author_count").fill_null(value=True)
    & ~_col("numbers_conflict")
)
IS_REWRITTEN = (_col("abstract_similarity") >= 0.25) & ~_col("abstract_is_equal")
TITLED, UNTITLED = IS_REWRITTEN & TITLE_IS_KNOWN, IS_REWRITTEN & ~TITLE_IS_KNOWN
# Where two lists of names can be compared, they say more than their lengths.
COUNTS_TELL = _col("author_similarity").is_null()

# Proceedings of one venue in two years, or two volumes or issues of one journal: what a journal
# prints late it prints once, and agreement on the venue then only says where both appeared.
OTHER_EDITION = (_col("venue_relation") == 1) & (
    (_col("are_proceedings") & (_col("year_gap") >= 1))
    | (~_col("same_volume") & ~(_col("same_page") & (_col("year_gap") == 0)).fill_null(value=False))
    | (_col("same_volume") & ~_col("same_issue") & ~_col("same_page"))
)
# Two places in one volume: two papers, unless their titles are one.
OTHER_PLACE = (
    (_col("venue_relation") == 1)
    & ~_col("same_page")
    & (_col("same_volume") | (_col("same_volume").is_null() & (_col("year_gap") == 0)))
    & ~_col("title_is_equal")
    & ((_col("over_left") > 0) | (_col("over_right") > 0))
)
COUNTS_DIFFER = ~_col("same_author_count")

EVIDENCE: tuple[Evidence, ...] = (
    Evidence(
        "title",
        "work",
        (
            Level("a title is missing", ~TITLE_IS_KNOWN, 0.0),
            Level("one title is a note about another paper", _col("notes_conflict"), -8.0),
            Level("the titles have different numbers or marks", _col("numbers_conflict"), -8.0),
            Level("equal titles", _col("title_is_equal") & ~_col("number_is_left_over"), 6.0),
            Level("one title is the other without its subtitle", _col("title_is_cut"), 3.5),
            Level(
                "titles differ by a typo", (_col("title_similarity") >= 0.95) & SAME_WORDING, 5.0
            ),
            Level("titles nearly equal", (_col("title_similarity") >= 0.9) & SAME_WORDING, 3.5),
            Level("titles equal but for names of authors", ONLY_NAMES_OVER, 5.0),
            Level("one title is nearly the other without its subtitle", CUT_WITH_TYPO, 3.0),
            Level(
                "one title has a number that the other lacks",
                _col("number_is_left_over") & (_col("title_similarity") >= 0.75),
                -3.0,
            ),
            Level(
                "one title holds all the words of the other",
                (_col("title_containment") >= 0.95)
                & (_col("title_rarity") >= 20)
                & (_col("abstract_similarity") >= 0.25).fill_null(value=True)
                & ~WORD_IS_REPLACED,
                1.5,
            ),
            Level(
                "one title holds the words of the other",
                (_col("title_containment") >= 0.85)
                & (_col("title_rarity") >= 10)
                & ~WORD_IS_REPLACED,
                -0.5,
            ),
            Level(
                "titles alike but for a telling word",
                (_col("title_similarity") >= 0.75) & WORD_IS_REPLACED,
                -4.0,
            ),
            Level("titles begin alike before the colon", _col("title_heads_are_equal"), -2.5),
            Level("similar titles", (_col("title_similarity") >= 0.85) & ~WORD_IS_REPLACED, 0.0),
            Level(
                "titles share words",
                (_col("title_similarity") >= 0.75) | (_col("title_containment") >= 0.5),
                -2.5,
            ),
            Level("unlike titles", _col("title_similarity") >= 0.6, -4.5),
            Level("different titles", TITLE_IS_KNOWN, -6.0),
        ),
    ),
    Evidence(
        "title rarity",
        "work",
        (
            Level(
                "as of columns and editorials, of several authors, venue and year",
                TITLES_AGREE
                & (_col("title_least") < 4)
                & (_col("author_similarity") >= 0.85)
                & (_col("author_rarity") >= 24)
                & _col("same_author_count")
                & (_col("venue_relation") == 1)
                & (_col("year_gap") == 0),
                -3.0,
            ),
            Level("as of columns and editorials", TITLES_AGREE & (_col("title_least") < 4), -8.0),
            Level("of common words only", TITLES_AGREE & (_col("title_least") < 10), -3.0),
            Level("of few rare words", TITLES_AGREE & (_col("title_least") < 20), -1.0),
            Level("of rare words", TITLES_AGREE & (_col("title_least") < 35), 0.5),
            Level("of many rare words", TITLES_AGREE, 1.5),
        ),
    ),
    Evidence(
        "label",
        "work",
        (Level("a label on one of the titles", TITLES_AGREE & _col("labels_differ"), -0.5),),
    ),
    Evidence(
        "title namesakes",
        "work",
        (
            Level(
                "a title that several first authors use, on lists of unlike length",
                _col("title_is_equal") & (_col("people_of_title") > 2) & ~_col("same_author_count"),
                -2 * _col("people_of_title").cast(pl.Float64).log(),
            ),
            Level(
                "a title that several first authors use",
                _col("title_is_equal") & (_col("people_of_title") > 1),
                -_col("people_of_title").cast(pl.Float64).log(),
            ),
        ),
    ),
    Evidence(
        "abstract",
        "work",
        (
            Level("title, authors, date and abstract all equal", ALL_IS_EQUAL, 6.0),
            Level(
                "equal abstracts, found under many titles",
                _col("abstract_is_equal") & (_col("titles_of_abstract") > 3),
                0.0,
            ),
            Level(
                "equal abstracts", _col("abstract_is_equal") & (_col("abstract_words") >= 50), 10.0
            ),
            Level(
                "equal short abstracts",
                _col("abstract_is_equal") & (_col("abstract_words") >= 20),
                6.0,
            ),
            Level(
                "equal abstracts, too short to count for more",
                _col("abstract_is_equal") & (_col("abstract_words") >= 14),
                3.5,
            ),
            Level(
                "equal abstracts, far too short to count for more",
                _col("abstract_is_equal") & (_col("abstract_words") >= 8),
                3.0,
            ),
            Level(
                "alike short abstracts",
                (_col("abstract_similarity") >= 0.5) & (_col("abstract_words") < 30),
                3.0,
            ),
            Level(
                "nearly equal abstracts under different titles",
                (_col("abstract_similarity") >= 0.9) & TITLES_DISAGREE,
                3.0,
            ),
            Level(
                "abstracts share much under different titles",
                (_col("abstract_similarity") >= 0.25) & TITLES_DISAGREE,
                1.0,
            ),
            Level("nearly equal abstracts", _col("abstract_similarity") >= 0.8, 7.0),
            Level("edited abstracts", _col("abstract_similarity") >= 0.5, 5.5),
            Level("abstracts share much", _col("abstract_similarity") >= 0.25, 4.0),
            Level("abstracts share passages", _col("abstract_similarity") >= 0.12, 1.0),
            Level("abstracts share phrases", _col("abstract_similarity") >= 0.06, -1.5),
            Level("different abstracts", _col("abstract_similarity").is_not_null(), -5.0),
        ),
    ),
    Evidence(
        "figures",
        "work",
        (
            Level("alike abstracts of other versions", UNTITLED & _col("versions_differ"), -7.0),
            Level("alike abstracts with other figures", UNTITLED & _col("figures_differ"), -7.0),
        ),
    ),
    Evidence(
        "authors",
        "work",
        (
            Level(
                "the same authors",
                (_col("author_similarity") >= 0.85)
                & (_col("author_rarity") >= 12)
                & _col("first_author_is_equal"),
                4.0,
            ),
            Level(
                "the same authors in another order",
                (_col("author_similarity") >= 0.85) & (_col("author_rarity") >= 12),
                3.0,
            ),
            Level("the same few or common names", _col("author_similarity") >= 0.85, 2.5),
            Level("most authors shared", _col("author_similarity") >= 0.6, 1.5),
            Level("some authors shared", _col("author_similarity") >= 0.35, 0.0),
            Level(
                "few authors shared, a list is cut",
                (_col("author_similarity") < 0.35) & _col("authors_are_cut"),
                -1.5,
            ),
            Level("few authors shared", _col("author_similarity") >= 0.1, -2.5),
            Level("different authors", _col("author_similarity").is_not_null(), -4.0),
        ),
    ),
    Evidence(
        "author count",
        "work",
        (Level("as many authors", COUNTS_TELL & _col("same_author_count"), 0.5),),
    ),
    Evidence(
        "day",
        "work",
        (
            Level(
                "the same day and abstract",
                _col("same_day") & _col("abstract_is_equal") & (_col("abstract_words") >= 20),
                3.0,
            ),
            Level("the same day", _col("same_day"), 1.0),
        ),
    ),
    Evidence(
        "identifier",
        "work",
        (Level("a shared identifier", _col("same_identifier"), 7.0),),
    ),
    Evidence(
        "other identifier",
        "version",
        (Level("conflicting identifiers", ~_col("same_identifier"), -8.0),),
    ),
    Evidence(
        "page",
        "work",
        (
            Level("other pages of one volume under another title", OTHER_PLACE, -8.0),
            Level(
                "the same first page",
                _col("same_page")
                & (
                    (_col("author_similarity") >= 0.35).fill_null(value=True)
                    | (_col("people_of_title") == 1)
                ),
                1.5,
            ),
        ),
    ),
    Evidence(
        "year",
        "version",
        (
            Level("the same year", _col("year_gap") == 0, Rate(0.88, 0.2)),
            Level("a preprint's year", _col("has_preprint") & (_col("year_gap") > 0), 0.0),
            Level("an inferred year", _col("year_is_inferred") & (_col("year_gap") <= 1), 0.0),
            Level(
                "another year of one conference",
                OTHER_EDITION & (_col("year_gap") >= 1),
                Rate(0.01, 0.22),
            ),
            Level("one year apart", _col("year_gap") == 1, Rate(0.055, 0.25)),
            Level("two years apart", _col("year_gap") == 2, Rate(0.02, 0.22)),
            Level("three or four years apart", _col("year_gap") <= 4, Rate(0.015, 0.2)),
            Level("five or more years apart", _col("year_gap") >= 5, Rate(0.01, 0.13)),
        ),
    ),
    Evidence(
        "venue",
        "version",
        (
            Level("a preprint's venue", _col("has_preprint"), 0.0),
            Level("another edition of one venue", OTHER_EDITION, 0.0),
            Level("the same venue", _col("venue_relation") == 1, Rate(0.7, 0.2)),
            Level("venues that are never one here", _col("venue_relation") == -1, Rate(0.03, 0.4)),
            Level("venues of unlike names", _col("venue_relation") == 0, Rate(0.25, 0.4)),
        ),
    ),
    Evidence(
        "kind",
        "version",
        (
            Level("a preprint", _col("has_preprint"), 0.0),
            Level("another edition of one venue", OTHER_EDITION, 0.0),
            Level("the same kind of publication", ~_col("kinds_differ"), Rate(0.96, 0.3)),
            Level("another kind of publication", _col("kinds_differ"), Rate(0.03, 0.7)),
        ),
    ),
    Evidence(
        "pages",
        "version",
        (
            Level("a preprint's pages", _col("has_preprint"), 0.0),
            Level("pages of another edition of one venue", OTHER_EDITION, 0.0),
            Level("the same first page", _col("same_page"), Rate(0.80, 0.03)),
            Level("other pages", ~_col("same_page"), Rate(0.20, 0.97)),
        ),
    ),
    Evidence(
        "volume",
        "version",
        (
            Level("a preprint's volume", _col("has_preprint"), 0.0),
            Level(
                "another volume or issue of one journal",
                OTHER_EDITION & (~_col("same_volume") | ~_col("same_issue")),
                Rate(0.008, 0.50),
            ),
            Level("the same volume", _col("same_volume"), Rate(0.90, 0.10)),
            Level("another volume", ~_col("same_volume"), Rate(0.10, 0.90)),
        ),
    ),
    Evidence(
        "same text",
        "version",
        (
            Level("word for word the same abstract", _col("abstract_is_equal"), 3.0),
            Level("hardly edited abstract", _col("abstract_similarity") >= 0.5, 1.0),
        ),
    ),
    Evidence(
        "number of authors",
        "version",
        (
            Level("another number of authors, names unknown", COUNTS_DIFFER & COUNTS_TELL, -3.0),
            Level("as many authors", _col("same_author_count"), Rate(0.93, 0.60)),
            Level("another number of authors", COUNTS_DIFFER, Rate(0.07, 0.40)),
        ),
    ),
    Evidence(
        "other figures",
        "version",
        (Level("alike abstracts with other figures", TITLED & _col("figures_differ"), -1.5),),
    ),
    Evidence(
        "recurring title",
        "version",
        (
            Level(
                "a title that recurs from year to year",
                (_col("years_of_title") >= 3) & (_col("year_gap") >= 1),
                -2 * _col("years_of_title").cast(pl.Float64).log(),
            ),
        ),
    ),
)
