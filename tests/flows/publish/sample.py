"""Two small releases with a row in every table: the second merges, adds, modifies and removes.

Run by the tests, and by the processes that they kill; needs nothing of pytest.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from flows.publish.changes import changes
from flows.publish.checks import run_checks
from schemas import TABLES
from schemas.dictionary import polars_schema

FIRST, SECOND, THIRD = "000001-aaaaaaaa", "000002-bbbbbbbb", "000003-cccccccc"
ODD_SOURCE = "odd = 'one'\n100%"


def an_id(prefix: str, number: int) -> str:
    return f"{prefix}{number:020x}"


def frame(name: str, rows: list[dict]) -> pl.DataFrame:
    """Return rows as table `name`: absent columns are null, or a plain value where null is not
    allowed, so that a new column of the dictionary needs no change here."""
    schema = polars_schema(TABLES[name])
    columns = TABLES[name].to_schema().columns
    absent = {
        column: None if columns[column].nullable else plain_value(column, dtype)
        for column, dtype in schema.items()
    }
    return pl.DataFrame([absent | row for row in rows], schema=schema)


def plain_value(column: str, dtype: pl.DataType) -> object:
    if column.endswith("release"):
        return FIRST
    if dtype.is_numeric():
        return 0
    return {pl.Boolean: False, pl.List: [], pl.Date: dt.date(2026, 1, 1)}.get(
        dtype.base_type(), "plain"
    )


def dump(number: int, source: str, records: int, rejects: int = 0, **more) -> dict:
    return {
        "dump_id": an_id("D", number),
        "source": source,
        "format": "author_listing",
        "path": f"{source}/{number}.txt",
        "sha256": f"{number:064x}",
        "bytes": 100 * number,
        "mode": "append",
        "duplicate_free": False,
        "read_count": records + rejects,
        "record_count": records,
        "superseded_count": 0,
        "reject_count": rejects,
        "line_count": 10,
        "entry_line_count": 7,
        "furniture_line_count": 2,
        "blank_line_count": 1,
    } | more


def record(number: int, dump_number: int, source: str, **more) -> dict:
    return {
        "record_id": an_id("R", number),
        "dump_id": an_id("D", dump_number),
        "source": source,
        "source_key": f"key-{number}",
        "ordinal": number,
        "line_start": number,
        "line_end": number + 1,
        "version": "preprint",
        "title": f"Title {number}",
        "abstract": None,
        "authors": [
            {
                "name": "José García",
                "orcid": None,
                "source_author_key": None,
                "affiliations": ["Lab; 1"],
            },
            {
                "name": "Łukasz Ørsted",
                "orcid": None,
                "source_author_key": None,
                "affiliations": None,
            },
        ],
        "links": ["https://example.org/code"],
    } | more


def person(number: int, dump: int, source: str) -> dict:
    return {
        "record_id": an_id("R", 100 + number),
        "dump_id": an_id("D", dump),
        "source": source,
        "source_key": f"person{number}",
        "ordinal": 100 + number,
        "name": "José García",
        "aliases": ["J. García"],
    }


def paper(number: int, year: int | None, **more) -> dict:
    return {
        "paper_id": an_id("P", number),
        "work_id": an_id("W", min(number, 2)),
        "title": f"Title {number}",
        "publication_date": None if year is None else dt.date(year, 1, number),
        "date_precision": None if year is None else "day",
        "publication_year": year,
        "record_count": 1,
        "source_count": 1,
        "partition_year": year or 0,
    } | more


def home(paper_number: int, record_number: int, source: str, matched_by: str = "founder") -> dict:
    return {
        "paper_id": an_id("P", paper_number),
        "record_id": an_id("R", record_number),
        "source": source,
        "source_key": f"key-{record_number}",
        "matched_by": matched_by,
        "probability": 1.0,
    }


def authorship(paper_number: int, position: int, author: int, name: str, record_: int) -> dict:
    return {
        "paper_id": an_id("P", paper_number),
        "position": position,
        "author_id": an_id("A", author),
        "printed_name": name,
        "record_id": an_id("R", record_),
    }


def alias(author: int, name: str, count: int, preferred: bool) -> dict:
    return {
        "author_id": an_id("A", author),
        "alias": name,
        "occurrence_count": count,
        "is_preferred": preferred,
    }


def redirect(entity_type: str, old: str, new: str | None, kind: str, release: str) -> dict:
    return {
        "entity_type": entity_type,
        "old_id": old,
        "new_id": new,
        "kind": kind,
        "from_release": FIRST,
        "to_release": release,
    }


def refresh_rows(release_id: str) -> list[dict]:
    moment = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    numbers = {"seconds": 1.0, "rows_in": 1, "rows_out": 1, "peak_memory_bytes": 1}
    times = {"started_at": moment, "finished_at": moment}
    return [{"release_id": release_id, "stage": "publish", **times, **numbers}]


def first_content() -> dict[str, pl.DataFrame]:
    """Three records of two sources, three papers, two authors; one reject."""
    rows: dict[str, list[dict]] = {
        "dumps": [dump(1, "plain", 3, rejects=1), dump(2, ODD_SOURCE, 1)],
        "records": [record(1, 1, "plain"), record(2, 1, "plain"), record(3, 2, ODD_SOURCE)],
        "author_records": [person(1, 1, "plain")],
        "rejects": [
            {
                "dump_id": an_id("D", 1),
                "reject_number": 1,
                "ordinal": 3,
                "line_start": 9,
                "line_end": 9,
                "stage": "validate",
                "column": "title",
                "check": "title_or_abstract",
                "message": "The entry has neither a title nor an abstract.",
                "raw_text": "?",
            }
        ],
        "papers": [paper(1, 2021), paper(2, 2022), paper(3, None)],
        "paper_records": [home(1, 1, "plain"), home(2, 2, "plain"), home(3, 3, ODD_SOURCE)],
        "paper_identifiers": [{"paper_id": an_id("P", 1), "scheme": "doi", "value": "10.1234/x"}],
        "paper_links": [
            {
                "paper_id": an_id("P", 1),
                "record_id": an_id("R", 1),
                "url": "https://example.org/code",
                "kind": "other",
            }
        ],
        "field_provenance": [
            {
                "paper_id": an_id("P", 1),
                "field": "title",
                "record_id": an_id("R", 1),
                "rule": "only_value",
                "alternatives": [{"value": "Titel 1", "record_id": an_id("R", 2)}],
            }
        ],
        "estimates": [
            {"name": "blocking", "level": "pairs compared", "value": 3.0},
            {"name": "year", "level": "the same year", "value": 0.9, "frozen": 0.88, "other": 0.2},
        ],
        "matches": [
            {
                "record_id_left": an_id("R", 1),
                "record_id_right": an_id("R", 2),
                "blocked_by": "title",
                "numbers_conflict": False,
                "weight": -3.0,
                "probability": 0.05,
                "verdict": "non_match",
                "decided_by": "model",
                "reason": "The titles differ.",
            }
        ],
        "authors": [
            {"author_id": an_id("A", 1), "name": "José García", "paper_count": 3},
            {"author_id": an_id("A", 2), "name": "Łukasz Ørsted", "paper_count": 1},
        ],
        "author_aliases": [
            alias(1, "José García", 3, preferred=True),
            alias(1, "Garcia, Jose", 1, preferred=False),
            alias(2, "Łukasz Ørsted", 1, preferred=True),
        ],
        "authorships": [
            authorship(1, 1, 1, "José García", 1),
            authorship(1, 2, 2, "Łukasz Ørsted", 1),
            authorship(2, 1, 1, "José García", 2),
            authorship(3, 1, 1, "José García", 3),
        ],
        "relations": [
            {
                "paper_id_from": an_id("P", 2),
                "paper_id_to": an_id("P", 3),
                "relation": "extends",
                "asserted_by": "inferred",
                "probability": 0.9,
            }
        ],
        "organizations": [{"organization_id": an_id("O", 1), "name": "A Lab", "slug": "a-lab"}],
        "organization_aliases": [{"organization_id": an_id("O", 1), "alias": "a-lab"}],
        "metrics": [
            {
                "subject_type": "author",
                "subject_id": an_id("A", 1),
                "metric": "h_index",
                "value": 7.0,
                "dump_id": an_id("D", 1),
            }
        ],
        "redirects": [],
    }
    return {name: frame(name, content) for name, content in rows.items()}


def second_content() -> dict[str, pl.DataFrame]:
    """As the first, but: paper 3 is merged into 2, paper 1 retitled, paper 4 and its author new,
    author 2 gone, paper 1 without its second author."""
    gone = pl.col("author_id") == an_id("A", 2)
    content = first_content()
    added: dict[str, list[dict]] = {
        "dumps": [dump(4, "plain", 1)],
        "records": [record(4, 4, "plain")],
        "author_records": [],
        "papers": [paper(4, 2024)],
        "paper_records": [home(4, 4, "plain"), home(2, 3, ODD_SOURCE, "model")],
        "authors": [{"author_id": an_id("A", 3), "name": "Wei Ng", "paper_count": 1}],
        "author_aliases": [alias(3, "Wei Ng", 1, preferred=True)],
        "authorships": [authorship(4, 1, 3, "Wei Ng", 4)],
        "redirects": [
            redirect("paper", an_id("P", 3), an_id("P", 2), "merged", SECOND),
            redirect("author", an_id("A", 2), None, "deleted", SECOND),
        ],
    }
    third = pl.col("paper_id") == an_id("P", 3)
    kept = content | {
        "papers": content["papers"]
        .filter(~third)
        .with_columns(
            title=pl.when(paper_id=an_id("P", 1)).then(pl.lit("New title")).otherwise("title")
        ),
        "paper_records": content["paper_records"].filter(~third),
        "relations": content["relations"].clear(),
        "authors": content["authors"].filter(~gone),
        "author_aliases": content["author_aliases"].filter(~gone),
        "authorships": content["authorships"].filter(~gone, ~third),
    }
    return kept | {name: pl.concat([kept[name], frame(name, rows)]) for name, rows in added.items()}


def release(
    content: dict[str, pl.DataFrame], previous: dict[str, pl.DataFrame], release_id: str
) -> dict[str, pl.DataFrame]:
    """Return all tables of a release with `content`, as a refresh would make them."""
    tables = content | {
        "changes": changes(previous, content, "input"),
        "refreshes": frame("refreshes", refresh_rows(release_id)),
    }
    return tables | {"checks": run_checks(tables, previous, {})}


def first_release() -> dict[str, pl.DataFrame]:
    return release(first_content(), {}, FIRST)


def second_release() -> dict[str, pl.DataFrame]:
    return release(second_content(), first_release(), SECOND)
