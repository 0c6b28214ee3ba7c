"""Ids over histories: every id ever published resolves, and means what it meant."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.normalize.digest import with_id
from flows.resolve.identity import Releases, keep_ids
from schemas import TABLES
from schemas.dictionary import empty_frame

MEMBERS = "abcdefg"
OWN = with_id(pl.DataFrame({"member": list(MEMBERS)}), "own_id", "P", ["member"])


class History:
    """Releases one after another: each a partition of members into things."""

    def __init__(self) -> None:
        self.number = 0
        self.before = pl.DataFrame(schema={"member": pl.String, "id": pl.String, "stood": bool})
        self.known = pl.DataFrame(schema={"id": pl.String, "first_release": pl.String})
        self.redirects = empty_frame(TABLES["redirects"])
        self.ever: set[str] = set()

    def release(self, *things: str) -> dict[str, str]:
        """Publish things, each given as its members; return thing -> id."""
        previous = f"{self.number:06d}-00000000" if self.number else None
        self.number += 1
        rows = [
            {"thing": thing, "member": member, "place": MEMBERS.index(member)}
            for thing in things
            for member in thing
        ]
        schema = {"thing": pl.String, "member": pl.String, "place": pl.UInt32}
        members = pl.DataFrame(rows, schema=schema).join(OWN, on="member")
        ids, self.redirects = keep_ids(
            members,
            self.before,
            self.known,
            self.redirects,
            entity_type="paper",
            prefix="P",
            releases=Releases(f"{self.number:06d}-00000000", previous),
        )
        joined = members.join(ids, on="thing")
        founder = pl.col("own_id") == pl.col("id")
        self.before = (
            joined.join(
                self.before.select("member", "id", "stood"), on=["member", "id"], how="left"
            )
            .sort("id", ~founder, ~pl.col("stood").fill_null(value=False), "place")
            .with_columns(stood=pl.int_range(pl.len()).over("id") == 0)
            .select("member", "id", "stood")
        )
        self.known = ids.select("id", "first_release")
        self.ever |= set(ids["id"])
        return dict(zip(ids["thing"], ids["id"], strict=True))

    def where(self, old: str) -> list[dict[str, Any]]:
        rows = self.redirects.filter(pl.col("old_id") == old)
        return rows.select("new_id", "kind").sort("kind", "new_id").to_dicts()


def own(member: str) -> str:
    return str(OWN.row(by_predicate=pl.col("member") == member, named=True)["own_id"])


PARTITIONS = st.lists(
    st.lists(st.integers(-1, 3), min_size=len(MEMBERS), max_size=len(MEMBERS)).map(
        lambda places: tuple(
            "".join(m for m, p in zip(MEMBERS, places, strict=True) if p == place)
            for place in sorted(set(places) - {-1})
        )
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=40, deadline=None)
@given(PARTITIONS)
def test_every_id_ever_published_resolves(history: list[tuple[str, ...]]) -> None:
    releases = History()
    for things in history:
        current = set(releases.release(*things).values())
        assert len(current) == len(things)
        for old in releases.ever - current:
            gone = [row for row in releases.where(old) if row["kind"] != "split"]
            assert len(gone) == 1, "one successor, or none and deleted"
            assert (gone[0]["new_id"] in current) == (gone[0]["kind"] == "merged")
            assert (gone[0]["new_id"] is None) == (gone[0]["kind"] == "deleted")
        for row in releases.redirects.to_dicts():
            assert row["new_id"] is None or row["new_id"] in current
            assert row["old_id"] != row["new_id"]
            assert row["kind"] == "split" or row["old_id"] not in current
        keys = releases.redirects.select("entity_type", "old_id", "new_id", "to_release")
        assert keys.is_duplicated().sum() == 0


@settings(max_examples=40, deadline=None)
@given(PARTITIONS)
def test_an_id_stays_with_its_founder(history: list[tuple[str, ...]]) -> None:
    releases = History()
    for things in history:
        then = set(releases.known["id"])
        ids = releases.release(*things)
        for thing, one in ids.items():
            for member in thing:
                # Whoever founded an id that is current is in the thing that bears it, unless the
                # founder was away while others carried the id on.
                if own(member) in ids.values() and own(member) != one:
                    assert own(member) in then


@settings(max_examples=20, deadline=None)
@given(PARTITIONS)
def test_nothing_changes_where_nothing_changed(history: list[tuple[str, ...]]) -> None:
    releases = History()
    for things in history:
        releases.release(*things)
    redirects = releases.redirects
    first, again = releases.release(*history[-1]), releases.release(*history[-1])
    assert first == again
    assert releases.redirects.equals(redirects)


def test_a_new_member_before_the_founder_moves_nothing() -> None:
    releases = History()
    old = releases.release("bc")["bc"]
    assert releases.release("abc") == {"abc": old}


def test_merged_things_keep_the_older_id() -> None:
    releases = History()
    older = releases.release("b")["b"]
    younger = releases.release("b", "a")["a"]
    assert releases.release("ab") == {"ab": older}
    assert releases.where(younger) == [{"new_id": older, "kind": "merged"}]


def test_merged_in_one_release_keep_the_smaller_id() -> None:
    releases = History()
    ids = sorted(releases.release("a", "b").values())
    assert releases.release("ab")["ab"] == ids[0]
    assert releases.where(ids[1]) == [{"new_id": ids[0], "kind": "merged"}]


def test_a_split_leaves_the_id_with_the_founder() -> None:
    releases = History()
    one = releases.release("abc")["abc"]
    ids = releases.release("a", "bc")
    assert ids["a"] == one
    assert releases.where(one) == [{"new_id": ids["bc"], "kind": "split"}]


def test_merged_and_parted_again_both_have_their_own_ids() -> None:
    releases = History()
    first = releases.release("a", "b")
    releases.release("ab")
    assert releases.release("a", "b") == first
    kinds = {row["kind"] for one in first.values() for row in releases.where(one)}
    assert kinds == {"split"}


def test_deleted_comes_back_only_for_its_founder() -> None:
    releases = History()
    ids = releases.release("a", "bc")
    releases.release("bc")
    assert releases.where(ids["a"]) == [{"new_id": None, "kind": "deleted"}]
    assert releases.release("a", "bc") == ids
    assert releases.where(ids["a"]) == []


def test_a_founder_that_returns_alone_does_not_take_the_id_from_the_others() -> None:
    releases = History()
    one = releases.release("ab")["ab"]
    assert releases.release("b")["b"] == one
    again = releases.release("a", "b")
    assert again["b"] == one
    assert again["a"] != one


def test_redirects_lead_on_to_the_present() -> None:
    releases = History()
    ids = releases.release("a", "b", "c")
    releases.release("ab", "c")
    last = releases.release("abc")["abc"]
    for old in set(ids.values()) - {last}:
        assert releases.where(old) == [{"new_id": last, "kind": "merged"}]
    releases.release()
    assert all(releases.where(old) == [{"new_id": None, "kind": "deleted"}] for old in ids.values())
