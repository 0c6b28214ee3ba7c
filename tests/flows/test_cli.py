"""The command as a user types it: what it prints and how it exits."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from flows.cli import FIRST_QUERY, app

SAMPLES = Path(__file__).parents[2] / "raw"
RUNNER = CliRunner()


def bibmill(*arguments, text=None):
    return RUNNER.invoke(app, [str(argument) for argument in arguments], input=text)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the samples and two releases of them."""
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(SAMPLES, folder / "raw")
    late = folder / "raw" / "abstract-lists"
    shutil.move(late, folder / "late")
    options = ["--raw", folder / "raw", "--warehouse", folder / "w"]
    assert bibmill("refresh", "--direct", *options).exit_code == 0
    shutil.move(folder / "late", late)
    assert bibmill("refresh", "--direct", *options).exit_code == 0
    return folder


def ids(place, query):
    result = bibmill("sql", query, "--warehouse", place / "w")
    assert result.exit_code == 0
    return re.findall(r"\b[PRAO][0-9a-f]{20}\b", result.output)


def test_refresh_ends_with_what_to_try_next_and_that_works(place, tmp_path):
    result = bibmill("refresh", "--direct", "--raw", place / "raw", "--warehouse", tmp_path / "w")
    assert result.exit_code == 0
    assert "Published release 000001-" in result.output
    assert FIRST_QUERY in result.output
    assert "record_count" in bibmill("sql", FIRST_QUERY, "--warehouse", tmp_path / "w").output


def test_a_mistake_is_told_before_prefect_starts(tmp_path):
    command = [sys.executable, "-X", "importtime", "-m", "flows.cli", "refresh", "--raw", "absent"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "There is no folder 'absent'" in run.stderr
    imported = re.findall(r"\| +([\w.]+)$", run.stderr, re.MULTILINE)
    assert "polars" in imported
    assert "prefect" not in imported


def test_refresh_without_raw_is_one_line_and_exit_code_2(tmp_path):
    result = bibmill("refresh", "--direct", "--raw", tmp_path / "no", "--warehouse", tmp_path / "w")
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "--raw" in result.output


@pytest.mark.parametrize(
    "command",
    ["status", "sql", "explain P0", "verify", "releases", "diff a b", "rollback x",
     "prune --keep 1", "repoint", "review"],
)  # fmt: skip
def test_without_a_release_commands_say_what_to_do(tmp_path, command):
    result = bibmill(*command.split(), "--warehouse", tmp_path)
    assert result.exit_code == 2
    assert "bibmill refresh" in result.output


def test_status_tells_counts_checks_and_refreshes(place):
    output = bibmill("status", "--warehouse", place / "w").output
    assert re.search(r"release 000002-[0-9a-f]{8}", output)
    assert re.search(r"papers +\d+", output)
    assert re.search(r"checks: \d+ of \d+ passed", output)
    assert re.search(r"000001-[0-9a-f]{8}", output)


def test_formats_shows_an_example_of_each():
    output = bibmill("formats").output
    for name in ("author_listing", "author_page", "abstract_list", "daily_papers"):
        assert name in output
    assert "Abstract:" in output


def test_inspect_reads_one_dump_and_says_when_it_cannot(place, tmp_path):
    sample = next((place / "raw" / "author-pages").glob("*.txt")).read_text(encoding="utf-8")
    page = tmp_path / "page.txt"
    page.write_text(sample.replace("7 Papers", "9 Papers"), encoding="utf-8")
    result = bibmill("inspect", page, "--records", 1)
    assert result.exit_code == 0
    assert "author_page" in result.output
    assert "the page itself states 9 entries" in result.output
    assert "more records" in result.output
    (tmp_path / "empty").write_bytes(b"")
    refused = bibmill("inspect", tmp_path / "empty")
    assert refused.exit_code == 2
    assert "empty" in refused.output
    assert bibmill("inspect", tmp_path / "absent").exit_code == 2


def test_sql_errors_are_one_message(place):
    result = bibmill("sql", "SELECT nonsense FROM papers", "--warehouse", place / "w")
    assert result.exit_code == 2
    assert "nonsense" in result.output
    assert "Traceback" not in result.output


def test_sql_prompt_answers_until_an_empty_line(place):
    result = bibmill("sql", "--warehouse", place / "w", text="SELECT 41 + 1 AS x\nSELEC\n\n")
    assert result.exit_code == 0
    assert "42" in result.output
    assert "syntax error" in result.output


def test_explain_a_paper_names_records_places_and_provenance(place):
    several = ids(place, "SELECT paper_id FROM papers ORDER BY record_count DESC LIMIT 1")[0]
    output = bibmill("explain", several, "--warehouse", place / "w").output
    assert "why they are one" in output
    assert re.search(r"raw|author|\.txt:\d+-\d+", output)
    assert "where its values come from" in output
    shortened = bibmill("explain", several[:10], "--warehouse", place / "w")
    assert shortened.output == output


def test_explain_a_pair_that_was_not_merged(place):
    one, other = ids(place, "SELECT paper_id FROM papers ORDER BY paper_id LIMIT 2")
    output = bibmill("explain", one, other, "--warehouse", place / "w").output
    assert "are two papers" in output


def test_explain_two_papers_that_never_met_names_the_keys(place):
    pairs = """SELECT a.paper_id, b.paper_id FROM papers a, papers b WHERE a.paper_id < b.paper_id
        AND NOT EXISTS (FROM matches JOIN paper_records l ON l.record_id = record_id_left
            JOIN paper_records r ON r.record_id = record_id_right
            WHERE l.paper_id IN (a.paper_id, b.paper_id) AND r.paper_id IN (a.paper_id, b.paper_id)
                AND l.paper_id <> r.paper_id) LIMIT 1"""
    one, other = ids(place, pairs)[:2]
    result = bibmill("explain", one, other, "--warehouse", place / "w")
    assert result.exit_code == 0
    assert "are two papers" in result.output
    assert re.search(r"never met: they have no blocking key|share a blocking key \(", result.output)


def test_explain_a_record_and_its_paper(place):
    record = ids(place, "SELECT record_id FROM records ORDER BY record_id LIMIT 1")[0]
    assert "source" in bibmill("explain", record, "--warehouse", place / "w").output


def test_explain_an_author_lists_names_and_papers(place):
    author = ids(place, "SELECT author_id FROM authors ORDER BY paper_count DESC, name LIMIT 1")
    output = bibmill("explain", author[0], "--warehouse", place / "w").output
    assert "printed as" in output
    assert "papers:" in output


def test_explain_an_organization(place):
    organization = ids(place, "SELECT organization_id FROM organizations ORDER BY name LIMIT 1")[0]
    assert "printed as" in bibmill("explain", organization, "--warehouse", place / "w").output


def test_explain_an_unknown_id(place):
    result = bibmill("explain", "P" + "0" * 20, "--warehouse", place / "w")
    assert result.exit_code == 2
    assert "no paper, record, author or organization" in result.output


def test_judge_writes_a_ruling_that_the_next_refresh_applies(place, tmp_path):
    raw = shutil.copytree(place / "raw", tmp_path / "raw")
    warehouse = tmp_path / "w"
    bibmill("refresh", "--direct", "--raw", raw, "--warehouse", warehouse)
    left, right = ids(
        tmp_path,
        "SELECT record_id FROM paper_records WHERE paper_id IN (SELECT paper_id FROM papers WHERE"
        " record_count > 1) ORDER BY paper_id, record_id LIMIT 2",
    )
    options = ["--raw", raw, "--warehouse", warehouse]
    ruled = bibmill("judge", left[:12], right, "different", "--why", "I know", *options)
    assert ruled.exit_code == 0
    assert left in (raw / "judgements" / "judgements.csv").read_text()
    bibmill("refresh", "--direct", *options)
    assert "two papers" in bibmill("explain", left, right, "--warehouse", warehouse).output


def test_releases_diff_verify_rollback_prune_repoint(place, tmp_path):
    warehouse = shutil.copytree(place / "w", tmp_path / "moved", symlinks=True)
    options = ["--warehouse", warehouse]
    assert bibmill("repoint", *options).exit_code == 0
    older, newer = re.findall(r"\d{6}-[0-9a-f]{8}", bibmill("releases", *options).output)
    assert f"* {newer}" in bibmill("releases", *options).output
    changed = bibmill("diff", older, newer, *options)
    assert "added     paper" in changed.output
    assert f"Release {newer} is whole." in bibmill("verify", *options).output
    assert bibmill("rollback", older, *options).exit_code == 0
    assert f"* {older}" in bibmill("releases", *options).output
    assert "Nothing to remove" in bibmill("prune", "--keep", 1, *options).output
    assert bibmill("rollback", newer, *options).exit_code == 0
    assert f"Removed {older}" in bibmill("prune", "--keep", 1, *options).output
    damaged = next((warehouse / "releases" / newer / "papers").rglob("*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    broken = bibmill("verify", *options)
    assert broken.exit_code == 1
    assert "papers" in broken.output


def test_an_unknown_release_is_one_line(place):
    result = bibmill("rollback", "000009-00000000", "--warehouse", place / "w")
    assert result.exit_code == 2
    assert "000009-00000000" in result.output
    assert "Traceback" not in result.output


def test_help_of_every_command_has_an_example():
    names = get_command(app).commands
    assert {"refresh", "judge", "rollback"} <= set(names)
    for name in names:
        output = bibmill(name, "--help").output
        assert "Example" in output, name
        assert f"bibmill {name}" in output, name


def copied(place, tmp_path):
    """A warehouse and raw folder of one's own to damage."""
    shutil.copytree(place / "raw", tmp_path / "raw")
    warehouse = shutil.copytree(place / "w", tmp_path / "w", symlinks=True)
    return warehouse, ["--raw", tmp_path / "raw", "--warehouse", warehouse]


def one_line(result, *told):
    assert result.exit_code == 2, result.output
    assert result.output.count("\n") == 1, result.output
    for words in told:
        assert words in result.output


def test_judge_takes_two_different_records_or_papers_and_a_reason(place, tmp_path):
    warehouse, options = copied(place, tmp_path)
    paper, record, other, organization = (
        ids(place, query)[0]
        for query in (
            "SELECT paper_id FROM paper_records WHERE matched_by = 'founder' ORDER BY 1 LIMIT 1",
            "SELECT record_id FROM paper_records WHERE matched_by = 'founder' ORDER BY paper_id"
            " LIMIT 1",
            "SELECT paper_id FROM papers ORDER BY paper_id DESC LIMIT 1",
            "SELECT organization_id FROM organizations LIMIT 1",
        )
    )
    why = ["--why", "so", *options]
    one_line(bibmill("judge", record, record, "same", *why), "two different ones")
    one_line(bibmill("judge", paper, record, "same", *why), "two different ones")
    one_line(bibmill("judge", paper, organization, "same", *why), "no paper and no record")
    one_line(bibmill("judge", paper, other, "same", "--why", " ", *options), "--why")
    wrong = ["--why", "so", "--warehouse", warehouse, "--raw", tmp_path / "no"]
    one_line(bibmill("judge", paper, other, "same", *wrong), "--raw")
    assert not (tmp_path / "no").exists()
    assert not (tmp_path / "raw" / "judgements").exists()
    ruled = bibmill("judge", paper, other, "same", *why)
    assert ruled.exit_code == 0
    assert f"{paper} stands for {record}" in ruled.output
    rulings = (tmp_path / "raw" / "judgements" / "judgements.csv").read_text()
    assert record in rulings
    assert paper not in rulings


def test_the_end_of_input_stops_with_one_line(place, tmp_path, monkeypatch):
    import flows.review

    _, options = copied(place, tmp_path)
    pair = flows.review.Pair("R1", "R2", 0.5, "unsure")
    monkeypatch.setattr(flows.review, "uncertain_pairs", lambda *_: [pair])
    monkeypatch.setattr(flows.review, "side_by_side", lambda *_: ["R1 R2"])
    result = bibmill("review", *options, text="")
    assert result.exit_code == 130
    assert "\nStopped; the current release stays as it was.\n" in result.output
    assert "Aborted" not in result.output


def test_an_interrupt_is_one_line_and_exit_code_130(place, monkeypatch):
    import flows.status

    def interrupted(_connection):
        raise KeyboardInterrupt

    monkeypatch.setattr(flows.status, "status_lines", interrupted)
    result = bibmill("status", "--warehouse", place / "w")
    assert result.exit_code == 130
    assert result.output.strip() == "Stopped; the current release stays as it was."


def test_usage_errors_are_exit_code_2():
    assert bibmill("explain").exit_code == 2
    assert bibmill("nonsense").exit_code == 2


def test_a_damaged_catalog_is_one_line_and_repoint_mends_it(place, tmp_path):
    warehouse, _ = copied(place, tmp_path)
    (warehouse / "bibliography.duckdb").write_bytes(b"no database" * 1000)
    at = ["--warehouse", warehouse]
    for command in (["status"], ["sql", "SELECT 1"], ["explain", "P1"], ["review"]):
        one_line(bibmill(*command, *at), "bibmill repoint", "bibmill verify")
    assert bibmill("repoint", *at).exit_code == 0
    assert bibmill("status", *at).exit_code == 0


def test_a_damaged_manifest_is_one_line(place, tmp_path):
    warehouse, options = copied(place, tmp_path)
    (warehouse / "current" / "manifest.json").write_text("{")
    for command in ("releases", "verify"):
        one_line(bibmill(command, "--warehouse", warehouse), "manifest", "bibmill rollback")
    one_line(bibmill("refresh", "--direct", *options), "manifest", "bibmill rollback")


def test_without_the_current_link_history_does_not_begin_anew(place, tmp_path):
    warehouse, options = copied(place, tmp_path)
    newest = (warehouse / "current").readlink().name
    (warehouse / "current").unlink()
    one_line(bibmill("verify", "--warehouse", warehouse), "bibmill rollback ID", newest)
    one_line(bibmill("refresh", "--direct", *options), "bibmill rollback ID", newest)
    assert bibmill("rollback", newest, "--warehouse", warehouse).exit_code == 0
    assert bibmill("verify", "--warehouse", warehouse).exit_code == 0


def test_verify_an_unknown_release_is_one_line(place):
    one_line(bibmill("verify", "zzz", "--warehouse", place / "w"), "no release 'zzz'")


def test_a_file_as_warehouse_is_said_to_be_one(place, tmp_path):
    (tmp_path / "w").write_text("")
    options = ["--warehouse", tmp_path / "w"]
    one_line(bibmill("status", *options), "is a file")
    one_line(bibmill("refresh", "--direct", "--raw", place / "raw", *options), "is a file")
