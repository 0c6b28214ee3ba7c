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


def test_a_date_that_is_none_is_a_warning() -> None:
    dump = read_dump("@misc{a, title={A}, date={1999-02-31}}\n@misc{b, title={B}, year={in press}}")
    assert dump.column("publication_date") == [None, None]
    assert [w["check"] for w in dump.column("warnings")[0]] == ["possible_date"]
    assert dump.column("warnings")[1] is None


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
