"""Tar headers: damaged and hostile ones cost what they stand for, and neither time nor memory."""

from __future__ import annotations

import io
import random
import tarfile
import tracemalloc

import pytest

from flows.tar_headers import TarStream, tar_entries
from tests.flows.test_archives import contents, members, put, read_all, tarred

PAGE = b"Abstract:One is odd.\n"
THREE = {"a.txt": PAGE, "b.txt": b"Abstract:Two is even.\n", "c.txt": PAGE}
SECOND = 1024
"""Where the second header of three small files stands."""


def with_header(packed: bytes, place: int, **changes: bytes) -> bytes:
    """The archive with fields of a header changed, and its checksum put right."""
    places = {"size": 124, "type": 156}
    block = bytearray(packed[place : place + 512])
    for name, value in changes.items():
        block[places[name] : places[name] + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return packed[:place] + bytes(block) + packed[place + 512 :]


def read(content: bytes) -> list[tuple[str, str | None]]:
    return [(entry.name, entry.fault) for entry in tar_entries(TarStream(io.BytesIO(content)))]


def test_a_damaged_header_costs_its_own_file_alone(tmp_path) -> None:
    packed = bytearray(tarred(THREE))
    packed[SECOND + 3] ^= 1
    names = [(name, bool(fault)) for name, fault in read(bytes(packed))]
    assert names == [("a.txt", False), ("(damaged)", True), ("c.txt", False)]
    *_, last = members(put(tmp_path, bytes(packed)))
    assert last.open().read() == PAGE


@pytest.mark.parametrize("size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000000777\0"])
@pytest.mark.parametrize("kind", [b"x", b"L", b"K", b"g", b"S", b"0", b"5", b"2"])
def test_a_hostile_size_is_told_and_costs_no_memory(tmp_path, kind, size) -> None:
    packed = with_header(tarred(THREE), SECOND, size=size, type=kind)
    tracemalloc.start()
    found = list(members(put(tmp_path, packed)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
    assert found[0].open().read() == PAGE
    assert any(member.fault or member.cut for member in found[1:])


@pytest.mark.parametrize("records", [b"", b"0 =\n", b"9999 path=x\n", b"=\n=\n", b"11 size=-1\n"])
def test_a_damaged_pax_header_is_told(records) -> None:
    header = with_header(tarred({"x": records})[:512], 0, type=b"x")
    packed = header + records.ljust(512, b"\0")[: 512 * bool(records)] + tarred(THREE)
    names = [name for name, _ in read(packed)]
    assert names == ["(damaged)"] * bool(records) + list(THREE)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_a_chain_of_extended_headers_is_as_long_as_it_is(kind) -> None:
    link = with_header(tarred({"x": b""})[:512], 0, type=kind)
    assert [name for name, _ in read(link * 5000 + tarred(THREE))][-2:] == ["b.txt", "c.txt"]


def test_sparse_files_are_refused_and_the_rest_is_read() -> None:
    packed = with_header(tarred(THREE), SECOND, type=b"S")
    faults = [fault or "" for _, fault in read(packed)]
    assert [("sparse" in fault) for fault in faults] == [False, True, False]


@pytest.mark.parametrize("layout", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_long_names_are_whole(tmp_path, layout) -> None:
    out = io.BytesIO()
    name = "ü/" + "long" * 90
    with tarfile.open(fileobj=out, mode="w", format=layout) as archive:
        archive.addfile(tarfile.TarInfo(name))
        archive.addfile(tarfile.TarInfo("short"))
    assert list(contents(put(tmp_path, out.getvalue()))) == [name, "short"]


def test_archives_behind_one_another_are_all_read() -> None:
    assert [name for name, _ in read(tarred(THREE) * 2)] == [*THREE, *THREE]


def test_what_is_no_archive_behind_its_end_is_told_once() -> None:
    *files, (name, fault) = read(tarred(THREE) + b"no archive" * 500)
    assert ([name for name, _ in files], name) == (list(THREE), "(damaged)")
    assert fault is not None


def test_a_file_the_archive_has_left_says_so() -> None:
    stream = TarStream(io.BytesIO(tarred(THREE)))
    entries = tar_entries(stream)
    content = stream.content(next(entries), 5)
    next(content)
    next(entries)
    with pytest.raises(ValueError, match="open it anew"):
        next(content)


def test_headers_changed_anyhow_come_to_an_end(tmp_path) -> None:
    chance = random.Random(7)
    whole = tarred({**THREE, "d/" + "long" * 40 + "é": PAGE * 40})
    headers = [n for n in range(0, len(whole), 512) if whole[n + 257 : n + 262] == b"ustar"]
    for _ in range(600):
        place = chance.choice(headers)
        changed = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            changed[place + chance.randrange(512)] = chance.randrange(256)
        packed = with_header(bytes(changed), place, type=chance.choice([b"0", b"x", b"L", b"S"]))
        assert read_all(put(tmp_path, packed)) < 100_000
