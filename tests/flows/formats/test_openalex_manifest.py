"""OpenAlex manifest: no entries, and how many there should be."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given

from flows.formats import UnknownFormatError, openalex_manifest
from tests.dumps import SAMPLES, damaged, read_dump
from tests.pages import FEW

SAMPLE = SAMPLES / "openalex/data/works/manifest"


def manifest(*counts: Any, **meta: Any) -> str:
    """A manifest of files with these numbers of records."""
    entries = [
        {"url": f"s3://openalex/data/works/part_{number}.gz", "meta": {"record_count": count}}
        for number, count in enumerate(counts)
    ]
    return json.dumps({"entries": entries, **({"meta": meta} if meta else {})}, indent=2)


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    golden("openalex_manifest", {**dump.golden(), "stated_count": dump.reading.stated_count})


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        (manifest(3, 4, record_count=7), 7),
        (manifest(3, 4), 7),
        (manifest(3, None), None),
        (manifest(3, "4"), None),
        (manifest(record_count=-1), None),
        (manifest(3, record_count=True), 3),
        ('{"entries": []}', None),
    ],
)
def test_the_stated_count_is_that_of_the_whole_else_the_sum(text, stated) -> None:
    dump = read_dump(text)
    assert dump.format == "openalex_manifest"
    assert dump.reading.stated_count == stated
    assert dump.entries.is_empty()
    assert dump.rejects.is_empty()


def test_a_newer_manifest_lists_files_behind_what_they_are() -> None:
    files = [
        {"url": f"s3://openalex/data/jsonl/works/part_{number}.gz", "meta": {"record_count": 2}}
        for number in range(3)
    ]
    about = {"date": "2026-01-02", "format": "jsonl", "entity": "works", "content_length": 9}
    for sums, stated in (({"record_count": 6}, 6), ({}, 6), ({"record_count": 7}, 7)):
        dump = read_dump(json.dumps({**about, **sums, "files": files}))
        assert (dump.format, dump.reading.stated_count) == ("openalex_manifest", stated)
        dump.assert_accounted()


def test_a_cut_manifest_is_a_reject() -> None:
    dump = read_dump(manifest(3, 4, record_count=7)[:-20])
    dump.assert_accounted()
    assert dump.rejects["check"].to_list() == ["valid_json"]
    assert dump.reading.stated_count is None


def test_other_json_is_not_taken_for_a_manifest() -> None:
    for other in (
        {"entries": [{"title": "A"}]},
        {"entries": {}},
        {"items": []},
        {"files": []},
        {"date": "2026-01-02", "files": [{"url": "https://example.org/a", "meta": {}}]},
        [],
    ):
        assert openalex_manifest.sniff(json.dumps(other)) == 0.0


@FEW
@given(content=damaged(SAMPLE.read_bytes()))
def test_a_damaged_manifest_is_accounted_for(content) -> None:
    with suppress(UnknownFormatError):
        read_dump(content, stated_format="openalex_manifest").assert_accounted()
