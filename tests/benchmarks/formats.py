"""How fast dumps are read, and in how much memory: `python -m tests.benchmarks.formats`.

A dump is extracted whole: digest, reading, staging as Parquet. The baselines do less with the same
file: DuckDB's read_json into Parquet for JSON lines, lxml's iterparse with cleared elements for
DBLP. Each figure is the best of three runs of a process of its own; memory is its peak.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.synthetic import JSON_LINES, write_dblp, write_lines

RUNS = 3
TIMES = 20
BOUNDS = {"json": 2.5, "dblp": 2.0}
GROWTH_BOUND = 1.10

_TIMED = """
import json, resource, sys, tempfile, time
from pathlib import Path
{imports}
path = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    begun = time.perf_counter()
    {work}
    seconds = time.perf_counter() - begun
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""
OURS = _TIMED.format(
    imports="from flows.extract import extract_dump\nfrom flows.formats import readers\n"
    "from flows.sources import FoundDump, Source\nreaders()",
    work="extract_dump(FoundDump(path, path.name, Source('x')), Path(folder))",
)
DUCKDB = _TIMED.format(
    imports="import duckdb",
    work="duckdb.sql(f\"COPY (SELECT * FROM read_json('{path}')) TO '{folder}/x.parquet'\")",
)
LXML = _TIMED.format(
    imports="from lxml import etree",
    work="[element.clear() for _, element in etree.iterparse(str(path), load_dtd=False,"
    " resolve_entities=False, recover=True)]",
)


def measured(script: str, path: Path) -> tuple[float, float]:
    """Return the least seconds of some runs, and the peak memory in MB."""
    runs = []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return min(seconds for seconds, _ in runs), max(peak for _, peak in runs) / 1024


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=50, help="size of the smaller dumps")
    size = parser.parse_args().megabytes * 1_000_000
    table = Table("format", "MB", "bibmill s", "baseline s", "ratio", "bound",
                  f"memory at 1/{TIMES}", "memory", "growth", "bound")  # fmt: skip
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in (*JSON_LINES, "dblp"):
            few = dump(folder / name, name, size)
            many = repeated(few, name)
            seconds, peak = measured(OURS, many)
            _, little = measured(OURS, few)
            baseline, _ = measured(LXML if name == "dblp" else DUCKDB, many)
            bound = BOUNDS.get(name, BOUNDS["json"])
            table.add_row(
                name, f"{many.stat().st_size / 1e6:.0f}", f"{seconds:.2f}", f"{baseline:.2f}",
                f"{seconds / baseline:.2f}", f"{bound:.1f}", f"{little:.0f} MB", f"{peak:.0f} MB",
                f"{peak / little:.2f}", f"{GROWTH_BOUND:.2f}",
            )  # fmt: skip
            many.unlink()
    Console().print(table)


def dump(path: Path, name: str, size: int) -> Path:
    """Write a dump of about `size` bytes."""

    def written(count: int) -> Path:
        if name == "dblp":
            return write_dblp(path, count)
        return write_lines(path, JSON_LINES[name], count)

    trial = 500
    each = written(trial).stat().st_size / trial
    return written(int(size / each))


def repeated(few: Path, name: str) -> Path:
    """Write the entries of a dump many times over, as one dump."""
    many = few.with_name(f"{few.name}-{TIMES}")
    content = few.read_bytes()
    head, tail = b"", b""
    if name == "dblp":
        begin, end = content.index(b"<dblp>") + len(b"<dblp>"), content.rindex(b"</dblp>")
        head, content, tail = content[:begin], content[begin:end], content[end:]
    with many.open("wb") as file:
        file.write(head)
        file.writelines([content] * TIMES)
        file.write(tail)
    return many


if __name__ == "__main__":
    main()
