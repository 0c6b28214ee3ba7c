"""Collect: parts of one record, notices of deletion, deliveries, keys that name one dump alone."""

from __future__ import annotations

import json

import polars as pl
import pytest

from flows.collect import delivery
from tests.flows.test_validate import put, validated

PAPER = {"corpusid": 1, "title": "On Leaves", "authors": [{"authorId": "7", "name": "Jane Doe"}]}
ABSTRACT = {"corpusid": 1, "abstract": "We count leaves."}
SHA = {"sha": "a" * 40, "corpusid": 1, "primary": True}


def lines(*rows) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_several_files_make_one_record(tmp_path) -> None:
    result = validated(
        put(tmp_path / "raw", s2__papers=lines(PAPER), s2__abstracts=lines(ABSTRACT),
            s2__ids=lines(SHA, {**SHA, "sha": "b" * 40, "primary": False})),
        tmp_path / "staging",
    )  # fmt: skip
    [record] = result.records.to_dicts()
    assert (record["title"], record["abstract"]) == ("On Leaves", "We count leaves.")
    assert {each["value"] for each in record["identifiers"]} == {"1", "a" * 40, "b" * 40}
    paths = dict(result.dumps.select("dump_id", "path").rows())
    traced = {
        paths[part["dump_id"]].removeprefix("s2/"): set(part["columns"]) for part in record["parts"]
    }
    assert "title" in traced["papers"]
    assert "abstract" in traced["abstracts"]
    assert "abstract" not in traced["papers"]
    assert paths[record["dump_id"]] == "s2/papers"
    counts = {row["path"]: row for row in result.dumps.to_dicts()}
    assert counts["s2/abstracts"]["superseded_count"] == 1
    assert counts["s2/abstracts"]["part_count"] == 1
    assert counts["s2/ids"]["part_count"] == 2
    assert counts["s2/papers"]["record_count"] == 1


def test_a_part_alone_is_a_record_if_it_says_enough(tmp_path) -> None:
    result = validated(
        put(tmp_path / "raw", s2__abstracts=lines(ABSTRACT), s2__ids=lines({**SHA, "corpusid": 2})),
        tmp_path / "staging",
    )
    assert result.records["source_key"].to_list() == ["1"]
    [reject] = result.rejects.to_dicts()
    assert reject["check"] == "title_or_abstract"
    assert reject["stage"] == "validate"


def test_a_newer_part_replaces_an_older_one_alone(tmp_path) -> None:
    newer = {**ABSTRACT, "abstract": "We count all leaves.", "updated": "2024-05-01T00:00:00.000Z"}
    older = {**ABSTRACT, "updated": "2022-05-01T00:00:00.000Z"}
    result = validated(
        put(tmp_path / "raw", s2__a=lines(newer), s2__b=lines(older), s2__papers=lines(PAPER)),
        tmp_path / "staging",
    )
    assert result.records["abstract"].to_list() == ["We count all leaves."]
    assert result.records["title"].to_list() == ["On Leaves"]


def test_people_are_records_of_their_own(tmp_path) -> None:
    person = {"authorid": "1", "name": "Jane Doe", "aliases": ["J. Doe"], "hindex": 3}
    result = validated(
        put(tmp_path / "raw", s2__papers=lines(PAPER), s2__authors=lines(person)),
        tmp_path / "staging",
    )
    [author] = result.author_records.to_dicts()
    assert (author["name"], author["aliases"]) == ("Jane Doe", ["J. Doe"])
    assert author["record_id"] != result.records["record_id"][0]
    assert author["metrics"] == [{"metric": "h_index", "value": 3.0}]


ENTRY = "@misc{{{key}, title = {{{title}}}}}\n"


def test_citation_keys_name_an_entry_in_their_dump_alone(tmp_path) -> None:
    one = ENTRY.format(key="doe", title="On Leaves") + ENTRY.format(key="roe", title="On Rivers")
    two = ENTRY.format(key="doe", title="On Stones") + ENTRY.format(key="roe", title="On rivers!")
    result = validated(put(tmp_path / "raw", b__one=one, b__two=two), tmp_path / "staging")
    assert sorted(result.records["title"]) == ["On Leaves", "On Rivers", "On Stones"]
    keys = dict(result.records.select("title", "source_key").rows())
    assert keys["On Leaves"].startswith("doe~")
    assert keys["On Stones"].startswith("doe~")
    assert keys["On Rivers"].startswith("roe~")
    assert result.dumps["superseded_count"].sum() == 1


def test_a_key_used_again_takes_nobodys_id(tmp_path) -> None:
    two = ENTRY.format(key="doe", title="On Stones")
    before = validated(put(tmp_path / "raw", b__two=two), tmp_path / "staging")
    one = ENTRY.format(key="doe", title="On Leaves")
    after = validated(put(tmp_path / "raw", b__one=one), tmp_path / "staging")
    ids = dict(after.records.select("title", "record_id").rows())
    assert before.records["record_id"].to_list() == [ids["On Stones"]]


def test_one_key_twice_in_a_dump_loses_nothing(tmp_path) -> None:
    dump = ENTRY.format(key="doe", title="On Leaves") + ENTRY.format(key="doe", title="On Stones")
    result = validated(put(tmp_path / "raw", b__one=dump), tmp_path / "staging")
    assert sorted(result.records["title"]) == ["On Leaves", "On Stones"]
    assert result.records["source_key"].n_unique() == 2


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("arxiv/2026-10.json", "arxiv", "arxiv/2026-10.json"),
        ("s2/papers.jsonl", "semantic_scholar", ""),
        ("s2/2026-10-27/papers/part-1.jsonl", "semantic_scholar", "2026-10-27"),
        ("openalex/data/works/updated_date=2026-01-01/part_000.gz", "openalex", ""),
        ("openalex/2026-10/works/updated_date=2026-01-01/part_000.gz", "openalex", "2026-10"),
        ("pages/a.txt", None, "pages/a.txt"),
    ],
)
def test_what_is_delivered_together(path, name, expected) -> None:
    assert delivery(path, name) == expected


def test_a_snapshot_of_many_files_is_replaced_as_a_whole(tmp_path) -> None:
    toml = 'mode = "snapshot"\n'
    other = {"corpusid": 2, "title": "On Rivers"}
    raw = put(
        tmp_path / "raw", s2__2026_09__papers=lines(PAPER, other), s2__2026_10__papers=lines(PAPER)
    )
    (raw / "s2" / "source.toml").write_text(toml)
    result = validated(raw, tmp_path / "staging")
    assert result.records["source_key"].to_list() == ["1"]
    counted = dict(result.dumps.select("path", "superseded_count").rows())
    assert counted == {"s2/2026_09/papers": 2, "s2/2026_10/papers": 0}


HARVEST = """<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
<responseDate>{day}T10:00:00Z</responseDate><ListRecords>{records}</ListRecords></OAI-PMH>"""
KEPT = """<record><header><identifier>oai:x:1</identifier><datestamp>{day}</datestamp></header>
<metadata><oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>On Leaves</dc:title></oai_dc:dc></metadata>
</record>"""
GONE = """<record><header status="deleted"><identifier>oai:x:1</identifier>
<datestamp>{day}</datestamp></header></record>"""


@pytest.mark.parametrize(
    ("mode", "days", "left"),
    [
        ("snapshot", ("2026-01-01", "2026-02-01"), 0),
        ("snapshot", ("2026-03-01", "2026-02-01"), 1),
        ("append", ("2026-01-01", "2026-02-01"), 1),
    ],
)
def test_a_notice_of_deletion_counts_in_snapshots(tmp_path, mode, days, left) -> None:
    kept, gone = days
    raw = put(
        tmp_path / "raw",
        oai__a=HARVEST.format(day="2026-04-01", records=KEPT.format(day=kept)),
        oai__b=HARVEST.format(day="2026-04-01", records=GONE.format(day=gone)),
    )
    (raw / "oai" / "source.toml").write_text(f'mode = "{mode}"\n')
    result = validated(raw, tmp_path / "staging")
    assert result.records.height == left
    deletions = dict(result.dumps.select("path", "deletion_count").rows())
    assert deletions == {"oai/a": 0, "oai/b": 1}
    assert result.dumps.filter(pl.col("path") == "oai/b")["superseded_count"].item() == 1
