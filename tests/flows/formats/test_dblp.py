"""DBLP: homonyms, persons, preprints, markup, changed layouts; what was written is read back."""

from __future__ import annotations

import datetime as dt
import html
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import RefusedContentError
from tests.dumps import SAMPLES, ReadDump, assert_survives, damaged, read_dump

SAMPLE = SAMPLES / "dblp/dblp.xml"
FEW = settings(max_examples=30)


def dblp(*records: str) -> ReadDump:
    head = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE dblp SYSTEM "dblp.dtd">\n<dblp>\n'
    )
    read = read_dump((head + "\n".join(records) + "\n</dblp>\n").encode("latin-1"))
    assert read.format == "dblp"
    read.assert_accounted()
    return read


def article(inside: str, key: str = "journals/x/A1", kind: str = "article", more: str = "") -> str:
    return f'<{kind} mdate="2020-01-31" key="{key}"{more}>\n<title>T.</title>\n{inside}</{kind}>'


def test_the_sample_is_read_as_it_was(golden) -> None:
    read = read_dump(SAMPLE)
    read.assert_accounted()
    assert (read.entries.height, read.people.height, read.deletions.height) == (6, 3, 1)
    assert read.rejects.is_empty()
    golden("dblp", read.golden())


# ---- What was written is read back

texts = st.text(
    st.characters(codec="latin-1", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30
).map(lambda text: " ".join(text.split())).filter(bool)  # fmt: skip
names = st.from_regex(r"[A-Z][a-z\xe4-\xf6]{1,8} [A-Z][a-z]{1,8}( [0-9]{4})?", fullmatch=True)


@st.composite
def publications(draw: st.DrawFn, number: int) -> dict[str, object]:
    return {
        "key": f"conf/x/{number}",
        "kind": draw(st.sampled_from(("article", "inproceedings", "book", "incollection"))),
        "title": draw(texts),
        "authors": draw(st.lists(names, max_size=4)),
        "year": draw(st.integers(1900, 2030)),
        "booktitle": draw(st.none() | texts),
        "pages": draw(st.none() | st.from_regex(r"[0-9]{1,4}-[0-9]{1,4}", fullmatch=True)),
        "crossref": draw(st.none() | st.just("conf/x/2020")),
    }


def written(paper: dict[str, object], *, with_entities: bool) -> str:
    def text(value: object) -> str:
        named = str(value).encode("ascii", "xmlcharrefreplace").decode()
        return escape(str(value)) if not with_entities else escape(named).replace("&amp;#", "&#")

    lines = [f"<author>{text(name)}</author>" for name in paper["authors"]]  # type: ignore[union-attr]
    lines += [f"<title>{text(paper['title'])}</title>", f"<year>{paper['year']}</year>"]
    lines += [
        f"<{name}>{text(paper[name])}</{name}>"
        for name in ("booktitle", "pages", "crossref")
        if paper[name] is not None
    ]
    kind = paper["kind"]
    return f"<{kind} key={quoteattr(str(paper['key']))}>\n" + "\n".join(lines) + f"\n</{kind}>"


@FEW
@given(data=st.data(), with_entities=st.booleans())
def test_what_was_written_is_read_back(data: st.DataObject, with_entities: bool) -> None:
    count = data.draw(st.integers(1, 5))
    papers = [data.draw(publications(number)) for number in range(count)]
    read = dblp(*(written(paper, with_entities=with_entities) for paper in papers))
    assert read.rejects.is_empty()
    for row, paper in zip(read.rows(), papers, strict=True):
        assert row["source_key"] == paper["key"]
        assert row["entry_type"] == paper["kind"]
        assert row["title"] == paper["title"]
        authors = [author["source_author_key"] for author in row.get("authors") or []]
        assert authors == paper["authors"]
        assert row["publication_date"] == dt.date(int(str(paper["year"])), 1, 1)
        assert row.get("venue") == paper["booktitle"]
        assert row.get("pages") == paper["pages"]
        assert [each["value"] for each in row.get("related") or []] == [paper["crossref"]] * bool(
            paper["crossref"]
        )


@FEW
@given(content=damaged(SAMPLE.read_bytes()))
def test_damaged_dumps_are_read_or_refused(content: bytes) -> None:
    assert_survives(content, "dblp")


# ---- Traps


def test_a_homonym_number_is_identity_and_not_part_of_the_name() -> None:
    read = dblp(article("<author>Wei Wang 0001</author><author>X Y 12</author>"))
    [authors] = read.column("authors")
    assert [(each["name"], each["source_author_key"]) for each in authors] == [
        ("Wei Wang", "Wei Wang 0001"),
        ("X Y 12", "X Y 12"),
    ]
    assert read.column("authors_complete") == [True]
    read = dblp(article("<editor>Bo Pang 0002</editor>", kind="proceedings"))
    assert read.column("editors") == [["Bo Pang"]]
    assert read.column("authors_complete") == [None]


def test_markup_of_titles_is_kept_and_entities_are_read() -> None:
    record = article("").replace("T.", "G&ouml;del &amp; <i>n<sub>2</sub></i> &lt; &#945;.")
    assert dblp(record).column("title") == ["G\u00f6del &amp; <i>n<sub>2</sub></i> &lt; \u03b1."]
    assert dblp(article("").replace("T.", "A &amp; B")).column("title") == ["A & B"]


def test_corr_entries_are_preprints() -> None:
    corr = article(
        "<journal>CoRR</journal><volume>abs/1706.03762</volume>", "journals/corr/V17",
        more=' publtype="informal"',
    )  # fmt: skip
    old = article("<journal>CoRR</journal><volume>cs.CL/9906001</volume>", "journals/corr/cs-CL-1")
    by_link = article(
        "<journal>CoRR</journal><ee>https://arxiv.org/abs/2001.00001</ee>", "journals/corr/L"
    )
    other = article("<journal>IACR</journal>", more=' publtype="informal"')
    read = dblp(corr, old, by_link, other, article("<journal>J</journal>"))
    assert read.column("version") == ["preprint"] * 3 + [None, "published"]
    assert read.column("arxiv_id")[:3] == [
        "abs/1706.03762",
        "cs.CL/9906001",
        "https://arxiv.org/abs/2001.00001",
    ]


def test_electronic_editions_are_dois_links_and_identifiers() -> None:
    read = dblp(
        article(
            "<ee>https://doi.org/10.1/a</ee><ee>https://doi.org/10.1/b</ee>"
            "<ee>https://aclanthology.org/D14-1162/</ee><ee>db/x.html</ee><isbn>978-1</isbn>"
            "<url>db/y.html</url>"
        )
    )
    assert read.column("doi") == ["https://doi.org/10.1/a"]
    publisher = dblp(article("<ee>http://doi.acm.org/10.1145/1.2</ee>"))
    assert publisher.column("doi") == ["http://doi.acm.org/10.1145/1.2"]
    assert read.column("links") == [["https://aclanthology.org/D14-1162/"]]
    assert [tuple(each.values()) for each in read.column("identifiers")[0]] == [
        ("dblp", "journals/x/A1"),
        ("doi", "https://doi.org/10.1/b"),
        ("acl", "https://aclanthology.org/D14-1162/"),
        ("isbn", "978-1"),
    ]


@pytest.mark.parametrize(
    ("inside", "date", "precision"),
    [
        ("<year>2017</year>", dt.date(2017, 1, 1), "year"),
        ("<month>June</month><year>2017</year>", dt.date(2017, 6, 1), "month"),
        ("<year>2017</year><month>September-December</month>", dt.date(2017, 9, 1), "month"),
        ("<year>2017</year><month>4</month>", dt.date(2017, 4, 1), "month"),
        ("<year>9999</year>", None, None),
        ("<year>to appear</year>", None, None),
        ("", None, None),
    ],
)
def test_dates(inside: str, date: dt.date | None, precision: str | None) -> None:
    read = dblp(article(inside))
    assert read.column("publication_date") == [date]
    assert read.column("date_precision") == [precision]
    doubts = read.column("warnings")[0]
    assert (doubts is not None) == (date is None and "year" in inside)


def test_a_withdrawn_publication_says_so() -> None:
    read = dblp(article("<note>Retracted</note>", more=' publtype="informal withdrawn"'))
    assert read.column("note") == ["informal withdrawn; Retracted"]


def test_person_records_are_people() -> None:
    read = dblp(
        '<www mdate="2020-02-01" key="homepages/w/WeiWang1"><author>Wei Wang 0001</author>'
        "<author>Wei M. Wang</author><title>Home Page</title>"
        '<note type="affiliation">U 1</note><note type="uname">\u00fc</note><note>x</note>'
        "<url>https://orcid.org/0000-0001</url><url>https://w.example/~w</url></www>",
        '<www key="homepages/w/WeiWang" publtype="disambiguation"><author>Wei Wang</author>'
        "<title>Home Page</title></www>",
        '<www key="homepages/o/Old"><crossref>homepages/w/WeiWang1</crossref></www>',
        '<www key="homepages/n/Nobody"><title>Home Page</title></www>',
        '<www key="www/org/w3"><author>A B</author><title>XML</title><url>http://w3.org/</url></www>',
    )
    person, page = read.people.to_dicts()
    assert person["name"] == "Wei Wang"
    assert person["aliases"] == ["Wei M. Wang", "\u00fc"]
    assert person["orcid"] == "https://orcid.org/0000-0001"
    assert person["affiliations"] == ["U 1"]
    assert person["links"] == ["https://w.example/~w"]
    assert {"scheme": "dblp_name", "value": "Wei Wang 0001"} in person["identifiers"]
    assert page["identifiers"] == [{"scheme": "dblp", "value": "homepages/w/WeiWang"}]
    assert read.deletions["source_key"].to_list() == ["homepages/o/Old"]
    assert read.rejects["check"].to_list() == ["person_named"]
    assert read.column("entry_type") == ["www"]
    assert read.column("version") == [None]


def test_new_kinds_of_records_are_rejects_and_new_fields_are_counted() -> None:
    read = dblp(
        article("<mood>x</mood><mood>y</mood><cite>...</cite>"),
        article("<mood>z</mood>"),
        article("", kind="hologram"),
    )
    assert read.unknown_fields == {"mood": 2}
    assert read.entries.height == 2
    assert read.rejects.select("check", "line_start").rows() == [("known_kind", 10)]
    assert "<hologram>" in read.rejects["message"][0]


def test_a_record_without_title_or_key_keeps_its_text() -> None:
    read = dblp("<article><year>2017</year></article>", article(""))
    assert read.column("source_key") == [None, "journals/x/A1"]
    assert read.column("raw_text") == ["<article><year>2017</year></article>", None]


def test_a_damaged_record_is_one_reject_and_the_rest_is_read() -> None:
    damaged_record = article("<year>2017</yeer>", "journals/x/bad")
    read = dblp(article(""), damaged_record, article("", "journals/x/A2"))
    assert read.column("source_key") == ["journals/x/A1", "journals/x/A2"]
    assert read.column("ordinal") == [1, 3]
    assert read.rejects.select("ordinal", "line_start", "line_end", "check").rows() == [
        (2, 7, 9, "valid_xml")
    ]
    assert html.unescape(read.rejects["raw_text"][0]) == damaged_record


def test_an_entity_bomb_is_refused() -> None:
    content = b'<!DOCTYPE dblp [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><dblp>&b;</dblp>'
    with pytest.raises(RefusedContentError, match="entities of its own"):
        read_dump(content)
