"""The real page dumps, where they are at hand: which papers, which authors, nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from flows.pipeline import Direct, Settings, refresh
from flows.publish.warehouse import Warehouse, current_release_id, read_tables

SEEDS = Path(__file__).parents[3] / "../shared/seeds"
pytestmark = pytest.mark.skipif(
    not SEEDS.is_dir(), reason="the real dumps are not part of the repository"
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    root = tmp_path_factory.mktemp("seeds")
    for dump in sorted(SEEDS.glob("*.txt")):
        folder = root / "raw" / f"s{dump.name[:3]}"
        folder.mkdir(parents=True)
        shutil.copy(dump, folder)
    outcome = refresh(Settings(root / "raw", root / "warehouse"), Direct(), lambda _: None)
    assert outcome.is_published
    warehouse = Warehouse(root / "warehouse")
    return read_tables(warehouse, current_release_id(warehouse))


def clusters(tables: dict[str, pl.DataFrame]) -> set[frozenset[str]]:
    """Papers of several records, each record as file number and ordinal."""
    keyed = tables["paper_records"].join(
        tables["records"].select(
            "record_id", key=pl.col("source").str.slice(1) + ":" + pl.col("ordinal").cast(pl.String)
        ),
        on="record_id",
    )
    grouped = keyed.group_by("paper_id").agg("key").filter(pl.col("key").list.len() > 1)
    return {frozenset(keys) for keys in grouped["key"].to_list()}


def test_204_papers_of_213_records(tables: dict[str, pl.DataFrame]) -> None:
    assert tables["records"].height == 213
    assert tables["papers"].height == 204


def test_exactly_eight_papers_have_several_records(tables: dict[str, pl.DataFrame]) -> None:
    found = clusters(tables)
    assert sorted(len(keys) for keys in found) == [2] * 7 + [3]
    gold = json.loads((SEEDS / "gold_000_002_004.json").read_text(encoding="utf-8"))
    inside = {
        frozenset(key for key in keys if not key.startswith(("001", "003"))) for keys in found
    }
    assert {frozenset(keys) for keys in gold["clusters_within_these_three"]} == {
        keys for keys in inside if len(keys) > 1
    }


def test_versions_of_one_name_stay_apart(tables: dict[str, pl.DataFrame]) -> None:
    titles = tables["papers"].filter(pl.col("title").str.contains("(?i)^kosmos-"))["title"]
    assert titles.n_unique() == 3


def test_a_shared_code_link_joins_nothing(tables: dict[str, pl.DataFrame]) -> None:
    shared = tables["paper_links"].group_by("url").agg(pl.col("paper_id").n_unique())
    assert shared["paper_id"].max() == 6


def test_every_printed_name_is_an_author_of_its_own(tables: dict[str, pl.DataFrame]) -> None:
    assert tables["authors"].height == 69
    assert tables["author_aliases"]["author_id"].is_unique().all()


def test_handle_and_name_are_one_organization(tables: dict[str, pl.DataFrame]) -> None:
    names = dict(tables["organizations"].select("name", "slug").iter_rows())
    assert names["Peking University"] == "PekingUniversity"
    assert names["pku"] == "pku"
    assert names["LinkedIn"] == "LinkedIn"


def test_no_pair_comes_near_without_being_one(tables: dict[str, pl.DataFrame]) -> None:
    near = tables["matches"].filter(pl.col("probability") > 0.02)
    assert near["is_joined"].all()
    assert near.height == 10
