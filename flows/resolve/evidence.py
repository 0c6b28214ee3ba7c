"""How like two records are: one column per piece of evidence, for a frame of pairs.

Here: kernels over columns of pairs. Null means that one side says nothing, which is not a
difference. Not here: what a piece of evidence is worth (`scoring`), which pairs are looked at
(`blocking`).
"""

from __future__ import annotations

import polars as pl

from flows.resolve.features import Features

# Identifiers of which a paper has one: two different values are two papers. A source's own keys are
# not among them, since a preprint and its publication are two entries of one source.
ONE_PER_PAPER = ("pmid",)
# DOIs that name a preprint: they do not contradict the DOI of the publication.
PREPRINT_DOI = (
    r"^10\.(48550|1101|21203|2139|31219|31234|20944|26434|36227|32942|31223|22541|64898)/"
)
# The part of a DOI by which some registrants number the versions of one publication.
DOI_VERSION = r"(\.pub\d+|[./]v\d+)$"
ARXIV_DOI = r"^10\.48550/arxiv\.(.+)$"
NUMBER_WORD = r"^(\d+|[ivx]+|one|two|three|four|five|six|seven|eight|nine|ten)$"
SHINGLE_WORDS = 3
FEWEST_SHINGLES = 20
# A name that ends in a number, perhaps with a letter: `model2`, `4v`; not `2nd`, not `1990s`.
VERSION_WORD = r"^(\p{L}*\d+)\p{L}{0,2}$"
NO_VERSION_WORD = r"\d(st|nd|rd|th|s)$"
# Titles that begin with one word and share words of this rarity are shown side by side.
FAMILY_RARITY = 6.0
# Words this alike may be readings of one.
TYPO = 0.6
BATCH = 50_000

SIDE_COLUMNS = (
    "record_id", "version", "doi", "arxiv_id", "identifiers", "date_basis", "year", "title_key",
    "title_letters", "head_letters", "title_core", "opening", "marks", "suffixes", "note",
    "abstract_key", "abstract_length", "figures", "named_versions", "surname", "authors_cut",
    "author_count", "day",
)  # fmt: skip


def compare(pairs: pl.DataFrame, features: Features, exact_keys: int) -> pl.DataFrame:
    """Return evidence for the near ones of the pairs (left, right, keys, shared: see `blocking`).

    Pairs whose titles, identifiers and abstracts give no hint at all are left out. Memory is
    bounded by the batch; a pair's evidence does not depend on the other pairs.
    """
    spread = _spread(features.rows)
    starts = range(0, max(pairs.height, 1), BATCH)
    return pl.concat(
        _compare_batch(pairs.slice(start, BATCH), features, spread, exact_keys) for start in starts
    )


def _compare_batch(
    pairs: pl.DataFrame, features: Features, spread: pl.DataFrame, exact_keys: int
) -> pl.DataFrame:
    rows = features.rows.select("row", *SIDE_COLUMNS)
    sides = pairs.join(
        rows.select("row", pl.exclude("row").name.suffix("_left")),
        left_on="left", right_on="row", how="left", maintain_order="left",
    ).join(
        rows.select("row", pl.exclude("row").name.suffix("_right")),
        left_on="right", right_on="row", how="left", maintain_order="left",
    )  # fmt: skip
    titled = _with_titles(sides, features.title_words)
    near = (
        (pl.col("keys") & exact_keys > 0)
        | (pl.col("shared") >= 3)
        | pl.col("title_similarity").is_null()
        | (pl.col("title_similarity") >= 0.6)
        | (pl.col("title_containment") >= 0.5)
        | pl.col("titles_begin_alike")
    )
    compared = titled.filter(near)
    compared = _with_authors(_with_abstracts(compared, features.rows), features.name_words)
    return compared.join(
        spread, left_on="left", right_on="row", how="left", maintain_order="left"
    ).select(
        *pairs.columns, "record_id_left", "record_id_right",
        *(name for name in compared.columns if name not in sides.columns),
        "people_of_title", "years_of_title", "titles_of_abstract",
        same_identifier=_same_identifier(),
        same_day=pl.col("day_left") == pl.col("day_right"),
        same_author_count=pl.col("author_count_left") == pl.col("author_count_right"),
        year_gap=(pl.col("year_left") - pl.col("year_right")).abs().cast(pl.Int32),
        year_is_inferred=_either("date_basis", "inferred_year"),
        has_preprint=_either("version", "preprint"),
    )  # fmt: skip


def shared_rarity(pairs: pl.DataFrame, postings: pl.DataFrame) -> pl.DataFrame:
    """Return per pair (left, right), in their order, what their words weigh by rarity.

    shared: the words that both have; least: all words of the side with less; null without words.
    """
    numbered = pairs.select("left", "right").with_row_index("pair")
    hashed = postings.select("row", "rarity", word=pl.col("word").hash(0))
    shared = (
        numbered.join(hashed, left_on="left", right_on="row")
        .join(hashed.drop("rarity"), left_on=["right", "word"], right_on=["row", "word"])
        .sort("pair", "rarity", "word")
        .group_by("pair")
        .agg(shared=pl.col("rarity").sum())
    )
    totals = postings.group_by("row").agg(total=pl.col("rarity").sort().sum())
    return (
        numbered.join(shared, on="pair", how="left")
        .join(totals, left_on="left", right_on="row", how="left")
        .join(totals, left_on="right", right_on="row", how="left", suffix="_right")
        .sort("pair")
        .with_columns(both=pl.col("total").is_not_null() & pl.col("total_right").is_not_null())
        .select(
            shared=pl.when("both").then(pl.col("shared").fill_null(0.0)),
            least=pl.when("both").then(pl.min_horizontal("total", "total_right")),
        )
    )


def likeness(left: pl.Series, right: pl.Series, *, of_parts: bool = False) -> pl.Series:
    """Return the normalised indel similarity of two columns of text, 0 to 1; null if one is null.

    of_parts: the shorter text against the most similar part of the longer one.
    """
    from rapidfuzz import fuzz, process

    scores = process.cpdist(
        left.fill_null("").to_list(),
        right.fill_null("").to_list(),
        scorer=fuzz.partial_ratio if of_parts else fuzz.ratio,
    )
    score = pl.Series("likeness", scores, dtype=pl.Float64) / 100
    return pl.select(
        pl.when(pl.lit(left.is_not_null() & right.is_not_null())).then(score).alias("likeness")
    ).to_series()


def _with_titles(sides: pl.DataFrame, title_words: pl.DataFrame) -> pl.DataFrame:
    shared = shared_rarity(sides, title_words)
    like = sides.with_columns(
        likeness(sides["title_letters_left"], sides["title_letters_right"]).alias(
            "title_similarity"
        ),
        title_rarity=shared["shared"],
        title_containment=pl.when(pl.lit(shared["least"]) > 0).then(
            pl.lit(shared["shared"]) / pl.lit(shared["least"])
        ),
        title_is_equal=pl.col("title_letters_left") == pl.col("title_letters_right"),
        title_is_cut=(
            (pl.col("head_letters_left") == pl.col("title_letters_right"))
            | (pl.col("head_letters_right") == pl.col("title_letters_left"))
        ).fill_null(value=False),
        title_heads_are_equal=(
            pl.col("head_letters_left") == pl.col("head_letters_right")
        ).fill_null(value=False),
        titles_begin_alike=(
            (pl.col("opening_left") == pl.col("opening_right"))
            & (pl.lit(shared["shared"]) >= FAMILY_RARITY)
        ).fill_null(value=False),
        over_left=_words_over("left", "right"),
        over_right=_words_over("right", "left"),
    )
    left, right = _marks_over("left", "right"), _marks_over("right", "left")
    is_like = (
        (pl.col("title_similarity") >= 0.6)
        | (pl.col("title_containment") >= 0.5)
        | pl.col("titles_begin_alike")
    )
    texts = like.select(
        pl.when(pl.col(side).list.len() > 0).then(pl.col(side).list.join("")).alias(side)
        for side in ("over_left", "over_right")
    )
    replaced = likeness(texts["over_left"], texts["over_right"], of_parts=True)
    is_left_over = (_without_years(left) + _without_years(right) > 0) & ~pl.col("title_is_cut")
    are_siblings = (
        (pl.col("title_core_left") == pl.col("title_core_right")) & is_left_over
    ) | _another_version()
    return (
        like.with_columns(replaced_similarity=replaced)
        .with_columns(
            numbers_conflict=(
                ((left.list.len() > 0) & (right.list.len() > 0) & is_like)
                | (are_siblings & ~pl.col("title_is_equal") & ~pl.col("title_is_cut"))
            ).fill_null(value=False),
            number_is_left_over=is_left_over,
            notes_conflict=(pl.col("note_left").fill_null("") != pl.col("note_right").fill_null(""))
            & pl.col("title_similarity").is_not_null(),
        )
        .drop("over_left", "over_right")
    )


def _another_version() -> pl.Expr:
    """Whether the titles differ in nothing but one word a side that makes a name another one."""
    sides = [
        (pl.col(f"over_{side}").list.len() <= 1)
        & (_plain_words(f"over_{side}").list.set_difference(f"suffixes_{side}").list.len() == 0)
        for side in ("left", "right")
    ]
    one, other = (
        pl.col(f"over_{side}").list.first().str.extract(VERSION_WORD) for side in ("left", "right")
    )
    # A word on each side may be one word with a typo, unless only its number's letters differ.
    is_another = (pl.col("replaced_similarity").fill_null(0.0) < TYPO) | (one == other)
    differs = pl.col("over_left").list.len() + pl.col("over_right").list.len() > 0
    return pl.all_horizontal(sides) & differs & is_another.fill_null(value=False)


def _plain_words(over: str) -> pl.Expr:
    """Return the left-over words that do not name a version by themselves."""
    word = pl.element().str
    return pl.col(over).list.eval(
        pl.element().filter(~word.contains(VERSION_WORD) | word.contains(NO_VERSION_WORD))
    )


def _marks_over(mine: str, other: str) -> pl.Expr:
    """Return marks of one title that the other lacks; only `+` counts where the words are the
    same."""
    over = pl.col(f"marks_{mine}").list.set_difference(f"marks_{other}")
    plusses = over.list.eval(pl.element().filter(pl.element().str.starts_with("+")))
    return (
        pl.when(pl.col("title_key_left") == pl.col("title_key_right")).then(plusses).otherwise(over)
    )


def _without_years(marks: pl.Expr) -> pl.Expr:
    """How many marks are neither years nor letters: one title may say a year that the other
    omits."""
    return marks.list.eval(
        pl.element().filter(~pl.element().str.contains(r"^(19|20)\d\d$|^-"))
    ).list.len()


def _words_over(mine: str, other: str) -> pl.Expr:
    """Return the sorted words of one title that the other lacks."""
    mine_words, other_words = (pl.col(f"title_key_{side}").str.split(" ") for side in (mine, other))
    over = mine_words.list.set_difference(other_words)
    # Numbers are compared as marks, where "ii" and "2" are one.
    words = over.list.eval(pl.element().filter(~pl.element().str.contains(NUMBER_WORD)))
    return words.list.sort()


def _with_abstracts(compared: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    both = pl.col("abstract_key_left").is_not_null() & pl.col("abstract_key_right").is_not_null()
    asked = compared.filter(both)
    needed = pl.concat([asked["left"].rename("row"), asked["right"].rename("row")]).unique()
    shingles = _shingles(rows.join(needed.to_frame(), on="row", how="semi"))
    lists = (
        asked.select("left", "right")
        .join(shingles, left_on="left", right_on="row", how="left", maintain_order="left")
        .join(
            shingles, left_on="right", right_on="row", how="left", maintain_order="left",
            suffix="_right",
        )
    )  # fmt: skip
    sizes = lists.select(
        "left",
        "right",
        shared=pl.col("shingles").list.set_intersection("shingles_right").list.len(),
        least=pl.min_horizontal(pl.col("shingles").list.len(), pl.col("shingles_right").list.len()),
    ).select(
        "left",
        "right",
        abstract_similarity=pl.when(pl.col("least") >= FEWEST_SHINGLES).then(
            pl.col("shared") / pl.col("least")
        ),
    )
    return compared.join(
        sizes, on=["left", "right"], how="left", maintain_order="left"
    ).with_columns(
        abstract_is_equal=pl.col("abstract_key_left") == pl.col("abstract_key_right"),
        abstract_words=pl.min_horizontal("abstract_length_left", "abstract_length_right"),
        versions_differ=_differ("named_versions", 1),
        figures_differ=_differ("figures", 2),
    )


def _differ(column: str, fewest: int) -> pl.Expr:
    """Whether each side lists at least so many that the other lacks; one side alone may be cut."""
    lists = ((f"{column}_left", f"{column}_right"), (f"{column}_right", f"{column}_left"))
    return pl.all_horizontal(
        pl.col(mine).list.set_difference(other).list.len() >= fewest for mine, other in lists
    )


def _shingles(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct runs of three words of each abstract, hashed: row, shingles."""
    words = (
        rows.select("row", word=pl.col("abstract_key").str.split(" "))
        .explode("word")
        .with_columns(word=pl.col("word").hash(0) & 0xFFFF_FFFF)
    )
    run = pl.lit(0, pl.UInt64)
    for step in range(SHINGLE_WORDS):
        run = run * 31 + pl.col("word").shift(-step) * (2 * step + 1)
    ends_in_row = pl.col("row") == pl.col("row").shift(1 - SHINGLE_WORDS)
    return (
        words.with_columns(run=run)
        .filter(ends_in_row)
        .group_by("row")
        .agg(shingles=pl.col("run").unique())
    )


def _with_authors(compared: pl.DataFrame, name_words: pl.DataFrame) -> pl.DataFrame:
    shared = shared_rarity(compared, name_words)
    return compared.with_columns(
        author_rarity=shared["shared"],
        author_similarity=pl.when(pl.lit(shared["least"]) > 0).then(
            (pl.lit(shared["shared"]) / pl.lit(shared["least"])).clip(0.0, 1.0)
        ),
        first_author_is_equal=pl.col("surname_left") == pl.col("surname_right"),
        authors_are_cut=(pl.col("authors_cut_left") | pl.col("authors_cut_right")),
    )


def _same_identifier() -> pl.Expr:
    """Return true where an identifier is shared, false where two contradict, else null."""
    arxiv_left, arxiv_right = (
        pl.coalesce(pl.col(f"arxiv_id_{side}"), pl.col(f"doi_{side}").str.extract(ARXIV_DOI))
        for side in ("left", "right")
    )
    others_left, others_right = pl.col("identifiers_left"), pl.col("identifiers_right")
    schemes = pl.element().filter(pl.element().struct.field("scheme").is_in(ONE_PER_PAPER))
    single_left, single_right = others_left.list.eval(schemes), others_right.list.eval(schemes)
    doi_left, doi_right = (
        pl.col(f"doi_{side}").str.replace(DOI_VERSION, "") for side in ("left", "right")
    )
    is_shared = (
        (doi_left == doi_right).fill_null(value=False)
        | (arxiv_left == arxiv_right).fill_null(value=False)
        | (
            _texts(others_left).list.set_intersection(_texts(others_right)).list.len() > 0
        ).fill_null(value=False)
    )
    dois_differ = (doi_left != doi_right) & pl.all_horizontal(
        ~pl.col(f"doi_{side}").str.contains(PREPRINT_DOI)
        & (pl.col(f"version_{side}") != "preprint")
        for side in ("left", "right")
    )
    singles_differ = (single_left.list.len() > 0) & (single_right.list.len() > 0)
    conflict = (
        dois_differ.fill_null(value=False)
        | (arxiv_left != arxiv_right).fill_null(value=False)
        | singles_differ.fill_null(value=False)
    )
    return pl.when(is_shared).then(pl.lit(value=True)).when(conflict).then(pl.lit(value=False))


def _texts(identifiers: pl.Expr) -> pl.Expr:
    return identifiers.list.eval(
        pl.element().struct.field("scheme") + ":" + pl.element().struct.field("value")
    )


def _either(column: str, value: str) -> pl.Expr:
    sides = (pl.col(f"{column}_{side}") == value for side in ("left", "right"))
    return pl.any_horizontal(sides).fill_null(value=False)


def _spread(rows: pl.DataFrame) -> pl.DataFrame:
    """How widely a row's title and abstract are used: by how many first authors, in how many years
    by the same first author, and under how many titles."""
    titled = pl.col("title_letters").is_not_null()
    return rows.select(
        "row",
        people_of_title=pl.when(titled).then(
            pl.col("surname").drop_nulls().n_unique().over("title_letters")
        ),
        years_of_title=pl.when(titled & pl.col("surname").is_not_null()).then(
            pl.col("year").drop_nulls().n_unique().over("title_letters", "surname")
        ),
        titles_of_abstract=pl.when(pl.col("abstract_key").is_not_null()).then(
            pl.col("title_letters").drop_nulls().n_unique().over("abstract_key")
        ),
    ).with_columns(
        pl.col("people_of_title", "years_of_title", "titles_of_abstract").fill_null(1).clip(1)
    )
