"""Glued lines of title and authors: what is cut, what is left whole, and that nothing is lost."""

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.normalize.byline import THRESHOLD, BylineEvidence, evident_names, split_bylines
from flows.normalize.byline_model import DATA

NOTHING = BylineEvidence(
    names=pl.DataFrame(schema={"name": pl.String, "count": pl.Int64}),
    titles=pl.DataFrame(schema={"title": pl.String}),
)
SEEDS = Path(__file__).parents[3] / "../shared/seeds"

# Title and authors as (title, authors); printed glued, the authors separated by commas.
CERTAIN = (
    ("Attention, Please: Rethinking Memory in LLMs", ("Yuna Kimura", "Bo Weller")),
    ("Segment Everything, Everywhere, and All at Once", ("An Wang", "Bo Li", "Yi Ma")),
    ("Vision, Language, and Action", ("Chelsea Hart", "Sergey Levin", "Karol Haus")),
    ("On the Limits of BERT, RoBERTa, and ELECTRA", ("Yann LeCun", "Léon Bottou")),
    ("A Study on P vs. NP", ("Wei Zhao", "Xiang Lisa Li")),
    ("Training Diffusion Transformers with RL", ("Lin Chen", "Jun Zhu")),
    ("Scaling In-Context Learning to 1,000 Examples", ("Quoc V. Le", "J. Smith")),
    ("What Makes YouTube", ("Ana Silva",)),
    ("TorchScale: Transformers at Scale", ("Shu Chen",)),
    ("Reasoning with GPT-4", ("Kai-Wei Chang", "Yee-Whye Teh")),
    ("Distilling GANs", ("Julian McAuley", "Rose DeVries")),
    ("Is This All You Need?", ("Łukasz Nowak", "Özlem Demir")),
    ('LLMs Can Get "Brain Rot"!', ("Shuo Xing", "John O'Brien")),
    ("Large Models for Math (LLaMA)", ("Ludwig van Beethoven", "Guido van der Berg")),
    ("An Algorithm for $k$-NN", ("Maria De La Cruz", "João da Silva")),
    ("Programming in C++", ("Sven Larsson",)),
    ("Benchmarks for NLP", ("Martin Luther King, Jr.", "Robert Downey, Jr.")),
    ("Survey of LLMs", ("王小明", "李雷")),
)


def glued(title: str, authors: tuple[str, ...], *, truncated: bool = False) -> str:
    return title + ", ".join(authors) + (" et al." if truncated else "")


def split_one(line: str, evidence: BylineEvidence = NOTHING) -> dict[str, object]:
    return split_bylines(pl.Series([line]), evidence).row(0, named=True)


@pytest.mark.parametrize(("title", "authors"), CERTAIN, ids=[title for title, _ in CERTAIN])
@pytest.mark.parametrize("truncated", [False, True])
def test_cuts_hard_lines_without_any_evidence(
    title: str, authors: tuple[str, ...], truncated: bool
) -> None:
    row = split_one(glued(title, authors, truncated=truncated) + " · cmu, microsoft-research")
    assert row["title"] == title
    assert row["authors"] == list(authors)
    assert row["authors_complete"] is not truncated
    assert row["affiliations"] == ["cmu", "microsoft-research"]
    assert row["confidence"] >= THRESHOLD


def test_reports_no_affiliations_where_none_are_printed() -> None:
    assert split_one("Policy OptimizationYuzhong Zhao, Yue Liu et al.")["affiliations"] is None


@pytest.mark.parametrize(
    "line",
    [
        "A Title That Stands Alone",
        "Learning to Rank, Fast and Slow",
        "BitNet: Scaling 1-bit Transformers for ChatGPT",
        "A Title With a Blank Before Yaru Hao, Li Dong et al.",
        "大模型研究张三",
        "A Title Before a List With andYaru Hao and Li Dong",
        "",
    ],
)
def test_leaves_lines_whole_that_have_no_certain_cut(line: str) -> None:
    row = split_one(line)
    assert row["title"] == line
    assert row["authors"] is None
    assert row["authors_complete"] is None
    assert row["affiliations"] is None
    assert row["confidence"] < THRESHOLD


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("On the Use of 3D", "de la Cruz"),
        ("On the Use of 3D", "van der Berg"),
        ("Notes on the Theory of AI", "de Souza"),
        ("A Study of Plan B", "di Stefano"),
    ],
)
@pytest.mark.parametrize("others", [", Ana Li", ""])
def test_a_capital_before_a_particle_is_no_beginning_of_a_name(title, name, others) -> None:
    row = split_one(title + name + others)
    assert row["authors"] is None or (row["title"], row["authors"][0]) == (title, name)


@pytest.mark.parametrize("name", ["Ada Lovelace", "Evan Miller", "Ida Smith", "Eden Hazard"])
def test_a_name_that_ends_like_a_particle_is_a_name(name) -> None:
    row = split_one(f"On the Theory of Machines{name}, Ana Li et al.")
    assert row["authors"] == [name, "Ana Li"]


def test_an_undecided_line_keeps_all_its_text_with_white_space_folded() -> None:
    row = split_one("  Learning   on Graphs\tXyz et al. · cmu ")
    assert row["title"] == "Learning on Graphs Xyz et al. · cmu"
    assert row["authors"] is None


def test_a_name_seen_elsewhere_decides_what_was_uncertain() -> None:
    line = "Learning Representations with GPT-4Gemini Team"
    seen = BylineEvidence(
        names=pl.DataFrame({"name": ["Gemini Team"], "count": [5]}), titles=NOTHING.titles
    )
    assert split_one(line, seen)["confidence"] > split_one(line)["confidence"]
    assert split_one(line, seen)["authors"] == ["Gemini Team"]


def test_a_title_known_elsewhere_decides() -> None:
    line = "tRuEcasIngLucian Lita, Abe Weller"
    titles = pl.DataFrame({"title": ["tRuEcasIng"]})
    row = split_one(line, BylineEvidence(names=NOTHING.names, titles=titles))
    assert (row["title"], row["authors"]) == ("tRuEcasIng", ["Lucian Lita", "Abe Weller"])
    assert row["confidence"] > split_one(line)["confidence"]


def test_evident_names_are_those_after_the_glued_one() -> None:
    lines = pl.Series(
        [
            "Deep Learning, Machine Learning, and GraphsYaru Hao, Li Dong, Furu Wei et al. · pku",
            "Attention, PleaseYaru Hao",
            "Policy OptimizationYuzhong Zhao, Li Dong",
        ]
    )
    assert evident_names(lines).rows() == [("Furu Wei", 1), ("Li Dong", 2)]


def test_empty_input_gives_an_empty_frame_of_the_same_shape() -> None:
    empty = split_bylines(pl.Series([], dtype=pl.String), NOTHING)
    assert empty.schema == split_bylines(pl.Series(["A TitleYaru Hao"]), NOTHING).schema
    assert empty.is_empty()
    assert evident_names(pl.Series([], dtype=pl.String)).is_empty()


def test_lines_do_not_influence_each_other() -> None:
    lines = pl.Series([glued(*pair, truncated=True) for pair in CERTAIN])
    together = split_bylines(lines, NOTHING)
    apart = pl.concat([split_bylines(lines.slice(n, 1), NOTHING) for n in range(len(lines))])
    assert together.equals(apart)
    assert split_bylines(lines.reverse(), NOTHING).reverse().equals(together)


def test_shipped_frequencies_stay_small() -> None:
    assert sum(file.stat().st_size for file in DATA.glob("*.parquet")) < 300_000


def test_frequencies_hold_no_full_names_or_titles() -> None:
    words = pl.read_parquet(DATA / "byline_words.parquet")["word"]
    assert not words.str.contains(r"\s").any()
    assert words.is_unique().all()


def one_word_of(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


TITLE_WORDS = one_word_of(
    """
    A the of for with and Learning Models Language Neural Networks, Graph Attention: Deep, Large
    Analysis? Data Efficient Robust Vision-Language Training $k$-NN 3D (LLMs) Multi-Task
    """
)
LAST_WORDS = one_word_of(
    """
    Models Learning Transformers BERT GPT-4 LLMs 3D NP Time? Rot! (GANs) Examples ImageNet
    """
)
GIVEN = one_word_of(
    """
    Yaru Li John Maria Kai-Wei J. Wei Anna Łukasz Mohammed Xin Peter
    """
)
FAMILY = st.sampled_from(
    ["Hao", "Dong", "Smith", "García", "van der Berg", "Chang", "McAuley", "O'Brien", "de Souza"]
)
TITLES = st.builds(
    lambda words, last: " ".join([*words, last]),
    st.lists(TITLE_WORDS, min_size=2, max_size=9),
    LAST_WORDS,
)
NAMES = st.builds(lambda given_name, family: f"{given_name} {family}", GIVEN, FAMILY)
AUTHORS = st.lists(NAMES, min_size=1, max_size=4, unique=True).map(tuple)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(TITLES, AUTHORS, st.booleans()), min_size=1, max_size=12))
def test_glued_lines_come_back_or_stay_whole(
    lines: list[tuple[str, tuple[str, ...], bool]],
) -> None:
    printed = pl.Series([glued(title, names, truncated=cut) for title, names, cut in lines])
    rows = split_bylines(printed, NOTHING).rows(named=True)
    for (title, names, truncated), line, row in zip(lines, printed, rows, strict=True):
        if row["authors"] is None:
            assert row["title"] == line
        else:
            assert (row["title"], row["authors"]) == (title, list(names))
            assert row["authors_complete"] is not truncated


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(alphabet="abcXYZ łÖ王李.,·$()-'\t?1é\x1f ", max_size=60) | TITLES | NAMES,
        max_size=8,
    ),
    st.booleans(),
)
def test_no_character_is_lost(lines: list[str], truncated: bool) -> None:
    printed = pl.Series(
        [line + (" et al." if truncated else "") for line in lines], dtype=pl.String
    )
    split = split_bylines(printed, NOTHING)
    assert split.height == len(lines)
    for line, row in zip(printed, split.rows(named=True), strict=True):
        folded = " ".join(line.replace("\x1f", " ").split())
        assert 0 <= row["confidence"] <= 1
        if row["authors"] is None:
            assert row["title"] == folded
        else:
            assert folded.startswith(row["title"] + ", ".join(row["authors"]))
            assert row["title"] == row["title"].strip()
            assert all(name.strip() for name in row["authors"])


@pytest.mark.skipif(not SEEDS.exists(), reason="the seed pages are not beside this repository")
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "page"])
def test_every_line_of_the_glued_seed_page_comes_out_right(alone: bool) -> None:
    page = next(SEEDS.glob("000_*.txt")).read_text(encoding="utf-8").splitlines()
    gold = json.loads((SEEDS / "gold_000_002_004.json").read_text(encoding="utf-8"))["records"]
    truth = [record for record in gold if record["record_key"].startswith("000:")]
    lines = pl.Series([page[record["line_start"]] for record in truth])
    evidence = NOTHING if alone else BylineEvidence(evident_names(lines), NOTHING.titles)
    split = split_bylines(lines, evidence)
    assert split["title"].to_list() == [record["title"] for record in truth]
    assert split["authors"].to_list() == [record["authors"] for record in truth]
    assert split["authors_complete"].to_list() == [not r["authors_truncated"] for r in truth]
    assert split["affiliations"].to_list() == [record["affiliations"] or None for record in truth]
    assert split["confidence"].min() > 0.99


def test_initials_stay_together():
    lines = pl.Series(
        [
            "Planning with flatness and trajectory controlS.T. Pledgie, Yongxing Hao et al.",
            "Interaction with robots for map generationS.S. Ghidary, Y. Nakata, H. Saito et al.",
        ]
    )
    nothing = BylineEvidence(
        names=pl.DataFrame(schema={"name": pl.String, "count": pl.Int64}),
        titles=pl.DataFrame(schema={"title": pl.String}),
    )
    split = split_bylines(lines, nothing)
    assert [names[0] for names in split["authors"]] == ["S.T. Pledgie", "S.S. Ghidary"]
