"""Verifying a published release: whatever is changed on the disk is found."""

from __future__ import annotations

import polars as pl
import pytest

from flows.publish import publish_release, verify, writing
from flows.publish.warehouse import WarehouseError, read_tables
from schemas import SCHEMA_VERSION


def test_whole_releases_have_no_problems(two_releases, sample):
    assert verify(two_releases, sample.FIRST) == []
    assert verify(two_releases, sample.SECOND) == []


def test_a_missing_release_is_told(two_releases):
    with pytest.raises(WarehouseError, match="no release '000009-00000000'"):
        verify(two_releases, "000009-00000000")


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", "\x00", '{"tables": 1}'])
def test_a_broken_manifest_is_told(one_release, sample, text):
    (one_release.release_folder(sample.FIRST) / "manifest.json").write_text(text)
    for read in (verify, read_tables):
        with pytest.raises(WarehouseError, match=r"manifest .* cannot be read .*bibmill rollback"):
            read(one_release, sample.FIRST)


def test_a_missing_file_is_told(one_release, sample):
    (one_release.release_folder(sample.FIRST) / "authors/part-0.parquet").unlink()
    assert verify(one_release, sample.FIRST) == ["authors/part-0.parquet: the file is missing."]


def test_a_changed_byte_is_told(one_release, sample):
    file = one_release.release_folder(sample.FIRST) / "authors/part-0.parquet"
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)
    assert verify(one_release, sample.FIRST) == [
        "authors/part-0.parquet: the content is not what was published (size or checksum differs)."
    ]


def test_a_wrong_count_is_told(one_release, sample):
    manifest = one_release.release_folder(sample.FIRST) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"rows": 2,', '"rows": 9,'))
    problems = verify(one_release, sample.FIRST)
    assert "authors/part-0.parquet: it has 2 rows, the manifest says 9." in problems


def test_a_stray_file_is_told(one_release, sample):
    (one_release.release_folder(sample.FIRST) / "authors/part-1.parquet").write_text("")
    assert verify(one_release, sample.FIRST) == [
        "authors/part-1.parquet: the manifest does not list it."
    ]


def test_rows_that_break_the_dictionary_are_told(warehouse, sample, first):
    tables = {
        **first,
        "papers": pl.concat([first["papers"], first["papers"][:1]]),
        "authors": first["authors"].with_columns(orcid=pl.lit("x")),
        "paper_records": first["paper_records"].with_columns(paper_id=pl.lit("P" + "0" * 20)),
    }
    with writing(warehouse):
        publish_release(warehouse, sample.FIRST, tables, {}, None, "1.0")
    problems = verify(warehouse, sample.FIRST)
    assert [problem.split(":")[0] for problem in problems] == [
        "authors",
        "papers",
        "paper_records.paper_id",
    ]


def test_another_dictionary_is_no_damage(one_release, sample):
    manifest = one_release.release_folder(sample.FIRST) / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"relations": {', '"relationships": {'))
    assert verify(one_release, sample.FIRST) == [
        "relations: the release lacks it, or the dictionary does.",
        "relationships: the release lacks it, or the dictionary does.",
    ]
    manifest.write_text(
        manifest.read_text().replace(
            f'"schema_version": "{SCHEMA_VERSION}"', '"schema_version": "0"'
        )
    )
    assert verify(one_release, sample.FIRST) == []
