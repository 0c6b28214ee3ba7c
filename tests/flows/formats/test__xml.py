"""XML: what is not well-formed is lost alone, entities are refused, lines are right."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from flows.formats import Dump
from flows.formats._xml import Broken, RefusedXmlError, elements, place, raw, root_tag
from flows.formats._xml_pieces import PART_BYTES

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE list SYSTEM "list.dtd">\n<list>\n'
TAIL = b"</list>\n"
FEW = settings(max_examples=60)


def record(number: int, text: str = "Text") -> bytes:
    return f'<entry key="{number}">\n<title>{text} {number}</title>\n</entry>\n'.encode()


def read(content: bytes, *tags: str) -> list[etree._Element | Broken]:
    return list(elements(Dump(open=lambda: io.BytesIO(content)), tags or ("entry",)))


def keys(found: list[etree._Element | Broken]) -> list[str | None]:
    return [each.get("key") for each in found if not isinstance(each, Broken)]


def broken(found: list[etree._Element | Broken]) -> list[Broken]:
    return [each for each in found if isinstance(each, Broken)]


def test_elements_come_whole_with_their_ancestors_and_lines() -> None:
    content = b'<all year="1">\n<part id="x">\n' + record(1) + record(2) + b"</part></all>"
    found = read(content)
    assert keys(found) == ["1", "2"]
    assert [place(each) for each in found] == [(3, 5), (6, 8)]
    assert raw(found[0]) == '<entry key="1">\n<title>Text 1</title>\n</entry>'
    assert [each.get("id") or each.get("year") for each in found[1].iterancestors()][:2] == [
        "x",
        "1",
    ]


def test_ancestors_and_lines_are_right_in_a_file_of_many_pieces() -> None:
    volumes, per_volume = 6, 1200
    content = b"<all>\n"
    expected = []
    for volume in range(volumes):
        content += b'<part id="%d" note="a &gt; b">\n' % volume
        for number in range(per_volume):
            expected.append((str(number), str(volume), content.count(b"\n") + 1))
            content += record(number, "Text " * 20)
        content += b"</part>\n"
    content += b"</all>"
    assert len(content) > 2 * PART_BYTES
    found = read(content)
    assert [
        (each.get("key"), each.getparent().get("id"), place(each)[0]) for each in found
    ] == expected
    assert {each.getparent().get("note") for each in found} == {"a > b"}


def test_lines_are_right_beyond_those_libxml2_counts() -> None:
    content = b"<list>" + b"\n" * 70_000 + record(1) + b"\n" * 66_000 + record(2) + TAIL
    assert [place(each) for each in read(content)] == [(70_001, 70_003), (136_004, 136_006)]
    many = b"<list>\n" + b"".join(b"<entry\n/>\n" for _ in range(40_000)) + TAIL
    assert place(read(many)[-1])[1] == 80_001


def test_a_file_of_one_line_has_one_line() -> None:
    content = (HEAD + b"".join(map(record, range(9000))) + TAIL).replace(b"\n", b" ")
    found = read(content)
    assert len(found) == 9000
    assert {place(each) for each in found} == {(1, 1)}


def test_namespaces_are_known_in_every_piece() -> None:
    content = b'<o:list xmlns:o="urn:o" xmlns="urn:d">' + b"".join(
        b'<o:entry key="%d"><title>%s</title></o:entry>\n' % (n, b"x" * 500) for n in range(2000)
    )
    found = read(content + b"</o:list>", "{urn:o}entry")
    assert keys(found) == [str(n) for n in range(2000)]
    assert {each[0].tag for each in found} == {"{urn:d}title"}


# ---- Damage


@FEW
@given(data=st.data())
def test_damage_costs_the_damaged_record_alone(data: st.DataObject) -> None:
    records = [record(n) for n in range(8)]
    hit = data.draw(st.integers(0, 7))
    at = data.draw(st.integers(0, len(records[hit]) - 2))
    few = data.draw(st.binary(max_size=3))
    cut = data.draw(st.integers(0, 12))
    records[hit] = records[hit][:at] + few + records[hit][at + cut :]
    found = read(HEAD + b"".join(records) + TAIL)
    reaches = {hit} if at + cut < len(record(0)) else {hit, hit + 1}
    undamaged = [str(n) for n in range(8) if n not in reaches]
    assert [key for key in keys(found) if key in undamaged] == undamaged


@FEW
@given(at=st.integers(len(HEAD) + 1, len(HEAD + record(0) * 5) + len(TAIL) - 3))
def test_a_cut_file_gives_the_records_before_the_cut_and_says_so(at: int) -> None:
    content = HEAD + b"".join(map(record, range(5))) + TAIL
    found = read(content[:at])
    whole = (at - len(HEAD)) // len(record(0))
    ends_in_tag = (at - len(HEAD)) % len(record(0)) == len(record(0)) - 1
    assert keys(found) == [str(n) for n in range(whole + ends_in_tag)]
    assert [each.message for each in broken(found)] == [
        "The XML ends in the middle: the file is cut. Deliver it again."
    ]
    assert isinstance(found[-1], Broken)


def test_a_broken_record_is_told_with_its_lines_and_text() -> None:
    damaged = record(2).replace(b"</title>", b"</titel>")
    found = read(HEAD + record(1) + damaged + record(3) + TAIL)
    assert keys(found) == ["1", "3"]
    assert isinstance(found[1], Broken)
    assert (found[1].line, found[1].line_end) == (7, 9)
    assert found[1].raw_text == damaged.decode().strip()
    assert found[1].message == (
        "The XML is not well-formed: Opening and ending tag mismatch: title and titel."
    )


def test_a_broken_record_at_the_end_of_a_part_does_not_misplace_the_next() -> None:
    content = b'<all><part id="a">' + record(1) + record(2).replace(b"</title>", b"")
    found = read(content + b'</part><part id="b">' + record(3) + b"</part></all>")
    assert keys(found) == ["1", "3"]
    assert found[-1].getparent().get("id") == "b"


@pytest.mark.parametrize(
    "opened", [b"<!-- ", b"<?pi ", b"<!DOCTYPE x [", b"<!DOCTYPE x SYSTEM 'y>", b"<![CDATA[ "]
)
def test_what_opens_and_never_closes_hides_nothing(opened: bytes) -> None:
    found = read(HEAD + record(1) + opened + record(2) + record(3) + TAIL)
    assert keys(found) == ["1", "2", "3"]
    assert broken(found)


def test_text_between_and_behind_the_records_is_told() -> None:
    found = read(HEAD + record(1) + b"stray" + record(2) + b"</list> behind")
    assert keys(found) == ["1", "2"]
    assert [each.raw_text for each in broken(found)] == ["stray", "</list> behind"]


def test_many_broken_records_are_each_told() -> None:
    damaged = b"".join(record(n) + record(n).replace(b"<title>", b"<titel>") for n in range(300))
    found = read(HEAD + damaged + TAIL)
    assert len(broken(found)) == 300
    assert keys(found) == [str(n) for n in range(300)]


@pytest.mark.parametrize(
    "opened",
    [b"<![CDATA[", b"<!DOCTYPE [", b"<!DOCTYPE '", b"<!--", b"<!-- - ", b"<?", b"<?p ", b"<a"],
)  # fmt: skip
def test_what_opens_ever_again_is_read_in_the_end(opened: bytes) -> None:
    found = read(HEAD + record(1) + opened * 100_000 + record(2) + TAIL)
    assert keys(found)[0] == "1"
    assert keys(read(HEAD + record(1) + b"<" + b"a" * 600_000 + record(2) + TAIL)) == ["1", "2"]


def test_text_without_any_record_ends() -> None:
    assert read(b"<list>" + b"x" * 1_000_000 + TAIL) == []
    assert read(b"<" * 300_000)
    assert read(b"<list>" + b"<a>" * 300 + record(1))
    assert read(b"") == []


# ---- Comments, CDATA, several documents


def test_tags_in_comments_and_cdata_are_none() -> None:
    hidden = b"<!-- <entry key='x'> <!DOCTYPE a [<!ENTITY b 'c'>]> -->"
    quoted = record(2).replace(b"Text", b"<![CDATA[<entry key='y'> <!ENTITY & ]]>")
    found = read(HEAD + hidden + record(1) + quoted + hidden + TAIL)
    assert keys(found) == ["1", "2"]
    assert found[1].findtext("title") == "<entry key='y'> <!ENTITY &  2"


def test_documents_one_after_another_are_read() -> None:
    latin = HEAD.replace(b"UTF-8", b"ISO-8859-1") + record(2, "Erd\u0151s").replace(
        "\u0151".encode(), b"\xf6"
    )
    content = HEAD + record(1, "\u0151") + TAIL + latin + TAIL + HEAD + record(3) + TAIL
    found = read(content * 2)
    assert [each.findtext("title") for each in found] == ["\u0151 1", "Erd\u00f6s 2", "Text 3"] * 2
    assert place(found[1])[0] == 11


def test_a_document_cut_before_the_next_is_told() -> None:
    found = read(HEAD + record(1) + record(2)[:20] + HEAD + record(3) + TAIL)
    assert keys(found) == ["1", "3"]
    assert "the file is cut" in broken(found)[0].message


# ---- Encodings


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "windows-1252", "ISO-8859-15"])
def test_a_declared_encoding_is_used(encoding: str) -> None:
    content = (HEAD + record(1, "J\u00fcrgen") + TAIL).replace(b"UTF-8", encoding.encode())
    [found] = read(content.decode().encode(encoding))
    assert found.findtext("title") == "J\u00fcrgen 1"


def test_a_byte_order_mark_is_no_text() -> None:
    assert keys(read(b"\xef\xbb\xbf" + HEAD + record(1) + TAIL)) == ["1"]


@pytest.mark.parametrize(
    ("declared", "written"),
    [("UTF-8", "latin-1"), ("ISO-8859-1", "utf-8"), ("US-ASCII", "utf-8"), ("UTF-8", "utf-16-le")],
)
def test_a_lying_encoding_is_a_broken_record_never_mojibake(declared: str, written: str) -> None:
    lying = record(2, "J\u00fcrgen").decode().encode(written)
    content = HEAD.replace(b"UTF-8", declared.encode()) + record(1) + lying + record(3) + TAIL
    found = read(content)
    assert keys(found) == ["1", "3"]
    assert broken(found)


def test_an_encoding_nobody_knows_is_told_and_utf_8_tried() -> None:
    found = read(HEAD.replace(b"UTF-8", b"UTF-7") + record(1, "\u00fc") + TAIL)
    assert keys(found) == ["1"]
    assert "'UTF-7'" in broken(found)[0].message


# ---- Entities

BOMB = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 10))


@pytest.mark.parametrize(
    "doctype",
    [
        f"<!DOCTYPE list [<!ENTITY a0 'x'>{BOMB}]>",
        "<!DOCTYPE list [\n<!ENTITY a SYSTEM 'file:///etc/passwd'>\n]>",
        "<!doctype list [<!entity a 'x'>]>",
        "<!DOCTYPE list SYSTEM 'a[b>' [<!ELEMENT list ANY><!-- ]> --><!ENTITY % p 'x'> %p;]>",
        "<!DOCTYPE list PUBLIC \"-//]>\" '[' [<?pi ]> ?><!ENTITY a 'x'>]>",
        "<!DOCTYPE list [ ]] > <!ENTITY a 'x'>",
        "<!--" + "-x" * 400_000 + "-->\n<!DOCTYPE list [<!ENTITY a 'x'>]>",
        "<!-- <!DOCTYPE list> --><?pi <!DOCTYPE?>" + " " * 262_100
        + "<!DOCTYPE a [<!ENTITY b 'c'>]>",
    ],
)  # fmt: skip
def test_a_document_with_entities_of_its_own_is_refused(doctype: str) -> None:
    with pytest.raises(RefusedXmlError, match=r"declares entities of its own.*in their place\.$"):
        read(f"<?xml version='1.0'?>\n{doctype}\n<list>".encode() + record(1, "&a;") + TAIL)


def test_entities_declared_behind_records_are_refused() -> None:
    with pytest.raises(RefusedXmlError):
        read(HEAD + record(1) * 9000 + b"<!DOCTYPE list [<!ENTITY a 'x'>]>" + record(2) + TAIL)


def test_character_entities_of_html_are_known_and_no_others() -> None:
    found = read(HEAD + record(1, "&uuml;&Delta;&#337;&amp;&lt;") + record(2, "&bomb;") + TAIL)
    assert keys(found) == ["1"]
    assert found[0].findtext("title") == "\u00fc\u0394\u0151&< 1"
    assert broken(found)[0].message.endswith("Entity 'bomb' not defined.")


def test_nothing_outside_the_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "list.dtd"
    secret.write_text("<!ENTITY secret 'told'>")
    content = HEAD.replace(b"list.dtd", secret.as_uri().encode()) + record(1, "&secret;") + TAIL
    assert keys(read(content)) == []
    inclusion = (
        b'<list xmlns:i="http://www.w3.org/2001/XInclude"><entry key="1"><i:include href="'
        + secret.as_uri().encode()
        + b'" parse="text"/></entry></list>'
    )
    assert "told" not in "".join(read(inclusion)[0].itertext())


# ---- The rest


@pytest.mark.parametrize(
    ("head", "tag"),
    [
        ("\ufeff<?xml version='1.0'?>\n<!-- <a> --><!DOCTYPE b [ <!ELEMENT b ANY> ]>\n<b>", "<b>"),
        ("<b c='d'>x</b>", "<b c='d'>"),
        ("  <dblp>", "<dblp>"),
        ("<!-- never closed <b>", None),
        ("{}", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_root_is_found_behind_a_prolog(head: str, tag: str | None) -> None:
    assert root_tag(head) == tag


PEAK = """
import io, resource, sys
from flows.formats import Dump
from flows.formats._xml import elements

class Endless(io.RawIOBase):
    def __init__(self, times):
        self.left, self.rest = times, b"<list>"
    def read(self, size=-1):
        while len(self.rest) < size and self.left:
            self.left -= 1
            self.rest += RECORDS
        if not self.left:
            self.left, self.rest = 0, self.rest + b"</list>" * self.done()
        part, self.rest = self.rest[:size], self.rest[size:]
        return part
    over = 0
    def done(self):
        self.over += 1
        return self.over == 1

RECORDS = b"".join(
    b"<entry><title>%d %s</title></entry><other>%s</other>" % (n, b"x" * 300, b"y" * 99)
    for n in range(500)
)
found = sum(1 for each in elements(Dump(open=lambda: Endless(int(sys.argv[1]))), ("entry",)))
print(found, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_file_twenty_times_larger_takes_no_more_memory() -> None:
    def peak(times: int) -> int:
        command = [sys.executable, "-c", PEAK, str(times)]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        count, size = map(int, run.stdout.split())
        assert count == 500 * times
        return size

    assert peak(200) < 1.1 * peak(10)
