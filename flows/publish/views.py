"""What the catalog offers beyond the published tables: views, macros, and tables about itself.

SQL and its description only; how the catalog is built stands in `flows.publish.catalog`.
"""

from __future__ import annotations

from dataclasses import dataclass

from flows.normalize.text import TRANSLITERATION


def _folded(name: str) -> str:
    """Return SQL for a name without case and accents, letters transliterated."""
    sql = f"strip_accents(lower(nfc_normalize({name})))"
    for letter, plain in TRANSLITERATION.items():
        sql = f"replace({sql}, '{letter}', '{plain}')"
    return sql


@dataclass(frozen=True)
class Extra:
    """A view or table of the catalog beyond the published tables, and what it means.

    `sql` is the query of a view, the column types of a table.
    """

    name: str
    kind: str
    sql: str
    description: str
    columns: dict[str, str]


@dataclass(frozen=True)
class Macro:
    """A macro of the catalog: its signature, its SQL, and what it answers."""

    signature: str
    kind: str
    sql: str
    description: str


VIEWS = (
    Extra(
        "works",
        "VIEW",
        """
        SELECT work_id,
            count(*) AS paper_count,
            first(title ORDER BY publication_date NULLS LAST, paper_id)
                FILTER (title IS NOT NULL) AS title,
            min(publication_date) AS first_publication_date,
            max(publication_date) AS last_publication_date,
            sum(record_count)::BIGINT AS record_count
        FROM papers GROUP BY work_id
        """,
        "One row per work: one contribution in all its versions, for those who want them merged.",
        {
            "work_id": "Work: one contribution in all its versions.",
            "paper_count": "Papers of the work.",
            "title": "Title of its earliest paper that has one.",
            "first_publication_date": "Earliest date of its papers.",
            "last_publication_date": "Latest date of its papers.",
            "record_count": "Records describing its papers.",
        },
    ),
    Extra(
        "current_ids",
        "VIEW",
        """
        SELECT 'paper' AS entity_type, paper_id AS id FROM papers
        UNION ALL SELECT 'author', author_id FROM authors
        UNION ALL SELECT 'organization', organization_id FROM organizations
        """,
        "Every id of a paper, author or organization of this release.",
        {"entity_type": "What kind of thing the id names.", "id": "The id."},
    ),
    Extra(
        "id_successors",
        "VIEW",
        # The newest redirect of an id counts; UNION ends where redirects lead in a circle.
        """
        WITH RECURSIVE latest AS (
            SELECT entity_type, old_id, new_id FROM redirects
            QUALIFY to_release = max(to_release) OVER (PARTITION BY entity_type, old_id)
        ), gone AS (
            SELECT latest.* FROM latest
            ANTI JOIN current_ids
                ON latest.entity_type = current_ids.entity_type AND old_id = id
        ), hops AS (
            SELECT * FROM gone
            UNION
            SELECT hops.entity_type, hops.old_id, gone.new_id
            FROM hops JOIN gone
                ON gone.entity_type = hops.entity_type AND gone.old_id = hops.new_id
        )
        SELECT hops.entity_type, old_id, new_id FROM hops
        SEMI JOIN current_ids ON hops.entity_type = current_ids.entity_type AND new_id = id
        """,
        "Today's ids for every id that is no longer current; several where one was split. An id"
        " that was deleted has no row.",
        {
            "entity_type": "What kind of thing the id names.",
            "old_id": "The id that is no longer current.",
            "new_id": "A current id it leads to, over any number of redirects.",
        },
    ),
)

RELEASE = Extra(
    "release",
    "TABLE",
    "release_id VARCHAR, previous_release_id VARCHAR, schema_version VARCHAR, code_version VARCHAR,"
    " bytes BIGINT, row_counts MAP(VARCHAR, BIGINT)",
    "The release this catalog shows, in one row.",
    {
        "release_id": "Running number and digest of what went into it.",
        "previous_release_id": "The release it was made after; null for the first.",
        "schema_version": "Version of the dictionary.",
        "code_version": "Version of the code that made it.",
        "bytes": "Size of its Parquet files.",
        "row_counts": "Number of rows by table.",
    },
)

DICTIONARY = Extra(
    "dictionary",
    "TABLE",
    'table_name VARCHAR, column_name VARCHAR, "type" VARCHAR, nullable BOOLEAN, is_key BOOLEAN,'
    " refers_to VARCHAR, description VARCHAR",
    "The data dictionary: every column of every published table and view.",
    {
        "table_name": "Table or view.",
        "column_name": "Column.",
        "type": "DuckDB type.",
        "nullable": "Whether it can be null.",
        "is_key": "Whether it belongs to the table's primary key.",
        "refers_to": "The table and column its values are found in.",
        "description": "What it means.",
    },
)

MACROS = (
    Macro(
        "name_words(printed)",
        "MACRO",
        f"list_sort(list_filter(string_split(regexp_replace({_folded('printed')},"
        " '[^\\pL\\pN]+', ' ', 'g'), ' '), lambda word: word <> ''))",
        "The words of a name, sorted: no accents, no case, no order. Names with equal words are"
        " found for each other by author_of.",
    ),
    Macro(
        "author_of(wanted)",
        "MACRO TABLE",
        """
        SELECT author_id, authors.name, author_aliases.alias, authors.paper_count
        FROM author_aliases JOIN authors USING (author_id)
        WHERE name_words(author_aliases.alias) = name_words(wanted)
            AND len(name_words(wanted)) > 0
        QUALIFY 1 = row_number() OVER (
            PARTITION BY author_id ORDER BY occurrence_count DESC, author_aliases.alias)
        ORDER BY authors.paper_count DESC, author_id
        """,
        "Authors with the wanted name as any alias, whatever its accents, case and word order; one"
        " row each, with the alias found. Several rows are several persons of that name.",
    ),
    Macro(
        "resolve(some_id)",
        "MACRO",
        """
        coalesce(
            (SELECT min(id) FROM current_ids WHERE id = some_id),
            (SELECT min(new_id) FROM id_successors WHERE old_id = some_id))
        """,
        "Today's id of a paper, author or organization: the id itself if current, where it was"
        " redirected to if not, null if deleted or unknown. Of an id that was split it is the"
        " first; id_successors lists all.",
    ),
)
