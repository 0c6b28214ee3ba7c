import datetime as dt
from pathlib import Path

import pandera.errors
import polars as pl
import pytest

import schemas
from schemas import TABLES, keys_of
from schemas import dictionary as d
from schemas.record import Records

CONTRACT = {
    "dumps", "records", "rejects", "papers", "paper_records", "paper_identifiers", "paper_links",
    "field_provenance", "matches", "estimates", "authors", "author_aliases", "authorships",
    "relations",
    "organizations", "organization_aliases", "metrics", "redirects", "changes", "checks",
    "refreshes", "author_records",
}  # fmt: skip


def test_every_table_of_the_contract_is_in_the_dictionary():
    assert set(TABLES) == CONTRACT


@pytest.mark.parametrize("name", TABLES)
def test_every_column_and_table_is_described(name):
    table = TABLES[name]
    assert len(d.table_description(table)) > 30
    for column, description in d.column_descriptions(table).items():
        assert len(description) > 5, f"{name}.{column}"
        assert description.endswith("."), f"{name}.{column}: {description}"


@pytest.mark.parametrize("name", TABLES)
def test_keys_are_columns_and_references_lead_to_keys(name):
    keys = keys_of(TABLES[name])
    columns = d.polars_schema(TABLES[name])
    assert keys.primary
    assert set(keys.primary) <= set(columns)
    assert keys.partition_by is None or keys.partition_by in columns
    for column, target in keys.references.items():
        table, key = target.split(".")
        assert column in columns
        assert keys_of(TABLES[table]).primary[0] == key
        assert d.polars_schema(TABLES[table])[key] == columns[column]


@pytest.mark.parametrize("name", TABLES)
def test_arrow_schema_carries_descriptions_and_nullability(name):
    arrow = d.arrow_schema(TABLES[name])
    assert arrow.names == d.polars_schema(TABLES[name]).names()
    for field, column in zip(arrow, TABLES[name].to_schema().columns.values(), strict=True):
        assert field.metadata[b"description"].decode() == column.description
        assert field.nullable == column.nullable


def test_the_same_quantity_has_the_same_type_everywhere():
    types = {}
    for table in TABLES.values():
        for column, dtype in d.polars_schema(table).items():
            if column != "value":  # a number in metrics and checks, an identifier elsewhere
                types.setdefault(column, set()).add(str(dtype))
    assert {column: kinds for column, kinds in types.items() if len(kinds) > 1} == {}


def test_printed_dictionary_is_current():
    printed = Path(schemas.__file__).with_name("README.md").read_text(encoding="utf-8")
    assert printed == d.markdown(), "run: python -m schemas.dictionary > schemas/README.md"


def test_duckdb_comments_escape_quotes():
    statements = d.duckdb_comments("records", Records)
    assert any("('et al.')" in s.replace("''", "'") for s in statements)
    assert len(statements) == 1 + len(d.polars_schema(Records))


def record(**values):
    row = {
        "record_id": "R" + "0" * 20, "dump_id": "D" + "0" * 20, "source": "s", "source_key": "k",
        "ordinal": 1, "line_start": 1, "line_end": 2, "version": "unknown", "title": "A title",
        **values,
    }  # fmt: skip
    return pl.DataFrame([row], schema=d.polars_schema(Records))


def test_a_valid_record_passes():
    Records.validate(record(), lazy=True)


@pytest.mark.parametrize(
    ("values", "check"),
    [
        ({"title": None}, "title_or_abstract"),
        ({"title": "  "}, "str_matches"),
        ({"line_start": 3}, "lines_in_order"),
        ({"author_count": 0}, "greater_than_or_equal_to"),
        ({"authors": [{"name": " . "}]}, "authors_named"),
        (
            {"authors": [{"name": "A B"}, {"name": "C D"}], "author_count": 1},
            "author_count_reached",
        ),
        ({"publication_date": dt.date(2024, 1, 1)}, "date_is_described"),
        ({"date_basis": "printed", "date_precision": "day"}, "date_is_described"),
        ({"publication_date": dt.date(1200, 1, 1)}, "greater_than_or_equal_to"),
        ({"version": "draft"}, "isin"),
        ({"doi": "doi:10.1/x"}, "str_matches"),
        ({"record_id": "R1"}, "str_matches"),
        ({"split_confidence": 1.5}, "less_than_or_equal_to"),
    ],
)
def test_values_are_checked(values, check):
    with pytest.raises(pandera.errors.SchemaErrors) as caught:
        Records.validate(record(**values), lazy=True)
    assert any(check in name for name in caught.value.failure_cases["check"])
