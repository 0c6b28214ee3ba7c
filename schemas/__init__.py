"""The data dictionary of bibmill: one pandera model for each published table.

Types, nullability, keys and descriptions stand here once; Parquet files, DuckDB views and the
printed dictionary are derived (see `schemas.dictionary`). This package imports nothing from
`flows`. Adding a column is one line in the table's model, and the code that fills it.
"""

from __future__ import annotations

from schemas.author import AuthorAliases, Authors, Authorships
from schemas.base import Keys, Table, keys_of
from schemas.dump import Dumps, Metrics, Rejects
from schemas.match import Estimates, Matches
from schemas.organization import OrganizationAliases, Organizations
from schemas.paper import (
    FieldProvenance,
    PaperIdentifiers,
    PaperLinks,
    PaperRecords,
    Papers,
    Relations,
)
from schemas.record import AuthorRecords, Records
from schemas.release import Changes, Checks, Redirects, Refreshes

SCHEMA_VERSION = "3"

TABLES: dict[str, type[Table]] = {
    "dumps": Dumps,
    "records": Records,
    "author_records": AuthorRecords,
    "rejects": Rejects,
    "papers": Papers,
    "paper_records": PaperRecords,
    "paper_identifiers": PaperIdentifiers,
    "paper_links": PaperLinks,
    "field_provenance": FieldProvenance,
    "matches": Matches,
    "estimates": Estimates,
    "authors": Authors,
    "author_aliases": AuthorAliases,
    "authorships": Authorships,
    "relations": Relations,
    "organizations": Organizations,
    "organization_aliases": OrganizationAliases,
    "metrics": Metrics,
    "redirects": Redirects,
    "changes": Changes,
    "checks": Checks,
    "refreshes": Refreshes,
}

__all__ = ["SCHEMA_VERSION", "TABLES", "Keys", "Table", "keys_of"]
