"""Explain: why records are one paper, why two are not, and who an author is.

Everything is answered from the published tables alone, by SQL on the current release.
"""

from __future__ import annotations

from typing import Any

import duckdb

Rows = list[dict[str, Any]]


class UnknownIdError(ValueError):
    """No paper, record, author or organization has the id; the message says so."""


def explain(connection: duckdb.DuckDBPyConnection, one: str, other: str | None = None) -> list[str]:
    """Return lines that explain an id, or the verdict on two papers or records.

    An id may be cut to its first letters as long as it stays the only one. An id of an earlier
    release is followed to what it became. Raises UnknownIdError.
    """
    first = full_id(connection, one)
    if other is not None:
        return _explain_pair(connection, first, full_id(connection, other))
    explained = {"P": _explain_paper, "R": _explain_record, "A": _explain_author}
    return explained.get(first[0], _explain_organization)(connection, first)


def _explain_paper(connection: duckdb.DuckDBPyConnection, paper_id: str) -> list[str]:
    paper = _one(connection, "SELECT * FROM papers WHERE paper_id = ?", paper_id)
    lines = [
        f"paper {paper_id}: {paper['title'] or '(no title)'}",
        f"  {_count(paper['record_count'], 'record')} from"
        f" {_count(paper['source_count'], 'source')}:",
    ]
    for row in _rows(connection, _RECORDS_OF_PAPER, paper_id):
        lines.append(
            f"  - {row['record_id']}  {_place(row)}  joined by {row['matched_by']}"
            f" (p = {row['probability']:.3f})"
        )
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
        lines.append("  their records were compared:")
        lines += [f"  - {_verdict(row)}" for row in compared]
    elif is_same:
        lines.append("  Their records were joined through other records of the paper:")
        lines += [f"  - {_verdict(row)}" for row in _rows(connection, _MATCHES_INSIDE, papers[0])]
    else:
        lines.append(
            "  No evidence brought their records near: they share no identifier, no rare title"
            " words and no passage of an abstract, or the comparison came out far below a match."
        )
    return lines


def _explain_author(connection: duckdb.DuckDBPyConnection, author_id: str) -> list[str]:
    author = _one(connection, "SELECT * FROM authors WHERE author_id = ?", author_id)
    lines = [f"author {author_id}: {author['name']}", "  printed as:"]
    for row in _rows(
        connection,
        "SELECT * FROM author_aliases WHERE author_id = ? ORDER BY occurrence_count DESC, alias",
        author_id,
    ):
        lines.append(f"  - {row['alias']} ({_count(row['occurrence_count'], 'time')})")
    lines.append(f"  {_count(author['paper_count'], 'paper')}:")
    for row in _rows(connection, _PAPERS_OF_AUTHOR, author_id):
        year = row["publication_year"] or "undated"
        lines.append(f"  - {row['paper_id']} {year}, position {row['position']}: {row['title']}")
    stated = _rows(
        connection,
        "SELECT metric, value, observed_on FROM metrics WHERE subject_id = ? ORDER BY metric",
        author_id,
    )
    if stated:
        lines.append("  stated by a page:")
        lines += [f"  - {row['metric']} {row['value']:g}" for row in stated]
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


def full_id(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """Return the full current id that `text` begins."""
    found = _rows(connection, _ALL_IDS, text)
    if len(found) > 1:
        raise UnknownIdError(f"'{text}' begins several ids; give more of it.")
    if not found:
        gone = _rows(connection, "SELECT new_id FROM redirects WHERE old_id = ?", text)
        if gone and gone[0]["new_id"]:
            return str(gone[0]["new_id"])
        fate = "was deleted" if gone else "is no paper, record, author or organization"
        raise UnknownIdError(f"'{text}' {fate} in the current release.")
    return str(found[0]["id"])


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


def _verdict(row: dict[str, Any]) -> str:
    return (
        f"{row['record_id_left']} + {row['record_id_right']}: {row['verdict']} by"
        f" {row['decided_by']}, p = {row['probability']:.3f}; {row['reason']}"
    )


def _place(row: dict[str, Any]) -> str:
    lines = f":{row['line_start']}-{row['line_end']}" if row["line_start"] else ""
    return f"{row['path']}{lines}"


def _short(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= 100 else text[:99] + "…"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _rows(connection: duckdb.DuckDBPyConnection, query: str, *values: str) -> Rows:
    cursor = connection.execute(query, list(values))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _one(connection: duckdb.DuckDBPyConnection, query: str, value: str) -> dict[str, Any]:
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
