"""RIS: records written and read back in several dialects, junk, lines that go on, values."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import Dump, _page, ris
from tests.dumps import SAMPLES, assert_survives, damaged, read_dump

SAMPLE = SAMPLES / "ris" / "references.ris"


def assert_lines_add_up(text: str, furniture: int = 0) -> None:
    """Every line is an entry's, a reject's, furniture or blank."""
    batches = list(ris.read(Dump(open=lambda: io.BytesIO(text.encode()))).batches)
    told = sum(int(b.entries["line_total"].sum() + b.rejects["line_total"].sum()) for b in batches)
    assert sum(batch.furniture_line_count for batch in batches) == furniture
    assert told + furniture + sum(batch.blank_line_count for batch in batches) == text.count("\n")
    assert sum(batch.line_count for batch in batches) == text.count("\n")


def test_the_sample_is_read_as_it_was(golden) -> None:
    dump = read_dump(SAMPLE)
    dump.assert_accounted()
    assert dump.format == "ris"
    golden("ris", dump.golden())


@settings(max_examples=20)
@given(data=st.data())
def test_damage_is_accounted_for(data) -> None:
    assert_survives(data.draw(damaged(SAMPLE.read_bytes())), "ris")


letters = st.text(st.characters(categories=("L",)), min_size=1, max_size=6)
words = st.lists(letters, min_size=1, max_size=5).map(" ".join)
people = st.tuples(letters, st.none() | letters)
records = st.fixed_dictionaries(
    {
        "type": st.sampled_from(("JOUR", "CONF", "BOOK")),
        "key": st.none() | st.text("abcxyz0189:_", min_size=1, max_size=8),
        "title": words,
        "people": st.lists(people, max_size=3),
        "date": st.none() | st.dates(dt.date(1500, 1, 1), dt.date(2099, 12, 31)),
        "abstract": st.none() | st.lists(words, min_size=1, max_size=3),
        "pages": st.none() | st.tuples(st.integers(1, 99), st.integers(100, 999)),
        "old": st.booleans(),
        "is_closed": st.booleans(),
    }
)


def written(record, dash: str) -> str:
    """The record under the tags of one of the two definitions, its abstract over several lines."""
    title, author, date, abstract = (
        ("T1", "A1", "Y1", "N2") if record["old"] else ("TI", "AU", "PY", "AB")
    )
    fields = [("TY", record["type"]), ("ID", record["key"]), (title, record["title"])]
    fields += [(author, f"{family}, {given}" if given else family)
               for family, given in record["people"]]  # fmt: skip
    fields += [(date, record["date"] and record["date"].strftime("%Y/%m/%d/").rjust(11, "0"))]
    fields += [("SP", record["pages"] and record["pages"][0])]
    fields += [("EP", record["pages"] and record["pages"][1])]
    fields += [(abstract, record["abstract"] and "\n".join(record["abstract"]))]
    fields += [("ER", "")] if record["is_closed"] else []
    return "".join(f"{tag}{dash}{value}\n" for tag, value in fields if value is not None)


@settings(max_examples=20)
@given(
    listed=st.lists(records, min_size=1, max_size=6),
    dash=st.sampled_from(("  - ", " - ", "  -", "\t-\t")),
    end=st.sampled_from(("\n", "\r\n")),
    gap=st.sampled_from(("", "\n", "\n \n")),
)
def test_written_records_are_read_back(listed, dash, end, gap) -> None:
    text = gap.join(written(record, dash) for record in listed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_page, "CHUNK_LINES", 7)
        patch.setattr(_page, "CHUNK_BYTES", 64)
        dump = read_dump(text.replace("\n", end), "ris")
    dump.assert_accounted()
    assert_lines_add_up(text)
    assert dump.rejects.is_empty()
    assert dump.column("source_key") == [record["key"] for record in listed]
    assert dump.column("entry_type") == [record["type"] for record in listed]
    assert dump.column("title") == [record["title"] for record in listed]
    assert dump.column("abstract") == [
        " ".join(record["abstract"]) if record["abstract"] else None for record in listed
    ]
    assert dump.names() == [
        [f"{given} {family}" if given else family for family, given in record["people"]] or None
        for record in listed
    ]
    assert dump.column("publication_date") == [record["date"] for record in listed]
    assert dump.column("pages") == [
        "{}-{}".format(*record["pages"]) if record["pages"] else None for record in listed
    ]
    starts = [number for number, line in enumerate(text.split("\n"), 1) if line[:2] == "TY"]
    assert dump.column("line_start") == starts


def test_junk_before_between_within_and_after_records_is_rejected_run_by_run() -> None:
    text = (
        "AU  - Cut, Off\nER  - \nTY  - JOUR\nTI  - One\nPY  - 1999\nstray\n\nER  - \n"
        "between\n\nmore of it\nTY  - JOUR\nTI  - Two\nER  - \nthe end\n"
    )
    dump = read_dump(text)
    dump.assert_accounted()
    assert_lines_add_up(text)
    assert dump.column("title") == ["One", "Two"]
    assert dump.rejects.select("ordinal", "line_start", "line_end", "check").rows() == [
        (1, 1, 2, "recognised_text"), (3, 6, 6, "recognised_text"),
        (4, 9, 11, "recognised_text"), (6, 15, 15, "recognised_text"),
    ]  # fmt: skip


def test_what_a_publisher_prints_before_records_is_furniture() -> None:
    text = (
        "Record #3 of 9\nProvider: X\nDatabase: Y\nContent:text/plain\n\nTY  - JOUR\nTI  - One\n"
        "ER  - \nEF  - \n"
    )
    dump = read_dump(text)
    assert dump.rejects.is_empty()
    assert_lines_add_up(text, furniture=5)


def test_a_line_that_goes_on_is_no_tag_in_prose_and_a_tag_elsewhere() -> None:
    dump = read_dump(
        "TY  - JOUR\nTI - Mixed spacing\nAB  - The oils\nC1 - C4 alkanes\n\nAD - is common\nER  - "
    )
    assert dump.column("title") == ["Mixed spacing"]
    assert dump.column("abstract") == ["The oils C1 - C4 alkanes AD - is common"]
    assert dump.column("affiliations") == [None]


def test_names_of_all_kinds() -> None:
    dump = read_dump(
        "TY  - JOUR\nTI  - T\nAU  - Doe, Jane, Jr.\nAU  - Roe, III, R.\nAU  - The Group\n"
        "AU  - Wang, W.\nAU  - Wang, W.\nAU  - Poe, A. and Coe, B.\nAU  - --\nA1  - Wang, W.\n"
        "AU  - et al.\nA2  - Moe, M.\nER  - "
    )
    names = ["Jane Doe Jr.", "R. Roe III", "The Group", "W. Wang", "W. Wang", "A. Poe", "B. Coe"]
    assert dump.names() == [names]
    assert dump.column("authors_complete") == [False]
    assert dump.column("editors") == [["M. Moe"]]
    first, _, group = dump.column("authors")[0][:3]
    assert (first["given_name"], first["family_name"]) == ("Jane", "Doe Jr.")
    assert (group["given_name"], group["family_name"]) == (None, None)


@pytest.mark.parametrize(
    ("tags", "date", "precision"),
    [
        ("PY  - 2019", dt.date(2019, 1, 1), "year"),
        ("Y1  - 2019/03/21/Spring", dt.date(2019, 3, 21), "day"),
        ("PY  - 2019///Spring", dt.date(2019, 1, 1), "year"),
        ("PY  - 2019\nDA  - 2019-03", dt.date(2019, 3, 1), "month"),
        ("PY  - 2019\nDA  - MAR 21", dt.date(2019, 3, 21), "day"),
        ("PY  - 2019\nDA  - 2018/12/30", dt.date(2019, 1, 1), "year"),
        ("DA  - 21 March 2019", dt.date(2019, 3, 21), "day"),
        ("PY  - 2019\nY1  - 4-8 Aug. 2019", dt.date(2019, 8, 1), "month"),
        ("PY  - ///", None, None),
    ],
)
def test_dates(tags, date, precision) -> None:
    dump = read_dump(f"TY  - JOUR\nTI  - T\n{tags}\nER  - ")
    assert dump.column("publication_date") == [date]
    assert dump.column("date_precision") == [precision]
    assert dump.column("warnings") == [None]


@pytest.mark.parametrize("printed", ["2019/02/31", "in press"])
def test_a_date_that_is_none_is_a_warning(printed) -> None:
    dump = read_dump(f"TY  - JOUR\nTI  - T\nPY  - {printed}\nER  - ")
    assert dump.column("publication_date") == [None]
    assert [each["printed"] for each in dump.column("warnings")[0]] == [printed]


def test_identifiers_where_programs_put_them() -> None:
    dump = read_dump(
        "TY  - CHAP\nTI  - A\nBT  - B\nSN  - 978-3-16-148410-0\nAN  - 123\nDB  - PubMed\n"
        "C2  - PMC77\nUR  - https://dx.doi.org/10.1000/182\nER  - \n"
        "TY  - JOUR\nTI  - B\nSN  - 1234-5679 (print)\nL3  - 10.1000/183\nAN  - WOS:0001\nER  - \n"
        "TY  - UNPB\nTI  - C\nN1  - arXiv:hep-th/9901001v2 [hep-th]\nER  - \n"
    )
    assert dump.column("doi") == ["https://dx.doi.org/10.1000/182", "10.1000/183", None]
    assert dump.column("arxiv_id") == [None, None, "hep-th/9901001v2"]
    assert dump.column("version") == ["published", "published", "preprint"]
    schemes = [[each["scheme"] for each in ids or []] for ids in dump.column("identifiers")]
    assert schemes == [["isbn", "pmid", "pmcid"], ["issn", "wos"], []]


def test_what_databases_add_is_read_or_left_alone() -> None:
    text = (
        "1.\nTY  - JOUR\nTI  - A\nSN  - 1234-5679\n2345-678X\nC2  - 38580657\nDB  - Scopus\n"
        "PU  - Mill Press\nFX  - Thanks\nER  - \n\n2. \n"
        'TY  - JOUR\nTI  - B\nSN  - ["1234-5679", "2345-678X"]\n'
        "DO  - 10.1000/184     LK  - https://library.example/184\nER  - \n"
        "TY  - JOUR\nTI  - C\nSN  - 12345679, 2345678X\nM1  - Poe, A. (2019). On arXiv:1706.03762\n"
        f"A2  - {'Poe, A., Coe, B., ' * 20}\nN1  - Replies to arXiv:1706.03762\nER  - \n"
    )
    dump = read_dump(text)
    assert dump.rejects.is_empty()
    assert dump.unknown_fields == {}
    assert_lines_add_up(text, furniture=2)
    printed = [
        [(each["scheme"], each["value"]) for each in ids] for ids in dump.column("identifiers")
    ]
    serials = [("issn", "1234-5679"), ("issn", "2345-678X")]
    assert printed == [
        [*serials, ("pmid", "38580657")], serials, [("issn", "12345679"), ("issn", "2345678X")],
    ]  # fmt: skip
    assert dump.column("publisher") == ["Mill Press", None, None]
    assert dump.column("doi") == [None, "10.1000/184", None]
    assert dump.column("arxiv_id") == [None, None, None]
    assert dump.column("editors") == [None, None, None]


def test_a_conference_is_where_it_is_one() -> None:
    dump = read_dump(
        "TY  - CONF\nTI  - A\nC3  - Proc. of Mills\nER  - \n"
        "TY  - JOUR\nTI  - B\nC3  - PUBMED 21314913,EMBASE 5\nJA  - J. Mill.\nER  - \n"
        "TY  - JOUR\nTI  - C\nC3  - University of Mills\nER  - \n"
    )
    assert dump.column("venue") == ["Proc. of Mills", "J. Mill.", None]
    assert dump.column("identifiers")[1] == [{"scheme": "pmid", "value": "21314913"}]


def test_one_id_twice_is_two_entries() -> None:
    dump = read_dump("TY  - JOUR\nID  - a\nTI  - One\nER  - \nTY  - JOUR\nID  - a\nTI  - Two\n")
    dump.assert_accounted()
    assert dump.column("title") == ["One", "Two"]
    assert dump.column("source_key") == ["a", "a"]


def test_bytes_that_are_no_utf8_reject_their_record() -> None:
    dump = read_dump(
        b"\xef\xbb\xbfTY  - JOUR\r\nTI  - One\r\nER  - \r\nTY  - JOUR\r\nAU  - M\xfcller\r\n"
        b"ER  - \r\n\xef\xbb\xbfTY  - JOUR\r\nTI  - Three\r\nER  - \r\n"
    )
    dump.assert_accounted()
    assert dump.column("title") == ["One", "Three"]
    assert dump.rejects.select("line_start", "check").rows() == [(4, "readable_encoding")]


def test_tags_that_nobody_knows_are_counted() -> None:
    dump = read_dump("TY  - JOUR\nTI  - A\nMX  - x\nMX  - y\nER  - \nTY  - JOUR\nTI  - B\nMX  - z")
    assert dump.unknown_fields == {"MX": 2}


@pytest.mark.parametrize(
    "text",
    ["PMID- 1\nOWN - NLM\nTI  - T\nAU  - Doe J\n", "FN X\nVR 1.0\nPT J\nAU Doe, J\nER\n\nEF\n"],
)
def test_formats_that_look_alike_are_none(text) -> None:
    assert ris.sniff(text) == 0.0
