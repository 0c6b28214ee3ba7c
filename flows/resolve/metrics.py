"""What dumps state about papers and authors, under the ids of this release. Nothing is computed."""

from __future__ import annotations

import polars as pl

from schemas.dictionary import polars_schema
from schemas.dump import Metrics


def metrics_table(
    stated: pl.DataFrame, membership: pl.DataFrame, profiles: pl.DataFrame
) -> pl.DataFrame:
    """Return the table metrics.

    stated: see `flows.validate`. membership: record_id, paper_id. profiles: dump_id, printed_name
    and author_id of the authors at the heads of pages.
    """
    of_papers = stated.filter(pl.col("subject_type") == "paper").join(
        membership.select("record_id", subject_id="paper_id"), on="record_id"
    )
    of_authors = stated.filter(pl.col("subject_type") == "author").join(
        profiles.select("dump_id", subject_name="printed_name", subject_id="author_id"),
        on=["dump_id", "subject_name"],
    )
    schema = polars_schema(Metrics)
    columns = [pl.col(name).cast(dtype) for name, dtype in schema.items()]
    return (
        pl.concat([of_papers.select(columns), of_authors.select(columns)])
        .unique()
        .sort(
            "subject_type", "subject_id", "metric", "dump_id", "record_id", "value", nulls_last=True
        )
    )
