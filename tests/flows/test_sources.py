"""Sources: which files are dumps, odd names and links, source.toml and its errors."""

from __future__ import annotations

import datetime as dt
import hashlib
import os

import pytest

from flows.sources import (
    ROOT_SOURCE,
    RawError,
    dump_digest,
    find_dumps,
    inputs_digest,
    read_source,
    shown,
)


def put(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(raw):
    return [dump.relative for dump in find_dumps(raw)]


def test_dumps_are_found_at_any_depth_in_order(tmp_path) -> None:
    for name in ("b/2.txt", "b/10.txt", "a/deep/er/x", "loose.txt", "c/.hidden", ".d/x", "c/y.txt"):
        put(tmp_path / name)
    for name in ("README.md", "b/README.md", "b/source.toml", "judgements/by-me.csv"):
        put(tmp_path / name, "")
    assert found(tmp_path) == ["a/deep/er/x", "b/10.txt", "b/2.txt", "c/y.txt", "loose.txt"]
    sources = {dump.relative: dump.source.name for dump in find_dumps(tmp_path)}
    assert sources["a/deep/er/x"] == "a"
    assert sources["loose.txt"] == ROOT_SOURCE


def test_a_folder_named_judgements_within_a_source_holds_dumps(tmp_path) -> None:
    put(tmp_path / "a/judgements/x.txt")
    assert found(tmp_path) == ["a/judgements/x.txt"]


@pytest.mark.parametrize(
    "name", ["it's.txt", 'a "b".txt', "a b.txt", "a\nb.txt", "ü 数.txt", "-rf", "a;b&c|d", "*?[x]"]
)
def test_odd_names_are_names(tmp_path, name) -> None:
    put(tmp_path / "a" / name)
    assert found(tmp_path) == [f"a/{name}"]


def test_a_name_that_is_not_utf_8_is_shown_with_escapes(tmp_path) -> None:
    put(tmp_path / "a" / os.fsdecode(b"caf\xe9.txt"))
    assert found(tmp_path) == ["a/caf\\xe9.txt"]
    assert find_dumps(tmp_path)[0].path.read_text() == "x"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ('a b\'s "c" ü数.txt', 'a b\'s "c" ü数.txt'),
        ("a\nb\r.txt", "a\\nb\\r.txt"),
        ("\x1b[2J\x85\u2028\u202e\udce9", "\\x1b[2J\\x85\\u2028\\u202e\\udce9"),
    ],
)
def test_a_name_is_shown_on_one_line(name, line) -> None:
    assert shown(name) == line


def test_an_error_about_an_odd_folder_is_one_line(tmp_path) -> None:
    put(tmp_path / "a\nb/x.txt")
    put(tmp_path / "a\nb/source.toml", "mode = 'x'")
    for folder in (tmp_path, tmp_path / "c\nd"):
        with pytest.raises(RawError) as raised:
            find_dumps(folder)
        assert "\n" not in str(raised.value)


def test_what_would_wait_when_opened_is_found_but_not_opened(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    put(tmp_path / "x.txt")
    digests = {dump.relative: dump_digest(dump.path) for dump in find_dumps(tmp_path)}
    assert digests.pop("x.txt") == hashlib.sha256(b"x").hexdigest()
    assert digests["dangling"] == "unreadable: No such file or directory"
    assert digests["pipe"] == digests["device"]
    assert digests["pipe"].startswith("unreadable: It is no regular file")


def test_a_loop_of_links_ends(tmp_path) -> None:
    put(tmp_path / "a/x.txt")
    (tmp_path / "a/loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a/self").symlink_to(tmp_path / "a", target_is_directory=True)
    assert found(tmp_path) == ["a/x.txt"]


def test_links_to_files_and_folders_are_followed(tmp_path) -> None:
    put(tmp_path / "elsewhere/x.txt")
    raw = tmp_path / "raw"
    (raw / "a").mkdir(parents=True)
    (raw / "a/folder").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (raw / "a/file.txt").symlink_to(tmp_path / "elsewhere/x.txt")
    (raw / "a/dangling.txt").symlink_to(tmp_path / "nowhere")
    assert found(raw) == ["a/dangling.txt", "a/file.txt", "a/folder/x.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root lists every folder")
def test_a_folder_that_cannot_be_listed_is_not_lost(tmp_path) -> None:
    put(tmp_path / "a/x.txt")
    (tmp_path / "a").chmod(0)
    try:
        assert found(tmp_path) == ["a"]
    finally:
        (tmp_path / "a").chmod(0o700)


def test_no_folder_is_an_error_that_says_what_to_do(tmp_path) -> None:
    with pytest.raises(RawError, match=r"There is no folder .*create it"):
        find_dumps(tmp_path / "none")
    with pytest.raises(RawError, match="There is no folder"):
        find_dumps(put(tmp_path / "file"))


def test_an_empty_folder_has_no_dumps(tmp_path) -> None:
    assert find_dumps(tmp_path) == []


def test_every_key_of_source_toml_is_read(tmp_path) -> None:
    toml = put(
        tmp_path / "source.toml",
        'title = "DBLP"\nhomepage = "https://dblp.org"\npublisher = "p"\nlicence = "CC0-1.0"\n'
        'format = "daily_papers"\nmode = "snapshot"\ncaptured_on = 2026-10-31\n'
        "duplicate_free = true\n"
        'version = "published"\n[columns]\ntitle = "t"\n[expect]\nmin_records = 1000\n'
        "max_reject_share = 0.01\n",
    )
    source = read_source("dblp", toml)
    assert (source.name, source.title, source.licence) == ("dblp", "DBLP", "CC0-1.0")
    assert (source.mode, source.version, source.format) == ("snapshot", "published", "daily_papers")
    assert (source.captured_on, source.duplicate_free) == (dt.date(2026, 10, 31), True)
    assert source.columns == {"title": "t"}
    assert (source.expect.min_records, source.expect.max_reject_share) == (1000, 0.01)


def test_without_source_toml_there_are_defaults(tmp_path) -> None:
    source = read_source("a", tmp_path / "source.toml")
    assert (source.mode, source.title, source.captured_on, source.columns) == (
        "append",
        None,
        None,
        {},
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("titel = 'x'", "unknown key 'titel'"),
        ("[expect]\nminimum = 1", "unknown key 'minimum'"),
        ("expect = 3", "expect must be a table"),
        ("title = ", "no valid TOML"),
        ("title = 5", "title must be a text"),
        ("format = ['table']", "format must be a text"),
        ("format = 'nope'", "format must be one that bibmill reads: abstract_list, acl_anthology"),
        ("mode = 'replace'", "mode must be 'append' or 'snapshot'"),
        ("mode = []", "mode must be"),
        ("captured_on = '2026-10-31'", "captured_on must be a day"),
        ("captured_on = 2026-10-31T10:00:00", "captured_on must be a day"),
        ("version = 'draft'", "version must be"),
        ("duplicate_free = 'yes'", "duplicate_free must be true or false"),
        ("columns = 'title'", "columns must be a table"),
        ("[columns]\ntitle = 1", "columns must be a table"),
        ("[expect]\nmin_records = 1.5", "min_records must be a whole number"),
        ("[expect]\nmin_records = true", "min_records must be a whole number"),
        ("[expect]\nmax_reject_share = 5", "between 0 and 1"),
        ("[expect]\nmax_reject_share = 'few'", "between 0 and 1"),
    ],
)
def test_a_wrong_source_toml_says_what_is_wrong_and_where(tmp_path, text, message) -> None:
    toml = put(tmp_path / "a/source.toml", text)
    put(tmp_path / "a/x.txt")
    with pytest.raises(RawError, match=message) as raised:
        find_dumps(tmp_path)
    assert str(toml) in str(raised.value)


def test_a_source_toml_in_latin_1_is_no_toml(tmp_path) -> None:
    (tmp_path / "source.toml").write_bytes(b'title = "caf\xe9"')
    with pytest.raises(RawError, match="no valid TOML"):
        read_source("a", tmp_path / "source.toml")


def test_what_is_no_dump_but_rules_the_release_has_digests(tmp_path) -> None:
    put(tmp_path / "a/source.toml", "")
    put(tmp_path / "judgements/mine.csv", "left")
    put(tmp_path / "a/x.txt")
    before = inputs_digest(tmp_path)
    assert sorted(before) == ["a/source.toml", "judgements/mine.csv"]
    put(tmp_path / "judgements/mine.csv", "right")
    assert inputs_digest(tmp_path)["judgements/mine.csv"] != before["judgements/mine.csv"]
