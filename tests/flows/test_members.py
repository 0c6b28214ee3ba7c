"""Members: archives read as dumps, cut ones up to the cut, refused ones as a whole."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import polars as pl
import pytest

from tests.flows.test_archives import tarred, zipped
from tests.flows.test_validate import put, validated

ROWS = [{"corpusid": number, "title": f"Paper number {number}"} for number in range(1, 401)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
PAGE = b"Abstract:One is odd.\n\nAbstract:Two is even.\n"


def read(tmp_path: Path, name: str, content: bytes, toml: str = ""):
    raw = put(tmp_path / "raw", **{f"src__{name}": content})
    if toml:
        (raw / "src" / "source.toml").write_text(toml)
    return validated(raw, tmp_path / "staging")


def test_a_compressed_dump_is_read_like_a_plain_one(tmp_path) -> None:
    plain = read(tmp_path / "a", "dump", LINES)
    packed = read(tmp_path / "b", "dump", gzip.compress(LINES))
    apart = ["dump_id"]
    assert packed.records.drop(apart).equals(plain.records.drop(apart))
    assert packed.dumps["format"].to_list() == ["semantic_scholar"]


def test_members_of_an_archive_are_counted_through_and_named(tmp_path) -> None:
    packed = zipped({"a.jsonl": LINES, "deep/b.txt": PAGE, "notes.bin": b"\1\2 nothing"})
    result = read(tmp_path, "all.zip", packed)
    [dump] = result.dumps.to_dicts()
    assert dump["format"] == "abstract_list, semantic_scholar"
    assert (dump["read_count"], dump["record_count"], dump["reject_count"]) == (403, 402, 1)
    places = result.records.sort("ordinal").select("ordinal", "member", "line_start").rows()
    assert places[0] == (1, "a.jsonl", 1)
    assert places[-2:] == [(401, "deep/b.txt", 1), (402, "deep/b.txt", 3)]
    [reject] = result.rejects.to_dicts()
    assert (reject["ordinal"], reject["member"]) == (403, "notes.bin")
    assert reject["check"] == "known_format"


@pytest.mark.parametrize("share", [0.3, 0.77])
def test_a_cut_dump_yields_what_stands_before_the_cut_and_one_reject(tmp_path, share) -> None:
    packed = gzip.compress(LINES)
    result = read(tmp_path, "dump.gz", packed[: int(len(packed) * share)])
    titles = result.records.sort("ordinal")["title"].to_list()
    assert titles == [row["title"] for row in ROWS[: len(titles)]]
    assert len(titles) > 20
    [reject] = result.rejects.to_dicts()
    assert reject["check"] == "complete_dump"
    assert reject["ordinal"] == len(titles) + 1
    assert "cut" in reject["message"]


def test_a_page_cut_in_a_line_loses_that_entry_alone(tmp_path) -> None:
    page = b"".join(b"Abstract:Abstract number %d, %x.\n" % (n, n**9) for n in range(4000))
    packed = gzip.compress(page)
    result = read(tmp_path, "page.gz", packed[: len(packed) // 2])
    whole = set(page.decode().replace("Abstract:", "").splitlines())
    assert set(result.records["abstract"]) <= whole
    assert result.records.height > 1000
    assert result.rejects["check"].to_list() == ["complete_dump"]


def test_a_bomb_is_refused_as_a_whole(tmp_path) -> None:
    packed = gzip.compress(PAGE + b" " * 80_000_000)
    result = read(tmp_path, "bomb.gz", packed)
    assert result.records.is_empty()
    [reject] = result.rejects.to_dicts()
    assert reject["ordinal"] is None
    assert "do harm" in reject["message"]


def test_a_path_that_leads_out_is_one_reject(tmp_path) -> None:
    result = read(tmp_path, "x.tar", tarred({"../up.txt": PAGE, "fine.txt": PAGE}))
    assert result.records["member"].to_list() == ["fine.txt"] * 2
    assert result.rejects.select("member", "check").rows() == [("../up.txt", "readable_member")]


def test_an_archive_without_files_is_unreadable(tmp_path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w"):
        pass
    result = read(tmp_path, "empty.zip", out.getvalue())
    assert result.rejects["check"].to_list() == ["readable_dump"]


def test_one_name_twice_in_an_archive_is_two_members(tmp_path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for content in (PAGE, b"Abstract:Three is odd.\n"):
            entry = tarfile.TarInfo("same.txt")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    result = read(tmp_path, "x.tar", out.getvalue())
    assert result.records.sort("ordinal")["ordinal"].to_list() == [1, 2, 3]
    assert result.rejects.is_empty()
    assert result.records.select(pl.col("member").n_unique()).item() == 1


def test_what_cannot_be_read_in_an_archive_costs_the_others_nothing(tmp_path) -> None:
    xml = (
        b'<!DOCTYPE dblp [<!ENTITY x "y">]>'
        b'<dblp><article key="a"><title>&x;</title></article></dblp>'
    )
    result = read(tmp_path, "x.zip", zipped({"bad.xml": xml, "fine.txt": PAGE}))
    assert result.records["member"].to_list() == ["fine.txt"] * 2
    [reject] = result.rejects.to_dicts()
    assert (reject["member"], reject["check"]) == ("bad.xml", "readable_member")
    assert "entities of its own" in reject["message"]


def test_citation_keys_stay_local_beside_another_format(tmp_path) -> None:
    bib = b"@misc{a, title={One}}\n@misc{a, title={Two}}\n"
    result = read(tmp_path, "x.zip", zipped({"a.bib": bib, "b.txt": PAGE}))
    assert result.records.height == 4


def test_what_stands_behind_compressed_content_costs_no_entry(tmp_path) -> None:
    result = read(tmp_path, "page.gz", gzip.compress(PAGE.rstrip()) + b"rubbish")
    assert result.records.height == 2
    assert result.rejects.select("ordinal", "check").rows() == [(3, "complete_dump")]


def test_a_cut_before_anything_could_be_known_is_told_as_a_cut(tmp_path) -> None:
    packed = gzip.compress(PAGE)
    [whole] = read(tmp_path / "a", "page.gz", packed[:14]).rejects.to_dicts()
    assert (whole["check"], "is cut" in whole["message"]) == ("readable_dump", True)
    files = {"fine.txt": PAGE, "cut.gz": packed[:14]}
    [reject] = read(tmp_path / "b", "all.tar", tarred(files)).rejects.to_dicts()
    assert (reject["member"], reject["check"]) == ("cut.gz", "complete_dump")


def test_a_damaged_archive_tells_of_it_once_and_keeps_the_other_members(tmp_path) -> None:
    packed = bytearray(tarred({"a.txt": PAGE, "b.txt": PAGE, "c.txt": b"Abstract:Three.\n"}))
    packed[1024 + 3] ^= 1
    result = read(tmp_path, "all.tar", bytes(packed))
    assert result.records.sort("ordinal")["member"].to_list() == ["a.txt"] * 2 + ["c.txt"]
    assert result.rejects.select("ordinal", "member", "check").rows() == [
        (3, "(damaged)", "readable_member")
    ]


def test_an_archive_of_nothing_that_can_be_read_replaces_no_delivery(tmp_path) -> None:
    result = read(tmp_path, "all.zip", zipped({"a.bin": b"\1\2 nothing"}))
    assert result.dumps["format"].to_list() == [None]


def test_small_members_are_staged_together(tmp_path, monkeypatch) -> None:
    files = {f"{n:04d}.txt": b"Abstract:Number %d is odd.\nAbstract:\n" % n for n in range(40)}
    files["0007.txt"] = b"\1\2 nothing"
    together = read(tmp_path / "a", "all.zip", zipped(files))
    [entries] = (tmp_path / "a" / "staging").glob("*/entries")
    assert len(list(entries.iterdir())) == 1
    monkeypatch.setattr("flows.extract.BATCHES_TOGETHER", 3)
    apart = read(tmp_path / "b", "all.zip", zipped(files))
    [entries] = (tmp_path / "b" / "staging").glob("*/entries")
    assert len(list(entries.iterdir())) > 10
    for name, frame in vars(together).items():
        assert frame.equals(vars(apart)[name]), name
    places = together.records.sort("ordinal").select("ordinal", "member").rows()
    assert places[:2] == [(1, "0000.txt"), (3, "0001.txt")]
    assert together.rejects.sort("ordinal")["ordinal"].to_list()[:10] == [
        2, 4, 6, 8, 10, 12, 14, 15, 17, 19
    ]  # fmt: skip
