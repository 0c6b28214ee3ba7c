"""The same records by Splink 5 on DuckDB: run by an interpreter that has it, see `papers`.

Settings as its documentation recommends for records of this kind: rare combinations to block on,
comparisons by similarity, rates estimated without labels, clusters at a probability of 0.9.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import polars as pl
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on


def prepared(path: str) -> pl.DataFrame:
    """Return the records as Splink compares them."""
    records = pl.read_parquet(path)
    first = pl.col("authors").list.first().struct.field("name")
    title = pl.col("title").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ")
    return records.select(
        "record_id",
        title=title,
        title_start=title.str.head(12),
        title_end=title.str.tail(12),
        surname=pl.when(first.str.contains(","))
        .then(first.str.extract(r"^([^,]+)"))
        .otherwise(first.str.extract(r"(\S+)$"))
        .str.to_lowercase(),
        venue="venue",
        year=pl.col("publication_date").dt.year().cast(pl.String),
        people=pl.col("authors")
        .list.eval(pl.element().struct.field("name").str.to_lowercase())
        .list.join(" "),
        abstract_middle=pl.col("abstract").str.slice(200, 60),
        abstract_start=pl.col("abstract").str.head(300),
    )


def main() -> None:
    """Resolve the records of a file, write record_id and cluster_id, print seconds and memory."""
    source, target = sys.argv[1:]
    frame = prepared(source)
    begun = time.perf_counter()
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        blocking_rules_to_generate_predictions=[
            block_on("title_start"), block_on("title_end"), block_on("surname", "year"),
            block_on("surname", "venue"), block_on("abstract_middle"),
        ],
        comparisons=[
            cl.JaroWinklerAtThresholds("title", [0.98, 0.92, 0.85]),
            cl.JaroWinklerAtThresholds("surname", [0.95, 0.88]),
            cl.ExactMatch("year"), cl.ExactMatch("venue"),
            cl.JaroWinklerAtThresholds("people", [0.95, 0.85]),
            cl.JaroWinklerAtThresholds("abstract_start", [0.98, 0.85]),
        ],
    )  # fmt: skip
    api = DuckDBAPI()
    linker = Linker(api.register(frame.to_arrow()), settings)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("title", "surname")], recall=0.6
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("title"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("surname", "year"))
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.9)
    found = clusters.as_duckdbpyrelation().pl().select("record_id", "cluster_id")
    seconds = time.perf_counter() - begun
    found.with_columns(pl.col("cluster_id").cast(pl.String)).write_parquet(target)
    status = Path("/proc/self/status").read_text()
    print(json.dumps([seconds, int(status.split("VmHWM:")[1].split()[0]) / 1024]))


if __name__ == "__main__":
    main()
