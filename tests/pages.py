"""Pages made from known papers, in the layouts of the four page formats, and pages read back.

What belongs here: writing a page, reading one with a reader, strategies for papers. What a test
expects of a page stands in the test.
"""

from __future__ import annotations

import datetime as dt
import string
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from hypothesis import settings
from hypothesis import strategies as st

from flows.formats import HEAD_BYTES, Dump, Reading, recognise
from flows.formats.daily_papers import FURNITURE
from flows.normalize.dates import MONTHS

SAMPLES = Path(__file__).parents[1] / "raw"
FEW = settings(max_examples=40)
"""For properties that read a whole page for each example."""

SEEDS = Path(__file__).parents[1] / "../shared/seeds"


@dataclass(frozen=True)
class Paper:
    """What a page prints of a paper; no single format prints all of it."""

    title: str
    abstract: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    is_cut: bool = False
    affiliations: tuple[str, ...] = ()
    category: str = ""
    score: str = ""
    date: str = ""
    has_code: bool = False
    author_count: int | None = None
    organization: str = ""
    count: int | None = None

    @property
    def byline(self) -> str:
        people = ", ".join(self.authors) + (" et al." if self.is_cut else "")
        return people + (" · " + ", ".join(self.affiliations) if self.affiliations else "")

    @property
    def meta_line(self) -> str:
        return self.score + self.category + self.date + ("Code" if self.has_code else "")


def author_listing(papers: list[Paper]) -> str:
    lines = [[p.meta_line, p.title + p.byline, *p.abstract] for p in papers]
    return "\n".join(line for entry in lines for line in entry)


def author_page(papers: list[Paper], header: tuple[str, ...] = ()) -> str:
    entries = [
        "\n\n".join([f"{p.meta_line}\n{p.title}", *([p.byline] if p.authors else []), *p.abstract])
        for p in papers
    ]
    return "\n\n".join(["\n".join(header), *entries] if header else entries)


def abstract_list(abstracts: list[str]) -> str:
    return "\n".join("Abstract:" + abstract for abstract in abstracts)


CHROME = (
    "new",
    "Get trending papers in your email inbox!",
    "Subscribe",
    "Daily Papers",
    "byAK and the research community",
)


def daily_papers(papers: list[Paper], header: str | None) -> str:
    blocks = []
    for p in papers:
        count = "" if p.count is None else f" {p.count}"
        who = [f"  • {p.author_count} authors"] if p.author_count else [p.organization]
        block = ["\n".join([*who, "·", p.date + count])] if any(who) else []
        blocks.append("\n\n".join([p.title, *p.abstract, *block]))
    return "\n\n".join([*((*CHROME, header) if header else ()), *blocks])


@dataclass(frozen=True)
class Page:
    """A page as its reader gives it, all batches together."""

    format: str
    reading: Reading
    entries: pl.DataFrame
    rejects: pl.DataFrame
    stated: pl.DataFrame
    lines: int
    blank: int
    furniture: int

    @property
    def rows(self) -> list[dict[str, object]]:
        return self.entries.to_dicts()

    def column(self, name: str) -> list[object]:
        return self.entries[name].to_list()

    def assert_accounted(self) -> None:
        """Every line is an entry's, a reject's, furniture or blank; ordinals run from 1."""
        parts = pl.concat([self.entries.select(PLACE), self.rejects.select(PLACE)]).sort("ordinal")
        assert self.lines == self.blank + self.furniture + parts["line_total"].sum()
        assert parts["ordinal"].to_list() == list(range(1, parts.height + 1))
        assert (parts["line_start"] <= parts["line_end"]).all()
        assert (parts["line_start"].shift(-1).drop_nulls() > parts["line_end"].head(-1)).all()


PLACE = ("ordinal", "line_start", "line_end", "line_total")


def read_path(path: Path, stated_format: str | None = None, day: dt.date | None = None) -> Page:
    with path.open("rb") as file:
        reader = recognise(file.read(HEAD_BYTES), stated_format)
    reading = reader.read(Dump(lambda: path.open("rb"), path, day))
    batches = list(reading.batches)
    return Page(
        format=reader.FORMAT.name,
        reading=reading,
        entries=pl.concat([batch.entries for batch in batches]),
        rejects=pl.concat([batch.rejects for batch in batches]),
        stated=pl.concat([batch.stated for batch in batches]),
        lines=sum(batch.line_count for batch in batches),
        blank=sum(batch.blank_line_count for batch in batches),
        furniture=sum(batch.furniture_line_count for batch in batches),
    )


def read_page(
    page: str | bytes, stated_format: str | None = None, day: dt.date | None = None
) -> Page:
    with tempfile.NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(page if isinstance(page, bytes) else page.encode())
        return read_path(path, stated_format, day)


def names(row: dict[str, object]) -> list[str] | None:
    return None if row["authors"] is None else [author["name"] for author in row["authors"]]


# Strategies.

_TITLE_WORDS = (
    *("BERT", "P", "vs.", "NP", "In-Context?", "$Se^2$:", "1,000", "Examples", '"Brain', 'Rot"!'),
    *("PATIENT-Ψ", "Étale", "Cohomology", "数据", "of", "the", "und", "GPT-4.5", "C++", "(2+1)D"),
    *("$\\textbf{Ge}$neration", "100%", "R&D", "naïve", "—", "2", "A", "with", "et", "al.", "Jan"),
    *("Łódź", "Non-Asymptotic", "{\\Psi}", "3D", "Why", "Not?", "·", "'Less'", "Is", "more..."),
)
_SENTENCES = (
    "We study what happens when a model is trained for longer than anybody planned.",
    "Is the order of the examples of any importance?",
    "It turns out (see Xu and Zhou, 2023) that 17.5% of them suffice, i.e. one in six.",
    "Code is available at https://example.org/code_base.",
    "Our method, \\textsc{Mill}, is $4\\times$ faster than e.g. sorting.",
    "Für n ≤ 10 gilt das Gegenteil!",
    "Experiments on three data sets, A, B and C, show no loss of quality.",
)
AUTHORS = (
    *("Ada Lovelace", "J. D. Salinger", "Ludwig van Beethoven", "Conan O'Brien", "李明", "Plato"),
    *("Nguyễn Văn A", "Łukasz Kaiser", "José María Pérez-Reverte", "Jean d’Alembert", "X. Y. Li"),
    *("Wei Wang 0001", "Robert Tarjan, Jr.", "OpenAI", "Gemma Team", "Md. Rahman", "Marcel·lí Pi"),
    *(
        "van der Maaten",
        "Paul Erd\\H{o}s",
        "James (Jim) Smith",
        "Juan C. S. de la Vega, II",
        "R. E",
    ),
)

titles = st.lists(st.sampled_from(_TITLE_WORDS), min_size=1, max_size=12).map(" ".join)
wild_titles = st.one_of(
    titles,
    st.lists(
        st.text(
            st.characters(categories=("L", "N", "P", "S"), exclude_characters="·•"), min_size=1
        ),
        min_size=1,
        max_size=60,
    ).map(lambda words: "T " + " ".join(words)),
)
proper_titles = titles.filter(lambda title: title[-1] != ".").map(lambda title: "On " + title)
sentences = st.lists(st.sampled_from(_SENTENCES), min_size=1, max_size=8).map(" ".join)
short_abstracts = st.one_of(
    sentences, st.sampled_from(("Withdrawn.", "No proof", "See arXiv.com, A. B."))
)
long_abstracts = st.lists(st.sampled_from(_SENTENCES), min_size=4, max_size=9).map(
    lambda parts: "This is what the paper is about. " + " ".join([*parts, _SENTENCES[0]])
)
paragraphs = st.lists(sentences, min_size=1, max_size=3).map(tuple)
categories = st.sampled_from(
    ("CL", "LG", "AI", "cs.CL", "cond-mat.str-el", "q-bio.NC", "hep-ph", "")
)
scores = st.sampled_from(("7", "100.0", "25.3", "0.0", "3.14"))
author_lists = st.lists(st.sampled_from(AUTHORS), min_size=1, max_size=4, unique=True).map(tuple)
affiliations = st.lists(
    st.sampled_from(("cmu", "microsoft-research", "Univ. of X", "清华", "mit")),
    max_size=3,
    unique=True,
).map(tuple)
organizations = st.sampled_from(
    ("nvidia NVIDIA", "LinkedIn LinkedIn", "PekingUniversity Peking University", "zai-org Z.ai")
)


@st.composite
def dates(draw: st.DrawFn, *, leap: bool = True) -> str:
    # Of six years, so that no year of a page is far beyond all others.
    day = draw(st.dates(dt.date(2019, 1, 1), dt.date(2024, 12, 31)))
    if not leap and (day.month, day.day) == (2, 29):
        day = dt.date(day.year, 2, 28)
    year = draw(st.sampled_from((f", {day.year}", f", {day.year}", "")))
    return f"{MONTHS[day.month - 1]} {day.day}{year}"


def capture_year(printed: list[str]) -> int | None:
    """The oracle for pages without a year in the header: the first year after all printed ones."""
    years = [int(date[-4:]) for date in printed if "," in date]
    return max(years) + 1 if years else None


def is_day(year: int, month_day: str) -> bool:
    month, day = month_day.split()
    try:
        dt.date(year, MONTHS.index(month) + 1, int(day))
    except ValueError:
        return False
    return True


def day_of(printed: str, year: int | None) -> dt.date | None:
    """The oracle for one printed date."""
    month, day, *own = printed.replace(",", "").split()
    if not own and (year is None or not is_day(year, printed)):
        return None
    return dt.date(int(own[0]) if own else int(year or 0), MONTHS.index(month) + 1, int(day))


@st.composite
def as_bytes(draw: st.DrawFn, page: str) -> bytes:
    """Return a page with LF or CRLF, with or without a byte order mark and a last line end."""
    end = draw(st.sampled_from(("\n", "\r\n")))
    mark = draw(st.sampled_from((b"", b"\xef\xbb\xbf")))
    last = draw(st.sampled_from(("", end, end + "  " + end)))
    return mark + (page.replace("\n", end) + last).encode()


def is_plain_text(line: str) -> bool:
    """Tell whether a line can be a title: not what a page prints for other purposes."""
    bare = line.strip(string.whitespace)
    return bool(bare) and bare not in (*FURNITURE, "·") and not bare.startswith("Abstract")
