"""Identifier schemes: how an identifier of each is printed, and what a valid one looks like.

One rule for each scheme, in `SCHEMES`. What stands in entries and people is read in `identifiers`,
check digits are worked out in `check_digits`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from flows.normalize.check_digits import Step, adds_up, has_right_isbn, isbn_13
from flows.normalize.text import fold

_DASH = r"[\u{2010}-\u{2015}\u{2212}\u{fe63}\u{ff0d}]"
_WITHOUT_WIDTH = r"[\u{ad}\u{200b}-\u{200d}\u{2060}\u{feff}]"
TAIL = r"[ /.,;)\]>]+$"


def _as_is(value: pl.Expr) -> pl.Expr:
    return value


def _upper(value: pl.Expr) -> pl.Expr:
    return value.str.to_uppercase()


def _lower(value: pl.Expr) -> pl.Expr:
    return value.str.to_lowercase()


def _clean(value: pl.Expr) -> pl.Expr:
    return fold(value.str.replace_all(_WITHOUT_WIDTH, "").str.replace_all(_DASH, "-"))


@dataclass(frozen=True)
class Scheme:
    """How identifiers of one scheme are read.

    `wrapper` is what may stand before the identifier; `case` and `shaped` turn what is left into
    normal form, `valid` says what that looks like, and where it has a check digit,
    `has_right_digit` says whether it is right; `written` is how a checked one is written at last.
    `several`: the pattern before which a further identifier begins (group `after`; group `before`
    ends the one before), and what each has in it. What matches `usual` (else `valid`) after
    `address`, as most do, is in normal form but for its case, and nothing more is tried on it.
    """

    name: str
    label: str
    example: str
    valid: str
    wrapper: str = ""
    address: str = ""
    usual: str | None = None
    opened: Step = _clean
    case: Step = _as_is
    shaped: Step = _as_is
    has_right_digit: Step | None = None
    written: Step = _as_is
    several: tuple[str, str] | None = None


# ---- DOI (ISO 26324; https://www.doi.org/the-identifier/resources/handbook/2_numbering)

_DOI_BEGINS = r"10\.[0-9]{4,9}/"
_FURTHER_DOI = (
    rf"(?:[ ;,|]+(?:and +)?(?P<after>(?:doi[: ]*|[a-z]+://[^ ;,|]*?)?{_DOI_BEGINS})"
    r"|(?P<glued>(?:https?://(?:dx\.|www\.)?doi\.org/|\bdoi:)))"
)
# Letters and digits need no encoding; a backslash or dollar would be LaTeX again.
_PERCENT = {f"%{ord(sign):02x}": sign for sign in " !\"#&'()*+,-./:;<=>?@[]^_`{|}~"}
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#60;": "<", "&#62;": ">", "&nbsp;": " "}
_LATEX_ESCAPE = r"[\\{]*\\[\\{]*([_%&#])\}?"
_LATEX_BRACKETS = {"\\textless": "<", "\\textgreater": ">"}
# The address of a publisher's page goes on after the DOI.
_PAGE_TAIL = (
    r"^(https?://.*?)(?:/(?:full|abstract|e?pdf|epub|html|summary|meta))?(?:v[0-9]+)?"
    r"(?:\.full|\.abstract|\.short)?(?:-text)?(?:\.pdf)?(?:[?&].*)?$"
)
_CLOSING = r"[.,;:!?'*…»/(\[<)\]>} ]"


def _opened_doi(value: pl.Expr) -> pl.Expr:
    return (
        _clean(value)
        .str.to_lowercase()
        .str.replace_all(_LATEX_ESCAPE, "$1")
        .str.replace_all("%(?:25)+", "%")
        .str.replace_many(_PERCENT)
        .str.replace_all("&(?:amp;)+", "&")
        .str.replace_many(_ENTITIES)
        .str.replace_all(r"\{?(\\text(?:less|greater))(?:\{\})?\}? *", "$1")
        .str.replace_many(_LATEX_BRACKETS)
        .str.replace_all(r"\$+([<>])\$+", "$1")
    )


def _shaped_doi(text: pl.Expr) -> pl.Expr:
    """Return the DOI in a text that has one.

    A blank inside is taken out where it can only be a slip; where a word or bracket follows the
    blank, the DOI ends before it.
    """
    found = (
        text.str.replace(r"^https?://[^/]*\bdoi\b[^/]*/", "")
        .str.replace(_PAGE_TAIL, "$1")
        .str.extract(r"(?:^|[^0-9.]|doi\.)(10\. *[0-9]{4,9} */ *[^ ].*)$", 1)
        .str.replace(r"^10\. *([0-9]+) */ *", "10.$1/")
        .str.replace('(?:["“”]|</).*$', "")
        .str.replace_all(r"([-/_.:(]) +([0-9])", "$1$2")
        .str.replace_all(r" +([-/_:)][^ ])", "$1")
        .str.replace(r"^([^ ]*/[^ ]*[0-9][^ ]*) +[\p{L}(\[].*$", "$1")
        .str.replace(rf"{_FURTHER_DOI}.*$", "")
    )
    return found.map_batches(_freed_dois, return_dtype=pl.String, is_elementwise=True)


def _freed_dois(found: pl.Series) -> pl.Series:
    """Return DOIs printed twice without a gap once, and none with the sentence's punctuation:
    a closing bracket stays where it was opened.

    Step by step on the column: as one expression each step would be repeated several times.
    """
    half = found.str.len_chars() // 2
    begins = found.str.count_matches(_DOI_BEGINS)
    frame = pl.DataFrame({"found": found, "half": half, "begins": begins}).with_columns(
        first=pl.col("found").str.head(pl.col("half")),
        second=pl.col("found").str.slice(pl.col("half")),
    )
    is_double = (pl.col("first") == pl.col("second")) & (pl.col("begins") == 2)
    frame = frame.select(doi=pl.when(is_double).then("first").otherwise("found"))
    frame = frame.with_columns(body=pl.col("doi").str.replace(f"{_CLOSING}+$", ""))
    opened = pl.col("body").str.count_matches(r"[(\[<]").cast(pl.Int64)
    closed = pl.col("body").str.count_matches(r"[)\]>]").cast(pl.Int64)
    tail = pl.col("doi").str.slice(pl.col("body").str.len_chars()).str.extract(r"^([)\]>]+)", 1)
    kept = tail.fill_null("").str.head((opened - closed).clip(0))
    return frame.select(pl.col("body") + kept).to_series()


# ---- arXiv (https://info.arxiv.org/help/arxiv_identifier.html)

_MONTH = "(?:0[1-9]|1[0-2])"
_ARXIV_NEW = (
    rf"(?:07(?:0[4-9]|1[0-2])|(?:0[89]|1[0-4]){_MONTH})\.[0-9]{{4}}"
    rf"|(?:1[5-9]|[2-9][0-9]){_MONTH}\.[0-9]{{5}}"
)
_ARCHIVES = (
    "acc-phys", "adap-org", "alg-geom", "ao-sci", "astro-ph", "atom-ph", "bayes-an", "chao-dyn",
    "chem-ph", "cmp-lg", "comp-gas", "cond-mat", "cs", "dg-ga", "funct-an", "gr-qc", "hep-ex",
    "hep-lat", "hep-ph", "hep-th", "math", "math-ph", "mtrl-th", "nlin", "nucl-ex", "nucl-th",
    "patt-sol", "physics", "plasm-ph", "q-alg", "q-bio", "quant-ph", "solv-int", "supr-con",
)  # fmt: skip
_ARXIV_OLD = rf"(?:{'|'.join(_ARCHIVES)})/(?:(?:9[1-9]|0[0-6]){_MONTH}|070[1-3])[0-9]{{3}}"
_ARXIV_PRINTED = (
    r"(?i)^(?:.*?(?:ar[x5]iv|lanl\.gov|\babs\b|\be-?prints?\b)(?:\.|.*?[^0-9A-Za-z_.])??)?[\[({<]?"
    r"(?P<id>[0-9]{4}\.[0-9]{4,5}|[a-z]+(?:-[a-z]+)?(?:\.[a-z]{2,})?(?:-[a-z]+)?/[0-9]{7})"
    r"(?:v(?P<version>[1-9][0-9]*))?(?:\.(?:pdf|ps)\b.*|[.,;]?$|[ \])}>?#/,;:&].*)"
)


def _shaped_arxiv(value: pl.Expr) -> pl.Expr:
    """Return the identifier without version, archive (`math`) without subject class (`math.GT`)."""
    found = value.str.replace_all("(?i)%2f", "/").str.extract(_ARXIV_PRINTED, 1)
    return (
        found.str.to_lowercase()
        .str.replace(r"^([a-z-]+)\.[a-z-]+/", "$1/")
        .str.replace(r"^.*(?:\.|/[0-9]{4})0+$", "")
    )


def arxiv_version(value: pl.Expr) -> pl.Expr:
    """Return the version that a printed arXiv identifier names, 2 of `1706.03762v2`, else null."""
    printed = _clean(value).str.replace_all("(?i)%2f", "/").str.extract(_ARXIV_PRINTED, 2)
    return printed.cast(pl.Int32, strict=False)


def _bare_number(value: pl.Expr) -> pl.Expr:
    return value.str.replace_all(r"[ -]", "").str.to_uppercase()


def _grouped(value: pl.Expr) -> pl.Expr:
    """Return 8 or 16 signs in groups of four."""
    groups = _bare_number(value).str.replace(
        r"^([0-9A-Za-z_]{4})([0-9A-Za-z_]{4})(?:([0-9A-Za-z_]{4})([0-9A-Za-z_]{4}))?$",
        "$1-$2-$3-$4",
    )
    return groups.str.strip_chars_end("-")


def _shaped_acl(value: pl.Expr) -> pl.Expr:
    """Return the identifier without file name ending; the old ones have a capital letter."""
    bare = value.str.replace(r"(?:v[0-9]+)?\.(?:pdf|bib|xml|endf|html)(?:[?#].*)?$", "")
    is_old = bare.str.contains(r"^[0-9A-Za-z_][0-9][0-9]-")
    return pl.when(is_old).then(_upper(bare)).otherwise(_lower(bare))


# ---- The schemes

_WEB = r"(?:https?://)?(?:www\.|m\.)?"
_PRINT_NOTE = r"(?: *\((?:print|online|electronic|pbk|hbk|ebook|paperback|hardcover|cd-rom)\.?\))"

SCHEMES: tuple[Scheme, ...] = (
    Scheme(
        "doi",
        "DOI",
        "10.1000/182",
        # Backslash, braces and quotes are remains of markup.
        valid=r'10\.[0-9]{4,9}/[^ \\{}"]*[\p{L}\p{N}][^ \\{}"]*',
        address="https://doi.org/",
        usual=r"10\.[0-9]{4,9}/[0-9a-z._()-]*[0-9a-z]",
        case=_lower,
        opened=_opened_doi,
        shaped=_shaped_doi,
        several=(_FURTHER_DOI, r"10\. *[0-9]{4}"),
    ),
    Scheme(
        "arxiv",
        "arXiv identifier",
        "1706.03762 or hep-th/9901001",
        valid=rf"{_ARXIV_NEW}|{_ARXIV_OLD}",
        # Not the numbers that end in 0: 00000 is none.
        usual=rf"(?:(?:0[89]|1[0-4]){_MONTH}\.[0-9]{{3}}|(?:1[5-9]|2[0-9]){_MONTH}\.[0-9]{{4}})[1-9]",
        shaped=_shaped_arxiv,
    ),
    Scheme(
        "pmid",
        "PubMed identifier",
        "17284678",
        valid=r"[1-9][0-9]{0,7}",
        address="https://pubmed.ncbi.nlm.nih.gov/",
        wrapper=rf"{_WEB}(?:pubmed\.ncbi\.nlm\.nih\.gov/|ncbi\.nlm\.nih\.gov/pubmed/"
        r"|europepmc\.org/(?:article|abstract)/med/)|(?:info:|urn:)?pmid[:/ ]*|medline:? *",
        shaped=lambda value: value.str.strip_chars_start("0"),
    ),
    Scheme(
        "pmcid",
        "PubMed Central identifier",
        "PMC1790863",
        valid=r"PMC[1-9][0-9]{0,8}",
        wrapper=rf"{_WEB}(?:ncbi\.nlm\.nih\.gov/pmc/|pmc\.ncbi\.nlm\.nih\.gov/|europepmc\.org/)"
        r"(?:articles?/)?(?:pmc/)?|(?:info:)?pmcid[:/ ]*",
        shaped=lambda value: value.str.replace(
            r"(?i)^(?:pmc)?[: ]*0*([0-9]+)(?:\.[0-9]+)?$", "PMC$1"
        ),
    ),
    Scheme(
        "orcid",
        "ORCID iD",
        "0000-0002-1825-0097",
        valid=r"[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]",
        address="https://orcid.org/",
        wrapper=rf"{_WEB}orcid\.org/|(?:urn:|info:)?orcid(?: *id)?[: ]*(?:{_WEB}orcid\.org/)?",
        shaped=_grouped,
        # ISO 7064 mod 11-2, https://support.orcid.org/hc/en-us/articles/360006897674
        has_right_digit=adds_up([2**place % 11 for place in range(15, 0, -1)], 11, 1),
    ),
    Scheme(
        "isbn",
        "ISBN",
        "9780262033848",
        valid=r"[0-9]{9}[0-9X]|97[89][0-9]{10}",
        wrapper=r"(?:urn:)?e?-?isbn(?:[- ]?1[03]\b)?[: ]*",
        shaped=_bare_number,
        has_right_digit=has_right_isbn,
        written=isbn_13,
        several=(
            rf"{_PRINT_NOTE}? *[;,|/] *|{_PRINT_NOTE}| +and +"
            r"|\b(?P<before>(?:97[89]-?)?(?:[0-9]-?){9}[0-9Xx]) +",
            r"[0-9]{4}|[0-9][- ][0-9]",
        ),
    ),
    Scheme(
        "issn",
        "ISSN",
        "0028-0836",
        valid=r"[0-9]{4}-[0-9]{3}[0-9X]",
        wrapper=rf"{_WEB}portal\.issn\.org/resource/issn/|(?:urn:)?[ep]?-?issn(?:-l)?[: ]*",
        shaped=_grouped,
        has_right_digit=adds_up(range(8, 1, -1), 11, 0),
        several=(
            rf"{_PRINT_NOTE}? *[;,|/] *|{_PRINT_NOTE}| +and +"
            r"|\b(?P<before>[0-9]{4}-?[0-9]{3}[0-9Xx]) +",
            r"[0-9]{3}",
        ),
    ),
    Scheme(
        "openalex",
        "OpenAlex identifier",
        "W2741809807",
        valid=r"[ACFGIKPSTVW][1-9][0-9]{0,11}",
        wrapper=rf"{_WEB}(?:api\.)?openalex\.org/(?:[a-z]+/)?|openalex: *",
        address="https://openalex.org/",
        case=_upper,
    ),
    Scheme(
        "s2",
        "Semantic Scholar paper id",
        "204e3073870fae3d05bcbc2f6a8e263d9b72e776",
        valid=r"[0-9a-f]{40}",
        wrapper=rf"{_WEB}(?:api\.)?semanticscholar\.org/(?:[^ ?]*/)?|s2: *",
        case=_lower,
        shaped=lambda value: value.str.replace(r"[?#].*$", ""),
    ),
    Scheme(
        "s2_corpus",
        "Semantic Scholar corpus id",
        "13756489",
        valid=r"[1-9][0-9]*",
        wrapper=rf"(?:{_WEB}(?:api\.)?semanticscholar\.org/(?:[^ ?]*/)?)?(?:corpus *id)?[: ]*",
    ),
    Scheme(
        "s2_author",
        "Semantic Scholar author id",
        "1741101",
        valid=r"[1-9][0-9]*",
        wrapper=rf"{_WEB}(?:api\.)?semanticscholar\.org/(?:[^ ?]*/)?",
    ),
    Scheme(
        "dblp",
        "DBLP key",
        "journals/jacm/Codd70",
        valid=r'[a-z]+(?:/[^ /?#"<>]+)+',
        wrapper=rf"{_WEB}dblp\.(?:org|uni-trier\.de|dagstuhl\.de)/rec/"
        r"(?:(?:html|xml|rdf|ris|nt|bibtex|bib[012]?)/)?|dblp: *",
        # A person's page is /pid/X, the person's record homepages/X.
        shaped=lambda value: value.str.replace(
            r"(?i)^(?:https?://)?dblp\.[a-z.-]+/pid/", "homepages/"
        ).str.replace(r"\.(?:html|xml|rdf|ris|nt|bib)(?:[?#].*)?$", ""),
    ),
    Scheme(
        "acl",
        "ACL Anthology id",
        "P19-1001 or 2020.acl-main.1",
        valid=r"[A-Z][0-9][0-9]-[0-9]{4}|[0-9]{4}\.[a-z0-9_]+-[a-z0-9_]+(?:\.[0-9]+)?",
        wrapper=rf"{_WEB}(?:aclanthology\.(?:org|info|coli\.uni-saarland\.de)|aclweb\.org/anthology)"
        r"/(?:[^ ?]*/)?|acl: *",
        shaped=_shaped_acl,
    ),
    Scheme("mag", "Microsoft Academic id", "2741809807", valid=r"[1-9][0-9]*", wrapper=r"mag: *"),
    Scheme(
        "ror",
        "ROR id",
        "05gq02987",
        valid=r"0[a-hj-km-np-tv-z0-9]{6}[0-9]{2}",
        wrapper=rf"{_WEB}ror\.org/|ror: *",
        address="https://ror.org/",
        case=_lower,
    ),
    Scheme(
        "wikidata",
        "Wikidata item",
        "Q42",
        valid=r"Q[1-9][0-9]*",
        wrapper=rf"{_WEB}wikidata\.org/(?:wiki|entity)/|wd:|wikidata: *",
        case=_upper,
    ),
    Scheme(
        "openreview",
        "OpenReview id",
        "rJXMpikCZ",
        valid=r"[0-9A-Za-z_-]{4,}|~[^ /?#&]+[0-9]",
        wrapper=rf"{_WEB}openreview\.net/(?:forum|pdf|attachment|profile|references/pdf)\?id=",
        shaped=lambda value: value.str.replace(r"[&#].*$", "").str.replace(r"\.pdf$", ""),
    ),
    Scheme(
        "hdl",
        "Handle",
        "1721.1/7582",
        valid=r"[0-9][0-9.]*/[^ ]+",
        wrapper=rf"{_WEB}hdl\.handle\.net/|(?:info:|urn:)?hdl[:/] *",
    ),
)
"""A rule for each scheme. Identifiers of other schemes, and web addresses, stay as printed."""

BY_NAME = {scheme.name: scheme for scheme in SCHEMES}
MESSAGES = {
    f"{scheme.name}_form": f"This is no {scheme.label}; one looks like {scheme.example}."
    for scheme in SCHEMES
} | {
    f"{scheme.name}_check_digit": f"The check digit of the {scheme.label} is wrong: a digit of it"
    " is mistyped."
    for scheme in SCHEMES
}
PAPER_SCHEMES = (
    "doi", "arxiv", "pmid", "pmcid", "openalex", "s2", "s2_corpus", "dblp", "acl", "mag",
    "openreview", "hdl", "wikidata",
)  # fmt: skip
"""Schemes that name one paper: not what it appears in, its authors, nor something unknown."""
