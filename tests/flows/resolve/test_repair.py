"""Values that landed in the title are put back for comparison, and nothing else is touched."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from flows.resolve.features import describe
from flows.resolve.repair import repaired, what_is_lost
from tests.flows.resolve.sample import frame, record, record_id, resolved

TITLE = "Boundary Layers over Drifting Snow"
SAID: dict[str, Any] = {
    "authors": ["Kenneth Ross", "Maria Garcia"], "venue": "Journal of Snow Research", "year": 2003,
}  # fmt: skip
OTHERS = [
    record(f"other{number}", title=f"Tale {number} of a Glacier", **SAID) for number in range(8)
]


def after(records: pl.DataFrame) -> pl.DataFrame:
    return repaired(records, what_is_lost(records))


def mended(**said: Any) -> dict[str, Any]:
    frames = after(frame([*OTHERS, record("asked", **said)]))
    return frames.row(by_predicate=pl.col("source_key") == "asked", named=True)


@pytest.mark.parametrize(
    ("tail", "lost"),
    [
        ("2003", {"year"}),
        ("Journal of Snow Research", {"venue"}),
        ("Kenneth Ross, Maria Garcia", {"authors"}),
        ("K. Ross, M. Garcia", {"authors"}),
        ("Journal of Snow Research 2003", {"venue", "year"}),
        ("Kenneth Ross, Maria Garcia Journal of Snow Research 2003", set(SAID)),
    ],
)
def test_what_a_record_lacks_is_taken_from_the_end_of_its_title(tail: str, lost: set[str]) -> None:
    found = mended(
        title=f"{TITLE} {tail}", **{name: value for name, value in SAID.items() if name not in lost}
    )
    assert found["title"] == TITLE
    assert found["venue"] == SAID["venue"]
    assert found["publication_date"].year == 2003
    assert [author["name"].split()[-1] for author in found["authors"]] == ["Ross", "Garcia"]


@pytest.mark.parametrize("tail", ["2003", "Journal of Snow Research", "Kenneth Ross, Maria Garcia"])
def test_who_has_the_value_keeps_the_title(tail: str) -> None:
    assert mended(title=f"{TITLE} {tail}", **SAID)["title"] == f"{TITLE} {tail}"


@pytest.mark.parametrize(
    "title",
    ["Snow", "The Winter of 2003", "In Memory of Kenneth Ross", "2003", TITLE],
)
def test_where_no_record_has_such_a_value_none_was_lost(title: str) -> None:
    rows = [record(f"r{number}", title=f"{title} {number}x") for number in range(5)]
    rows.append(record("asked", title=title))
    records = frame(rows)
    assert after(records).equals(records)


def test_a_title_is_never_eaten_up() -> None:
    assert mended(title="Snow 2003", authors=SAID["authors"])["title"] == "Snow 2003"


def test_rows_stay_in_their_places() -> None:
    records = frame([*OTHERS, record("asked", title=f"{TITLE} 2003")])
    assert after(records)["record_id"].equals(records["record_id"])


def test_a_damaged_record_meets_the_whole_one() -> None:
    rows = [
        *OTHERS,
        record("whole", title=TITLE, **SAID),
        record(
            "damaged", title=f"{TITLE} Kenneth Ross, Maria Garcia Journal of Snow Research 2003"
        ),
    ]
    _, clusters = resolved(frame(rows))
    keys = frame(rows).select("record_id", "source_key").join(clusters, on="record_id")
    home = dict(keys.select("source_key", "cluster").iter_rows())
    assert home["whole"] == home["damaged"]
    assert len(set(home.values())) == len(OTHERS) + 1


def test_years_that_titles_end_in_tell_two_papers_apart() -> None:
    said = {"authors": ["Marit Solheim", "Ngozi Adeyemi"], "venue": "Workshop on Tides"}
    rows = [record(str(year), title=f"Overview of the Seagrass Mapping Challenge {year}", **said)
            for year in (2019, 2020)]  # fmt: skip
    matches, _ = resolved(frame([*OTHERS, *rows]))
    pair = matches.filter(
        pl.all_horizontal(
            pl.col("record_id_left", "record_id_right").is_in(
                [record_id("2019"), record_id("2020")]
            )
        )
    ).to_dicts()[0]
    assert pair["numbers_conflict"]
    assert not pair["is_joined"]


def test_what_is_lost_is_told_by_all_records_whatever_the_batches() -> None:
    rows = [
        *OTHERS,
        *(record(f"x{place}", title=f"Drifts of Winter {place}") for place in range(9)),
    ]
    records = frame(rows).sort("record_id")
    whole = describe(records)
    parts = describe([records, records.clear()])
    assert whole.rows.equals(parts.rows)
    assert describe(iter([])).rows.is_empty()
