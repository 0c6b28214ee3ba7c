"""Review: which pairs are shown to people."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from flows.judgements import SCHEMA
from flows.review import side_by_side, uncertain_pairs


@pytest.fixture
def connection():
    """The two tables that review reads, with three pairs: two uncertain, one clear."""
    with duckdb.connect() as connection:
        connection.execute("""
            CREATE TABLE matches AS SELECT * FROM (VALUES
                ('R1', 'R2', 0.9, 'model', 'near'), ('R1', 'R3', 0.4, 'model', 'unsure'),
                ('R2', 'R3', 0.001, 'model', 'far'), ('R2', 'R4', 0.5, 'judgement', 'ruled')
            ) AS t(record_id_left, record_id_right, probability, decided_by, reason);
            CREATE TABLE dumps AS SELECT 'D1' AS dump_id, 'a' || chr(10) || 'b' AS path;
            CREATE TABLE records AS SELECT 'R' || n AS record_id, 'D1' AS dump_id, 'T' AS title,
                [{'name': 'Ada'}] AS authors, NULL::DATE AS publication_date, NULL AS venue,
                'A' AS abstract, 1 AS line_start FROM range(1, 4) t(n);
        """)
        yield connection


def pairs(connection, most, *rulings):
    rows = [{"left": left, "right": right} for left, right in rulings]
    found = uncertain_pairs(connection, most, pl.DataFrame(rows, schema=SCHEMA))
    return [(pair.left, pair.right) for pair in found]


def test_the_most_uncertain_pairs_come_first(connection):
    assert pairs(connection, 9) == [("R1", "R3"), ("R1", "R2")]
    assert pairs(connection, 1) == [("R1", "R3")]


def test_a_pair_ruled_on_since_the_refresh_is_not_asked_again(connection):
    assert pairs(connection, 9, ("R3", "R1")) == [("R1", "R2")]
    assert pairs(connection, 9, ("R1", "R2")) == [("R1", "R3")]


def test_both_records_stand_side_by_side(connection):
    pair = uncertain_pairs(connection, 1, pl.DataFrame(schema=SCHEMA))[0]
    lines = side_by_side(connection, pair)
    assert lines[2].split() == ["R1", "R3"]
    assert lines[-1].split() == ["a\\nb:1", "a\\nb:1"]
