"""Venues: which two names are one, learned from the pairs that are surely one paper."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.resolve.kernels.venues import venues_alike
from flows.resolve.kernels.words import texts
from flows.resolve.levels import EVIDENCE
from flows.resolve.papers import resolve_papers
from flows.resolve.venues import venue_relations, venues_seen, venues_table
from schemas.match import Estimates
from tests.flows.resolve.sample import JUDGEMENTS, frame, record

SURE = {"title_similarity": 1.0, "title_rarity": 30.0, "author_similarity": 1.0, "year_gap": 0}


def told(*venues: tuple[str | None, str | None], **said: Any) -> tuple[pl.DataFrame, pl.Series]:
    """Pairs of records of their own that appeared in these venues, and the names of the venues."""
    names = sorted({name for pair in venues for name in pair if name is not None})
    rows = [
        SURE
        | {"left": 2 * place, "right": 2 * place + 1, "kinds_differ": False}
        | {
            f"venue_{side}": None if name is None else names.index(name)
            for side, name in zip(("left", "right"), pair, strict=True)
        }
        | said
        for place, pair in enumerate(venues)
    ]
    places = {"venue_left": pl.UInt32, "venue_right": pl.UInt32, "kinds_differ": pl.Boolean}
    return pl.DataFrame(rows, schema_overrides=places), pl.Series("venue", names, pl.String)


def relation_of(
    one: str | None, other: str | None, *taught: tuple[str, str], **said: Any
) -> int | None:
    """The relation of two venues on an input of sure pairs (`taught`)."""
    pairs, names = told(*taught, (one, other))
    asked = pairs.tail(1).with_columns(**{name: pl.lit(value) for name, value in said.items()})
    found = venue_relations(asked, names, venues_seen(pairs.head(-1)))
    assert found.dtype == pl.Int8
    return found.item()


def alike(one: str, other: str) -> float:
    column = texts(pl.Series([one, other]))
    pair = (pl.Series([0]).to_numpy(), pl.Series([1]).to_numpy())
    return venues_alike(column.data, column.starts, *pair).item()


def said_of_venues(scored: pl.DataFrame) -> list[str]:
    kind = next(kind for kind in EVIDENCE if kind.name == "venue")
    return [kind.levels[level - 1].says for level in scored["level venue"]]


OTHERS = [("soil letters", "soil letters")] * 40


def test_names_that_stand_together_in_sure_pairs_are_one_venue() -> None:
    assert relation_of("jcss", "meadow science") == 0
    taught = [("jcss", "meadow science")] * 8
    assert relation_of("jcss", "meadow science", *taught, *OTHERS) == 1
    assert relation_of("meadow science", "jcss", *taught, *OTHERS) == 1


def test_frequent_names_that_never_stand_together_are_two_though_their_words_are_alike() -> None:
    one, other = "bee research", "bee research letters"
    assert relation_of(one, other) == 1
    taught = [(one, one)] * 20 + [(other, other)] * 20
    assert relation_of(one, other, *taught) == -1


def test_names_that_are_seen_too_rarely_teach_nothing() -> None:
    one, other = "bee research", "bee research letters"
    assert relation_of(one, other, (one, one), (other, other), *OTHERS) == 1
    assert relation_of("jcss", "meadow science", ("jcss", "meadow science"), *OTHERS) == 0


def test_what_is_not_sure_teaches_nothing() -> None:
    doubts = [{"title_similarity": 0.9}, {"title_rarity": 5.0}, {"author_similarity": 0.5}]
    for doubt in [*doubts, {"year_gap": 1}, {"year_gap": None}]:
        pairs, _ = told(*[("jcss", "meadow science")] * 20, *OTHERS, **doubt)
        assert venues_seen(pairs).alone.is_empty()


def test_many_copies_of_one_paper_teach_as_little_as_one() -> None:
    pairs, _ = told(*[("jcss", "meadow science")] * 15, *OTHERS)
    copies = pairs.with_columns(
        left=pl.when(pl.int_range(pl.len()) < 15).then(0).otherwise("left").cast(pl.Int64)
    )
    assert venues_seen(pairs).alone.height == 3
    assert venues_seen(copies).alone.height == 1


def test_neither_the_order_of_pairs_nor_their_sides_matter() -> None:
    names = ["jcss", "meadow science", "soil letters"]
    rows = [pair for pair in combinations(names, 2) for _ in range(7)] + OTHERS
    pairs, _ = told(*rows)
    swapped = pairs.rename(
        {"left": "right", "right": "left", "venue_left": "venue_right",
         "venue_right": "venue_left"}
    ).reverse()  # fmt: skip
    seen, again = venues_seen(pairs), venues_seen(swapped)
    assert seen.total == again.total == 2_000_000 * len(rows)
    assert_frame_equal(seen.alone, again.alone, check_row_order=False)
    assert_frame_equal(seen.together, again.together, check_row_order=False)
    assert seen.together.height == 3


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("theory comput", "theory computing", 1.0),
        ("j comput syst sci", "journal computer system sciences", 0.75),
        ("acm theory computing", "theory computing", 1.0),
        ("soil letters", "bee research", 0.0),
        ("bee research", "bee keeping", 0.5),
        ("ab", "abacus", 0.0),
    ],
)
def test_words_that_begin_alike_are_shared(one: str, other: str, share: float) -> None:
    assert alike(one, other) == alike(other, one) == pytest.approx(share)


def test_abbreviated_names_are_one_venue() -> None:
    assert relation_of("theory comput", "theory computing") == 1
    assert relation_of("theory computing", "theory computing") == 1
    assert relation_of("theory computing", "soil letters") == 0


def test_an_absent_venue_tells_nothing() -> None:
    assert relation_of(None, "soil letters") is None
    assert relation_of("soil letters", None) is None
    assert relation_of(None, None) is None


def test_a_journal_and_a_workshop_of_one_topic_are_not_one() -> None:
    assert relation_of("nectar", "nectar", kinds_differ=True) == 0
    assert relation_of("nectar", "nectar", kinds_differ=None) == 1
    pair = [
        record("a", title="Nectar Memory in Foragers", venue="Journal of Nectar Research", year=9),
        record("b", title="Nectar Memory in Foragers", venue="Workshop on Nectar Research", year=9),
    ]
    scored = resolve_papers(frame(pair), JUDGEMENTS).scored
    assert said_of_venues(scored) == ["venues of unlike names"]


def test_an_input_shows_that_a_short_name_is_a_long_one() -> None:
    beasts = [
        "heron",
        "otter",
        "badger",
        "lapwing",
        "plover",
        "stoat",
        "merlin",
        "curlew",
        "polecat",
    ]
    rows = [
        record(f"{beast}{place}", title=f"Wintering {beast} colonies along estuarine {beast}fields",
               authors=[f"{beast.title()} Oosterhuis", f"Ilse {beast.title()}sen"], year=1999,
               venue=venue)
        for beast in beasts
        for place, venue in enumerate(["JMES", "Meadow Ecology"])
    ]  # fmt: skip
    rows += [
        row | {"source_key": f"x{row['source_key']}", "venue": "Soil Letters",
               "title": row["title"].replace("Wintering", "Migratory routes of")}
        for row in rows
    ]  # fmt: skip
    compared = resolve_papers(frame(rows), JUDGEMENTS)
    number = compared.features.rows["venue"]
    short, long = (compared.features.venues.index_of(name) for name in ("jmes", "meadow ecology"))
    ends = [number.gather(compared.scored[side]) for side in ("left", "right")]
    is_both = (ends[0].is_in([short, long]) & ends[1].is_in([short, long])) & (ends[0] != ends[1])
    assert set(said_of_venues(compared.scored.filter(is_both))) == {"the same venue"}


def test_venues_that_are_shown_to_be_one_are_published() -> None:
    pairs, names = told(*[("jcss", "meadow science")] * 8, *OTHERS)
    table = venues_table(venues_seen(pairs), names)
    Estimates.validate(table)
    assert table["level"].to_list() == ["jcss = meadow science"]
    assert table["value"].item() > 0.7
    assert venues_table(venues_seen(pairs.clear()), names).is_empty()
