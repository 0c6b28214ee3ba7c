"""Extract: bad dumps and what becomes of them, dumps that change, keys, memory, chunks."""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.extract import DumpChangedError, extract_dump, staged
from flows.formats import UnknownFormatError, _page, recognise
from flows.sources import FoundDump, Source
from tests.pages import SAMPLES, read_page, read_path

SAMPLE_FILES = sorted(SAMPLES.glob("*/*.txt"))
LISTING = SAMPLES / "author-listings/number-theory-and-learning.txt"
PAPERS = SAMPLES / "paper-listings/2018-11-02.txt"


def extract(path: Path, staging: Path, **source):
    dump = FoundDump(path, f"a/{path.name}", Source("a", **source))
    return extract_dump(dump, staging)


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("sample", SAMPLE_FILES, ids=lambda path: path.parent.name)
def test_a_dump_is_staged_with_a_balanced_account(sample, tmp_path) -> None:
    extracted = extract(sample, tmp_path)
    entries, rejects = (staged(extracted, name).collect() for name in ("entries", "rejects"))
    assert extracted.unreadable is None
    assert extracted.bytes == sample.stat().st_size
    assert extracted.read_count == entries.height + rejects.height == entries.height
    assert extracted.line_count == len(sample.read_text().splitlines())
    assert extracted.line_count == (
        extracted.entry_line_count + extracted.furniture_line_count + extracted.blank_line_count
    )
    assert entries["source_key"].n_unique() == entries.height


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n\r\n\t", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is binary"),
        (bytes(range(256)) * 9, "is binary"),
        ("Abstract:Sehr schön.".encode("utf-16"), "is UTF-16"),
        ("Abstract:Sehr schön.".encode("utf-16-le"), "is binary"),
        (b"Dear Sir,\n\nthank you for your letter.\n", "No reader recognises"),
        (b"\xff\xfe\xfd\xfc" * 9, "is UTF-16"),
        (b"\x80" * 99, "No reader recognises"),
    ],
)
def test_what_no_reader_knows_is_unreadable_and_says_why(content, reason, tmp_path) -> None:
    extracted = extract(put(tmp_path / "x", content), tmp_path / "staging")
    assert reason in str(extracted.unreadable)
    assert str(extracted.unreadable).endswith(".")
    assert extracted.read_count == 0
    assert staged(extracted, "entries").collect().is_empty()


def test_a_stated_format_rules_but_makes_no_text_of_what_is_none(tmp_path) -> None:
    path = put(tmp_path / "x", b"tail.\nno label\nAbstract:One.")
    with pytest.raises(UnknownFormatError):
        recognise(path.read_bytes())
    assert extract(path, tmp_path / "s", format="abstract_list").read_count == 2
    for content, reason in (
        (b"\n", "is empty"),
        (b"Abstract:\0\0\0", "is binary"),
        ("Abstract:One.".encode("utf-16"), "is UTF-16"),
    ):
        path = put(tmp_path / "y", content)
        assert reason in str(extract(path, tmp_path / "s", format="abstract_list").unreadable)


def test_what_is_no_file_is_unreadable(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    (tmp_path / "device").symlink_to("/dev/zero")
    for name in ("pipe", "socket", "device"):
        assert "no regular file" in str(extract(tmp_path / name, tmp_path / "s").unreadable)
    (tmp_path / "folder").mkdir()
    assert "a folder" in str(extract(tmp_path / "folder", tmp_path / "s").unreadable)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("dangling", "loop"):
        with pytest.raises(OSError, match=name):
            extract(tmp_path / name, tmp_path / "s")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission_cannot_be_read(tmp_path) -> None:
    path = put(tmp_path / "x", b"Abstract:One.")
    path.chmod(0)
    with pytest.raises(PermissionError):
        extract(path, tmp_path / "s")


def test_bytes_that_are_not_utf_8_cost_their_entry_alone(tmp_path) -> None:
    content = LISTING.read_bytes().replace("Szemerédi".encode(), "Szemerédi".encode("latin-1"))
    extracted = extract(put(tmp_path / "x", content), tmp_path / "s")
    rejects = staged(extracted, "rejects").collect()
    assert extracted.read_count == 8
    assert rejects.select("ordinal", "line_start", "line_end", "check").rows() == [
        (6, 16, 18, "readable_encoding")
    ]
    assert "Szemer\\xe9di" in rejects.item(0, "raw_text")
    assert "iconv" in rejects.item(0, "message")
    whole = read_path(LISTING).entries
    expected = whole.filter(pl.col("ordinal") != 6)
    assert (
        staged(extracted, "entries")
        .collect()
        .drop("source_key", "member")
        .equals(expected.drop("source_key"))
    )


@pytest.mark.parametrize("sample", SAMPLE_FILES, ids=lambda path: path.parent.name)
def test_line_ends_and_byte_order_marks_change_nothing(sample) -> None:
    content = sample.read_bytes()
    crlf = content.replace(b"\n", b"\r\n")
    whole = read_page(content).entries
    for variant in (
        crlf,
        b"\xef\xbb\xbf" + content,
        b"\xef\xbb\xbf" + crlf + b"\r\n",
        content + b"\n",
    ):
        assert read_page(variant).entries.equals(whole)


@pytest.mark.parametrize("sample", SAMPLE_FILES, ids=lambda path: path.parent.name)
def test_a_page_cut_anywhere_keeps_the_entries_before_the_cut(sample) -> None:
    content = sample.read_bytes()
    whole = read_page(content)
    ends = [len(b"\n".join(content.split(b"\n")[:line])) for line in whole.column("line_end")]
    for cut in range(1, len(content), max(1, len(content) // 60)):
        try:
            page = read_page(content[:cut])
        except UnknownFormatError:
            assert cut < ends[0]
            continue
        page.assert_accounted()
        if page.format == whole.format:
            # The last entry before the cut may go on in what is cut off.
            untouched = max(sum(end < cut for end in ends) - 1, 0)
            columns = pl.exclude("publication_date", "date_precision", "date_basis")
            assert (
                page.entries.head(untouched)
                .select(columns)
                .equals(whole.entries.head(untouched).select(columns))
            )


@settings(max_examples=80)
@given(
    sample=st.sampled_from(SAMPLE_FILES),
    edits=st.lists(
        st.tuples(
            st.integers(0, 4000),
            st.integers(0, 40),
            st.one_of(
                st.binary(max_size=6),
                st.sampled_from(
                    (b"\n", b"\n\n", b"\r", b"\xc2\xb7\n", b"\xe2\x80\xa2 ", b"Oct 31\n")
                ),
            ),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_damage_anywhere_keeps_the_account(sample, edits) -> None:
    content = sample.read_bytes()
    for place, length, inserted in edits:
        content = content[:place] + inserted + content[place + length :]
    try:
        page = read_page(content)
    except UnknownFormatError:
        return
    page.assert_accounted()


@pytest.mark.parametrize("sample", SAMPLE_FILES, ids=lambda path: path.parent.name)
def test_the_size_of_chunks_changes_nothing(sample, monkeypatch) -> None:
    content = b"\n\n".join([sample.read_bytes()] * 12) + b"\n"
    if sample.parent.name == "author-pages":
        head, body = sample.read_bytes().split(b"7 Papers\n\n")
        content = head + b"7 Papers\n\n" + b"\n\n".join([body] * 12)
    whole = read_page(content)
    monkeypatch.setattr(_page, "CHUNK_BYTES", 4096)
    monkeypatch.setattr(_page, "CHUNK_LINES", 40)
    page = read_page(content)
    page.assert_accounted()
    assert page.entries.equals(whole.entries)
    assert page.stated.equals(whole.stated)
    assert (page.lines, page.blank, page.furniture) == (whole.lines, whole.blank, whole.furniture)


def test_a_dump_that_grows_while_it_is_read_is_read_again_later(tmp_path) -> None:
    path = put(tmp_path / "x", b"Abstract:One.\n" * 20_000)
    done = threading.Event()

    def deliver() -> None:
        with path.open("ab", buffering=0) as file:
            while not done.is_set():
                file.write(b"Abstract:More.\n")
                time.sleep(0.0005)

    delivery = threading.Thread(target=deliver)
    delivery.start()
    try:
        with pytest.raises(DumpChangedError, match="wait until its delivery has finished"):
            extract(path, tmp_path / "s")
    finally:
        done.set()
        delivery.join()
    lines = path.read_bytes().count(b"\n")
    assert extract(path, tmp_path / "s").read_count == lines


def test_a_dump_read_again_leaves_nothing_of_the_first_reading(tmp_path) -> None:
    first = extract(PAPERS, tmp_path)
    (first.folder / "entries" / "000009.parquet").write_bytes(b"rest of a killed reading")
    assert staged(extract(PAPERS, tmp_path), "entries").collect().height == 8


def test_an_overlong_line_costs_its_entry_alone_and_little_memory(tmp_path) -> None:
    path = tmp_path / "x"
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from flows.extract import extract_dump, staged\n"
        "from flows.sources import FoundDump, Source\n"
        "path, staging = map(Path, sys.argv[1:])\n"
        "def run(content):\n"
        "    extracted = extract_dump(FoundDump(path, 'x', Source('a')), staging)\n"
        "    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "    rejects = staged(extracted, 'rejects').collect()\n"
        "    return extracted.read_count, rejects['check'].to_list(), peak\n"
        "path.write_bytes(b'Abstract:One.\\nAbstract:Two.\\n')\n"
        "before = run(path)[2]\n"
        "with path.open('ab') as file:\n"
        "    file.write(b'Abstract:')\n"
        "    for _ in range(200):\n"
        "        file.write(b'word ' * 200_000)\n"
        "    file.write(b'\\nAbstract:Last.\\n')\n"
        "count, checks, after = run(path)\n"
        "print(count, checks, after - before)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, path, tmp_path / "s"],
        capture_output=True,
        text=True,
        check=True,
    )
    count, checks, grown = run.stdout.strip().replace("[", "").replace("]", "").split()
    assert (count, checks) == ("4", "'readable_length'")
    assert int(grown) < 150


def test_the_day_of_capture_is_that_of_source_toml_where_the_content_tells_none(tmp_path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("CLDec 20\nA TitleAda Lovelace\nAbout.\nCLMar 2\nA TitleAda Lovelace\nAbout.")
    stated = extract(page, tmp_path / "staging", captured_on=dt.date(2026, 10, 31))
    assert stated.captured_on == dt.date(2026, 10, 31)
    assert (stated.captured_on_basis, stated.capture_year) == ("source_toml", 2026)
    silent = extract(page, tmp_path / "staging")
    assert (silent.captured_on, silent.captured_on_basis, silent.capture_year) == (None,) * 3
