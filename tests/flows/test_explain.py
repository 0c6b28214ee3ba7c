"""Explaining: what keeps papers apart, what became of old ids, what pages state."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from flows.explain import UnknownIdError, explain, judged_record
from flows.publish import publish_release, writing
from flows.publish.warehouse import Warehouse
from schemas.dictionary import polars_schema
from schemas.match import Matches
from tests.flows.publish import sample
from tests.flows.publish.sample import an_id

P1, P2, P3, R1 = (an_id(*given) for given in (("P", 1), ("P", 2), ("P", 3), ("R", 1)))


@pytest.fixture
def explained(tmp_path):
    """Return a function that explains ids in a release with `more` in its tables."""

    def explained(*ids: str, **more: pl.DataFrame) -> str:
        warehouse = Warehouse(tmp_path)
        content = {**sample.second_content(), **more}
        tables = sample.release(content, {}, sample.SECOND)
        with writing(warehouse):
            publish_release(warehouse, sample.SECOND, tables, {}, None, "1.0")
        with duckdb.connect(str(warehouse.catalog), read_only=True) as connection:
            return "\n".join(explain(connection, *ids))

    return explained


def match(**more: object) -> pl.DataFrame:
    row = sample.second_content()["matches"].to_dicts()[0]
    return pl.DataFrame([row | more], schema=polars_schema(Matches))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"decided_by": "judgement", "same_identifier": False}, "a person ruled so"),
        ({"same_identifier": False, "numbers_conflict": True}, "their identifiers conflict"),
        ({"numbers_conflict": True, "verdict": "possible"}, "numbers or version marks"),
        ({"notes_conflict": True, "verdict": "possible"}, "one of them is a note"),
        ({"verdict": "match"}, "joining them would join them with a third record"),
        ({"verdict": "possible"}, "the evidence is not enough"),
        ({}, "what is known of them speaks for two papers"),
    ],
)
def test_two_papers_are_told_first_what_keeps_them_apart(explained, more, reason):
    lines = explained(P1, P2, matches=match(**more)).splitlines()
    assert lines[3].startswith(f"  kept apart because {reason}")
    assert lines[4] == "  their records were compared:"


def test_the_evidence_on_a_pair_is_listed(explained):
    said = {"question": "work", "evidence": "title", "says": "equal titles", "nats": 6.0}
    assert "+6.00 work      title: equal titles" in explained(
        P1, P2, matches=match(evidence=[said])
    )


def test_a_merged_id_says_so_and_is_followed(explained):
    lines = explained(P3).splitlines()
    assert lines[0] == f"{P3} was merged into {P2}."
    assert f"paper {P2}: Title 2" in lines


def redirects(*rows: dict) -> pl.DataFrame:
    return sample.frame("redirects", list(rows))


def test_of_a_split_id_all_successors_are_listed(explained):
    parts = [sample.redirect("paper", P3, new, "split", sample.SECOND) for new in (P1, P2)]
    text = explained(P3, redirects=redirects(*parts))
    assert text.splitlines()[0] == f"{P3} was split, into {P1}, {P2}."
    assert "paper P" not in text


def test_a_pair_needs_current_ids(explained):
    with pytest.raises(UnknownIdError, match=f"{P3} was merged into {P2}"):
        explained(P3, P1)


def test_what_was_split_off_a_paper_is_told(explained):
    part = sample.redirect("paper", P1, P2, "split", sample.SECOND)
    assert f"{P2} was split off from it in release {sample.SECOND}" in explained(
        P1, redirects=redirects(part)
    )


def test_a_deleted_id_says_so(explained):
    gone = sample.redirect("author", an_id("A", 2), None, "deleted", sample.SECOND)
    assert "was deleted" in explained(an_id("A", 2), redirects=redirects(gone))


def test_records_of_a_paper_and_metrics_of_an_author(explained):
    assert f"{R1}  plain/1.txt:1-2  the founding record" in explained(P1)


def test_a_metric_is_told_once_with_its_dump_and_day(explained):
    text = explained(an_id("A", 1))
    assert text.count("h_index") == 1
    assert "h_index 7, in plain/1.txt, day unknown" in text


def test_a_path_stays_on_one_line(explained):
    dumps = sample.second_content()["dumps"].with_columns(path=pl.lit("a\nb.txt"))
    assert "a\\nb.txt:1-2" in explained(P1, dumps=dumps)


def test_a_ruling_is_on_records(explained, tmp_path):
    explained(P1)
    with duckdb.connect(str(Warehouse(tmp_path).catalog), read_only=True) as connection:
        assert judged_record(connection, P1) == judged_record(connection, R1) == R1
        with pytest.raises(UnknownIdError, match="no paper and no record"):
            judged_record(connection, an_id("O", 1))
