"""What of a record is compared: keys, words with their rarity, marks inside titles.

Here: one row per record, computed once, and postings (row, word, rarity). Not here: which pairs are
compared (`blocking`), how like two records are (`evidence`). Cleaning of text is `normalize`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl

from flows.normalize.identifiers import of_papers
from flows.normalize.names import name_key
from flows.normalize.text import match_key

WORD_COUNTS = Path(__file__).parent / "data" / "word_counts.parquet"
TITLES_COUNTED = 66_149
NAMES_COUNTED = 93_954

# Words of titles that recur from issue to issue: they say nothing about which paper it is.
RECURRING_WORDS = (
    "abstract", "abstracts", "announcement", "announcements", "article", "articles", "book",
    "books", "calendar", "chair", "chairs", "column", "contents", "cover", "editor", "editorial",
    "editors", "errata", "erratum", "events", "foreword", "front", "guest", "index", "introduction",
    "invited", "issue", "keynote", "letter", "letters", "matter", "message", "minitrack", "news",
    "note", "notes", "obituary", "page", "panel", "poster", "preface", "president", "proceedings",
    "publication", "received", "report", "reports", "review", "reviewers", "reviews", "section",
    "session", "special", "summary", "table", "track", "tutorial", "volume", "welcome", "workshop",
)  # fmt: skip
# What stands where a title is not known.
PLACEHOLDERS = ("n a", "na", "no title", "none", "null", "title", "unknown", "untitled")

# A note about another paper is never that paper; each kind with how such titles are printed.
NOTE_KINDS: tuple[tuple[str, str], ...] = (
    (
        "correction",
        r"^(author |publisher |editorial )?(erratum|errata|corrigend\w+"
        r"|correction( (to|notice)\b|$|:)|addend\w+"
        r"|retraction( (of|note|notice)\b|$|:)|expression of concern)"
        r"|[-:(\[.] *(erratum|errata|corrigend\w+|addend\w+|retraction note)[)\].]*$",
    ),
    (
        "reply",
        r"^(the |an? |authors?['’]?s? )?(in )?(reply|response|rejoinder|answer)"
        r"( from the authors?)?( to\b|$|:)|[-:(\[.] *(authors?['’]?s? )?(reply|response|rejoinder)"
        r"( (to|from|by) .*)?[)\].]*$",
    ),
    (
        "comment",
        r"^(an? |some |further |invited |editorial )?"
        r"(comments?|commentary|discussion)( (on|of|to)\b|$|:)"
        r"|[-:(\[.] *(comments?|commentary|discussion)[)\].]*$",
    ),
    ("review", r"^(an? )?(book reviews?|review)( of\b|$|:)|[-:(\[.] *(book )?review[)\].]*$"),
)

_ROMAN = {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6", "vii": "7", "viii": "8",
    "ix": "9", "x": "10", "xi": "11", "xii": "12", "xiii": "13", "xiv": "14", "xv": "15",
}  # fmt: skip
_SPELLED = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "first": "1", "second": "2", "third": "3",
}  # fmt: skip
_NUMBERED = r"(?:part|vol|volume|chapter|book|no|number|phase|type|class|stage|version|paper|study)"
_NUMERAL = (
    rf"\b{_NUMBERED}\.? (?:{'|'.join((*_ROMAN, *_SPELLED))}|[a-h])\b"
    r"|\b(?:ii|iii|iv|vi|vii|viii|ix|xi|xii|xiii|xiv|xv)\b"
    r"| (?:i|v)(?:[.,]? *$|:)"
)
_NUMBER_IN_KEY = (
    rf"\b(?:{_NUMBERED} )?(?:\d+|{'|'.join((*_ROMAN, *_SPELLED))})\b|\b{_NUMBERED} [a-h]\b|\d+"
)
_URL = r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|org|io|ai|net|edu|co)/\S*"
_NUMBERED_NAME = r"\b\p{L}+-?\d+(?:\.\d+)*\p{L}{0,2}\b"
_HEAD_END = r"^(.*?[^\s:?!.–—-].*?)(?::\s*|\s*—\s*| [-–] |\? |! |\. )"

KEY_LETTERS = 40
HEAD_LETTERS = 4


@dataclass(frozen=True)
class Features:
    """The compared side of the records; `row` numbers the records in the order of their ids."""

    rows: pl.DataFrame
    """One row per record: see `describe`."""
    title_words: pl.DataFrame
    """row, word, rarity: the distinct words of titles."""
    name_words: pl.DataFrame
    """row, word, rarity: the distinct words of author names, two letters or more."""
    abstract_words: pl.DataFrame
    """row, word, rarity: the distinct words of abstracts."""


def describe(records: pl.DataFrame) -> Features:
    """Return what is compared of `records` (readable text), whatever their order."""
    ordered = records.sort("record_id")
    plain = ordered.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        "record_id", "source", "version", "doi", "arxiv_id", "date_basis", "authors_complete",
        identifiers=of_papers(pl.col("identifiers")),
        year=pl.col("publication_date").dt.year(),
        title=pl.col("title"),
        title_key=_without_placeholder(match_key(pl.col("title"))),
        abstract="abstract",
        abstract_key=match_key(pl.col("abstract")),
        names=pl.col("authors").list.eval(pl.element().struct.field("name")),
        author_count=pl.coalesce(
            "author_count", pl.when("authors_complete").then(pl.col("authors").list.len())
        ),
        day=pl.when(pl.col("date_precision") == "day").then("publication_date"),
    )  # fmt: skip
    plain = plain.with_columns(title=pl.when(pl.col("title_key").is_not_null()).then("title"))
    rows = plain.with_columns(
        _compact(pl.col("title_key")).alias("title_letters"),
        _compact(_head(pl.col("title"))).alias("head_letters"),
        marks=title_marks(pl.col("title")),
        title_core=_compact(pl.col("title_key").str.replace_all(_NUMBER_IN_KEY, "")),
        opening=_opening(pl.col("title_key")),
        suffixes=title_suffixes(pl.col("title")),
        note=title_note(pl.col("title")),
        figures=abstract_figures(pl.col("abstract")),
        named_versions=abstract_versions(pl.col("abstract")),
        abstract_length=pl.col("abstract_key").str.count_matches(" ") + 1,
    )
    names = _names(rows)
    rows = rows.join(names, on="row", how="left", maintain_order="left").with_columns(
        authors_cut=~pl.col("authors_complete").fill_null(value=True)
    )
    counts = word_counts()
    titles = rows.filter(pl.col("title_key").is_not_null())
    title_words = with_rarity(
        _words(titles, "title_key"),
        counts.select("word", known="titles"),
        TITLES_COUNTED,
        distinct=titles.select("row", key="title_letters"),
    ).with_columns(
        rarity=pl.when(pl.col("word").is_in(RECURRING_WORDS)).then(0.0).otherwise("rarity")
    )
    authored = rows.filter(pl.col("name_text").is_not_null())
    name_words = with_rarity(
        _words(authored, "name_text").filter(pl.col("word").str.len_chars() > 1),
        counts.select("word", known="names"),
        NAMES_COUNTED,
        distinct=authored.select("row", key="name_text"),
    )
    abstracted = rows.filter(pl.col("abstract_key").is_not_null())
    abstract_words = with_rarity(
        _words(abstracted, "abstract_key"),
        counts.select("word", known="titles"),
        TITLES_COUNTED,
        distinct=abstracted.select("row", key="abstract_key"),
    )
    return Features(rows, title_words, name_words, abstract_words)


@cache
def word_counts() -> pl.DataFrame:
    """Return the shipped word frequencies: word, titles, names."""
    return pl.read_parquet(WORD_COUNTS)


def with_rarity(
    postings: pl.DataFrame, known: pl.DataFrame, counted: int, distinct: pl.DataFrame
) -> pl.DataFrame:
    """Add `rarity` to postings (row, word): minus the log of the share of texts with the word.

    The share is over the shipped texts and those of this input together. Equal texts (`distinct`:
    row, key) count once, so that many copies of one paper do not make its words common.
    """
    first = distinct.group_by("key").agg(pl.col("row").min()).select("row")
    here = postings.join(first, on="row", how="semi").group_by("word").agg(here=pl.len())
    total = counted + first.height + 1.0
    rarity = (
        here.join(known, on="word", how="left")
        .select(
            "word",
            rarity=(total / (pl.col("here") + pl.col("known").fill_null(0) + 1.0)).log(),
        )
        .sort("word")
    )
    return postings.join(rarity, on="word", how="left", maintain_order="left")


def title_marks(title: pl.Expr) -> pl.Expr:
    """Return the sorted marks by which versions and parts differ: numbers, numerals, `-G`, `++`.

    `Model-2.5` has 2.5, `Part II` and `part two` have 2, `Model-G` has -g, `C++` has ++.
    """
    text = (
        title.str.normalize("NFKC")
        .str.replace(r"^\W*(?:19|20)\d\d[a-z]?\W+", "")
        .str.to_lowercase()
        .str.replace_all(r"&#\d+;", " ")
        .str.replace_all(r"(\d),(\d{3})\b", "$1$2")
    )
    numbers = text.str.extract_all(r"\d+(?:\.\d+)*").list.eval(
        pl.element().str.replace(r"^0+(\d)", "$1")
    )
    numerals = text.str.extract_all(_NUMERAL).list.eval(
        pl.element().str.extract(r"([a-z]+)[^a-z]*$").replace(_ROMAN).replace(_SPELLED)
    )
    letters = text.str.extract_all(r"\b\p{L}\p{L}+-\p{L}\b").list.eval(
        "-" + pl.element().str.tail(1)
    )
    plusses = text.str.extract_all(r"\p{L}\d*(?:\+{1,3})(?:\W|$)").list.eval(
        pl.element().str.extract(r"(\++)")
    )
    marks = pl.concat_list(numbers, numerals, letters, plusses)
    return marks.list.unique().list.sort().fill_null([])


def title_suffixes(title: pl.Expr) -> pl.Expr:
    """Return the words that a hyphen ties to a name to make it another one, in lower case.

    `Model-2.5-Base`, `Model2-Base` have base, `Model-XL` has xl, `Model-G` has g; `model-based` has
    none.
    """
    has_case = title.str.contains(r"\p{Ll}").fill_null(value=False)
    shouted = r"\b\p{L}{2,}-(?:\p{Lu}[\p{L}\d]*\p{Lu}|\p{Lu}\d|\p{L}\b)[\p{L}\d]*"
    found = pl.concat_list(
        title.str.extract_all(r"\b\p{L}*-?\d[\p{L}\d.]*-\p{L}+"),
        pl.when(has_case).then(title.str.extract_all(shouted)).otherwise([]),
    )
    words = found.list.eval(pl.element().str.extract(r"-([^-]+)$").str.to_lowercase())
    return words.list.unique().list.sort().fill_null([])


def abstract_versions(abstract: pl.Expr) -> pl.Expr:
    """Return the sorted names with a number in them (`Model2.5`, `Model-3b`), links left out."""
    names = _without_links(abstract).str.extract_all(_NUMBERED_NAME)
    return (
        names.list.eval(pl.element().str.replace("-", "", literal=True))
        .list.unique()
        .list.sort()
        .fill_null([])
    )


def abstract_figures(abstract: pl.Expr) -> pl.Expr:
    """Return the sorted numbers that stand alone, links left out."""
    plain = _without_links(abstract).str.replace_all(_NUMBERED_NAME, " ")
    figures = plain.str.replace_all(r"(\d),(\d{3})\b", "$1$2").str.extract_all(r"\d+(?:\.\d+)*")
    return figures.list.unique().list.sort().fill_null([])


def title_note(title: pl.Expr) -> pl.Expr:
    """Return which kind of note about another paper the title announces; null for a paper."""
    text = title.str.to_lowercase().str.strip_chars(" []()\"'")
    kind: pl.Expr = pl.lit(None, pl.String)
    for name, pattern in reversed(NOTE_KINDS):
        kind = pl.when(text.str.contains(pattern)).then(pl.lit(name)).otherwise(kind)
    return kind


def _without_links(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(_URL, " ")


def _opening(key: pl.Expr) -> pl.Expr:
    """Return the first word of a title's key without its number; null where it is a short word."""
    word = key.str.extract(r"^(\p{L}+)")
    return pl.when(word.str.len_chars() >= HEAD_LETTERS).then(word)


def _without_placeholder(key: pl.Expr) -> pl.Expr:
    return pl.when(~key.is_in(PLACEHOLDERS)).then(key)


def _compact(text: pl.Expr) -> pl.Expr:
    letters = text.str.replace_all(" ", "", literal=True)
    return pl.when(letters != "").then(letters)


def _head(title: pl.Expr) -> pl.Expr:
    """Return the key of the title before its colon, dash or question mark; null without one."""
    head = match_key(title.str.extract(_HEAD_END))
    return pl.when(head.str.len_chars() >= HEAD_LETTERS).then(head)


def _words(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    return (
        rows.select("row", word=pl.col(column).str.split(" "))
        .explode("word")
        .unique(maintain_order=True)
    )


def _names(rows: pl.DataFrame) -> pl.DataFrame:
    """Per row with authors: name_text (all words), surname of the first, listed (how many)."""
    each = (
        rows.select("row", name="names")
        .explode("name")
        .drop_nulls()
        .with_columns(name=name_key(pl.col("name")))
        .drop_nulls()
    )
    return each.group_by("row", maintain_order=True).agg(
        name_text=pl.col("name").str.join(" "),
        surname=pl.col("name").first().str.extract(r"(\S+)$"),
        listed=pl.len(),
    )
