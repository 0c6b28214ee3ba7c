"""Who wrote it: mentions of names become authors with aliases, authorships and page profiles.

Here: which mentions are one person. Not here: how names are cleaned (`normalize.names`), ids
(`identity`). A mention is one position in one record's author list, or the name at a page's head.

What joins two mentions is an entry of `LINKS`; what keeps them apart: two positions in one list,
two ORCID iDs, two keys of one source. Names that only look alike join nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from flows.normalize.names import name_key
from flows.resolve.clustering import CONFLICT, cluster, components

# A typed name may differ this much from the one at its place in another record of the same paper.
TYPED_ALIKE = 0.8
# Lists of one paper beyond this number are not compared for typing errors.
MOST_LISTS = 20
# Mentions of one name among whom rivals are, beyond this number, are not weighed pair by pair all
# at once: their pairs would grow with the square.
MOST_WEIGHED = 100


@dataclass(frozen=True)
class Link:
    """Mentions with an equal key (mention, key) are one person, unless something keeps them apart.

    `nats` counts only where something does: then evidence must outweigh the rest.
    """

    name: str
    keys: Callable[[pl.DataFrame], pl.DataFrame]
    nats: float


def full_name(mentions: pl.DataFrame) -> pl.DataFrame:
    """Equal printed names with a full given name; not enough once rivals bear the name."""
    return _keyed(mentions.filter("is_full"), pl.col("name_key"))


def one_paper(mentions: pl.DataFrame) -> pl.DataFrame:
    """Link by the same name, or another form of it, in two records of one paper."""
    return _keyed(mentions, pl.concat_str("paper", "paper_name", separator="|"))


def orcid(mentions: pl.DataFrame) -> pl.DataFrame:
    """Link by the same ORCID iD."""
    return _keyed(mentions, pl.col("orcid"))


def source_author_key(mentions: pl.DataFrame) -> pl.DataFrame:
    """Link by the same key of one source's own author register."""
    return _keyed(mentions, pl.concat_str("source", "source_author_key", separator="|"))


def name_and_coauthor(mentions: pl.DataFrame) -> pl.DataFrame:
    """Equal names, initials and single names included, with an equal full name of a co-author."""
    lists = mentions.filter(pl.col("record_id").is_not_null())
    others = lists.filter("is_full").select("record_id", "position", coauthor="name_key")
    return _keyed(
        lists.join(others, on="record_id", suffix="_other").filter(
            pl.col("position") != pl.col("position_other")
        ),
        pl.concat_str("name_key", "coauthor", separator="|"),
    )


def name_and_affiliation(mentions: pl.DataFrame) -> pl.DataFrame:
    """Equal names, initials and single names included, with an equal affiliation of their own."""
    return _keyed(
        mentions.explode("affiliations").filter(pl.col("affiliations").is_not_null()),
        pl.concat_str("name_key", pl.col("affiliations").str.to_lowercase(), separator="|"),
    )


LINKS: tuple[Link, ...] = (
    Link("full name", full_name, -0.5),
    Link("one paper", one_paper, 5.0),
    Link("ORCID", orcid, 6.0),
    Link("source's author key", source_author_key, 6.0),
    Link("name and co-author", name_and_coauthor, 2.0),
    Link("name and affiliation", name_and_affiliation, 1.5),
)


def author_mentions(records: pl.DataFrame, membership: pl.DataFrame) -> pl.DataFrame:
    """Return one row per position in every record's author list.

    record_id, paper (paper_id), source, source_key, position, printed_name, orcid,
    source_author_key, affiliations; name_key and is_full (two words or more, none of the outer ones
    an initial).
    """
    listed = (
        records.select("record_id", "dump_id", "source", "source_key", author="authors")
        .join(membership.select("record_id", paper="paper_id"), on="record_id")
        .filter(pl.col("author").is_not_null())
        .with_columns(position=pl.int_ranges(1, pl.col("author").list.len() + 1))
        .explode("author", "position")
        .unnest("author")
        .rename({"name": "printed_name"})
        .with_columns(pl.col("position").cast(pl.Int32))
    )
    return _with_name_keys(listed).sort("source", "source_key", "record_id", "position")


def profile_mentions(stated: pl.DataFrame, dumps: pl.DataFrame) -> pl.DataFrame:
    """Return one row per author named at the head of a dump: dump_id, source, printed_name,
    keys."""
    named = (
        stated.filter((pl.col("subject_type") == "author") & pl.col("subject_name").is_not_null())
        .select("dump_id", printed_name="subject_name")
        .unique()
        .join(dumps.select("dump_id", "source"), on="dump_id")
    )
    return _with_name_keys(named).sort("source", "printed_name", "dump_id")


def resolve_authors(mentions: pl.DataFrame) -> pl.Series:
    """Return for each mention the number of the person: the first mention of it."""
    numbered = _with_paper_names(mentions).with_row_index("mention")
    keyed = pl.concat(
        link.keys(numbered).with_columns(nats=pl.lit(link.nats), link=pl.lit(place, pl.UInt8))
        for place, link in enumerate(LINKS)
    )
    person = _linked(numbered.height, keyed)
    person, doubtful = _in_smaller_groups(person, numbered, keyed)
    if doubtful.is_empty():
        return person
    return _set_apart(person, numbered, keyed, doubtful)


def _linked(count: int, keyed: pl.DataFrame) -> pl.Series:
    """Return for each of `count` mentions the first one that shared keys connect it with."""
    hubs = keyed.select("mention", hub=pl.struct("link", "key").rank("dense") - 1)
    labels = components(
        count + int(hubs["hub"].n_unique()),
        hubs["mention"],
        hubs["hub"].cast(pl.Int64) + count,
    )
    return pl.Series("person", labels[:count])


def _in_smaller_groups(
    person: pl.Series, mentions: pl.DataFrame, keyed: pl.DataFrame
) -> tuple[pl.Series, pl.Series]:
    """Return the persons, and those in whom rivals met, each of at most MOST_WEIGHED mentions.

    A larger one is what ever stronger links alone make of it: without those by the bare name, then
    without those by affiliation, and so on; at last each mention is a person of its own.
    """
    doubtful = _rivals(mentions.with_columns(person=person))
    for least in [*sorted({link.nats for link in LINKS})[1:], float("inf")]:
        crowd = doubtful.to_frame().join(person.value_counts(name="size"), on="person")
        crowd = crowd.filter(pl.col("size") > MOST_WEIGHED)
        if crowd.is_empty():
            break
        inside = person.is_in(crowd["person"].implode())
        strong = keyed.filter(pl.col("nats") >= least)
        strong = strong.filter(inside.gather(strong["mention"]))
        person = _linked(person.len(), strong).zip_with(inside, person)
        doubtful = _rivals(mentions.with_columns(person=person))
    return person, doubtful


def place_profiles(mentions: pl.DataFrame, profiles: pl.DataFrame) -> pl.DataFrame:
    """Return the profiles with `person`: whom a page's head names.

    That is the person so printed in the page's own records; where it is not printed there, a person
    of its own, one for all pages of a source with that name at their head. mentions: with `person`.
    """
    printed = mentions.sort("source", "source_key", "position").unique(
        ["dump_id", "name_key"], keep="first", maintain_order=True
    )
    placed = profiles.join(
        printed.select("dump_id", "name_key", "person"), on=["dump_id", "name_key"], how="left"
    )
    # The same head on a later page of the source is the same person, printed below it or not.
    known = (
        placed.filter(pl.col("person").is_not_null())
        .sort("person")
        .unique(["source", "name_key"], keep="first", maintain_order=True)
        .select("source", "name_key", elsewhere="person")
    )
    own = pl.struct("source", "name_key").rank("dense").cast(pl.Int64) + mentions.height
    return (
        placed.join(known, on=["source", "name_key"], how="left")
        .with_columns(person=pl.coalesce("person", "elsewhere", own))
        .drop("elsewhere")
        .sort("source", "printed_name", "dump_id")
    )


def _with_name_keys(mentions: pl.DataFrame) -> pl.DataFrame:
    words = pl.col("name_key").str.split(" ")
    return mentions.with_columns(
        name_key=name_key(pl.col("printed_name")).fill_null(pl.col("printed_name"))
    ).with_columns(
        is_full=(words.list.len() > 1)
        & (words.list.first().str.len_chars() > 1)
        & (words.list.last().str.len_chars() > 1)
    )


def _keyed(mentions: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
    # A hash instead of the text: keys are compared, never read.
    return (
        mentions.select("mention", key=key)
        .drop_nulls()
        .with_columns(pl.col("key").hash(0))
        .unique()
    )


def _with_paper_names(mentions: pl.DataFrame) -> pl.DataFrame:
    """Add paper_name: one form for all forms that a name has in the records of one paper."""
    listed = mentions.select("paper", "record_id", "position", "name_key").filter(
        (pl.col("record_id").n_unique() > 1).over("paper")
    )
    forms = pl.concat([_other_forms(listed), _mistyped(listed)]).unique()
    # A form that may stand for several names of the paper stands for none of them.
    single = forms.filter((pl.len() == 1).over("paper", "name_key"))
    final = single.join(
        single.select("paper", form="name_key", last="form"), on=["paper", "form"], how="left"
    ).select("paper", "name_key", paper_name=pl.coalesce("last", "form"))
    return mentions.join(
        final, on=["paper", "name_key"], how="left", maintain_order="left"
    ).with_columns(pl.coalesce("paper_name", "name_key"))


def _other_forms(listed: pl.DataFrame) -> pl.DataFrame:
    """paper, name_key, form: names with initials or in another order, and the form to read them
    as."""
    names = listed.select("paper", "name_key").unique()
    words = pl.col("name_key").str.split(" ")
    parts = names.with_columns(
        family=words.list.last(),
        given=words.list.first(),
        middle=words.list.slice(1, words.list.len() - 2),
        sorted_words=words.list.sort().list.join(" "),
        count=words.list.len(),
    )
    short = parts.filter((pl.col("given").str.len_chars() == 1) & (pl.col("count") > 1))
    initials = short.join(
        parts.filter((pl.col("given").str.len_chars() > 1) & (pl.col("count") > 1)),
        on=["paper", "family"],
        suffix="_full",
    ).filter(
        pl.col("given_full").str.starts_with(pl.col("given"))
        & (
            (pl.col("middle").list.len() == 0)
            | (pl.col("middle_full").list.len() == 0)
            | (
                pl.col("middle").list.first().str.head(1)
                == pl.col("middle_full").list.first().str.head(1)
            )
        )
    )
    swapped = parts.join(parts, on=["paper", "sorted_words"], suffix="_full").filter(
        (pl.col("name_key_full") < pl.col("name_key")) & (pl.col("count") > 1)
    )
    pairs = pl.concat(
        pairs.select("paper", "name_key", form="name_key_full") for pairs in (initials, swapped)
    )
    # Two names in one list are two people.
    lists = listed.select("paper", "record_id", "name_key")
    together = (
        pairs.join(lists, on=["paper", "name_key"])
        .join(lists.rename({"name_key": "form"}), on=["paper", "form", "record_id"], how="semi")
        .select("paper", "name_key", "form")
    )
    return pairs.join(together, on=["paper", "name_key", "form"], how="anti")


def _mistyped(listed: pl.DataFrame) -> pl.DataFrame:
    """paper, name_key, form: names that differ a little where all else of two lists is equal."""
    lists = (
        listed.sort("paper", "record_id", "position")
        .group_by("paper", "record_id", maintain_order=True)
        .agg("name_key")
        .select(
            "paper", names=pl.col("name_key").list.join("|"), length=pl.col("name_key").list.len()
        )
        .unique()
        .filter((pl.len() <= MOST_LISTS).over("paper") & (pl.col("length") > 1))
    )
    pairs = (
        lists.join(lists, on=["paper", "length"], suffix="_other")
        .filter(pl.col("names") > pl.col("names_other"))
        .with_row_index("pair")
        .with_columns(pl.col("names", "names_other").str.split("|"))
        .explode("names", "names_other")
        .filter(pl.col("names") != pl.col("names_other"))
        .filter((pl.len() == 1).over("pair"))
    )
    alike = pl.Series(_likeness(pairs["names"], pairs["names_other"]), dtype=pl.Float64)
    initial = pl.col("names").str.head(1) == pl.col("names_other").str.head(1)
    return pairs.filter((alike >= TYPED_ALIKE) & initial).select(
        "paper",
        name_key=pl.max_horizontal("names", "names_other"),
        form=pl.min_horizontal("names", "names_other"),
    )


def _rivals(mentions: pl.DataFrame) -> pl.Series:
    """Return the persons in whom mentions met that cannot be one: by list, by ORCID, by a source's
    key."""
    found = [
        mentions.filter((pl.len() > 1).over("person", "record_id"))["person"],
        mentions.filter((pl.col("orcid").drop_nulls().n_unique() > 1).over("person"))["person"],
        mentions.filter(
            (pl.col("source_author_key").drop_nulls().n_unique() > 1).over("person", "source")
        )["person"],
    ]
    return pl.concat(found).unique().sort()


def _set_apart(
    person: pl.Series, mentions: pl.DataFrame, keyed: pl.DataFrame, doubtful: pl.Series
) -> pl.Series:
    """Cut persons in whom rivals met: within them, evidence has to outweigh the equal name."""
    inside = (
        mentions.with_columns(person=person)
        .filter(pl.col("person").is_in(doubtful.implode()))
        .with_row_index("node")
    )
    nodes = inside.select("node", "mention", "person")
    shared = keyed.join(nodes, on="mention")
    linked = (
        shared.join(shared, on=["person", "link", "key"], suffix="_right")
        .filter(pl.col("node") < pl.col("node_right"))
        .select(left="node", right="node_right", nats="nats")
    )
    apart = pl.concat(
        inside.join(inside, on=on, suffix="_right")
        .filter((pl.col("node") < pl.col("node_right")) & differs)
        .select(left="node", right="node_right", nats=pl.lit(CONFLICT))
        for on, differs in (
            (["person", "record_id"], pl.lit(value=True)),
            (["person"], pl.col("orcid") != pl.col("orcid_right")),
            (
                ["person", "source"],
                pl.col("source_author_key") != pl.col("source_author_key_right"),
            ),
        )
    )
    same_place = (
        inside.join(inside, on=["person", "paper", "position"], suffix="_right")
        .filter(pl.col("node") < pl.col("node_right"))
        .select(left="node", right="node_right", nats=pl.lit(1.0))
    )
    pairs = (
        pl.concat([linked, apart, same_place])
        .group_by("left", "right")
        .agg(weight=pl.col("nats").sum())
        .with_columns(
            weight=pl.when(pl.col("weight") < CONFLICT / 2).then(CONFLICT).otherwise("weight")
        )
        .sort("left", "right")
    )
    cut = cluster(inside.height, pairs)
    renamed = inside.select("mention", person=inside["mention"].gather(cut).cast(pl.Int64))
    labels = person.to_numpy().copy()
    labels[renamed["mention"].to_numpy()] = renamed["person"].to_numpy()
    return pl.Series("person", labels)


def _likeness(left: pl.Series, right: pl.Series) -> list[float]:
    """Return the normalised indel similarity of two columns of text, 0 to 1."""
    from rapidfuzz import fuzz, process

    ratios = process.cpdist(left.to_list(), right.to_list(), scorer=fuzz.ratio)
    return [float(ratio) / 100 for ratio in ratios]
