"""How well and how fast papers are resolved: `python -m tests.benchmarks.papers`.

Quality: `--sets FOLDER` has a folder for each data set with truth: records.csv or records.parquet
(record_id, source, title, authors, venue, year, abstract, volume, number, pages, doi) and gold.csv
(record_id_1, record_id_2: all true pairs); where labelled_pairs.csv (with `label`) is beside it,
those are counted instead. Each set is refreshed like any dump, with the shipped settings, and
scored on all pairs of its papers; a set of two sources, each without duplicates of its own, also as
declared in source.toml. `damaged` has a fifth of the values of authors, venue and year moved to the
end of the title.

Speed: `--records N` makes a workload of that many records and resolves them in a process of its
own; `--splink PYTHON` does the same with Splink on DuckDB, run by an interpreter that has it, also
on the data sets, and prints the ratio.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from flows.pipeline import Direct, Settings, refresh
from flows.resolve import readable_records
from tests.benchmarks.workload import batches

COLUMNS = {
    "source_key": "record_id", "title": "title", "authors": "authors", "venue": "venue",
    "year": "year", "abstract": "abstract", "volume": "volume", "issue": "number",
    "pages": "pages", "doi": "doi",
}  # fmt: skip
DAMAGED_SHARE = 0.2
DAMAGED_COLUMNS = ("authors", "venue", "year")
BINS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def read_set(folder: Path) -> pl.DataFrame:
    """Return the records of a data set, all columns as text."""
    table = folder / "records.parquet"
    records = pl.read_parquet(table) if table.exists() else pl.read_csv(
        folder / "records.csv", infer_schema=False
    )  # fmt: skip
    return records.cast(pl.String)


def damaged(records: pl.DataFrame, seed: int = 3) -> pl.DataFrame:
    """Return the records with a fifth of some values moved to the end of the title."""
    draw = np.random.default_rng(seed)
    is_moved = {
        name: pl.Series(draw.random(records.height) < DAMAGED_SHARE) for name in DAMAGED_COLUMNS
    }
    moved = [pl.when(is_moved[name]).then(name) for name in DAMAGED_COLUMNS]
    return records.with_columns(
        title=pl.concat_str("title", *moved, separator=" ", ignore_nulls=True),
        **{name: pl.when(~is_moved[name]).then(name) for name in DAMAGED_COLUMNS},
    )


def released(records: pl.DataFrame, folder: Path, *, duplicate_free: bool = False) -> Path:
    """Refresh records like any dump, in an empty folder; return that of the release."""
    raw, warehouse = folder / "raw", folder / "warehouse"
    for (source,), part in records.partition_by("source", as_dict=True).items():
        dumps = raw / str(source)
        dumps.mkdir(parents=True)
        part.write_csv(dumps / "records.csv")
        mapped = "\n".join(f'{field} = "{name}"' for field, name in COLUMNS.items())
        (dumps / "source.toml").write_text(
            f'format = "table"\nduplicate_free = {str(duplicate_free).lower()}\n'
            f"[columns]\n{mapped}\n"
        )
    outcome = refresh(Settings(raw, warehouse), Direct(), lambda _: None)
    if not outcome.is_published:
        raise SystemExit("\n".join(outcome.lines))
    return warehouse / "current"


def resolved(
    records: pl.DataFrame, *, duplicate_free: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return record_id, cluster_id of records that were refreshed like any dump, and the matches:
    record_id_1, record_id_2, probability."""
    with tempfile.TemporaryDirectory() as temporary:
        current = released(records, Path(temporary), duplicate_free=duplicate_free)
        homes = pl.read_parquet(current / "paper_records" / "**/*.parquet")
        matches = pl.read_parquet(current / "matches" / "**/*.parquet")
    keys = homes.select("record_id", key="source_key")
    compared = (
        matches.join(keys, left_on="record_id_left", right_on="record_id")
        .join(keys, left_on="record_id_right", right_on="record_id", suffix="_right")
        .select(*_ordered("key", "key_right"), "probability")
    )
    return homes.select(record_id="source_key", cluster_id="paper_id"), compared


def _ordered(one: str, other: str) -> tuple[pl.Expr, pl.Expr]:
    return (
        pl.min_horizontal(one, other).alias("record_id_1"),
        pl.max_horizontal(one, other).alias("record_id_2"),
    )


def scored(
    clusters: pl.DataFrame, gold: pl.DataFrame, sources: pl.DataFrame | None = None
) -> dict[str, float]:
    """Return precision, recall, F1 and false pairs over all pairs of the clusters; `sources`
    (record_id, source): only over pairs of two sources."""
    known = clusters if sources is None else clusters.join(sources, on="record_id")
    pairs = known.join(known, on="cluster_id", suffix="_2").filter(
        pl.col("record_id") < pl.col("record_id_2")
    )
    if sources is not None:
        pairs = pairs.filter(pl.col("source") != pl.col("source_2"))
    found = pairs.select(record_id_1="record_id", record_id_2="record_id_2")
    hits = found.join(gold, on=["record_id_1", "record_id_2"]).height
    return {
        "precision": hits / max(found.height, 1),
        "recall": hits / max(gold.height, 1),
        "f1": 2 * hits / max(found.height + gold.height, 1),
        "false": found.height - hits,
    }


def reliability(compared: pl.DataFrame, gold: pl.DataFrame) -> pl.DataFrame:
    """Return for bands of probability how many pairs were compared, and the share that is true."""
    truth = gold.with_columns(is_true=pl.lit(value=True))
    return (
        compared.join(truth, on=["record_id_1", "record_id_2"], how="left")
        .with_columns(
            pl.col("is_true").fill_null(value=False),
            band=sum((pl.col("probability") >= edge).cast(pl.Int8) for edge in BINS[1:-1]),
        )
        .group_by("band")
        .agg(
            pairs=pl.len(), mean_probability=pl.col("probability").mean(),
            share_true=pl.col("is_true").mean(),
        )
        .sort("band")
    )  # fmt: skip


def quality(folder: Path, console: Console) -> None:
    """Print how well each data set in a folder is resolved."""
    table = Table("set", "variant", "pairs", "precision", "recall", "F1", "false pairs")
    bands = Table("set", "probability", "pairs", "mean probability", "share true")
    for data in _with_truth(folder):
        records = read_set(data)
        gold = pl.read_csv(data / "gold.csv", infer_schema=False)
        gold = gold.select(*_ordered("record_id_1", "record_id_2")).unique()
        if (data / "labelled_pairs.csv").exists():
            table.add_row(data.name, "as it is", "labelled", *_labelled(data, records))
            continue
        is_crossing = _is_crossing(records, gold)
        sources = records.select("record_id", "source") if is_crossing else None
        variants = {"as it is": (records, False), "damaged": (damaged(records), False)}
        if is_crossing:
            variants["declared free of duplicates"] = (records, True)
        for variant, (frame, is_declared) in variants.items():
            clusters, compared = resolved(frame, duplicate_free=is_declared)
            for counted in (None, sources) if is_crossing else (None,):
                said = scored(clusters, gold, counted)
                table.add_row(
                    data.name,
                    variant,
                    "all" if counted is None else "across sources",
                    *(f"{said[key]:.4f}" for key in ("precision", "recall", "f1")),
                    f"{said['false']:.0f}",
                )
            if variant == "as it is":
                for row in reliability(compared, gold).iter_rows():
                    band = f"{BINS[row[0]]:.2f} to {BINS[row[0] + 1]:.2f}"
                    bands.add_row(data.name, band, str(row[1]), f"{row[2]:.3f}",
                                  f"{row[3]:.3f}")  # fmt: skip
    console.print(table)
    console.print(bands)


def _with_truth(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if (path / "gold.csv").exists())


def _scored_sets(folder: Path) -> list[Path]:
    """Return the data sets of which all true pairs are known."""
    return [path for path in _with_truth(folder) if not (path / "labelled_pairs.csv").exists()]


def _is_crossing(records: pl.DataFrame, gold: pl.DataFrame) -> bool:
    """Whether there are two sources and every true pair has one record of each."""
    source = records.select("record_id", "source")
    sides = gold.join(source, left_on="record_id_1", right_on="record_id").join(
        source, left_on="record_id_2", right_on="record_id", suffix="_2"
    )
    is_apart = bool((sides["source"] != sides["source_2"]).all())
    return records["source"].n_unique() == 2 and is_apart


def _labelled(data: Path, records: pl.DataFrame) -> list[str]:
    clusters, _ = resolved(records)
    home = dict(clusters.iter_rows())
    pairs = pl.read_csv(data / "labelled_pairs.csv", infer_schema=False).rows()
    right = sum((home[one] == home[other]) == (label == "1") for one, other, label in pairs)
    return ["", "", f"{right} of {len(pairs)}", ""]


_TIMED = """
import json, sys, time
from pathlib import Path
import polars as pl
import pyarrow.parquet as pq
from flows.judgements import SCHEMA
from flows.resolve.papers import resolve_papers

def batches():
    file = pq.ParquetFile(sys.argv[1], pre_buffer=False)
    names = [name for name in file.schema_arrow.names if name != "paper"]
    for batch in file.iter_batches(50_000, columns=names):
        yield pl.from_arrow(batch)

ruled = pl.DataFrame(schema=SCHEMA)
few = next(batches()).head(200)
resolve_papers(few, ruled).matches()  # what is compiled once is not measured
begun = time.perf_counter()
compared = resolve_papers(batches(), ruled)
clusters = compared.clusters().select("record_id", cluster_id="cluster")
seconds = time.perf_counter() - begun
clusters.write_parquet(sys.argv[2])
# Of this process alone: what getrusage tells is also that of the one it was started from.
status = Path("/proc/self/status").read_text()
print(json.dumps([seconds, int(status.split("VmHWM:")[1].split()[0]) / 1024]))
"""


def speed_table() -> Table:
    """Return the head of the table of times."""
    return Table("records", "tool", "of them", "seconds", "memory MB", "F1", "times faster")


def speed_of_workload(count: int, splink: str | None, table: Table) -> None:
    """Add how long a made-up workload takes, in how much memory."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "records.parquet"
        size = _write(count, path)
        truth = pl.read_parquet(path, columns=["record_id", "paper"])
        gold = truth.join(truth, on="paper", suffix="_2").filter(
            pl.col("record_id") < pl.col("record_id_2")
        ).select(record_id_1="record_id", record_id_2="record_id_2")  # fmt: skip
        _time("made up", size, path, gold, splink, table)


def speed_of_set(data: Path, splink: str | None, table: Table) -> None:
    """Add how long a data set with truth takes."""
    with tempfile.TemporaryDirectory() as temporary:
        current = released(read_set(data), Path(temporary))
        records = pl.read_parquet(current / "records" / "**/*.parquet").sort("record_id")
        path = Path(temporary) / "records.parquet"
        readable_records(records).write_parquet(path)
        keys = records.select("record_id", "source_key")
        gold = pl.read_csv(data / "gold.csv", infer_schema=False)
        known = (
            gold.join(keys, left_on="record_id_1", right_on="source_key")
            .join(keys, left_on="record_id_2", right_on="source_key", suffix="_right")
            .select(*_ordered("record_id", "record_id_right"))
            .unique()
        )
        _time(data.name, records.height, path, known, splink, table)


def _time(
    name: str, size: int, path: Path, gold: pl.DataFrame, splink: str | None, table: Table
) -> None:
    found = path.with_name("clusters.parquet")
    runs = {"bibmill": [sys.executable, "-c", _TIMED]}
    if splink:
        runs["Splink"] = [splink, str(Path(__file__).with_name("splink_baseline.py"))]
    seconds = {}
    for tool, command in runs.items():
        done = subprocess.run(
            [*command, str(path), str(found)], capture_output=True, text=True, check=True,
            # What reads the records gives their memory back.
            env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"},
        )  # fmt: skip
        seconds[tool], peak = json.loads(done.stdout.splitlines()[-1])
        f1 = scored(pl.read_parquet(found), gold)["f1"]
        table.add_row(
            name, tool, f"{size:,}", f"{seconds[tool]:.1f}", f"{peak:.0f}", f"{f1:.4f}",
            f"{seconds[tool] / seconds['bibmill']:.1f}",
        )  # fmt: skip


def _write(count: int, path: Path) -> int:
    """Write a workload in the order of its record ids, in bounded memory; return its size."""
    size = 0
    buckets: dict[str, list[Path]] = {}
    for number, batch in enumerate(batches(count)):
        size += batch.height
        first = batch.with_columns(bucket=pl.col("record_id").str.slice(1, 1))
        for (bucket,), part in first.partition_by("bucket", as_dict=True).items():
            piece = path.with_name(f"{bucket}-{number}.parquet")
            part.drop("bucket").write_parquet(piece)
            buckets.setdefault(str(bucket), []).append(piece)
    with contextlib.ExitStack() as stack:
        writer = None
        for _, pieces in sorted(buckets.items()):
            rows = pl.concat(map(pl.read_parquet, pieces)).sort("record_id").to_arrow()
            writer = writer or stack.enter_context(pq.ParquetWriter(path, rows.schema))
            writer.write_table(rows, row_group_size=50_000)
            for piece in pieces:
                piece.unlink()
    return size


def main() -> None:
    """Measure what is asked for and print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=Path, help="folder of data sets with truth")
    parser.add_argument("--records", type=int, help="records of the workload")
    parser.add_argument("--splink", help="an interpreter that has Splink 5, polars and pyarrow")
    asked = parser.parse_args()
    console = Console()
    if asked.sets:
        quality(asked.sets, console)
    times = speed_table()
    for data in _scored_sets(asked.sets) if asked.sets and asked.splink else []:
        speed_of_set(data, asked.splink, times)
    if asked.records:
        speed_of_workload(asked.records, asked.splink, times)
    if times.row_count:
        console.print(times)


if __name__ == "__main__":
    main()
