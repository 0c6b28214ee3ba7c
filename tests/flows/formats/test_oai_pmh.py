"""OAI-PMH: harvests written and read back, envelopes, deletions, Dublin Core, damage."""

from __future__ import annotations

import datetime as dt
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.formats import RefusedContentError, _oai_pmh, oai_pmh
from tests.dumps import SAMPLES, ReadDump, assert_survives, damaged, read_dump

ARXIV = SAMPLES / "oai-pmh" / "arxiv.xml"
REPOSITORY = SAMPLES / "oai-pmh" / "repository.xml"

OAI = 'xmlns="http://www.openarchives.org/OAI/2.0/"'
DC = (
    'xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


@pytest.mark.parametrize("sample", [ARXIV, REPOSITORY], ids=["arxiv", "repository"])
def test_the_samples_are_read_as_they_were(golden, sample) -> None:
    dump = read_dump(sample)
    dump.assert_accounted()
    assert dump.format == "oai_pmh"
    assert dump.reading.captured_on == dt.date(2024, 3, 5)
    assert dump.reading.captured_on_basis == "printed"
    golden(f"oai_pmh_{sample.stem}", dump.golden())


@settings(max_examples=40)
@given(data=st.data())
def test_damage_is_accounted_for(data) -> None:
    sample = data.draw(st.sampled_from((ARXIV, REPOSITORY)))
    assert_survives(data.draw(damaged(sample.read_bytes())), "oai_pmh")


signs = st.characters(categories=("L",)) | st.sampled_from("<>&'\"")
letters = st.text(signs, min_size=1, max_size=6)
names = st.text(st.characters(categories=("L",)), min_size=1, max_size=6)
words = st.lists(letters, min_size=1, max_size=5).map(" ".join)
records = st.fixed_dictionaries(
    {
        "key": st.integers(1, 10**6),
        "stamp": st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2030, 1, 1)),
        "is_deleted": st.booleans(),
        "title": words,
        "people": st.lists(st.tuples(names, names), max_size=3),
        "categories": st.lists(names, max_size=2, unique=True),
        "abstract": st.none() | words,
        "date": st.none() | st.dates(dt.date(1500, 1, 1), dt.date(2099, 12, 31)),
    }
)


def tags(prefix: str, **values: object) -> str:
    return "".join(
        f"<{prefix}{name}>{escape(str(each))}</{prefix}{name}>\n"
        for name, value in values.items()
        for each in (value if isinstance(value, list) else [value])
        if each is not None
    )


def written(record, *, is_arxiv: bool) -> str:
    """The record in one of the metadata formats."""
    stamp = record["stamp"].strftime("%Y-%m-%dT%H:%M:%SZ")
    header = tags("", identifier=f"oai:x:{record['key']}", datestamp=stamp)
    if record["is_deleted"]:
        return f'<record>\n<header status="deleted">{header}</header>\n</record>\n'
    date = record["date"] and record["date"].isoformat()
    if is_arxiv:
        people = "".join(
            f"<author>{tags('', keyname=family, forenames=given)}</author>"
            for family, given in record["people"]
        )
        subjects = " ".join(record["categories"])
        fields = tags("", id="no-id", created=date, title=record["title"], categories=subjects,
                      abstract=record["abstract"])  # fmt: skip
        metadata = f'<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><authors>{people}</authors>{fields}</arXiv>'
    else:
        people = [f"{family}, {given}" for family, given in record["people"]]
        fields = tags("dc:", title=record["title"], creator=people, subject=record["categories"],
                      description=record["abstract"], date=date)  # fmt: skip
        metadata = f"<oai_dc:dc>{fields}</oai_dc:dc>"
    return f"<record>\n<header>{header}</header>\n<metadata>{metadata}</metadata>\n</record>\n"


def response(records: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH {OAI} {DC}>\n<responseDate>'
        f"2024-01-02T03:04:05Z</responseDate>\n<ListRecords>\n{records}</ListRecords>\n</OAI-PMH>\n"
    )


ENVELOPES = {
    "one response": lambda records: response("".join(records)),
    "many responses": lambda records: "".join(map(response, records)),
    "a root of its own": lambda records: f"<records {DC}>\n{''.join(records)}</records>\n",
    "no root": "".join,
}


@settings(max_examples=40)
@given(
    listed=st.lists(records, min_size=1, max_size=5),
    envelope=st.sampled_from(sorted(ENVELOPES)),
    is_arxiv=st.booleans(),
    chunk=st.sampled_from((50, 1 << 20)),
)
def test_written_records_are_read_back(listed, envelope, is_arxiv, chunk) -> None:
    content = ENVELOPES[envelope]([written(record, is_arxiv=is_arxiv) for record in listed])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_oai_pmh, "CHUNK_BYTES", chunk)
        dump = read_dump(content)
    dump.assert_accounted()
    assert dump.format == "oai_pmh"
    assert dump.rejects.is_empty()
    deleted = [record for record in listed if record["is_deleted"]]
    kept = [record for record in listed if not record["is_deleted"]]
    for frame, expected in ((dump.deletions, deleted), (dump.entries, kept)):
        assert frame["source_key"].to_list() == [f"oai:x:{record['key']}" for record in expected]
        assert [moment.replace(tzinfo=None) for moment in frame["updated_at"]] == [
            record["stamp"].replace(microsecond=0) for record in expected
        ]
    assert dump.column("title") == [record["title"] for record in kept]
    assert dump.column("abstract") == [record["abstract"] for record in kept]
    assert dump.names() == [
        [f"{given} {family}" for family, given in record["people"]] or None for record in kept
    ]
    assert dump.column("categories") == [record["categories"] or None for record in kept]
    assert dump.column("publication_date") == [record["date"] for record in kept]
    starts = [n for n, line in enumerate(content.split("\n"), 1) if line.endswith("<record>")]
    ends = [n for n, line in enumerate(content.split("\n"), 1) if line == "</record>"]
    assert sorted([*dump.column("line_start"), *dump.deletions["line_start"]]) == starts
    assert sorted([*dump.column("line_end"), *dump.deletions["line_end"]]) == ends


def read_dc(fields: str, header: str = "<identifier>oai:x:1</identifier>") -> ReadDump:
    dump = read_dump(
        response(
            f"<record><header>{header}</header><metadata><oai_dc:dc>{fields}</oai_dc:dc></metadata>"
            "</record>"
        )
    )
    dump.assert_accounted()
    return dump


def test_an_error_is_a_reject_and_an_empty_answer_is_none() -> None:
    whole = REPOSITORY.read_text()
    for code, count in (("badResumptionToken", 1), ("noRecordsMatch", 0)):
        error = f'\n<OAI-PMH {OAI}>\n<error code="{code}">No.</error></OAI-PMH>'
        dump = read_dump(f"{whole}{error}")
        dump.assert_accounted()
        told = dump.rejects.filter(check="answered_request")
        assert told.height == count
        assert dump.entries.height == 2
    alone = read_dump(f'<OAI-PMH {OAI}><error code="noRecordsMatch"/></OAI-PMH>')
    assert alone.rejects.is_empty()


def test_records_that_cannot_be_read_are_rejects_that_say_why() -> None:
    dump = read_dump(
        response(
            "<record><header><identifier>a</identifier></header></record>\n"
            "<record/>\n<record><header><identifier>b</identifier></header><metadata>"
            '<resource xmlns="http://datacite.org/schema/kernel-4"/></metadata></record>\n'
            "<record><header><identifier>c</identifier></header><metadata><broken></metadata>"
            "</record>\n<record><header><identifier>d</identifier></header><metadata><oai_dc:dc>"
            "<dc:title>Whole</dc:title></oai_dc:dc></metadata></record>\n"
        )
    )
    dump.assert_accounted()
    assert dump.column("title") == ["Whole"]
    assert dump.rejects.select("line_start", "check").rows() == [
        (5, "has_metadata"), (6, "has_metadata"), (7, "known_metadata"), (8, "valid_xml"),
    ]  # fmt: skip
    assert "http://datacite.org/schema/kernel-4" in dump.rejects["message"][2]


def test_what_stands_in_no_record_is_a_reject() -> None:
    header = "<header><identifier>a</identifier></header>"
    dump = read_dump(response(f"{header}\n{header}"))
    assert dump.rejects["check"].to_list() == ["recognised_text"]
    dump = read_dump(response(f"<recod>{header}</recod>\n<record>{header}</record>"))
    assert dump.rejects["check"].to_list() == ["recognised_text", "has_metadata"]


def test_a_harvest_cut_short_keeps_what_stands_before_the_cut() -> None:
    text = ARXIV.read_text()
    for end, title_count, checks in (
        (text.index("<keyname>Kingma"), 1, ["valid_xml"]),
        (text.index("<record>\n<header>\n <identifier>oai:arXiv.org:1412"), 1, ["complete_dump"]),
    ):
        dump = read_dump(text[:end])
        dump.assert_accounted()
        assert dump.entries.height == title_count
        assert dump.rejects["check"].to_list() == checks


def test_bytes_that_are_no_utf8_reject_their_record() -> None:
    dump = read_dump(ARXIV.read_bytes().replace(b"Diederik", b"D\xefederik"))
    dump.assert_accounted()
    assert dump.entries.height == 2
    assert dump.rejects["check"].to_list() == ["readable_encoding"]


def test_entities_of_its_own_are_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>\n'
    declaration, rest = REPOSITORY.read_text().split("\n", 1)
    with pytest.raises(RefusedContentError, match="entities of its own"):
        read_dump(f"{declaration}\n{bomb}{rest}")
    dump = read_dump(REPOSITORY.read_text().replace("Peer reviewed", "&file;"))
    assert dump.rejects["check"].to_list() == ["valid_xml", "known_metadata"]


def test_the_number_of_records_is_that_of_a_whole_list(tmp_path) -> None:
    file = tmp_path / "harvest.xml"
    text = REPOSITORY.read_text()
    first, second = text.split("<?xml")[1:]
    for content, count in ((text, 3), (f"<?xml{first}", None), (f"<?xml{second}", None)):
        file.write_text(content)
        assert read_dump(file).reading.stated_count == count


def test_the_day_of_capture_is_the_dumps_own_only_where_nobody_says() -> None:
    reading = read_dump(ARXIV.read_bytes(), captured_on=dt.date(2024, 4, 1)).reading
    assert (reading.captured_on, reading.captured_on_basis) == (dt.date(2024, 4, 1), "source_toml")


def test_created_is_believed_in_the_month_of_the_identifier() -> None:
    text = ARXIV.read_text().replace("2017-06-12", "2023-08-02")
    dump = read_dump(text)
    assert dump.column("publication_date")[0] is None
    assert [each["check"] for each in dump.column("warnings")[0]] == ["first_version"]


def test_descriptions_dates_and_types_that_are_many() -> None:
    long = "A description of some length, " * 5
    dump = read_dc(
        f"<dc:title>A</dc:title><dc:description>15 pages</dc:description>"
        f"<dc:description>{long}</dc:description><dc:description>Comment: no more</dc:description>"
        "<dc:date>2007-05-01T10:00:00Z</dc:date><dc:date>2007</dc:date><dc:date>2007-13</dc:date>"
        "<dc:date>info:eu-repo/date/embargoEnd/1999-01-01</dc:date>"
        "<dc:type>Text</dc:type><dc:type>info:eu-repo/semantics/submittedVersion</dc:type>"
    )
    assert dump.column("abstract") == [long.strip()]
    assert dump.column("note") == ["15 pages; no more"]
    assert dump.column("publication_date") == [dt.date(2007, 5, 1)]
    assert dump.column("entry_type") == ["Text"]
    assert dump.column("version") == ["preprint"]
    short = read_dc(
        "<dc:description>Comments: 3 p.</dc:description><dc:description>We.</dc:description>"
    )
    assert short.column("abstract") == ["We."]


def test_a_date_that_is_none_is_a_warning() -> None:
    dump = read_dc("<dc:title>A</dc:title><dc:date>2007-02-30</dc:date>")
    assert dump.column("publication_date") == [None]
    assert [each["printed"] for each in dump.column("warnings")[0]] == ["2007-02-30"]


def test_identifiers_of_all_kinds() -> None:
    printed = ("doi:10.1000/182", "hdl:1721.1/7582", "urn:isbn:9780262033848", "ISSN: 1234-5679",
               "http://arxiv.org/abs/hep-th/9901001", "J. Ex. 3 (1999) 1-9", "PMC77")  # fmt: skip
    dump = read_dc(
        "<dc:title>A</dc:title>" + tags("dc:", identifier=list(printed))
        + "<dc:relation>10.1000/183</dc:relation>"
    )  # fmt: skip
    assert dump.column("doi") == ["doi:10.1000/182"]
    assert dump.column("arxiv_id") == ["http://arxiv.org/abs/hep-th/9901001"]
    assert dump.column("venue") == ["J. Ex. 3 (1999) 1-9"]
    assert [each["scheme"] for each in dump.column("identifiers")[0]] == [
        "hdl", "isbn", "issn", "pmcid",
    ]  # fmt: skip
    assert dump.column("related") == [
        [{"relation": "related_to", "scheme": "doi", "value": "10.1000/183"}]
    ]


def test_names_of_all_kinds() -> None:
    people = ["Doe, Jane; Roe, R.", "https://orcid.org/0000-0002-1825-0097", "The Group",
              "Wang, Wei", "Wang, Wei", "Barnes, Noble, Inc.", "et al."]  # fmt: skip
    dump = read_dc("<dc:title>A</dc:title>" + tags("dc:", creator=people))
    assert dump.names() == [
        ["Jane Doe", "R. Roe", "The Group", "Wei Wang", "Wei Wang", "Barnes, Noble, Inc."]
    ]
    assert dump.column("authors_complete") == [False]
    assert dump.column("authors")[0][1]["orcid"] == "0000-0002-1825-0097"


def test_elements_that_nobody_knows_are_counted() -> None:
    dump = read_dc("<dc:title>A</dc:title><dc:mood>x</dc:mood><dc:mood>y</dc:mood>")
    assert dump.unknown_fields == {"mood": 1}


def test_other_xml_is_not_taken_for_a_harvest() -> None:
    for other in ("<dblp><article/></dblp>", "<collection><volume/></collection>", "OAI-PMH", "{}"):
        assert oai_pmh.sniff(other) == 0.0


def test_records_without_an_envelope_need_no_declarations() -> None:
    dump = read_dump(
        "<records>\n<oai:record><!-- saved --><oai:header><oai:identifier>a</oai:identifier>"
        "</oai:header><oai:metadata><oai_dc:dc><dc:title>A</dc:title><dcterms:issued>2001"
        "</dcterms:issued></oai_dc:dc></oai:metadata></oai:record>\n</records>"
    )
    dump.assert_accounted()
    assert dump.format == "oai_pmh"
    assert dump.column("title") == ["A"]
    assert dump.unknown_fields == {"issued": 1}


def test_deleted_records_of_the_older_protocol() -> None:
    dump = read_dump(
        '<ListRecords xmlns="http://www.openarchives.org/OAI/1.1/OAI_ListRecords">\n'
        '<record status="deleted"><header><identifier>a</identifier></header></record>\n'
        "</ListRecords>"
    )
    dump.assert_accounted()
    assert dump.deletions["source_key"].to_list() == ["a"]
    assert dump.rejects.is_empty()


# ---- What repositories make of Dublin Core


@pytest.mark.parametrize(
    ("printed", "names", "affiliations"),
    [
        ("Doe, Jane; University of A, B", ["Jane Doe"], ["University of A, B"]),
        ("Doe, Jane; Dept. of A; B Lab, C, D", ["Jane Doe"], ["Dept. of A", "B Lab, C, D"]),
        ("Doe, Jane; EXL", ["Jane Doe"], ["EXL"]),
        ("Doe, Jane; Roe, Richard; Poe, E. A.", ["Jane Doe", "Richard Roe", "E. A. Poe"], None),
        ("Doe, Jane; Roe, Richard, Jr.", ["Jane Doe", "Richard Roe Jr."], None),
        ("Jane Doe; Richard Roe", ["Jane Doe", "Richard Roe"], None),
        ("Jane Doe; Institute of Tests", ["Jane Doe"], ["Institute of Tests"]),
        ("Institute of Tests; Department 4", ["Institute of Tests"], ["Department 4"]),
        ("Doe, Jane, 1951-", ["Jane Doe"], None),
        ("Doe, Jane, 1901-1980.", ["Jane Doe"], None),
        ("Doe, Jane (1951- )", ["Jane Doe"], None),
        ("Doe, Jane, b. 1951", ["Jane Doe"], None),
        ("Team 2020", ["Team 2020"], None),
        ("Doe, Jr., Richard", ["Richard Doe Jr."], None),
        ("Doe, Jr.", ["Doe, Jr."], None),
    ],
)  # fmt: skip
def test_what_is_printed_with_a_creator(printed, names, affiliations) -> None:
    dump = read_dc(f"<dc:title>A</dc:title><dc:creator>{printed}</dc:creator>")
    assert dump.names() == [names]
    assert dump.column("authors")[0][0]["affiliations"] == affiliations


@pytest.mark.parametrize(
    ("printed", "venue", "volume", "issue", "pages"),
    [
        ("J. of Tests; Vol. 2 No. 1 (2018): Theme; 12-20", "J. of Tests", "2", "1", "12-20"),
        ("J. of Tests; Vol 2, No 1-2 (2010); e12", "J. of Tests", "2", "1-2", "e12"),
        ("Revista; v. 3 n. 4 (2019)", "Revista", "3", "4", None),
        ("Foro; Vol. 3 Núm. 2 (2013): Tema; 7-9", "Foro", "3", "2", "7-9"),
        ("J. of Tests; No 5 (2013)", "J. of Tests", None, "5", None),
        ("J. of Tests; Vol. 7 (2013)", "J. of Tests", "7", None, None),
        ("J. of Tests; 2022", "J. of Tests", None, None, None),
        ("J. of Tests; Part 2", "J. of Tests; Part 2", None, None, None),
        ("Tests, Vol. 3; Trials", "Tests, Vol. 3; Trials", None, None, None),
        ("Journal of Tests", "Journal of Tests", None, None, None),
    ],
)
def test_a_source_tells_venue_volume_issue_and_pages(printed, venue, volume, issue, pages) -> None:
    dump = read_dc(
        "<dc:title>A</dc:title>"
        + tags("dc:", source=["ISSN: 1234-5679", printed, "Zeitschrift; Bd. 2 Nr. 1 (2018)"])
    )
    assert dump.entries.select("venue", "volume", "issue", "pages").row(0) == (
        venue, volume, issue, pages,
    )  # fmt: skip
    assert dump.column("note") == [None]


def test_a_whole_citation_is_no_venue() -> None:
    dump = read_dc(
        "<dc:title>A</dc:title>"
        + tags("dc:", source=["https://a.example/1", "Tests, 2018. \u27e8x-1\u27e9"])
    )
    assert dump.column("venue") == [None]
    assert dump.column("note") == ["Tests, 2018. \u27e8x-1\u27e9"]


def test_relations_are_identifiers_links_or_remarks() -> None:
    semantics = "info:eu-repo/semantics"
    dump = read_dc(
        "<dc:title>A</dc:title>"
        + tags(
            "dc:",
            relation=[
                f"{semantics}/altIdentifier/doi/http://dx.doi.org/10.1000/1",
                f"{semantics}/altIdentifier/eissn/1234-5679",
                f"{semantics}/altIdentifier/url/https://a.example/1.pdf",
                f"{semantics}/reference/doi/10.1000/2",
                "info:eu-repo/grantAgreement/X/1",
                "url:https://b.example/code",
                "https://doi.org/10.1000/3",
                "Reports on Tests;42",
            ],
        )
    )
    assert dump.column("doi") == ["http://dx.doi.org/10.1000/1"]
    assert dump.column("identifiers") == [[{"scheme": "issn", "value": "1234-5679"}]]
    assert [each["value"] for each in dump.column("related")[0]] == [
        "10.1000/2", "https://doi.org/10.1000/3",
    ]  # fmt: skip
    assert dump.column("links") == [["https://a.example/1.pdf", "https://b.example/code"]]
    assert dump.column("note") == ["Reports on Tests;42"]


@pytest.mark.parametrize(
    ("printed", "date", "precision"),
    [
        ("2010-03-20 12:00:00", dt.date(2010, 3, 20), "day"),
        ("2010/03/20", dt.date(2010, 3, 20), "day"),
        ("20100320", dt.date(2010, 3, 20), "day"),
        ("2010-03-00", dt.date(2010, 3, 1), "month"),
        ("2010-00-00", dt.date(2010, 1, 1), "year"),
        ("[c2010]", dt.date(2010, 1, 1), "year"),
        ("2010?", dt.date(2010, 1, 1), "year"),
        ("March 2010", dt.date(2010, 3, 1), "month"),
        ("20-Mar-2010", dt.date(2010, 3, 20), "day"),
        ("March 20th, 2010", dt.date(2010, 3, 20), "day"),
        ("1998-1999", None, None),
        ("20 March", None, None),
        ("31 February 2010", None, None),
    ],
)
def test_dates_of_many_shapes(printed, date, precision) -> None:
    dump = read_dc(f"<dc:title>A</dc:title><dc:date>{printed}</dc:date>")
    assert dump.entries.select("publication_date", "date_precision").row(0) == (date, precision)
    assert (dump.column("warnings") == [None]) == (date is not None)


@pytest.mark.parametrize(
    "remark",
    [
        "ix, 295 leaves : ill. ; 29 cm.",
        "Made available in DSpace on 2012-06-25T13:10:26Z (GMT). No. of bitstreams: 1" + " x" * 60,
        "Submitted by Jane Doe (jane@a.example) on 2012-06-25T13:10:26Z" + " x" * 60,
        "International audience",
        "Includes bibliographical references.",
    ],
)
def test_remarks_are_no_abstract(remark) -> None:
    dump = read_dc(f"<dc:title>A</dc:title><dc:description>{remark}</dc:description>")
    assert (dump.column("abstract"), dump.column("note")) == ([None], [remark])


def test_identifiers_printed_as_paths_of_a_site() -> None:
    dump = read_dc(
        "<dc:title>A</dc:title>"
        + tags("dc:", identifier=["/pmc/articles/PMC77/", "/pubmed/123", "oai:x:1"])
    )
    assert dump.column("identifiers") == [
        [{"scheme": "pmcid", "value": "PMC77"}, {"scheme": "pmid", "value": "123"}]
    ]
    assert dump.column("note") == [None]


def test_sets_that_are_shelves_are_no_category() -> None:
    sets = ["com_1721_33", "hdl_1721_5", "747970653D61727469636C65", "driver", "math:AG"]
    header = "<identifier>oai:x:1</identifier>" + tags("", setSpec=sets)
    assert read_dc("<dc:title>A</dc:title>", header).column("categories") == [["math:AG"]]
    shelves = "<identifier>oai:x:1</identifier>" + tags("", setSpec=sets[:4])
    assert read_dc("<dc:title>A</dc:title>", shelves).column("category") == [None]


def test_a_classification_is_no_category_while_there_are_words() -> None:
    subjects = ["info:eu-repo/classification/ddc/590", "Tests"]
    dump = read_dc("<dc:title>A</dc:title>" + tags("dc:", subject=subjects))
    assert dump.column("category") == ["Tests"]


def test_dublin_core_is_known_whatever_its_namespace() -> None:
    for name in ("http://www.openarchives.org/OAI/2.0/oai_dc", "https://a.example/dc/"):
        dump = read_dump(
            f"<record {OAI}><header><identifier>a</identifier></header><metadata>"
            f'<dc xmlns="{name}"><title>Whole</title></dc></metadata></record>'
        )
        assert dump.column("title") == ["Whole"]
