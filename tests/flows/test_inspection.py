"""Inspect: what is shown of a dump, and one line that says what to do where nothing can be."""

from __future__ import annotations

import os

import pytest

from flows.inspection import inspect_dump
from tests.pages import SAMPLES


def test_a_dump_is_counted_and_its_first_records_shown() -> None:
    seen = inspect_dump(SAMPLES / "author-listings/number-theory-and-learning.txt", 2)
    assert seen.is_readable
    assert "8 entries read = 8 records + 0 superseded + 0 rejects" in seen.lines[0]
    assert any("Attention Is All You Need" in line for line in seen.lines)
    assert seen.lines[-1] == "  … and 6 more records"


def test_rejects_are_shown_with_their_place(tmp_path) -> None:
    (tmp_path / "x.txt").write_text("Abstract:One.\nAbstract:\n")
    seen = inspect_dump(tmp_path / "x.txt", 0)
    assert seen.lines[-1].startswith("  reject  [2-2] title_or_abstract: ")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("folder", "It is a folder: name the dumps in it"),
        ("nope.txt", "(No such file or directory): check its name"),
        ("pipe", "no regular file"),
        ("new\nline", "The file is empty"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_says_what_to_do(tmp_path, name, says) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "new\nline").touch()
    seen = inspect_dump(tmp_path / name, 5)
    assert not seen.is_readable
    [line] = seen.lines
    assert says in line
    assert "\n" not in line


def test_a_wrong_source_toml_is_one_line(tmp_path) -> None:
    (tmp_path / "source.toml").write_text("format = 'nope'")
    (tmp_path / "x.txt").write_text("Abstract:One.")
    seen = inspect_dump(tmp_path / "x.txt", 5)
    assert not seen.is_readable
    assert "format must be one that bibmill reads" in seen.lines[0]
