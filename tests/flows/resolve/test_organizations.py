"""Organizations: a handle and its display name are one; nothing is guessed."""

from __future__ import annotations

from typing import Any

import polars as pl

from flows.resolve import resolve
from tests.flows.resolve.sample import JUDGEMENTS, record, validated


def organizations(
    *rows: dict[str, Any], previous: dict[str, pl.DataFrame] | None = None
) -> dict[str, pl.DataFrame]:
    before = "000001-00000000" if previous else None
    number = 2 if previous else 1
    return resolve(
        validated(list(rows)), JUDGEMENTS, previous or {}, f"{number:06d}-00000000", before
    )


def named(found: dict[str, pl.DataFrame]) -> dict[str, tuple[str | None, list[str]]]:
    aliases = dict(
        found["organization_aliases"].group_by("organization_id").agg("alias").iter_rows()
    )
    return {
        row["name"]: (row["slug"], sorted(aliases[row["organization_id"]]))
        for row in found["organizations"].to_dicts()
    }


def test_handle_and_display_name_are_one() -> None:
    found = organizations(
        record("a", title="T", organization="Peking University", organization_slug="PekingUni"),
        record("b", title="U", organization="LinkedIn", organization_slug="LinkedIn"),
    )
    assert named(found) == {
        "Peking University": ("PekingUni", ["Peking University", "PekingUni"]),
        "LinkedIn": ("LinkedIn", ["LinkedIn"]),
    }


def test_nothing_is_guessed() -> None:
    found = organizations(
        record("a", title="T", organization="Peking University", organization_slug="PekingUni"),
        record("b", title="U", affiliations=["pku", "tundra-lab", "Department of Peat"]),
    )
    assert set(named(found)) == {"Peking University", "pku", "tundra-lab", "Department of Peat"}
    assert named(found)["tundra-lab"][0] == "tundra-lab"
    assert named(found)["Department of Peat"][0] is None


def test_case_is_no_difference_and_authors_own_affiliations_count() -> None:
    author = {"name": "Ilse Brand", "affiliations": ["NVIDIA"]}
    found = organizations(
        record("a", title="T", affiliations=["nvidia"]), record("b", title="U", authors=[author])
    )
    assert named(found) == {"NVIDIA": ("nvidia", ["NVIDIA", "nvidia"])}


def test_a_name_explained_later_merges_and_redirects() -> None:
    plain = record("a", title="T", affiliations=["meadowlab", "Meadow Lab"])
    first = organizations(plain)
    assert first["organizations"].height == 2
    told = record("b", title="U", organization="Meadow Lab", organization_slug="meadowlab")
    second = organizations(plain, told, previous=first)
    kept = second["organizations"]["organization_id"].to_list()
    assert len(kept) == 1
    assert kept[0] in first["organizations"]["organization_id"]
    gone = second["redirects"].to_dicts()
    assert [(row["new_id"], row["kind"]) for row in gone] == [(kept[0], "merged")]
