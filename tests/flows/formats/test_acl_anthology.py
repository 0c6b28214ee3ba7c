"""ACL Anthology: ids, markup, volumes, damage; what was written is read back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import UnknownFormatError
from flows.formats.acl_anthology import anthology_id
from tests.dumps import SAMPLES, ReadDump, assert_survives, damaged, read_dump

SAMPLE = SAMPLES / "acl-anthology/2020.acl.xml"
OLD_SAMPLE = SAMPLES / "acl-anthology/N19.xml"
FEW = settings(max_examples=30)
META = "<meta><booktitle>Proceedings</booktitle><editor><first>E</first><last>D</last></editor>" \
    "<publisher>P</publisher><month>July</month><year>2020</year></meta>"  # fmt: skip


def volume(*papers: str, collection: str = "2020.acl", name: str = "main") -> ReadDump:
    """Papers in a volume without front matter, read, without the entry of the volume itself."""
    inside = META + "".join(papers)
    read = read_dump(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<collection id="{collection}">\n'
        f'<volume id="{name}" type="proceedings">\n{inside}</volume>\n</collection>'
    )
    assert read.format == "acl_anthology"
    read.assert_accounted()
    is_volume = pl.col("entry_type") == "volume"
    assert set(read.entries.filter(is_volume)["source_key"]) <= {
        anthology_id(collection, name, "0")
    }
    return replace(read, entries=read.entries.filter(~is_volume))


@pytest.mark.parametrize("path", [SAMPLE, OLD_SAMPLE], ids=lambda path: path.stem)
def test_the_sample_is_read_as_it_was(path, golden) -> None:
    read = read_dump(path)
    read.assert_accounted()
    assert read.rejects.is_empty()
    assert read.unknown_fields == {}
    golden(f"acl_anthology_{path.stem}", read.golden())


@pytest.mark.parametrize(
    ("collection", "name", "paper", "expected"),
    [
        ("2020.acl", "main", "12", "2020.acl-main.12"),
        ("2022.repl4nlp", "1", "0", "2022.repl4nlp-1.0"),
        ("P19", "1", "1", "P19-1001"),
        ("W18", "63", "10", "W18-6310"),
        ("W19", "2", "0", "W19-0200"),
        ("D19", "1", "1", "D19-1001"),
        ("D19", "57", "2", "D19-5702"),
        ("C69", "1", "1", "C69-0101"),
        ("J07", "2", "13", "J07-2013"),
    ],
)
def test_full_ids_follow_the_anthologys_rule(collection, name, paper, expected) -> None:
    assert anthology_id(collection, name, paper) == expected
    read = volume(f'<paper id="{paper}"><title>T</title></paper>', collection=collection, name=name)
    assert read.column("source_key") == [expected]


words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=30)
texts = words.map(lambda text: " ".join(text.split())).filter(bool)
people = st.tuples(st.none() | texts, texts)


@FEW
@given(
    papers=st.lists(
        st.tuples(texts, st.none() | texts, st.lists(people, max_size=4), st.none() | texts),
        min_size=1,
        max_size=5,
    )
)
def test_what_was_written_is_read_back(papers) -> None:
    written = []
    for number, (title, abstract, authors, pages) in enumerate(papers, 1):
        inside = f"<title>{escape(title)}</title>"
        for given_name, family in authors:
            first = "<first/>" if given_name is None else f"<first>{escape(given_name)}</first>"
            key = quoteattr(f"id-{family}")
            inside += f"<author id={key}>{first}<last>{escape(family)}</last></author>"
        inside += "" if abstract is None else f"<abstract>{escape(abstract)}</abstract>"
        inside += "" if pages is None else f"<pages>{escape(pages)}</pages>"
        written.append(f'<paper id="{number}">\n{inside}</paper>\n')
    read = volume(*written)
    assert read.rejects.is_empty()
    for number, (row, paper) in enumerate(zip(read.entries.to_dicts(), papers, strict=True), 1):
        title, abstract, authors, pages = paper
        assert row["source_key"] == f"2020.acl-main.{number}"
        assert (row["title"], row["abstract"], row["pages"]) == (title, abstract, pages)
        listed = [(each["given_name"], each["family_name"]) for each in row["authors"] or []]
        assert listed == authors
        names = [each["name"] for each in row["authors"] or []]
        assert names == [f"{first} {last}" if first else last for first, last in authors]
        assert row["publication_date"] == dt.date(2020, 7, 1)


@FEW
@given(content=st.sampled_from((SAMPLE, OLD_SAMPLE)).flatmap(lambda p: damaged(p.read_bytes())))
def test_damaged_dumps_are_read_or_refused(content: bytes) -> None:
    assert_survives(content, "acl_anthology")


# ---- Traps


def test_markup_is_kept() -> None:
    read = volume(
        '<paper id="1"><title>A <fixed-case>B</fixed-case> &amp; <tex-math>x^2</tex-math></title>'
        "<abstract>See <url>https://a.example/x</url>.</abstract></paper>"
    )
    title = "A <fixed-case>B</fixed-case> &amp; <tex-math>x^2</tex-math>"
    assert read.column("title") == [title]
    assert read.column("links") == [["https://a.example/x"]]


def test_papers_have_what_their_volume_says_and_no_other() -> None:
    read = read_dump(
        f'<collection id="P19"><volume id="1">{META}<frontmatter><bibkey>b</bibkey></frontmatter>'
        '<paper id="1"><title>A</title></paper></volume>'
        '<volume id="2"><paper id="1"><title>B</title><year>2018</year></paper></volume>'
        '<event id="acl-2019"><meta><title>The event</title></meta></event></collection>'
    )
    read.assert_accounted()
    assert read.column("source_key") == ["P19-1000", "P19-1001", "P19-2001"]
    assert read.column("title") == ["Proceedings", "A", "B"]
    assert read.column("editors") == [["E D"], None, None]
    assert read.column("venue") == ["Proceedings", "Proceedings", None]
    assert read.column("publisher") == ["P", "P", None]
    assert read.column("date_printed") == ["July 2020", "July 2020", "2018"]
    assert read.column("related")[1:] == [
        [{"relation": "is_part_of", "scheme": "acl", "value": "P19-1000"}],
        [{"relation": "is_part_of", "scheme": "acl", "value": "P19-2000"}],
    ]


def test_a_journal_has_volume_and_issue() -> None:
    read = read_dump(
        '<collection id="2021.cl"><volume id="1" type="journal"><meta><booktitle>CL, Volume 47'
        "</booktitle><journal-title>CL</journal-title><journal-volume>47</journal-volume>"
        '<journal-issue>1</journal-issue><year>2021</year></meta><paper id="1"><title>A</title>'
        "</paper></volume></collection>"
    )
    assert read.entries.select("venue", "volume", "issue").rows() == [("CL", "47", "1")] * 2


def test_a_retraction_is_noted_with_its_day() -> None:
    read = volume(
        '<paper id="1"><title>A</title><retracted date="2020-12-01">Wrong.</retracted></paper>'
    )
    assert read.column("note") == ["retracted 2020-12-01: Wrong."]


def test_code_is_known_where_it_is_given() -> None:
    code = '<pwccode url="{}" additional="true"/>'
    papers = [code.format("https://github.com/a/b"), code.format(""), ""]
    read = volume(*(f'<paper id="1"><title>A</title>{each}</paper>' for each in papers))
    assert read.column("has_code") == [True, None, None]
    assert read.column("links") == [["https://github.com/a/b"], None, None]


def test_an_impossible_year_is_a_warning() -> None:
    read = volume('<paper id="1"><title>A</title><year>20x0</year></paper>')
    assert read.column("publication_date") == [dt.date(2020, 7, 1)]
    [[doubt]] = read.column("warnings")
    assert (doubt["check"], doubt["printed"]) == ("possible_date", "20x0")


def test_papers_outside_of_volumes_are_rejects() -> None:
    read = read_dump(
        '<collection id="P19"><volume id="1"/><paper id="1"><title>A</title></paper></collection>'
    )
    read.assert_accounted()
    assert read.entries.is_empty()
    assert "stands in no <volume>" in read.rejects["message"][0]


def test_the_older_layout_without_collections_is_read() -> None:
    read = read_dump('<volume id="P18">\n<paper id="1001"><title>A</title></paper>\n</volume>')
    assert read.format == "acl_anthology"
    assert read.column("source_key") == ["P18-1001"]


def test_new_fields_are_counted() -> None:
    read = volume('<paper id="1"><title>A</title><mood>x</mood><mood>y</mood></paper>')
    assert read.unknown_fields == {"mood": 1}


def test_a_damaged_paper_is_one_reject() -> None:
    read = volume(
        '<paper id="1"><title>A</titel></paper>\n', '<paper id="2"><title>B</title></paper>'
    )
    assert read.column("source_key") == ["2020.acl-main.2"]
    assert read.column("venue") == ["Proceedings"]
    assert read.rejects["check"].to_list() == ["valid_xml"]


def test_other_collections_are_not_recognised() -> None:
    with pytest.raises(UnknownFormatError):
        read_dump('<collection id="x"><book/></collection>')


def test_a_volume_without_front_matter_is_an_entry_itself() -> None:
    meta = (
        "<meta><booktitle>Notes, Volume 3</booktitle><journal-title>Notes</journal-title>"
        "<journal-volume>3</journal-volume><editor><first>E</first><last>D</last></editor>"
        "<doi>10.1000/notes-3</doi><year>1991</year></meta>"
    )
    read = read_dump(
        f'<collection id="1991.notes">\n<volume id="3" type="journal">\n{meta}\n</volume>\n'
        f'<volume id="4">{meta}<paper id="1"><title>A</title></paper></volume>\n'
        f'<volume id="5">{meta}<frontmatter/></volume>'
        '<volume id="6"><meta><year>1991</year></meta></volume></collection>'
    )
    read.assert_accounted()
    assert read.entries.select("source_key", "entry_type", "title", "line_start", "doi").rows() == [
        ("1991.notes-3.0", "volume", "Notes, Volume 3", 3, "10.1000/notes-3"),
        ("1991.notes-4.1", "paper", "A", 5, None),
        ("1991.notes-4.0", "volume", "Notes, Volume 3", 5, "10.1000/notes-3"),
        ("1991.notes-5.0", "frontmatter", "Notes, Volume 3", 6, "10.1000/notes-3"),
    ]
    assert read.entries.select("venue", "volume").unique().rows() == [("Notes", "3")]
    assert read.column("editors") == [["E D"], None, ["E D"], ["E D"]]


def test_the_doi_of_a_volume_is_its_front_matters() -> None:
    meta = META.replace("</meta>", "<doi>10.1000/volume</doi></meta>")
    own = "<frontmatter><doi>10.1000/own</doi></frontmatter>"
    for front, doi in (("<frontmatter/>", "10.1000/volume"), (own, "10.1000/own")):
        read = read_dump(
            f'<collection id="P19"><volume id="1">{meta}{front}<paper id="1"><title>A</title>'
            "</paper></volume></collection>"
        )
        assert read.column("doi") == [doi, None]


def test_links_stand_in_many_places() -> None:
    read = volume(
        '<paper id="1" href="http://a.example/1.pdf"><title>A</title>'
        '<attachment type="software">https://b.example/code</attachment>'
        '<attachment type="software">2020.acl-main.1.Software.zip</attachment>'
        '<video href="https://c.example/talk"/><pdf hash="01234567"/></paper>'
    )
    assert read.column("links") == [
        ["http://a.example/1.pdf", "https://b.example/code", "https://c.example/talk"]
    ]
    assert read.unknown_fields == {}


def test_why_a_paper_was_revised_is_noted() -> None:
    read = volume(
        '<paper id="1"><title>A</title><revision id="1" href="v1"/>'
        '<revision id="2" href="v2" date="2021-02-03">Fixed a table.</revision></paper>'
    )
    assert read.column("note") == ["revision 2021-02-03: Fixed a table."]
    assert [each["date"] for each in read.column("versions")[0]] == [None, dt.date(2021, 2, 3)]


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0"?>\n<collection id="1989.cl"/>',
        '<collection id="2022.ws"><event id="x"><colocated/></event></collection>',
    ],
)
def test_a_collection_with_nothing_in_it_is_one(content) -> None:
    read = read_dump(content)
    read.assert_accounted()
    assert read.format == "acl_anthology"
    assert read.entries.is_empty()
    assert read.rejects.is_empty()
