"""Explain: why records are one paper, why two are not, and who an author is.

Everything is answered from the published tables alone, by SQL on the current release.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb

from flows.sources import shown
from flows.wording import counted

Row = dict[str, Any]
Rows = list[Row]

KEPT_APART: tuple[tuple[Callable[[Row], bool], str], ...] = (
    (lambda row: row["decided_by"] == "judgement", "a person ruled so"),
    (lambda row: row["same_identifier"] is False, "their identifiers conflict"),
    (
        lambda row: row["numbers_conflict"],
        "numbers or version marks in their titles contradict each other",
    ),
    (
        lambda row: row["notes_conflict"],
        "one of them is a note about a paper (an erratum, a reply), the other is none or another",
    ),
    (
        lambda row: row["verdict"] == "match",
        "joining them would join them with a third record that conflicts with one of them",
    ),
    (lambda row: row["verdict"] == "possible", "the evidence is not enough to join them"),
    (lambda row: True, "what is known of them speaks for two papers"),
)
"""What can keep two compared records apart, the weightiest first; the first that holds is told."""


class UnknownIdError(ValueError):
    """No paper, record, author or organization has the id; the message says so."""


def explain(connection: duckdb.DuckDBPyConnection, one: str, other: str | None = None) -> list[str]:
    """Return lines that explain an id, or the verdict on two papers or records.

    An id may be cut to its first letters as long as it stays the only one. An id of an earlier
    release is followed to what it became, where that is one. Raises UnknownIdError.
    """
    if other is not None:
        return _explain_pair(connection, full_id(connection, one), full_id(connection, other))
    found = _known_id(connection, one)
    if found is not None:
        return [*_explain_current(connection, found), *_split_off(connection, found)]
    old, successors = _gone_id(connection, one)
    became = _became(old, successors)
    if len(successors) == 1:
        return [became, "", *_explain_current(connection, successors[0])]
    return [became, *(f"  {_title_line(connection, new)}" for new in successors if new[0] == "P")]


def full_id(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """Return the full current id that `text` begins; raise UnknownIdError, saying what it became,
    for an id that is no longer current."""
    found = _known_id(connection, text)
    if found is None:
        raise UnknownIdError(_became(*_gone_id(connection, text)))
    return found


def judged_record(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """Return the record that a ruling on `text` is about: itself, or the founder of a paper."""
    found = full_id(connection, text)
    if found[0] not in "PR":
        raise UnknownIdError(
            f"'{text}' is no paper and no record: rulings are on two papers or records."
        )
    if found[0] == "R":
        return found
    founders = "SELECT record_id FROM paper_records WHERE paper_id = ? AND matched_by = 'founder'"
    return str(_one(connection, founders, found)["record_id"])


def _explain_current(connection: duckdb.DuckDBPyConnection, entity: str) -> list[str]:
    explained = {"P": _explain_paper, "R": _explain_record, "A": _explain_author}
    return explained.get(entity[0], _explain_organization)(connection, entity)


def _explain_paper(connection: duckdb.DuckDBPyConnection, paper_id: str) -> list[str]:
    paper = _one(connection, "SELECT * FROM papers WHERE paper_id = ?", paper_id)
    lines = [
        f"paper {paper_id}: {paper['title'] or '(no title)'}",
        f"  {counted(paper['record_count'], 'record')} from"
        f" {counted(paper['source_count'], 'source')}:",
    ]
    for row in _rows(connection, _RECORDS_OF_PAPER, paper_id):
        joined = f"joined by {row['matched_by']} (p = {row['probability']:.3f})"
        if row["matched_by"] == "founder":
            joined = "the founding record"
        lines.append(f"  - {row['record_id']}  {_place(row)}  {joined}")
    evidence = _rows(connection, _MATCHES_INSIDE, paper_id)
    if evidence:
        lines.append("  why they are one:")
        lines += [f"  - {_verdict(row)}" for row in evidence]
    lines.append("  where its values come from:")
    for row in _rows(
        connection, "SELECT * FROM field_provenance WHERE paper_id = ? ORDER BY field", paper_id
    ):
        lines.append(f"  - {row['field']}: {row['record_id']} ({row['rule']})")
        lines += [
            f"      {other['record_id']} says: {_short(other['value'])}"
            for other in row["alternatives"]
        ]
    near = _rows(connection, _NEAREST_OUTSIDE, paper_id, paper_id)
    if near:
        lines.append("  nearest papers kept apart:")
        lines += [f"  - {row['paper_id']} {_short(row['title'])}: {_verdict(row)}" for row in near]
    return lines


_HOMES_OF_TWO = "SELECT record_id, paper_id FROM paper_records WHERE paper_id IN (?, ?)"
_RECORDS_OF_TWO = """
    SELECT records.* FROM records SEMI JOIN (
        SELECT record_id FROM paper_records WHERE paper_id IN (?, ?)
    ) USING (record_id)
"""


def _explain_record(connection: duckdb.DuckDBPyConnection, record_id: str) -> list[str]:
    row = _one(connection, _RECORD, record_id)
    return [
        f"record {record_id}: {row['title'] or '(no title)'}",
        f"  {_place(row)}, source {row['source']}, key {row['source_key']}",
        "",
        *_explain_paper(connection, row["paper_id"]),
    ]


def _explain_pair(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> list[str]:
    papers = [_paper_of(connection, entity) for entity in (one, other)]
    is_same = papers[0] == papers[1]
    lines = [
        f"{one} and {other} are {'one paper, ' + papers[0] if is_same else 'two papers'}.",
        *(f"  {_title_line(connection, entity)}" for entity in (one, other)),
    ]
    compared = _rows(connection, _MATCHES_BETWEEN, one, one, other, other, one, one, other, other)
    if compared:
        if not is_same:
            lines.append(f"  kept apart because {_kept_apart_by(compared)}.")
        lines.append("  their records were compared:")
        for row in compared:
            lines.append(f"  - {_verdict(row)}")
            lines += [
                f"      {said['nats']:+6.2f} {said['question']:<9} {said['evidence']}:"
                f" {said['says']}"
                for said in row["evidence"]
            ]
    elif is_same:
        lines.append("  Their records were joined through other records of the paper:")
        lines += [f"  - {_verdict(row)}" for row in _rows(connection, _MATCHES_INSIDE, papers[0])]
    else:
        lines.append(f"  {_why_not_compared(connection, papers)}")
    return lines


def _why_not_compared(connection: duckdb.DuckDBPyConnection, papers: list[str]) -> str:
    """Return why no pair of the records of two papers stands in `matches`."""
    # What compares records takes a second to load, and is seldom needed here.
    import polars as pl

    from flows.resolve import readable_records
    from flows.resolve.blocking import KEYS, shared_keys
    from flows.resolve.features import describe
    from schemas import TABLES
    from schemas.dictionary import polars_schema

    homes, records = (
        pl.DataFrame(connection.sql(query, params=papers).to_arrow_table())
        for query in (_HOMES_OF_TWO, _RECORDS_OF_TWO)
    )
    schema = polars_schema(TABLES["records"])
    typed = records.select(schema.names()).cast(schema)
    paper_of = dict(homes.iter_rows())
    keys = shared_keys(describe(readable_records(typed)), paper_of)
    if not keys:
        names = ", ".join(key.name for key in KEYS)
        return f"Their records never met: they have no blocking key in common (of {names})."
    return (
        f"Their records share a blocking key ({', '.join(keys)}), but in a block too large to"
        " compare all its pairs, or the comparison came out far below a match."
    )


def _explain_author(connection: duckdb.DuckDBPyConnection, author_id: str) -> list[str]:
    author = _one(connection, "SELECT * FROM authors WHERE author_id = ?", author_id)
    lines = [f"author {author_id}: {author['name']}", "  printed as:"]
    for row in _rows(
        connection,
        "SELECT * FROM author_aliases WHERE author_id = ? ORDER BY occurrence_count DESC, alias",
        author_id,
    ):
        lines.append(f"  - {row['alias']} ({counted(row['occurrence_count'], 'time')})")
    lines.append(f"  {counted(author['paper_count'], 'paper')}:")
    for row in _rows(connection, _PAPERS_OF_AUTHOR, author_id):
        year = row["publication_year"] or "undated"
        lines.append(f"  - {row['paper_id']} {year}, position {row['position']}: {row['title']}")
    stated = _rows(connection, _STATED, author_id)
    if stated:
        lines.append("  stated by a page:")
        lines += [
            f"  - {row['metric']} {row['value']:g}, in {shown(row['paths'])}"
            + (f", as of {row['observed_on']}" if row["observed_on"] else ", day unknown")
            for row in stated
        ]
    similar = _rows(connection, _NAMESAKES, author_id)
    if similar:
        lines.append("  nearest names kept apart:")
        lines += [f"  - {row['author_id']} {row['name']}" for row in similar]
    return lines


def _explain_organization(connection: duckdb.DuckDBPyConnection, organization_id: str) -> list[str]:
    row = _one(connection, "SELECT * FROM organizations WHERE organization_id = ?", organization_id)
    aliases = _rows(
        connection,
        "SELECT alias FROM organization_aliases WHERE organization_id = ? ORDER BY alias",
        organization_id,
    )
    return [
        f"organization {organization_id}: {row['name']}",
        *(f"  - printed as {alias['alias']}" for alias in aliases),
    ]


def _known_id(connection: duckdb.DuckDBPyConnection, text: str) -> str | None:
    """Return the one current id that `text` begins; None where it begins none."""
    found = _rows(connection, _ALL_IDS, text)
    if len(found) > 1:
        raise UnknownIdError(f"'{text}' begins several ids; give more of it.")
    return str(found[0]["id"]) if found else None


def _gone_id(connection: duckdb.DuckDBPyConnection, text: str) -> tuple[str, list[str]]:
    """Return the one id of an earlier release that `text` begins, and all it became today."""
    gone = _rows(
        connection,
        "SELECT DISTINCT old_id FROM redirects WHERE starts_with(old_id, ?) LIMIT 2",
        text,
    )
    if len(gone) != 1:
        fate = (
            "begins several ids; give more of it"
            if gone
            else "is no paper, record, author or organization in the current release"
        )
        raise UnknownIdError(f"'{text}' {fate}.")
    old = str(gone[0]["old_id"])
    query = "SELECT new_id FROM id_successors WHERE old_id = ? ORDER BY new_id"
    return old, [str(row["new_id"]) for row in _rows(connection, query, old)]


def _became(old: str, successors: list[str]) -> str:
    if not successors:
        return f"{old} was deleted: no record of the current release is left of it."
    if len(successors) == 1:
        return f"{old} was merged into {successors[0]}."
    return f"{old} was split, into {', '.join(successors)}."


def _split_off(connection: duckdb.DuckDBPyConnection, entity: str) -> list[str]:
    """Tell where parts went that were split from a thing that kept its id."""
    query = (
        "SELECT new_id, to_release FROM redirects WHERE old_id = ? AND kind = 'split'"
        " AND new_id IS NOT NULL ORDER BY to_release, new_id"
    )
    return [
        f"  {row['new_id']} was split off from it in release {row['to_release']}"
        for row in _rows(connection, query, entity)
    ]


def _paper_of(connection: duckdb.DuckDBPyConnection, entity: str) -> str:
    if entity[0] == "P":
        return entity
    if entity[0] != "R":
        raise UnknownIdError("Two ids are compared as papers or records: give ids in P or R.")
    row = _one(connection, "SELECT paper_id FROM paper_records WHERE record_id = ?", entity)
    return str(row["paper_id"])


def _title_line(connection: duckdb.DuckDBPyConnection, entity: str) -> str:
    table, key = ("papers", "paper_id") if entity[0] == "P" else ("records", "record_id")
    row = _one(connection, f"SELECT title, abstract FROM {table} WHERE {key} = ?", entity)
    return f"{entity}: {row['title'] or '(no title) ' + _short(row['abstract'])}"


def _kept_apart_by(compared: Rows) -> str:
    """Return the weightiest reason among those of the pairs between two papers."""
    reasons = [
        next(rank for rank, (holds, _) in enumerate(KEPT_APART) if holds(row)) for row in compared
    ]
    return KEPT_APART[min(reasons)][1]


def _verdict(row: Row) -> str:
    return (
        f"{row['record_id_left']} + {row['record_id_right']}: {row['verdict']} by"
        f" {row['decided_by']}, p = {row['probability']:.3f}; {row['reason']}"
    )


def _place(row: Row) -> str:
    lines = f":{row['line_start']}-{row['line_end']}" if row["line_start"] else ""
    return f"{shown(row['path'])}{lines}"


def _short(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= 100 else text[:99] + "…"


def _rows(connection: duckdb.DuckDBPyConnection, query: str, *values: str) -> Rows:
    cursor = connection.execute(query, list(values))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _one(connection: duckdb.DuckDBPyConnection, query: str, value: str) -> Row:
    return _rows(connection, query, value)[0]


_ALL_IDS = """
SELECT id FROM (
    SELECT paper_id AS id FROM papers UNION ALL SELECT record_id FROM records
    UNION ALL SELECT author_id FROM authors UNION ALL SELECT organization_id FROM organizations
) WHERE starts_with(id, ?) ORDER BY id LIMIT 2
"""

_RECORD = """
SELECT records.*, dumps.path, paper_records.paper_id
FROM records JOIN dumps USING (dump_id) JOIN paper_records USING (record_id)
WHERE record_id = ?
"""

_RECORDS_OF_PAPER = """
SELECT record_id, matched_by, probability, path, line_start, line_end
FROM paper_records JOIN records USING (record_id) JOIN dumps USING (dump_id)
WHERE paper_id = ? ORDER BY matched_by <> 'founder', record_id
"""

_MATCHES_INSIDE = """
SELECT matches.* FROM matches
JOIN paper_records l ON l.record_id = record_id_left
JOIN paper_records r ON r.record_id = record_id_right
WHERE l.paper_id = ? AND r.paper_id = l.paper_id
ORDER BY matches.probability DESC, record_id_left, record_id_right
"""

_NEAREST_OUTSIDE = """
SELECT matches.*, papers.paper_id, papers.title FROM matches
JOIN paper_records l ON l.record_id = record_id_left
JOIN paper_records r ON r.record_id = record_id_right
JOIN papers ON papers.paper_id = CASE WHEN l.paper_id = ? THEN r.paper_id ELSE l.paper_id END
WHERE l.paper_id <> r.paper_id AND ? IN (l.paper_id, r.paper_id)
ORDER BY matches.weight DESC, record_id_left, record_id_right LIMIT 3
"""

_MATCHES_BETWEEN = """
SELECT matches.* FROM matches
JOIN paper_records l ON l.record_id = record_id_left
JOIN paper_records r ON r.record_id = record_id_right
WHERE ((l.paper_id = ? OR l.record_id = ?) AND (r.paper_id = ? OR r.record_id = ?))
   OR ((r.paper_id = ? OR r.record_id = ?) AND (l.paper_id = ? OR l.record_id = ?))
ORDER BY matches.weight DESC, record_id_left, record_id_right
"""

_PAPERS_OF_AUTHOR = """
SELECT paper_id, position, title, publication_year
FROM authorships JOIN papers USING (paper_id)
WHERE author_id = ? ORDER BY publication_year, title, paper_id
"""

_STATED = """
SELECT metric, value, observed_on, string_agg(DISTINCT path, ', ' ORDER BY path) AS paths
FROM metrics JOIN dumps USING (dump_id)
WHERE subject_type = 'author' AND subject_id = ?
GROUP BY metric, value, observed_on ORDER BY metric, observed_on, value
"""

_NAMESAKES = """
SELECT other.author_id, other.name
FROM authors this JOIN authors other
  ON other.author_id <> this.author_id
 AND (lower(strip_accents(other.family_name)) = lower(strip_accents(this.family_name))
      OR jaro_winkler_similarity(lower(other.name), lower(this.name)) > 0.92)
WHERE this.author_id = ?
ORDER BY jaro_winkler_similarity(lower(other.name), lower(this.name)) DESC, other.author_id
LIMIT 3
"""
