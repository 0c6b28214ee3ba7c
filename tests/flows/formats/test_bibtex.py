"""BibTeX: entries written and read back, abbreviations, braces, names, malformed entries."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import bibtex
from flows.formats._bibtex import unbraced
from tests.dumps import SAMPLES, assert_survives, damaged, read_dump

SAMPLE = SAMPLES / "bibtex" / "reading.bib"


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    assert dump.format == "bibtex"
    golden("bibtex", dump.golden())


@settings(max_examples=60)
@given(data=st.data())
def test_damage_is_accounted_for(data) -> None:
    assert_survives(data.draw(damaged(SAMPLE.read_bytes())), "bibtex")


words = st.lists(
    st.text(st.characters(categories=("L", "N"), exclude_characters="ÿ"), min_size=1, max_size=6),
    min_size=1,
    max_size=5,
).map(" ".join)
given_names = st.sampled_from(("Jane", "J. R.", "Anne-Marie", "Li"))
family_names = st.sampled_from(("Doe", "O'Neil", "von der Berg", "Müller"))
entries = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(("article", "InProceedings", "BOOK")),
        "key": st.text("abcxyz0189:_-", min_size=1, max_size=8),
        "title": words,
        "people": st.lists(st.tuples(given_names, family_names), max_size=3),
        "cut": st.booleans(),
        "turned": st.booleans(),
        "year": st.none() | st.integers(1500, 2099),
        "month": st.none() | st.integers(1, 12),
        "quotes": st.booleans(),
        "abstract": st.none() | words,
    }
)


def written(entry) -> str:
    quote = '"{}"'.format if entry["quotes"] else "{{{}}}".format
    people = [
        f"{family}, {given}" if entry["turned"] else f"{given} {family}"
        for given, family in entry["people"]
    ]
    if people and entry["cut"]:
        people.append("others")
    fields = {
        "title": quote(entry["title"]),
        "author": quote(" and ".join(people)) if people else None,
        "year": quote(entry["year"]) if entry["year"] else None,
        "month": bibtex.MONTHS[entry["month"] - 1] if entry["month"] else None,
        "abstract": quote(entry["abstract"]) if entry["abstract"] else None,
    }
    body = ",\n".join(f"  {name} = {value}" for name, value in fields.items() if value)
    return f"@{entry['kind']}{{{entry['key']},\n{body}\n}}\n"


@settings(max_examples=60)
@given(listed=st.lists(entries, min_size=1, max_size=6), chunk=st.sampled_from((64, 1 << 20)))
def test_written_entries_are_read_back(listed, chunk) -> None:
    text = "\n".join(map(written, listed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bibtex, "CHUNK_BYTES", chunk)
        dump = read_dump(text, "bibtex")
    dump.assert_accounted()
    assert dump.rejects.is_empty()
    assert dump.column("source_key") == [entry["key"] for entry in listed]
    assert dump.column("entry_type") == [entry["kind"].lower() for entry in listed]
    assert dump.column("title") == [entry["title"] for entry in listed]
    assert dump.column("abstract") == [entry["abstract"] for entry in listed]
    assert dump.names() == [
        [f"{given} {family}" for given, family in entry["people"]] or None for entry in listed
    ]
    assert dump.column("authors_complete") == [
        not entry["cut"] if entry["people"] else None for entry in listed
    ]
    assert dump.column("publication_date") == [
        dt.date(entry["year"], entry["month"] or 1, 1) if entry["year"] else None
        for entry in listed
    ]
    starts = [number for number, line in enumerate(text.split("\n"), 1) if line.startswith("@")]
    assert dump.column("line_start") == starts


def test_abbreviations_are_resolved_also_joined_and_in_a_later_piece(monkeypatch) -> None:
    monkeypatch.setattr(bibtex, "CHUNK_BYTES", 40)
    dump = read_dump(
        '@string{acm = "ACM"}\n@STRING(press = acm # " Press")\n'
        "@book{a, title = {T}, publisher = PRESS # { Inc.}, month = jan # {~7}, year = 1999}\n"
        "@book{b, title = {U}, publisher = unheardof}\n"
    )
    assert dump.column("publisher") == ["ACM Press Inc.", "unheardof"]
    assert dump.column("publication_date")[0] == dt.date(1999, 1, 7)
    assert [warning["printed"] for warning in dump.column("warnings")[1]] == ["unheardof"]


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("{BERT}: {P}re-training", "BERT: Pre-training"),
        ("{{Deep {N}ets}}", "Deep Nets"),
        (r"Erd{\H o}s", r"Erd{\H o}s"),
        (r"M{\"u}ller", r"M{\"u}ller"),
        (r"\textbf{Ge}neration", r"\textbf{Ge}neration"),
        (r"x_{i} and {\'{E}}tale", r"x_{i} and {\'{E}}tale"),
        (r"{\textsc{Mill} and {More}}", r"{\textsc{Mill} and More}"),
        (r"{\textless}i{\textgreater}x\textless{}/i\textgreater{}", "<i>x</i>"),
    ],
)
def test_braces_that_protect_letters_go_and_those_of_latex_stay(printed, text) -> None:
    assert unbraced(printed) == text


def test_names_of_all_kinds() -> None:
    dump = read_dump(
        "@misc{a, title={T}, author={de la Cruz, Ana and Tarjan, Jr., Robert and"
        " {The {ATLAS} Collaboration} and Plato and {Barnes and Noble, Inc.} and et al.}}"
    )
    assert dump.names() == [
        ["Ana de la Cruz", "Robert Tarjan Jr.", "The ATLAS Collaboration", "Plato",
         "Barnes and Noble, Inc."]
    ]  # fmt: skip
    assert dump.column("authors_complete") == [False]
    first = dump.column("authors")[0][0]
    assert (first["given_name"], first["family_name"]) == ("Ana", "de la Cruz")


def test_one_key_twice_is_two_entries() -> None:
    dump = read_dump("@misc{a, title={One}}\n@misc{a, title={Two}}\n")
    dump.assert_accounted()
    assert dump.column("title") == ["One", "Two"]
    assert dump.column("source_key") == ["a", "a"]


def test_a_malformed_entry_is_a_reject_with_its_place_and_the_rest_goes_on() -> None:
    dump = read_dump(
        "@misc{a, title={One}}\n\n@misc{b, title={unclosed,\n year=1999}\n\n"
        "@misc{c, title={Three}}\n@misc d, title={Four}\n"
    )
    dump.assert_accounted()
    assert dump.column("title") == ["One", "Three"]
    assert dump.rejects.select("line_start", "check").rows() == [
        (3, "valid_bibtex"), (7, "valid_bibtex"),
    ]  # fmt: skip
    assert "unclosed" in dump.rejects["raw_text"][0]


def test_a_comma_forgotten_between_fields_is_a_reject_and_words_alone_are_text() -> None:
    dump = read_dump(
        "@misc{a, title={One} year={2000}}\n@misc{b, title={Two}\n year = 2000}\n"
        "@misc{c, title=Three Mills, year={1999}}\n"
    )
    dump.assert_accounted()
    assert dump.column("title") == ["Three Mills"]
    assert dump.rejects["line_start"].to_list() == [1, 2]
    assert "comma is missing" in dump.rejects["message"][0]


def test_a_field_twice_is_a_warning() -> None:
    dump = read_dump("@misc{a, title={One}, title={Two}}")
    assert dump.column("title") == ["One"]
    assert [warning["printed"] for warning in dump.column("warnings")[0]] == ["title = Two"]


def test_bytes_that_are_no_utf8_reject_their_entry() -> None:
    dump = read_dump(
        b"\xef\xbb\xbf@misc{a, title={One}}\r\n@misc{b,\r\n title={M\xfcll}}\r\n"
        b"@misc{c, title={Three}}"
    )
    dump.assert_accounted()
    assert dump.column("title") == ["One", "Three"]
    assert dump.rejects.select("line_start", "check").rows() == [(2, "readable_encoding")]


def test_preprints_are_told_from_what_they_became() -> None:
    dump = read_dump(
        "@article{a, title={A}, journal={arXiv preprint arXiv:1706.03762}, year={2017}}\n"
        "@misc{b, title={B}, eprint={hep-th/9901001}, archiveprefix={arXiv}}\n"
        "@article{c, title={C}, journal={Nature}, eprint={1706.03762}, eprinttype={arxiv}}\n"
        "@article{d, title={D}, journal={CoRR}, volume={abs/1412.6980}, date={2014-12-22}}\n"
    )
    ids = ["1706.03762", "hep-th/9901001", "1706.03762", "1412.6980"]
    assert dump.column("arxiv_id") == ids
    assert dump.column("version") == ["preprint", "preprint", "published", "preprint"]


@pytest.mark.parametrize(
    "printed",
    ["date={1999-02-31}", "year={in press}", "month=jun", "date={/2000-05}", "date={199X}",
     "year=1999, month={13}", "date={-0876}", "date={n.d.}"],
)  # fmt: skip
def test_a_date_that_is_none_is_a_warning(printed) -> None:
    dump = read_dump(f"@misc{{a, title={{A}}, {printed}}}")
    assert dump.column("publication_date") == [None]
    assert [w["check"] for w in dump.column("warnings")[0]] == ["possible_date"]


@pytest.mark.parametrize(
    ("printed", "date", "precision"),
    [
        ("date={1984/1986}", dt.date(1984, 1, 1), "year"),
        ("date={1988-03/1988-05}", dt.date(1988, 3, 1), "month"),
        ("date={2014-12-1}", dt.date(2014, 12, 1), "day"),
        ("date={2001-21}", dt.date(2001, 1, 1), "year"),
        ("date={12 March 2014}", dt.date(2014, 3, 12), "day"),
        ("date={in press}, year=2013", dt.date(2013, 1, 1), "year"),
        ("year={2017,June}", dt.date(2017, 6, 1), "month"),
        ("year={{2014a}}, month={10--14 July}", dt.date(2014, 7, 10), "day"),
        ("year={2009-10}", dt.date(2009, 1, 1), "year"),
        ("year={2009/10/31}", dt.date(2009, 10, 31), "day"),
        ("year=2012, month={7-8}", dt.date(2012, 7, 1), "month"),
        ("year=2012, month=5, day=14", dt.date(2012, 5, 14), "day"),
        ("year=2002, month={July 30th}", dt.date(2002, 7, 30), "day"),
        ("year=2012, month=oct # {-} # nov", dt.date(2012, 10, 1), "month"),
        ("year=2012, month={Spring}", dt.date(2012, 1, 1), "year"),
    ],
)
def test_dates_of_all_forms(printed, date, precision) -> None:
    dump = read_dump(f"@misc{{a, title={{A}}, {printed}}}")
    assert dump.entries.select("publication_date", "date_precision").rows() == [(date, precision)]
    assert dump.column("warnings") == [None]


def test_a_month_that_is_none_is_a_warning_and_the_year_is_read() -> None:
    dump = read_dump("@misc{a, title={A}, year=2012, month={Juin}}")
    assert dump.column("date_precision") == ["year"]
    assert [w["printed"] for w in dump.column("warnings")[0]] == ["Juin"]


NESTED = """@comment{
@article{old, title={Old}, year=1999}
@article{older, title={Older}}
}
@misc{a, title={One}, note={as in
@book{within, title={Within}}
and {more}}, year=2000}
@comment{jabref-meta: grouping:
0 AllEntriesGroup:;
}
@comment free words
@article(b, title="Two", note="see
@book{too, title={Too}}")
@set{c, entryset={a,b}}
"""


@pytest.mark.parametrize("chunk", [20, 100, 10_000])
def test_what_stands_within_a_comment_or_a_value_is_no_entry(monkeypatch, chunk) -> None:
    monkeypatch.setattr(bibtex, "CHUNK_BYTES", chunk)
    dump = read_dump(NESTED)
    dump.assert_accounted()
    assert dump.column("title") == ["One", "Two"]
    assert dump.column("line_start") == [5, 12]
    assert dump.column("note") == ["as in @bookwithin, title=Within and more",
                                   "see @booktoo, title=Too"]  # fmt: skip
    assert dump.rejects.is_empty()


@pytest.mark.parametrize(
    "unclosed",
    ["@comment{ forgotten", "@misc{x, title={Broken, year=2000}", '@misc{x, title="Broken}'],
)
def test_what_is_never_closed_hides_nothing(unclosed) -> None:
    dump = read_dump(f"@misc{{a, title={{One}}}}\n{unclosed}\n@misc{{b, title={{Two}}}}\n")
    dump.assert_accounted()
    assert dump.column("title") == ["One", "Two"]
    assert dump.rejects["line_start"].to_list() == [2]


@pytest.mark.parametrize("end", ["\r", "\r\n"])
def test_lines_end_as_they_like(end) -> None:
    text = "notes\n\n@misc{a,\n title={One},\n}\n\n@misc{b,\n title={Two},\n year=1999\n}\n"
    dump = read_dump(text.replace("\n", end))
    assert dump.format == "bibtex"
    assert dump.column("title") == ["One", "Two"]
    assert dump.entries.select("line_start", "line_end").rows() == [(3, 5), (7, 10)]


def test_comments_between_fields_are_none_of_them() -> None:
    dump = read_dump("@misc{a,\n % first\n title={One},\n % year={1998},\n year={1999}\n % last\n}")
    assert dump.entries.select("title", "date_printed").rows() == [("One", "1999")]
    assert dump.column("warnings") == [None]
    assert dump.unknown_fields == {}


@pytest.mark.parametrize("chunk", [60, 10_000])
def test_an_entry_has_what_others_of_the_file_tell_of_it(monkeypatch, chunk) -> None:
    monkeypatch.setattr(bibtex, "CHUNK_BYTES", chunk)
    dump = read_dump(
        "@inproceedings{a, title={One}, crossref={p}, pages={1--9}, doi={}, volume={}}\n"
        "@inproceedings{b, title={Two}, crossref={p}, booktitle={Own}, date={2001-02}}\n"
        "@incollection{c, title={Three}, crossref={nowhere}, xdata={x, y}}\n"
        '@string{mill = "Mill"}\n@string{press = mill # " Press"}\n'
        "@proceedings{p, title={Proc}, subtitle={Of Mills}, editor={Doe, Jane}, year=2000,\n"
        " month=may, volume={7}, doi={10.1000/1}, pages={1--999}, abstract={All}, xdata={x}}\n"
        "@xdata{x, publisher=press}\n@xdata{y, publisher={Other}, year=1990, xdata={y}}\n"
    )
    dump.assert_accounted()
    assert dump.column("title") == ["One", "Two", "Three", "Proc: Of Mills"]
    assert dump.column("venue") == ["Proc: Of Mills", "Own", None, None]
    assert dump.column("publisher")[:2] == ["Mill Press", "Mill Press"]
    assert dump.column("volume") == ["7", "7", None, "7"]
    assert dump.column("date_printed") == ["may 2000", "2001-02", "1990", "may 2000"]
    assert dump.column("editors")[0] == ["Jane Doe"]
    assert dump.column("pages") == ["1--9", None, None, "1--999"]
    assert dump.column("doi") == [None, None, None, "10.1000/1"]
    assert dump.column("abstract")[0] is None
    assert [each[0]["value"] for each in dump.column("related")[:2]] == ["p", "p"]


def test_names_as_programs_write_them() -> None:
    dump = read_dump(
        "@misc{a, title={T}, author={Born, L. et al.}}\n"
        "@misc{b, title={T}, author={A. Doe and and B. Roe}}\n"
        "@misc{c, title={T}, author={family=Gogh, given=Vincent, prefix=van}}\n"
        "@misc{e, title={T}, author={Doe, Jane F., Jr. and Roe, III, R.}}\n"
        "@misc{d, title={T}, author={Wang, Wei and Wei Wang 0001},\n"
        ' author+an:orcid={1="0000-0002-1825-0097"}}\n'
    )
    assert dump.names() == [
        ["L. Born"], ["A. Doe", "B. Roe"], ["Vincent van Gogh"],
        ["Jane F. Doe Jr.", "R. Roe III"], ["Wei Wang", "Wei Wang"],
    ]  # fmt: skip
    assert dump.column("authors_complete") == [False, True, True, True, True]
    assert dump.column("authors")[2][0]["family_name"] == "van Gogh"
    first, second = dump.column("authors")[4]
    assert (first["orcid"], second["orcid"]) == ("0000-0002-1825-0097", None)
    assert second["source_author_key"] == "Wei Wang 0001"


def test_identifiers_where_programs_put_them() -> None:
    dump = read_dump(
        "@article{a, title={A}, eprint={0009418v1}, archivePrefix={arXiv},"
        " primaryClass={arXiv:cond-mat}}\n"
        "@article{b, title={A}, eprint={9901001}, archivePrefix={hep-th}}\n"
        "@article{c, title={A}, eprint={5500723}, eprinttype={pubmed}, doi={10.1000/x{\\_}1}}\n"
        "@article{d, title={A}, arxivId={1706.03762}, doi={10.1000/x\\_2}}\n"
        "@article{e, title={A}, note={Comment on arXiv:1706.03762}}\n"
        "@article{f, title={A}, note={Available online at arXiv:1706.03762}}\n"
    )
    assert dump.column("arxiv_id") == [
        "cond-mat/0009418v1", "hep-th/9901001", None, "1706.03762", None, "1706.03762",
    ]  # fmt: skip
    assert dump.column("doi")[2:4] == ["10.1000/x_1", "10.1000/x_2"]
    assert dump.column("identifiers")[2] == [{"scheme": "pmid", "value": "5500723"}]


def test_fields_that_nobody_knows_are_counted() -> None:
    dump = read_dump("@misc{a, title={A}, mood={x}}\n@misc{b, title={B}, MOOD={y}, year=1999}")
    assert dump.unknown_fields == {"mood": 2}


def test_escaped_backslashes_and_braces_without_end() -> None:
    dump = read_dump('@misc{a, title={A line\\\\ more}, note={say "x"}}\n')
    assert dump.column("title") == ["A line\\\\ more"]
    assert unbraced("{" * 5000) == "{" * 5000


def test_a_name_without_letters_names_nobody() -> None:
    dump = read_dump("@misc{a, title={A}, author={Doe, Jane and {} and --}}")
    assert dump.names() == [["Jane Doe"]]
