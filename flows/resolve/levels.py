"""What evidence can say, in one visible tuple: kinds of evidence, and the levels of each.

Here: when a level applies. Not here: how the evidence is measured (`evidence`), what a level is
worth (`weights`: a number for each, as data), the sum (`scoring`).

Two questions are asked of a pair: is it the same work (titles, abstracts, authors, identifiers),
and if so, the same version of it (years, venues, kinds, pages)? What a level of the first is worth
is frozen. A level of the second has two rates, after I. Fellegi and A. Sunter, A theory for record
linkage, 1969: how often it is found among records of one version, which is learned anew on every
input (`rates`), and how often among those of two versions of one work, which is frozen, so that
what differs between versions stays a difference. A level that applies where a value is absent is
worth 0: missing is not different.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from flows.resolve.kernels.compare import TYPO

Question = Literal["work", "version"]


@dataclass(frozen=True)
class Level:
    """One thing that evidence can say: its name in words, and when it applies."""

    says: str
    when: pl.Expr
    of_pair: pl.Expr | None = None
    """What it is worth, where that depends on the pair; else `weights` has a number for it."""


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
# Titles that recur, in two issues of one journal: what stands in each is another.
OTHER_ISSUE = (
    (_col("venue_relation") == 1)
    & ~_col("same_issue")
    & _col("same_volume").fill_null(value=True)
    & ~_col("same_page").fill_null(value=False)
    & (_col("title_least") < 10)
)
COUNTS_DIFFER = ~_col("same_author_count")

EVIDENCE: tuple[Evidence, ...] = (
    Evidence(
        "title",
        "work",
        (
            Level("a title is missing", ~TITLE_IS_KNOWN),
            Level("one title is a note about another paper", _col("notes_conflict")),
            Level("the titles have different numbers or marks", _col("numbers_conflict")),
            Level("equal titles", _col("title_is_equal") & ~_col("number_is_left_over")),
            Level("one title is the other without its subtitle", _col("title_is_cut")),
            Level("titles differ by a typo", (_col("title_similarity") >= 0.95) & SAME_WORDING),
            Level("titles nearly equal", (_col("title_similarity") >= 0.9) & SAME_WORDING),
            Level("titles equal but for names of authors", ONLY_NAMES_OVER),
            Level("one title is nearly the other without its subtitle", CUT_WITH_TYPO),
            Level(
                "one title has a number that the other lacks",
                _col("number_is_left_over") & (_col("title_similarity") >= 0.75),
            ),
            Level(
                "one title holds all the words of the other",
                (_col("title_containment") >= 0.95)
                & (_col("title_rarity") >= 20)
                & (_col("abstract_similarity") >= 0.25).fill_null(value=True)
                & ~WORD_IS_REPLACED,
            ),
            Level(
                "one title holds the words of the other",
                (_col("title_containment") >= 0.85)
                & (_col("title_rarity") >= 10)
                & ~WORD_IS_REPLACED,
            ),
            Level(
                "titles alike but for a telling word",
                (_col("title_similarity") >= 0.75) & WORD_IS_REPLACED,
            ),
            Level("titles begin alike before the colon", _col("title_heads_are_equal")),
            Level("similar titles", (_col("title_similarity") >= 0.85) & ~WORD_IS_REPLACED),
            Level(
                "titles share words",
                (_col("title_similarity") >= 0.75) | (_col("title_containment") >= 0.5),
            ),
            Level("unlike titles", _col("title_similarity") >= 0.6),
            Level("different titles", TITLE_IS_KNOWN),
        ),
    ),
    Evidence(
        "title rarity",
        "work",
        (
            Level("as of columns and editorials, in another issue", TITLES_AGREE & OTHER_ISSUE),
            Level(
                "as of columns and editorials, of several authors, venue and year",
                TITLES_AGREE
                & (_col("title_least") < 4)
                & (_col("author_similarity") >= 0.85)
                & (_col("author_rarity") >= 24)
                & _col("same_author_count")
                & (_col("venue_relation") == 1)
                & (_col("year_gap") == 0),
            ),
            Level("as of columns and editorials", TITLES_AGREE & (_col("title_least") < 4)),
            Level("of common words only", TITLES_AGREE & (_col("title_least") < 10)),
            Level("of few rare words", TITLES_AGREE & (_col("title_least") < 20)),
            Level("of rare words", TITLES_AGREE & (_col("title_least") < 35)),
            Level("of many rare words", TITLES_AGREE),
        ),
    ),
    Evidence(
        "label",
        "work",
        (Level("a label on one of the titles", TITLES_AGREE & _col("labels_differ")),),
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
            Level("title, authors, date and abstract all equal", ALL_IS_EQUAL),
            Level(
                "equal abstracts, found under many titles",
                _col("abstract_is_equal") & (_col("titles_of_abstract") > 3),
            ),
            Level("equal abstracts", _col("abstract_is_equal") & (_col("abstract_words") >= 50)),
            Level(
                "equal short abstracts",
                _col("abstract_is_equal") & (_col("abstract_words") >= 20),
            ),
            Level(
                "equal abstracts, too short to count for more",
                _col("abstract_is_equal") & (_col("abstract_words") >= 14),
            ),
            Level(
                "equal abstracts, far too short to count for more",
                _col("abstract_is_equal") & (_col("abstract_words") >= 8),
            ),
            Level(
                "alike short abstracts",
                (_col("abstract_similarity") >= 0.5) & (_col("abstract_words") < 30),
            ),
            Level(
                "nearly equal abstracts under different titles",
                (_col("abstract_similarity") >= 0.9) & TITLES_DISAGREE,
            ),
            Level(
                "abstracts share much under different titles",
                (_col("abstract_similarity") >= 0.25) & TITLES_DISAGREE,
            ),
            Level("nearly equal abstracts", _col("abstract_similarity") >= 0.8),
            Level("edited abstracts", _col("abstract_similarity") >= 0.5),
            Level("abstracts share much", _col("abstract_similarity") >= 0.25),
            Level("abstracts share passages", _col("abstract_similarity") >= 0.12),
            Level("abstracts share phrases", _col("abstract_similarity") >= 0.06),
            Level("different abstracts", _col("abstract_similarity").is_not_null()),
        ),
    ),
    Evidence(
        "figures",
        "work",
        (
            Level("alike abstracts of other versions", UNTITLED & _col("versions_differ")),
            Level("alike abstracts with other figures", UNTITLED & _col("figures_differ")),
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
            ),
            Level(
                "the same authors in another order",
                (_col("author_similarity") >= 0.85) & (_col("author_rarity") >= 12),
            ),
            Level("the same few or common names", _col("author_similarity") >= 0.85),
            Level("most authors shared", _col("author_similarity") >= 0.6),
            Level("some authors shared", _col("author_similarity") >= 0.35),
            Level(
                "few authors shared, a list is cut",
                (_col("author_similarity") < 0.35) & _col("authors_are_cut"),
            ),
            Level("few authors shared", _col("author_similarity") >= 0.1),
            Level("different authors", _col("author_similarity").is_not_null()),
        ),
    ),
    Evidence(
        "author count",
        "work",
        (Level("as many authors", COUNTS_TELL & _col("same_author_count")),),
    ),
    Evidence(
        "day",
        "work",
        (
            Level(
                "the same day and abstract",
                _col("same_day") & _col("abstract_is_equal") & (_col("abstract_words") >= 20),
            ),
            Level("the same day", _col("same_day")),
        ),
    ),
    Evidence(
        "identifier",
        "work",
        (
            Level(
                "a source states that one is the preprint of the other", _col("preprint_is_stated")
            ),
            Level("a shared identifier", _col("same_identifier")),
        ),
    ),
    Evidence(
        "other identifier",
        "version",
        (Level("conflicting identifiers", ~_col("same_identifier")),),
    ),
    Evidence(
        "page",
        "work",
        (
            Level("other pages of one volume under another title", OTHER_PLACE),
            Level(
                "the same first page",
                _col("same_page")
                & (
                    (_col("author_similarity") >= 0.35).fill_null(value=True)
                    | (_col("people_of_title") == 1)
                ),
            ),
        ),
    ),
    Evidence(
        "year",
        "version",
        (
            Level("the same year", _col("year_gap") == 0),
            Level("a preprint's year", _col("has_preprint") & (_col("year_gap") > 0)),
            Level("an inferred year", _col("year_is_inferred") & (_col("year_gap") <= 1)),
            Level(
                "another year of one conference",
                OTHER_EDITION & (_col("year_gap") >= 1),
            ),
            Level("one year apart", _col("year_gap") == 1),
            Level("two years apart", _col("year_gap") == 2),
            Level("three or four years apart", _col("year_gap") <= 4),
            Level("five or more years apart", _col("year_gap") >= 5),
        ),
    ),
    Evidence(
        "venue",
        "version",
        (
            Level("a preprint's venue", _col("has_preprint")),
            Level("another edition of one venue", OTHER_EDITION),
            Level("the same venue", _col("venue_relation") == 1),
            Level("venues that are never one here", _col("venue_relation") == -1),
            Level("venues of unlike names", _col("venue_relation") == 0),
        ),
    ),
    Evidence(
        "kind",
        "version",
        (
            Level("a preprint", _col("has_preprint")),
            Level("another edition of one venue", OTHER_EDITION),
            Level("the same kind of publication", ~_col("kinds_differ")),
            Level("another kind of publication", _col("kinds_differ")),
        ),
    ),
    Evidence(
        "pages",
        "version",
        (
            Level("a preprint's pages", _col("has_preprint")),
            Level("pages of another edition of one venue", OTHER_EDITION),
            Level("the same first page", _col("same_page")),
            Level("other pages", ~_col("same_page")),
        ),
    ),
    Evidence(
        "volume",
        "version",
        (
            Level("a preprint's volume", _col("has_preprint")),
            Level(
                "another volume or issue of one journal",
                OTHER_EDITION & (~_col("same_volume") | ~_col("same_issue")),
            ),
            Level("the same volume", _col("same_volume")),
            Level("another volume", ~_col("same_volume")),
        ),
    ),
    Evidence(
        "same text",
        "version",
        (
            Level("word for word the same abstract", _col("abstract_is_equal")),
            Level("hardly edited abstract", _col("abstract_similarity") >= 0.5),
        ),
    ),
    Evidence(
        "number of authors",
        "version",
        (
            Level("another number of authors, names unknown", COUNTS_DIFFER & COUNTS_TELL),
            Level("as many authors", _col("same_author_count")),
            Level("another number of authors", COUNTS_DIFFER),
        ),
    ),
    Evidence(
        "other figures",
        "version",
        (Level("alike abstracts with other figures", TITLED & _col("figures_differ")),),
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
