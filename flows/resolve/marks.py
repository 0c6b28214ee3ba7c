"""Marks inside titles by which two papers of nearly one title differ: numbers, versions, notes.

Here: expressions over titles as they are read. Not here: what a difference is worth (`scoring`).
"""

from __future__ import annotations

import polars as pl

from flows.normalize.text import match_key

# A note about another paper is never that paper; each kind with how such titles are printed.
NOTE_KINDS: tuple[tuple[str, str], ...] = (
    (
        "retraction",
        r"^(author |publisher |editorial )?retraction( (of|to|note|notice)\b|$|:)"
        r"|[-:(\[.] *retraction( note| notice)?[)\].]*$",
    ),
    (
        "correction",
        r"^(author |publisher |editorial )?(erratum|errata|corrigend\w+"
        r"|correction( (to|notice)\b|$|:)|addend\w+|expression of concern)"
        r"|[-:(\[.] *(erratum|errata|corrigend\w+|addend\w+)[)\].]*$",
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

# Labels that say what a contribution is, not what it is about: in brackets, at the end after a
# dash, or at the beginning before a colon.
_LABEL = (
    r"(?:(?:extended|long|short|full|industrial|demo(?:nstration)?|experience|invited|position"
    r"|student|late.breaking|poster|panel|tutorial|keynote|plenary|regular|research|preliminary"
    r"|revised|special|brief|technical|abstract|original|conference|journal|talk|book|guest) )*"
    r"(?:abstracts?(?: only)?|papers?|talks?|lectures?|address|sessions?|panels?|tutorials?"
    r"|posters?|demos?|demonstrations?|keynotes?|versions?|reports?|notes?|announcements?|contributions?"
    r"|reviews?|summary|editorials?|article)"
)
LABELS = (
    rf"(?i)[(\[] *(?:an? |the )?{_LABEL} *[)\]]"
    rf"|[ :][-–—:]+ *{_LABEL} *$"
    # What a note cites at its end.
    r"| *\[[^\]]*\d[^\]]*\][ .]*$"
    # How publishers mark the article itself.
    r"|^\W*(?:retracted|withdrawn)(?: article| paper)?\W+"
    r"|\W+\[?(?:retracted|withdrawn)(?: article)?\]? *$"
    r"|^ *(?:tutorial|panel|poster|demo|keynote|invited (?:talk|paper|lecture)|brief announcement"
    r"|extended abstract|research article|original article|abstract)s? *[:–—-] "
)
_UNITS = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
# Numerals up to 39: with l and c they are more often words.
_ROMAN = {
    "x" * tens + unit: str(10 * tens + place)
    for tens in range(4)
    for place, unit in enumerate(_UNITS)
    if tens or place
}
# A single letter is more often a variable or a word.
_SEVERAL_LETTERS = "|".join(numeral for numeral in _ROMAN if len(numeral) > 1)
_SPELLED = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "first": "1", "second": "2", "third": "3",
    "fourth": "4", "fifth": "5", "sixth": "6", "seventh": "7", "eighth": "8", "ninth": "9",
    "tenth": "10",
}  # fmt: skip
_NUMBERED = r"(?:part|vol|volume|chapter|book|no|number|phase|type|class|stage|version|paper|study)"
_NUMERAL = (
    rf"\b{_NUMBERED}\.? (?:{'|'.join((*_ROMAN, *_SPELLED))}|[a-h])\b"
    rf"|\b(?:{_SEVERAL_LETTERS})\b"
    r"| (?:i|v)(?:[.,]? *$|:)"
)
_NUMBER_IN_KEY = (
    rf"\b(?:{_NUMBERED} )?(?:\d+|{'|'.join((*_ROMAN, *_SPELLED))})\b|\b{_NUMBERED} [a-h]\b|\d+"
)


# A title without these has no marks, no suffix, is no note: the patterns need not be tried.
_WORDS_OF_MARKS = "|".join((*_ROMAN, *_SPELLED))
MAY_HAVE_MARK = rf"\d|[+#]|-\p{{L}}\b|(?i:\b(?:{_WORDS_OF_MARKS})\b|\b{_NUMBERED}\.? [a-h]\b)"
MAY_HAVE_SUFFIX = r"\d\S*-\p{L}|\p{L}-(?:\p{Lu}|\p{L}\b)"
NOTE_WORDS = [
    "errat", "corrig", "correction", "addend", "retract", "concern", "reply", "response",
    "rejoinder", "answer", "comment", "discussion", "review",
]  # fmt: skip


def unlabelled(title: pl.Expr) -> pl.Expr:
    """Return the title without labels like `(Extended Abstract)`; as it is where nothing else is
    left."""
    bare = title.str.replace_all(LABELS, " ")
    return pl.when(bare.str.contains(r"\p{L}{3}")).then(bare).otherwise(title)


def title_marks(title: pl.Expr) -> pl.Expr:
    """Return the sorted marks by which versions and parts differ: numbers, numerals, `-G`, `++`.

    `Model-2.5` has 2.5, `Part II` and `part two` have 2, `Model-G` has -g, `C++` has ++,
    `C#` has +#.
    """
    text = (
        title.str.normalize("NFKC")
        # An l or o amid small letters, read wrongly by a machine.
        .str.replace_all(r"(\p{Ll})[01](\p{Ll})", "$1$2")
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
    plusses = text.str.extract_all(r"\p{L}\d*(?:\+{1,3}|#)").list.eval(
        pl.element().str.extract(r"([+#]+)$").str.replace("#", "+#", literal=True)
    )
    marks = pl.concat_list(numbers, numerals, letters, plusses)
    return marks.list.unique().list.sort().fill_null([])


def title_counts(title: pl.Expr) -> pl.Expr:
    """Return the numbers that a title has in words, in digits: `Seventh Catalogue` has 7."""
    spelled = rf"\b(?:{'|'.join(_SPELLED)})\b"
    found = title.str.to_lowercase().str.extract_all(spelled)
    return found.list.eval(pl.element().replace(_SPELLED)).list.unique().list.sort().fill_null([])


def numberless(title: pl.Expr) -> pl.Expr:
    """Return the title's key without its numbers, and without the words that announce them."""
    return match_key(title).str.replace_all(_NUMBER_IN_KEY, "")


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


def title_note(title: pl.Expr) -> pl.Expr:
    """Return which kind of note about another paper the title announces; null for a paper."""
    text = title.str.to_lowercase().str.strip_chars(" []()\"'")
    kind: pl.Expr = pl.lit(None, pl.String)
    for name, pattern in reversed(NOTE_KINDS):
        kind = pl.when(text.str.contains(pattern)).then(pl.lit(name)).otherwise(kind)
    return kind
