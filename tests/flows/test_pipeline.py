"""The whole path by plain calls: what is published, and what a refresh does when it cannot."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from flows.pipeline import Direct, Settings, code_version, refresh
from flows.publish import verify, writing
from flows.publish.warehouse import Warehouse, current_release_id, list_releases, read_tables
from flows.sources import find_dumps
from schemas import TABLES
from schemas.match import LEFT_OUT

SAMPLES = Path(__file__).parents[2] / "raw"


@pytest.fixture
def raw(tmp_path):
    return shutil.copytree(SAMPLES, tmp_path / "raw")


def run(raw, warehouse, **options):
    lines = []
    outcome = refresh(Settings(raw, warehouse, **options), Direct(), lines.append)
    return outcome, lines


def current(warehouse):
    place = Warehouse(warehouse)
    return read_tables(place, current_release_id(place))


def test_the_samples_become_a_whole_release(raw, tmp_path):
    outcome, lines = run(raw, tmp_path / "w")
    assert outcome.exit_code == 0
    assert outcome.is_published
    assert verify(Warehouse(tmp_path / "w"), outcome.release_id) == []
    tables = current(tmp_path / "w")
    assert set(tables) == set(TABLES)
    records, papers = tables["records"], tables["papers"]
    assert records.height > papers.height > 10  # the samples overlap
    assert tables["paper_records"]["record_id"].n_unique() == records.height
    assert tables["checks"].filter(pl.col("severity") == "fail")["passed"].all()
    assert tables["refreshes"]["stage"].to_list() == ["extract", "publish", "resolve", "validate"]
    assert [line.split()[0] for line in lines] == ["extract", "validate", "resolve", "publish"]


def test_pairs_that_large_blocks_leave_out_are_counted_in_the_checks(tmp_path):
    dump = tmp_path / "raw" / "lists" / "papers.csv"
    dump.parent.mkdir(parents=True)
    rows = [
        f"Editorial,Ada {letter}oss{place},19{place}" for place in range(10, 50) for letter in "BM"
    ]
    dump.write_text("\n".join(["title,authors,year", *rows]) + "\n")
    run(tmp_path / "raw", tmp_path / "w")
    tables = current(tmp_path / "w")
    check = tables["checks"].filter(pl.col("check") == "pairs_left_out").to_dicts()[0]
    learned = tables["estimates"].filter(pl.col("level") == LEFT_OUT)["value"].item()
    # Of 80 records with one title most pairs are left out, and none twice.
    assert 0 < learned <= 80 * 79
    assert check["value"] == learned
    assert check["message"].startswith(f"{learned:,.0f} pairs of records")
    assert check["passed"]


def test_every_value_of_a_paper_has_a_record_behind_it(raw, tmp_path):
    run(raw, tmp_path / "w")
    tables = current(tmp_path / "w")
    long = (
        tables["papers"]
        .select("paper_id", "title", "abstract", "category", "has_code", "publication_date")
        .with_columns(pl.exclude("paper_id").cast(pl.String))
        .unpivot(index="paper_id", variable_name="field")
        .drop_nulls("value")
    )
    behind = long.join(tables["field_provenance"], on=["paper_id", "field"], how="left")
    assert behind["record_id"].null_count() == 0
    members = tables["paper_records"].select("paper_id", "record_id")
    assert behind.join(members, on=["paper_id", "record_id"], how="anti").is_empty()


def test_nothing_new_is_nothing_to_do_and_full_rebuilds_the_same_tables(raw, tmp_path):
    run(raw, tmp_path / "w")
    first = current(tmp_path / "w")
    again, _ = run(raw, tmp_path / "w")
    assert (again.exit_code, again.is_published) == (0, False)
    assert "Nothing to do" in again.lines[0]
    full, _ = run(raw, tmp_path / "w", full=True)
    assert full.is_published
    second = current(tmp_path / "w")
    for name in set(TABLES) - {"refreshes", "checks", "changes"}:
        assert second[name].equals(first[name]), name
    assert second["changes"].is_empty()


def test_ids_stay_when_dumps_come_and_papers_change(raw, tmp_path):
    late = raw / "abstract-lists"
    shutil.move(late, tmp_path / "late")
    run(raw, tmp_path / "w")
    before = current(tmp_path / "w")
    shutil.move(tmp_path / "late", late)
    run(raw, tmp_path / "w")
    after = current(tmp_path / "w")
    assert set(before["papers"]["paper_id"]) <= set(after["papers"]["paper_id"])
    assert set(before["authors"]["author_id"]) <= set(after["authors"]["author_id"])
    added = after["changes"].filter(change="added", entity_type="paper")
    assert set(added["id"]) == set(after["papers"]["paper_id"]) - set(before["papers"]["paper_id"])
    assert set(after["changes"]["cause"]) == {"input"}
    shutil.rmtree(late)
    run(raw, tmp_path / "w")
    last = current(tmp_path / "w")
    gone = set(after["papers"]["paper_id"]) - set(last["papers"]["paper_id"])
    assert gone == set(last["redirects"].filter(kind="deleted")["old_id"])
    assert last["papers"]["paper_id"].equals(before["papers"]["paper_id"])


def test_an_unreadable_dump_is_one_reject_one_line_and_a_warning(raw, tmp_path):
    (raw / "broken").mkdir()
    (raw / "broken" / "dump.bin").write_bytes(b"\0\1\2")
    outcome, lines = run(raw, tmp_path / "w")
    assert outcome.exit_code == 0
    assert sum("broken/dump.bin" in line for line in [*lines, *outcome.lines]) == 1
    tables = current(tmp_path / "w")
    check = tables["checks"].filter(check="unreadable_dumps").row(0, named=True)
    assert (check["severity"], check["value"], check["passed"]) == ("warn", 1.0, False)
    dump = tables["dumps"].filter(path="broken/dump.bin").row(0, named=True)
    assert (dump["read_count"], dump["reject_count"], dump["format"]) == (1, 1, None)
    reject = tables["rejects"].filter(dump_id=dump["dump_id"]).row(0, named=True)
    assert (reject["ordinal"], reject["check"]) == (None, "readable_dump")


def test_strict_publishes_nothing_when_a_dump_is_unreadable(raw, tmp_path):
    run(raw, tmp_path / "w")
    before = current_release_id(Warehouse(tmp_path / "w"))
    (raw / "empty.txt").write_bytes(b"")
    outcome, _ = run(raw, tmp_path / "w", strict=True)
    assert (outcome.exit_code, outcome.is_published) == (1, False)
    assert before in outcome.lines[-1]
    assert list_releases(Warehouse(tmp_path / "w")) == [before]


def test_strict_does_not_pass_over_a_lenient_release(raw, tmp_path):
    (raw / "empty.txt").write_bytes(b"")
    assert run(raw, tmp_path / "w")[0].is_published
    assert "Nothing to do" in run(raw, tmp_path / "w")[0].lines[0]
    outcome, _ = run(raw, tmp_path / "w", strict=True)
    assert outcome.exit_code == 1


def test_a_failed_check_leaves_the_previous_release(raw, tmp_path):
    run(raw, tmp_path / "w")
    before = current_release_id(Warehouse(tmp_path / "w"))
    (raw / "author-pages" / "source.toml").write_text("[expect]\nmin_records = 1000\n")
    outcome, _ = run(raw, tmp_path / "w")
    assert outcome.exit_code == 1
    assert any("author-pages" in line for line in outcome.lines)
    assert current_release_id(Warehouse(tmp_path / "w")) == before


def test_a_dry_run_publishes_nothing_and_makes_no_warehouse(raw, tmp_path):
    outcome, _ = run(raw, tmp_path / "w", dry_run=True)
    assert (outcome.exit_code, outcome.is_published) == (0, False)
    assert outcome.counts["papers"] > 10
    assert not (tmp_path / "w").exists()


def dumps_below(raw: Path) -> list[Path]:
    return [dump.path for dump in find_dumps(raw)]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (shutil.rmtree, "no folder"),
        (lambda raw: [shutil.rmtree(p) for p in raw.iterdir() if p.is_dir()], "no dump"),
        (
            lambda raw: [p.write_bytes(b"\0") for p in dumps_below(raw)],
            "can be read",
        ),
        (lambda raw: (raw / "author-pages/source.toml").write_text("mode = 3"), "mode"),
        (lambda raw: (raw / "author-pages/source.toml").write_text("mood = 'x'"), "mood"),
        (
            lambda raw: [
                (raw / "judgements").mkdir(),
                (raw / "judgements/a.csv").write_text("left,right\n"),
            ],
            "ruling",
        ),
    ],
)
def test_nothing_to_work_on_is_one_line_and_exit_code_2(raw, tmp_path, prepare, said):
    run(raw, tmp_path / "w")
    before = current_release_id(Warehouse(tmp_path / "w"))
    prepare(raw)
    outcome, _ = run(raw, tmp_path / "w")
    assert outcome.exit_code == 2
    assert len(outcome.lines) == 1
    assert said in outcome.lines[0]
    assert current_release_id(Warehouse(tmp_path / "w")) == before


def test_a_warehouse_that_is_a_file_cannot_be_written(raw, tmp_path):
    (tmp_path / "w").write_text("a file")
    outcome, _ = run(raw, tmp_path / "w")
    assert outcome.exit_code == 2
    assert "is a file" in outcome.lines[0]


def test_a_second_refresh_meanwhile_is_refused(raw, tmp_path):
    with writing(Warehouse(tmp_path / "w")):
        outcome, _ = run(raw, tmp_path / "w")
    assert outcome.exit_code == 2
    assert "Another refresh" in outcome.lines[0]


def test_a_judgement_holds_over_the_evidence_and_is_the_cause(raw, tmp_path):
    run(raw, tmp_path / "w")
    before = current(tmp_path / "w")
    several = before["papers"].filter(pl.col("record_count") > 1)["paper_id"][0]
    left, right = before["paper_records"].filter(paper_id=several)["record_id"].head(2)
    (raw / "judgements").mkdir()
    (raw / "judgements" / "mine.csv").write_text(
        f"left,right,ruling,who,when,why\n{left},{right},different,me,2026-01-01,I know\n"
    )
    run(raw, tmp_path / "w")
    after = current(tmp_path / "w")
    papers = dict(after["paper_records"].select("record_id", "paper_id").iter_rows())
    assert papers[left] != papers[right]
    assert "judgement" in set(after["matches"]["decided_by"])
    assert set(after["changes"]["cause"]) == {"judgement"}


def test_one_dump_twice_under_two_names_is_superseded(raw, tmp_path):
    page = next((raw / "author-pages").glob("*.txt"))
    shutil.copy(page, page.with_name("zz-again.txt"))
    run(raw, tmp_path / "w")
    dumps = current(tmp_path / "w")["dumps"].filter(source="author-pages").sort("path")
    first, again = dumps.to_dicts()
    assert first["superseded_count"] == 0
    assert (again["record_count"], again["superseded_count"]) == (0, again["read_count"])


def digests(warehouse):
    """Return the digest of every Parquet file but the one with the clock in it."""
    folder = (warehouse / "current").resolve()
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*.parquet")
        if "refreshes" not in file.parts
    }


def test_same_input_same_bytes_whatever_threads_and_hash_seeds(raw, tmp_path):
    for name, threads, seed in (("one", "1", "1"), ("two", "4", "77")):
        subprocess.run(
            [sys.executable, "-m", "flows.cli", "refresh", "--direct", "--raw", str(raw),
             "--warehouse", str(tmp_path / name)],
            check=True,
            env={**os.environ, "POLARS_MAX_THREADS": threads, "PYTHONHASHSEED": seed},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_the_catalog_answers_from_any_folder(raw, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(Path("raw"), Path("w"))
    monkeypatch.chdir("/")
    with duckdb.connect(str(tmp_path / "w" / "bibliography.duckdb"), read_only=True) as connection:
        for name in TABLES:
            connection.execute(f'SELECT count(*) FROM "{name}"')
        joined = connection.execute(
            "SELECT count(*) FROM authors JOIN authorships USING (author_id)"
            " JOIN papers USING (paper_id)"
        ).fetchall()
        plain = connection.execute(
            f"SELECT count(*) FROM read_parquet('{tmp_path}/w/current/papers/**/*.parquet')"
        ).fetchall()
    tables = current(tmp_path / "w")
    assert joined == [(tables["authorships"].height,)]
    assert plain == [(tables["papers"].height,)]


def test_code_version_names_the_package_and_its_code():
    number, digest = code_version().split("+")
    assert number.count(".") == 2
    assert len(digest) == 8


def test_a_pipe_under_raw_is_a_reject_and_does_not_hang(raw, tmp_path):
    os.mkfifo(raw / "author-pages" / "pipe")
    outcome, lines = run(raw, tmp_path / "w")
    assert outcome.is_published
    assert any("author-pages/pipe" in line for line in lines)


def test_a_name_with_a_line_break_is_told_on_one_line(raw, tmp_path):
    (raw / "odd\nname.bin").write_bytes(b"\0")
    _, lines = run(raw, tmp_path / "w")
    assert all("\n" not in line for line in lines)
    assert "odd\nname.bin" in current(tmp_path / "w")["dumps"]["path"].to_list()
