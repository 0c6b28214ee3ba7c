"""Archives: every kind of container, byte by byte; cut and damaged ones, bombs, bad paths."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.archives import members
from flows.decompression import ALWAYS_ALLOWED, RefusedError, TruncatedError

COMPRESS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
TEXT = "".join(f"{number}: a line that is like no other, {number**3}\n" for number in range(9000))
CONTENT = TEXT.encode()
IN_TMP = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            # `ZipInfo` holds a fixed day: two archives of the same files are the same bytes.
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return out.getvalue()


def read_until_cut(stream, size: int = 50_000) -> tuple[bytes, str | None]:
    """All that a stream gives, and what it says at its end if it is cut."""
    parts = []
    with stream:
        while True:
            try:
                part = stream.read(size)
            except TruncatedError as error:
                return b"".join(parts), str(error)
            if not part:
                return b"".join(parts), None
            parts.append(part)


def read_all(path: Path) -> int:
    """Read whatever is in a file; return how many bytes that gives."""
    streams = (member.open() for member in members(path) if member.fault is None)
    return sum(len(read_until_cut(stream)[0]) for stream in streams)


def put(folder: Path, content: bytes) -> Path:
    path = folder / "dump"
    path.write_bytes(content)
    return path


def contents(path: Path) -> dict[str | None, bytes]:
    found = {}
    for member in members(path):
        assert member.fault is None, member.fault
        content, why = read_until_cut(member.open())
        assert why is None
        assert member.head == content[: len(member.head)]
        again, _ = read_until_cut(member.open())
        assert again == content
        found[member.name] = content
    return found


def test_a_plain_file_is_one_stream(tmp_path) -> None:
    [member] = members(put(tmp_path, CONTENT))
    assert member.is_plain
    assert (member.name, member.open().read()) == (None, CONTENT)


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_compressed_file_is_one_stream(tmp_path, kind) -> None:
    packed = COMPRESS[kind](CONTENT)
    assert contents(put(tmp_path, packed)) == {None: CONTENT}
    assert contents(put(tmp_path, packed + packed)) == {None: CONTENT + CONTENT}
    assert not next(members(put(tmp_path, packed))).is_plain


@pytest.mark.parametrize("kind", ["", *COMPRESS])
@pytest.mark.parametrize("inner", ["", *COMPRESS])
def test_members_of_a_tar_archive_packed_or_not(tmp_path, kind, inner) -> None:
    pack, pack_each = COMPRESS.get(kind, bytes), COMPRESS.get(inner, bytes)
    files = {"a/one.txt": CONTENT, "two.txt": b"two", "empty": b""}
    packed = {name: pack_each(content) for name, content in files.items()}
    assert contents(put(tmp_path, pack(tarred(packed)))) == files


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_members_of_a_zip_archive(tmp_path, method) -> None:
    files = {"a/one.txt": CONTENT, "zwei-ü.txt": b"two", "three.gz": gzip.compress(b"three")}
    files_read = {**files, "three.gz": b"three"}
    assert contents(put(tmp_path, zipped(files, method))) == files_read


def test_folders_and_hidden_files_are_no_members(tmp_path) -> None:
    files = {"a/": b"", "__MACOSX/a": b"x", ".DS_Store": b"x", "a/._b": b"x", "./a/b": b"y"}
    assert list(contents(put(tmp_path, zipped(files)))) == ["./a/b"]


def test_an_empty_archive_has_no_members(tmp_path) -> None:
    assert contents(put(tmp_path, zipped({}))) == {}
    assert contents(put(tmp_path, gzip.compress(tarred({"a/": b""})))) == {"a/": b""}


@pytest.mark.parametrize("kind", COMPRESS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.9999])
def test_every_byte_before_a_cut_is_read(tmp_path, kind, share) -> None:
    packed = COMPRESS[kind](CONTENT)
    cut = packed[: int(len(packed) * share)]
    [member] = members(put(tmp_path, cut))
    content, why = read_until_cut(member.open())
    assert why is not None
    assert why.endswith("deliver it again.")
    assert CONTENT.startswith(content)
    assert len(content) >= len(before_cut(kind, cut))


def before_cut(kind: str, packed: bytes) -> bytes:
    """What the library makes of the bytes, fed at once."""
    import zlib

    new = {
        "gz": lambda: zlib.decompressobj(31),
        "bz2": bz2.BZ2Decompressor,
        "xz": lzma.LZMADecompressor,
        "zst": lambda: zstandard.ZstdDecompressor().decompressobj(),
    }
    return new[kind]().decompress(packed)


def test_a_cut_tar_archive_gives_what_stands_before_the_cut(tmp_path) -> None:
    packed = tarred({"one": b"1" * 1000, "two": CONTENT, "three": b"3"})
    found = list(members(put(tmp_path, packed[: len(packed) // 2])))
    assert [member.name for member in found] == ["one", "two"]
    path = put(tmp_path, packed[: len(packed) // 2])
    read = {member.name: read_until_cut(member.open()) for member in members(path)}
    assert read["one"] == (b"1" * 1000, None)
    content, why = read["two"]
    assert CONTENT.startswith(content)
    assert len(content) > 1000
    assert "cut" in why


def test_a_tar_archive_cut_between_its_files_says_so(tmp_path) -> None:
    packed = tarred({"one": b"1" * 1024, "two": b"2"})
    *_, last = members(put(tmp_path, packed[: 512 + 1024]))
    assert last.name == "(end)"
    assert "cut" in last.fault


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_cut_zip_archive_gives_what_stands_before_the_cut(tmp_path, method) -> None:
    packed = zipped({"one": b"1" * 1000, "two": CONTENT, "three": b"3"}, method)
    path = put(tmp_path, packed[: len(packed) // 2])
    read = {m.name: m.fault or read_until_cut(m.open()) for m in members(path)}
    assert read["one"] == (b"1" * 1000, None)
    content, why = read["two"]
    assert CONTENT.startswith(content)
    assert len(content) > 1000
    assert "cut" in why
    assert list(read) == ["one", "two"]


@pytest.mark.parametrize("kind", COMPRESS)
def test_a_bomb_is_refused(tmp_path, kind) -> None:
    packed = COMPRESS[kind](b"\0" * (ALWAYS_ALLOWED + 4_000_000))
    with pytest.raises(RefusedError, match="do harm"):
        read_all(put(tmp_path, packed))


def test_a_bomb_of_many_small_members_is_refused(tmp_path) -> None:
    files = {f"{number}.txt": b"\0" * 8_000_000 for number in range(12)}
    for packed in (zipped(files), gzip.compress(tarred(files))):
        with pytest.raises(RefusedError, match="do harm"):
            read_all(put(tmp_path, packed))


def test_members_of_one_name_are_counted_each(tmp_path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for _ in range(12):
            entry = tarfile.TarInfo("same.txt")
            entry.size = 8_000_000
            archive.addfile(entry, io.BytesIO(b"\0" * entry.size))
    with pytest.raises(RefusedError, match="do harm"):
        read_all(put(tmp_path, gzip.compress(out.getvalue())))


def test_containers_in_containers_end_somewhere(tmp_path) -> None:
    packed = CONTENT
    for _ in range(6):
        packed = gzip.compress(packed)
    with pytest.raises(RefusedError, match="deep"):
        list(members(put(tmp_path, packed)))


def test_what_is_read_twice_counts_once(tmp_path) -> None:
    packed = gzip.compress(b"\0" * (ALWAYS_ALLOWED // 2 + 1))
    [member] = members(put(tmp_path, packed))
    for _ in range(3):
        read_until_cut(member.open())


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up", "C:\\x", "..\\up", "\\x"])
def test_paths_that_lead_out_are_refused_and_the_rest_is_read(tmp_path, name) -> None:
    files = {name: b"x", "fine": b"y"}
    for packed in (tarred(files), zipped(files)):
        bad, fine = members(put(tmp_path, packed))
        assert "leads out" in bad.fault
        assert fine.open().read() == b"y"


def test_links_are_refused(tmp_path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    [member] = members(put(tmp_path, out.getvalue()))
    assert "link" in member.fault


def test_an_encrypted_file_is_refused(tmp_path) -> None:
    packed = bytearray(zipped({"secret": b"x" * 100}))
    directory = packed.index(b"PK\x01\x02")
    packed[directory + 8] |= 1
    [member] = members(put(tmp_path, bytes(packed)))
    assert "encrypted" in member.fault


@pytest.mark.parametrize("text", [b"BZh is a file", b"PK is a name", b"(\xb5", b"\x1f\x8b"])
def test_a_text_that_begins_like_a_container_is_a_text(tmp_path, text) -> None:
    assert contents(put(tmp_path, text)) == {None: text}


@IN_TMP
@given(data=st.data(), packed=st.sampled_from(["gz", "bz2", "xz", "zst", "tar", "zip", "tgz"]))
def test_damage_is_told_and_never_more(tmp_path, data, packed) -> None:
    files = {"one": CONTENT[:3000], "two": b"2" * 600}
    makers = {"tar": lambda: tarred(files), "zip": lambda: zipped(files)}
    makers["tgz"] = lambda: gzip.compress(tarred(files))
    content = makers[packed]() if packed in makers else COMPRESS[packed](CONTENT[:3000])
    place = data.draw(st.integers(0, len(content) - 1))
    few = data.draw(st.binary(min_size=1, max_size=4))
    content = content[:place] + few + content[place + len(few) :]
    assert read_all(put(tmp_path, content)) < 10_000_000


@pytest.mark.parametrize("kind", COMPRESS)
def test_what_stands_behind_compressed_content_is_told_and_costs_nothing(tmp_path, kind) -> None:
    packed = COMPRESS[kind](CONTENT)
    for behind in (b"\0" * 700, b"\0" * 70_000 + packed):
        [member] = members(put(tmp_path, packed + behind))
        content, why = read_until_cut(member.open())
        assert (content, why) == (CONTENT * (1 + behind.count(packed)), None)
    [member] = members(put(tmp_path, packed + b"something else"))
    content, why = read_until_cut(member.open())
    assert content == CONTENT
    assert "Behind the" in why


def test_frames_to_be_skipped_are(tmp_path) -> None:
    skipped = b"\x52\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    frame = COMPRESS["zst"](CONTENT)
    packed = skipped + frame + skipped + frame + skipped
    assert contents(put(tmp_path, packed)) == {None: CONTENT * 2}


@pytest.mark.parametrize("kind", COMPRESS)
def test_compressed_nothing_is_nothing(tmp_path, kind) -> None:
    assert contents(put(tmp_path, COMPRESS[kind](b""))) == {None: b""}
    assert contents(put(tmp_path, COMPRESS[kind](b"") + COMPRESS[kind](b"a"))) == {None: b"a"}


@pytest.mark.parametrize("make", [tarred, zipped, lambda files: gzip.compress(tarred(files))])
def test_members_can_be_opened_when_the_archive_has_gone_on(tmp_path, make) -> None:
    files = {"small": b"x" * 10, "large": CONTENT * 3, "last": CONTENT * 2, "empty": b""}
    found = list(members(put(tmp_path, make(files))))
    for _ in range(2):
        assert {member.name: member.open().read() for member in reversed(found)} == files


def test_the_beginning_can_be_read_before_all_without_going_back(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("flows.archives._tar_again", lambda *_: pytest.fail("read again"))
    for member in members(put(tmp_path, tarred({"a": CONTENT * 3, "b": CONTENT * 2}))):
        with member.open() as file:
            assert file.read(1000) == CONTENT[:1000]
        assert member.open().read() in (CONTENT * 3, CONTENT * 2)


def test_archives_in_archives(tmp_path) -> None:
    inner = tarred({"one": b"1", "two.gz": gzip.compress(CONTENT)})
    packed = gzip.compress(tarred({"in.tar": inner, "last": b"2"}))
    found = {"in.tar!one": b"1", "in.tar!two.gz": CONTENT, "last": b"2"}
    assert contents(put(tmp_path, packed)) == found


@pytest.mark.parametrize("end", [5, -600, -4])
def test_a_cut_compressed_tar_archive_is_told_once(tmp_path, end) -> None:
    packed = gzip.compress(tarred({"one": b"1", "two": CONTENT}))
    told = 0
    for member in members(put(tmp_path, packed[:end])):
        told += bool(member.fault)
        if member.fault is None:
            told += read_until_cut(member.open())[1] is not None
    assert told == 1
