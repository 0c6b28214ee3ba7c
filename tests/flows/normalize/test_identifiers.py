"""Identifiers: printed forms, check digits against python-stdnum, the columns that hold them."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from stdnum import isbn, issn
from stdnum.iso7064 import mod_11_2

from flows.formats import ENTRY_SCHEMA, PERSON_SCHEMA
from flows.normalize.identifiers import (
    normalised,
    of_papers,
    with_identifiers,
    with_person_identifiers,
)
from flows.normalize.schemes import SCHEMES, arxiv_version
from schemas.dictionary import polars_schema
from schemas.record import AuthorRecords, Records

# fmt: off
PRINTED: dict[str, dict[str, str | None]] = {
    "doi": {
        "10.1103/PhysRevD.76.013009": "10.1103/physrevd.76.013009",
        "https://doi.org/10.1000/182": "10.1000/182",
        "http://dx.doi.org/10.1000%2F182.": "10.1000/182",
        "doi:10.1000/182": "10.1000/182",
        "DOI 10.1000/182": "10.1000/182",
        "info:doi/10.1000/182": "10.1000/182",
        "DOI:https://doi.org/10.1000/182": "10.1000/182",
        "10.1002/(SICI)1097-4571(199806)49:8&lt;693::AID-ASI4&gt;3.0.CO;2-O":
            "10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o",
        "10.1002/(SICI)1097-4571(199806)49:8%3C693::AID-ASI4%3E3.0.CO;2-O":
            "10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o",
        "https://doi.org/10.1000/182https://doi.org/10.1000/182": "10.1000/182",
        "https://doi.org/https://doi.org/10.1000/182": "10.1000/182",
        "10.1000/abc10.1000/abc": "10.1000/abc",
        "10.1103/ PhysRevD. 76. 013009": "10.1103/physrevd.76.013009",
        "10.1103/PhysRevD.1.1 10.1103/PhysRevD.2.2": "10.1103/physrevd.1.1",
        "10.1103/PhysRevD.1.1; 10.1103/PhysRevD.2.2": "10.1103/physrevd.1.1",
        "10.1103/PhysRevD.1.1,10.1103/PhysRevD.2.2": "10.1103/physrevd.1.1",
        "10.1007/978-3-030-01234-2\\_12": "10.1007/978-3-030-01234-2_12",
        "10.1007/978-3-030-01234-2{\\_}12": "10.1007/978-3-030-01234-2_12",
        "10.1002/(SICI)1$<$2::AID$>$3": "10.1002/(sici)1<2::aid>3",
        "(10.1016/S0014-5793(01)03313-0).": "10.1016/s0014-5793(01)03313-0",
        "10.1016/S0014-5793(01)03313-0": "10.1016/s0014-5793(01)03313-0",
        "10.1890/0012-9658(2006)87[1450:ATTASM]2.0.CO;2":
            "10.1890/0012-9658(2006)87[1450:attasm]2.0.co;2",
        "<https://doi.org/10.1000/182>": "10.1000/182",
        '<a href="https://doi.org/10.1000/x1">10.1000/x1</a>': "10.1000/x1",
        "10.1145/3292500.3330701 (published version)": "10.1145/3292500.3330701",
        "10.1145/3292500.3330701. Accepted at KDD": "10.1145/3292500.3330701",
        "10/abc": None,
        "n/a": None,
        "": None,
        " ": None,
        "https://onlinelibrary.wiley.com/doi/full/10.1002/asi.4/full": "10.1002/asi.4",
        "https://www.biorxiv.org/content/10.1101/2020.01.01.123456v2.full.pdf":
            "10.1101/2020.01.01.123456",
        "https://dl.acm.org/doi/10.1145/3292500.3330701": "10.1145/3292500.3330701",
        "10.1103/Phys RevD 76": None,
        "10.1002/1521-3951(200011)222:1<319::AID-PSSB319>3.0.CO;2-#":
            "10.1002/1521-3951(200011)222:1<319::aid-pssb319>3.0.co;2-#",
        "https://doi.org/10.48550/arXiv.1706.03762": "10.48550/arxiv.1706.03762",
        "10.1000/&amp;amp;x": "10.1000/&x",
        "10.123/abc": None,
        "10.1023/A:1010933404324": "10.1023/a:1010933404324",
        "https://doi.org/10.1007%2F978-3-319-24574-4_28": "10.1007/978-3-319-24574-4_28",
        "10.1002/cpa.3160130102, 10.1000/182": "10.1002/cpa.3160130102",
        "10.1002/cpa.3160130102 and 10.1000/182": "10.1002/cpa.3160130102",
        "doi.org/10.1000/182": "10.1000/182",
        "\\url{https://doi.org/10.1000/182}": "10.1000/182",
        "10.1109/CVPR.2016.90\u200b": "10.1109/cvpr.2016.90",
        "10.1007/s00220–007–0259–6": "10.1007/s00220-007-0259-6",
        "urn:doi:10.1000/182": "10.1000/182",
        "10.1000/182)": "10.1000/182",
        "[10.1000/182]": "10.1000/182",
        "“10.1000/182”": "10.1000/182",
    },
    "arxiv": {
        "1706.03762": "1706.03762",
        "arXiv:1706.03762v5": "1706.03762",
        "arXiv:1706.03762v5 [cs.CL] 6 Dec 2017": "1706.03762",
        "https://arxiv.org/abs/1706.03762": "1706.03762",
        "http://arxiv.org/pdf/1706.03762v3.pdf": "1706.03762",
        "https://arxiv.org/pdf/1706.03762": "1706.03762",
        "10.48550/arXiv.1706.03762": "1706.03762",
        "https://doi.org/10.48550/arXiv.1706.03762": "1706.03762",
        "hep-th/9901001": "hep-th/9901001",
        "math.GT/0309136": "math/0309136",
        "arXiv:math.GT/0309136v2": "math/0309136",
        "math/0309136": "math/0309136",
        "cond-mat.str-el/0309136": "cond-mat/0309136",
        "abs/1706.03762": "1706.03762",
        "CoRR abs/1706.03762": "1706.03762",
        "oai:arXiv.org:hep-th/9901001": "hep-th/9901001",
        "0704.0001": "0704.0001",
        "0703.0001": None,
        "1412.6980": "1412.6980",
        "1412.06980": None,
        "1501.00001": "1501.00001",
        "1501.0001": None,
        "1713.00001": None,
        "1700.00001": None,
        "foo/9901001": None,
        "hep-th/9913001": None,
        "hep-th/0704001": None,
        "hep-th/0703999": "hep-th/0703999",
        "1706.00000": None,
        "1706.03762v0": None,
        "arXiv preprint arXiv:1706.03762": "1706.03762",
        "https://arxiv.org/abs/hep-th/9901001v3": "hep-th/9901001",
        "https://arxiv.org/pdf/hep-th%2F9901001": "hep-th/9901001",
        "10.1234/1706.03762": None,
        "https://export.arxiv.org/abs/1706.03762?context=cs": "1706.03762",
        "arXiv:1706.03762.": "1706.03762",
        "alphaxiv.org/abs/1706.03762": "1706.03762",
        "arXiv 1706.03762": "1706.03762",
        "ARXIV: MATH.GT/0309136": "math/0309136",
        "stat/0703001": None,
        "1706.03762, 1810.04805": "1706.03762",
        "https://ar5iv.labs.arxiv.org/html/1706.03762": "1706.03762",
        "nonsense": None,
    },
    "pmid": {
        "17284678": "17284678",
        "PMID: 17284678": "17284678",
        "https://pubmed.ncbi.nlm.nih.gov/17284678/": "17284678",
        "http://www.ncbi.nlm.nih.gov/pubmed/17284678": "17284678",
        "0017284678": "17284678",
        "0": None,
        "123456789": None,
        "x": None,
    },
    "pmcid": {
        "PMC1790863": "PMC1790863",
        "pmc1790863": "PMC1790863",
        "1790863": "PMC1790863",
        "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC1790863/": "PMC1790863",
        "https://pmc.ncbi.nlm.nih.gov/articles/PMC1790863": "PMC1790863",
        "PMCID: PMC1790863": "PMC1790863",
        "https://www.ncbi.nlm.nih.gov/pmc/articles/1790863": "PMC1790863",
        "PMC1790863.2": "PMC1790863",
        "0": None,
    },
    "orcid": {
        "0000-0002-1825-0097": "0000-0002-1825-0097",
        "https://orcid.org/0000-0002-1825-0097": "0000-0002-1825-0097",
        "http://www.orcid.org/0000-0002-1694-233x": "0000-0002-1694-233X",
        "0000000218250097": "0000-0002-1825-0097",
        "orcid:0000-0002-1825-0097": "0000-0002-1825-0097",
        "0000–0002–1825–0097": "0000-0002-1825-0097",
        "0000-0002-1825-0098": None,
        "0000-0000-0000-0000": None,
        "0000 0002 1825 0097": "0000-0002-1825-0097",
        "https://orcid.org/0000-0002-1825-0097/": "0000-0002-1825-0097",
    },
    "isbn": {
        "978-0-262-03384-8": "9780262033848",
        "0-262-03384-4": "9780262033848",
        "0262033844": "9780262033848",
        "ISBN 978-0-262-03384-8 (pbk.)": "9780262033848",
        "urn:isbn:9780262033848": "9780262033848",
        "ISBN-13: 978-0-262-03384-8": "9780262033848",
        "080442957X": "9780804429573",
        "0-8044-2957-x": "9780804429573",
        "9780262033849": None,
        "978 0 262 03384 8": "9780262033848",
        "9780262033848 0262033844": "9780262033848",
        "0000000000": None,
        "978-0-262-03384-8 (print); 978-0-262-53305-8 (ebook)": "9780262033848",
    },
    "issn": {
        "0028-0836": "0028-0836",
        "00280836": "0028-0836",
        "ISSN 0028-0836": "0028-0836",
        "0028-0837": None,
        "2434-561X": "2434-561X",
        "2434-561x": "2434-561X",
        "1045-9243, 1558-2183": "1045-9243",
        "0028-0836 (print) 1476-4687 (online)": "0028-0836",
        "https://portal.issn.org/resource/ISSN/0028-0836": "0028-0836",
        "0000-0000": None,
        "e-ISSN: 1476-4687": "1476-4687",
    },
    "openalex": {
        "W2741809807": "W2741809807",
        "https://openalex.org/W2741809807": "W2741809807",
        "https://openalex.org/works/w2741809807": "W2741809807",
        "https://api.openalex.org/authors/A5023888391": "A5023888391",
        "12": None,
    },
    "s2": {
        "204e3073870fae3d05bcbc2f6a8e263d9b72e776": "204e3073870fae3d05bcbc2f6a8e263d9b72e776",
        "https://www.semanticscholar.org/paper/Attention-Is-All-You-Need/204E3073870f"
        "ae3d05bcbc2f6a8e263d9b72e776?sort=x":
            "204e3073870fae3d05bcbc2f6a8e263d9b72e776",
        "xyz": None,
    },
    "s2_corpus": {
        "13756489": "13756489",
        "CorpusId:13756489": "13756489",
        "https://api.semanticscholar.org/CorpusID:13756489": "13756489",
        "corpus id: 12": "12",
        "a": None,
    },
    "s2_author": {
        "1741101": "1741101",
        "https://www.semanticscholar.org/author/A-B/1741101": "1741101",
    },
    "dblp": {
        "journals/jacm/Codd70": "journals/jacm/Codd70",
        "https://dblp.org/rec/conf/nips/VaswaniSPUJGKP17.html": "conf/nips/VaswaniSPUJGKP17",
        "https://dblp.uni-trier.de/rec/bibtex/conf/nips/VaswaniSPUJGKP17":
            "conf/nips/VaswaniSPUJGKP17",
        "https://dblp.org/rec/conf/nips/X.html?view=bibtex": "conf/nips/X",
        "DBLP:conf/iclr/2015": "conf/iclr/2015",
        "https://dblp.org/pid/h/GeoffreyEHinton.html": "homepages/h/GeoffreyEHinton",
        "homepages/h/GeoffreyEHinton": "homepages/h/GeoffreyEHinton",
        "journals/corr/abs-1706-03762": "journals/corr/abs-1706-03762",
        "https://dblp.org/rec/xml/a/b.xml": "a/b",
        "Codd70": None,
    },
    "acl": {
        "P19-1001": "P19-1001",
        "p19-1001": "P19-1001",
        "https://aclanthology.org/P19-1001/": "P19-1001",
        "https://www.aclweb.org/anthology/P19-1001.pdf": "P19-1001",
        "https://aclanthology.org/2020.acl-main.1/": "2020.acl-main.1",
        "2020.ACL-main.1": "2020.acl-main.1",
        "https://www.aclweb.org/anthology/2020.acl-main.1.pdf": "2020.acl-main.1",
        "https://aclanthology.org/papers/P/P19/P19-1001/": "P19-1001",
        "https://aclanthology.org/P19-1001v2.pdf": "P19-1001",
        "2020.findings-emnlp.12": "2020.findings-emnlp.12",
        "P19": None,
    },
    "ror": {
        "https://ror.org/05gq02987": "05gq02987",
        "05GQ02987": "05gq02987",
    },
    "wikidata": {
        "https://www.wikidata.org/wiki/Q42": "Q42",
        "q42": "Q42",
        "http://www.wikidata.org/entity/Q42": "Q42",
    },
    "openreview": {
        "rJXMpikCZ": "rJXMpikCZ",
        "https://openreview.net/forum?id=rJXMpikCZ&noteId=abc": "rJXMpikCZ",
        "https://openreview.net/pdf?id=H1-oTz-Cb": "H1-oTz-Cb",
        "~Ashish_Vaswani1": "~Ashish_Vaswani1",
        "https://openreview.net/pdf/abc.pdf": None,
    },
    "hdl": {
        "https://hdl.handle.net/1721.1/7582": "1721.1/7582",
        "hdl:2027/x": "2027/x",
        "1721.1/7582": "1721.1/7582",
    },
    "mag": {
        "MAG: 123": "123",
        "0": None,
    },
    "url": {
        " https://x.org/A  b ": "https://x.org/A b",
    },
    "report": {
        "CERN-TH/99 ": "CERN-TH/99",
    },
}
# fmt: on

DOI = re.compile(r"^10\.\d{4,9}/\S+$")
ARXIV = re.compile(r"^(\d{4}\.\d{4,5}|[a-z-]+(\.[A-Z]{2})?/\d{7})$")


def normal(value: str | None, scheme: str) -> str | None:
    result: str | None = pl.select(normalised(pl.lit(value, pl.String), scheme)).item()
    return result


def entries(*rows: dict[str, object]) -> pl.DataFrame:
    numbered = [{"ordinal": number, **row} for number, row in enumerate(rows, start=1)]
    return pl.DataFrame(numbered, schema=ENTRY_SCHEMA)


def people(*rows: dict[str, object]) -> pl.DataFrame:
    numbered = [{"ordinal": number, **row} for number, row in enumerate(rows, start=1)]
    return pl.DataFrame(numbered, schema=PERSON_SCHEMA)


def read(**row: object) -> dict[str, object]:
    return with_identifiers(entries(row)).row(0, named=True)


def known(row: dict[str, object]) -> list[tuple[str, str]] | None:
    listed = row["identifiers"]
    return None if listed is None else [(each["scheme"], each["value"]) for each in listed]


def checks(row: dict[str, object]) -> list[tuple[str, str, str]]:
    return [(each["column"], each["check"], each["printed"]) for each in row["warnings"] or []]


def test_every_scheme_has_printed_forms() -> None:
    assert {scheme.name for scheme in SCHEMES} <= set(PRINTED)
    assert len({scheme.name for scheme in SCHEMES}) == len(SCHEMES)


@pytest.mark.parametrize("scheme", PRINTED)
def test_printed_forms_become_normal_forms(scheme) -> None:
    frame = pl.DataFrame({"printed": list(PRINTED[scheme])})
    found = frame.select(normalised(pl.col("printed"), scheme)).to_series().to_list()
    assert dict(zip(PRINTED[scheme], found, strict=True)) == PRINTED[scheme]


@pytest.mark.parametrize("scheme", PRINTED)
def test_a_normal_form_is_its_own(scheme) -> None:
    for value in filter(None, PRINTED[scheme].values()):
        assert normal(value, scheme) == value


@pytest.mark.parametrize("scheme", PRINTED)
def test_nothing_printed_is_nothing(scheme) -> None:
    assert [normal(value, scheme) for value in (None, "", " \t\u200b")] == [None] * 3
    assert pl.DataFrame({"x": []}, schema={"x": pl.String}).select(
        normalised(pl.col("x"), scheme)
    ).schema == {"x": pl.String}


@pytest.mark.parametrize("scheme", [scheme for scheme in PRINTED if scheme != "url"])
def test_lists_read_values_as_expressions_do(scheme) -> None:
    for printed, expected in PRINTED[scheme].items():
        row = read(identifiers=[{"scheme": scheme, "value": printed}])
        values = [value for found, value in known(row) or [] if found == scheme]
        if expected is None:
            assert values == []
            assert len(checks(row)) == (1 if printed.strip() else 0)
        else:
            assert expected in values


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("1706.03762v5", 5),
        ("https://arxiv.org/pdf/1706.03762v12.pdf", 12),
        ("math.GT/0309136v2", 2),
        ("arXiv:1706.03762v3 [cs.CL]", 3),
        ("1706.03762", None),
        ("v2", None),
        (None, None),
    ],
)
def test_the_version_is_kept_apart(printed, version) -> None:
    assert pl.select(arxiv_version(pl.lit(printed, pl.String))).item() == version


# ---- properties

digits = st.text("0123456789", min_size=7, max_size=16)
almost = st.builds(lambda body, last: body + last, digits, st.sampled_from("0123456789X"))
doi_parts = st.lists(
    st.sampled_from(
        ["10.1000/", "10.1103/", "https://doi.org/", "doi:", "abc", "X1", "7", " ", ".", ";", ",",
         "(", ")", "<", ">", "[", "]", "%2F", "%28", "%25", "&lt;", "&amp;", "amp;", "\\_", "{",
         "}", "$", "/", "-", "#", "–", "\u200b", "é", "Σ", "and ", "</a>", '"', ".pdf", "v1", "://"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


def right(checked, value: str) -> bool:
    return bool(checked.is_valid(value)) and set(value) != {"0"}


@settings(max_examples=30)
@given(st.lists(almost, min_size=30, max_size=60))
def test_check_digits_as_python_stdnum_has_them(values: list[str]) -> None:
    # Right ones are rare among random digits, so each value also comes with its right digit.
    values = [
        *values,
        *(
            v[:15] + mod_11_2.calc_check_digit(v[:15])
            for v in values
            if len(v) > 15 and v[:15].isdigit()
        ),
        *(v[:7] + issn.calc_check_digit(v[:7]) for v in values),
        *(
            v[:9] + isbn._calc_isbn10_check_digit(v[:9])
            for v in values
            if v[:9].isdigit() and len(v) > 9
        ),
    ]
    frame = pl.DataFrame({"v": values}).select(
        v=pl.col("v"),
        orcid=normalised(pl.col("v"), "orcid"),
        issn=normalised(pl.col("v"), "issn"),
        isbn=normalised(pl.col("v"), "isbn"),
    )
    for row in frame.iter_rows(named=True):
        value = row["v"]
        assert (row["orcid"] is not None) == (len(value) == 16 and right(mod_11_2, value))
        assert (row["issn"] is not None) == right(issn, value)
        assert (row["isbn"] is not None) == (len(value) != 9 and right(isbn, value))
        if row["orcid"] is not None:
            assert row["orcid"].replace("-", "") == value
        if row["issn"] is not None:
            assert row["issn"] == issn.format(value)
        if row["isbn"] is not None:
            assert row["isbn"] == isbn.to_isbn13(value)


@settings(max_examples=40)
@given(st.lists(doi_parts, min_size=20, max_size=40))
def test_a_doi_is_one_comes_from_what_is_printed_and_stays(printed: list[str]) -> None:
    frame = pl.DataFrame({"p": printed}).with_columns(n=normalised(pl.col("p"), "doi"))
    frame = frame.with_columns(again=normalised(pl.col("n"), "doi")).drop_nulls("n")
    assert frame["again"].to_list() == frame["n"].to_list()
    for value, doi in frame.select("p", "n").iter_rows():
        assert DOI.match(doi)
        decoded = value.lower().replace("–", "-") + "/(%<&_"
        assert set(doi) <= set(decoded)


@settings(max_examples=20)
@given(
    st.lists(
        st.from_regex(r"\A(arXiv:)?[0-9]{4}\.[0-9]{4,5}(v[0-9])?\Z")
        | st.from_regex(r"\A(hep-th|math\.GT|foo)/[0-9]{7}\Z"),
        min_size=20,
        max_size=40,
    )
)
def test_an_arxiv_id_has_a_month(printed: list[str]) -> None:
    frame = pl.DataFrame({"p": printed}).with_columns(n=normalised(pl.col("p"), "arxiv"))
    for value, found in frame.iter_rows():
        parts = re.search(r"(?:(\d\d)(\d\d)\.(\d+)|/(\d\d)(\d\d)(\d+))(?:v(\d))?$", value)
        assert parts is not None
        is_new = parts[1] is not None
        year, month, number = (parts[1], parts[2], parts[3]) if is_new else parts.group(4, 5, 6)
        when = int(year + month)
        possible = 1 <= int(month) <= 12 and int(number) > 0 and parts[7] != "0"
        if is_new:
            possible = possible and when >= 704 and len(number) == (4 if when < 1500 else 5)
        else:
            possible = possible and "foo" not in value and (when <= 703 or when >= 9100)
        assert (found is not None) == possible
        if found is not None:
            assert ARXIV.match(found)


@settings(max_examples=40)
@given(st.sampled_from(sorted(PRINTED)), st.lists(st.text(max_size=30), max_size=20))
def test_any_text_is_read(scheme: str, values: list[str]) -> None:
    frame = pl.DataFrame({"v": values}, schema={"v": pl.String})
    once = frame.select(normalised(pl.col("v"), scheme))
    assert_frame_equal(once.select(normalised(pl.col("v"), scheme)), once)


@settings(max_examples=25)
@given(st.lists(doi_parts, min_size=5, max_size=15))
def test_the_quick_way_reads_what_the_thorough_way_does(printed: list[str]) -> None:
    usual = ["10.1103/PhysRevD.76.1", "https://doi.org/10.1016/S0014-5793(01)03313-0", "10.1/x"]
    values = [*printed, *usual]
    frame = with_identifiers(entries(*({"doi": value} for value in values)))
    expected = pl.DataFrame({"v": values}).select(normalised(pl.col("v"), "doi"))["v"]
    for found, one in zip(frame["doi"], expected, strict=True):
        assert one is None or found == one


# ---- columns of entries


def test_entries_get_normal_identifiers() -> None:
    row = read(
        doi="https://doi.org/10.1109/CVPR.2016.90",
        arxiv_id="arXiv:1512.03385v1",
        identifiers=[
            {"scheme": "openalex", "value": "https://openalex.org/W2194775991"},
            {"scheme": "mag", "value": "2194775991"},
            {"scheme": "DOI", "value": "10.1109/cvpr.2016.90"},
            {"scheme": "report no.", "value": "MSR 12"},
        ],
    )
    assert (row["doi"], row["arxiv_id"]) == ("10.1109/cvpr.2016.90", "1512.03385")
    assert row["identifiers"] == [
        {"scheme": "arxiv", "value": "1512.03385", "printed": "arXiv:1512.03385v1"},
        {
            "scheme": "doi",
            "value": "10.1109/cvpr.2016.90",
            "printed": "https://doi.org/10.1109/CVPR.2016.90",
        },
        {"scheme": "mag", "value": "2194775991", "printed": "2194775991"},
        {
            "scheme": "openalex",
            "value": "W2194775991",
            "printed": "https://openalex.org/W2194775991",
        },
        {"scheme": "report_no_", "value": "MSR 12", "printed": "MSR 12"},
    ]
    assert row["warnings"] is None


def test_identifiers_found_only_in_the_list_fill_the_columns() -> None:
    row = read(
        doi="none",
        identifiers=[
            {"scheme": "doi", "value": "10.1000/182"},
            {"scheme": "arxiv", "value": "hep-th/9901001"},
        ],
    )
    assert (row["doi"], row["arxiv_id"]) == ("10.1000/182", "hep-th/9901001")
    assert checks(row) == [("doi", "doi_form", "none")]


def test_the_doi_of_arxiv_gives_the_arxiv_id_unless_one_is_printed() -> None:
    row = read(doi="10.48550/arXiv.1706.03762")
    assert (row["doi"], row["arxiv_id"]) == ("10.48550/arxiv.1706.03762", "1706.03762")
    assert known(row) == [("arxiv", "1706.03762"), ("doi", "10.48550/arxiv.1706.03762")]
    other = read(doi="10.48550/arXiv.1706.03762", arxiv_id="1412.6980")
    assert other["arxiv_id"] == "1412.6980"
    assert known(other) == [("arxiv", "1412.6980"), ("doi", "10.48550/arxiv.1706.03762")]


def test_several_identifiers_in_one_field_are_all_kept() -> None:
    row = read(doi="10.1103/PhysRevD.2.2 10.1103/PhysRevD.1.1; 10.1103/PhysRevD.3.3")
    assert row["doi"] == "10.1103/physrevd.2.2"
    assert known(row) == [("doi", f"10.1103/physrevd.{n}.{n}") for n in (1, 2, 3)]
    books = read(
        identifiers=[
            {"scheme": "isbn", "value": "978-0-262-03384-8 (print); 978-0-262-53305-8 (ebook)"},
            {"scheme": "issn", "value": "0028-0836 1476-4687 1476-4688"},
        ]
    )
    assert known(books) == [
        ("isbn", "9780262033848"),
        ("isbn", "9780262533058"),
        ("issn", "0028-0836"),
        ("issn", "1476-4687"),
    ]
    assert checks(books) == [("identifiers", "issn_check_digit", "0028-0836 1476-4687 1476-4688")]


def test_an_isbn_of_ten_and_of_thirteen_digits_is_one() -> None:
    row = read(
        identifiers=[
            {"scheme": "isbn", "value": "0-262-03384-4"},
            {"scheme": "isbn", "value": "978-0-262-03384-8"},
        ]
    )
    assert row["identifiers"] == [
        {"scheme": "isbn", "value": "9780262033848", "printed": "0-262-03384-4"}
    ]


def test_a_number_as_id_of_semantic_scholar_is_the_corpus_id() -> None:
    listed = [{"scheme": "s2", "value": "CorpusID:13756489"}, {"scheme": "s2", "value": "7"}]
    assert known(read(identifiers=listed)) == [("s2_corpus", "13756489"), ("s2_corpus", "7")]


def author(name: str, orcid_printed: str | None) -> dict[str, object]:
    return {
        "name": name,
        "given_name": None,
        "family_name": None,
        "orcid": orcid_printed,
        "source_author_key": "k",
        "affiliations": ["U"],
    }


def test_authors_keep_all_but_impossible_orcids() -> None:
    frame = with_identifiers(
        entries(
            {"authors": None},
            {
                "authors": [
                    author("A", "https://orcid.org/0000-0002-1825-0097"),
                    author("B", None),
                    author("C", "0000-0002-1825-0098"),
                ]
            },
            {"authors": []},
            {"authors": [author("D", " "), author("E", "me")]},
        )
    )
    assert frame["authors"].to_list() == [
        None,
        [author("A", "0000-0002-1825-0097"), author("B", None), author("C", None)],
        [],
        [author("D", None), author("E", None)],
    ]
    assert [checks(row) for row in frame.iter_rows(named=True)] == [
        [],
        [("authors", "orcid_check_digit", "0000-0002-1825-0098")],
        [],
        [("authors", "orcid_form", "me")],
    ]
    assert frame["identifiers"].null_count() == 4


def test_warnings_are_added_to_those_there_are() -> None:
    before = {"column": "title", "check": "x", "message": "M.", "printed": "t"}
    row = read(
        warnings=[before],
        doi="10/abc",
        arxiv_id="1713.00001",
        identifiers=[{"scheme": "isbn", "value": "9780262033849"}],
    )
    assert row["warnings"][0] == before
    assert checks(row)[1:] == [
        ("doi", "doi_form", "10/abc"),
        ("arxiv_id", "arxiv_form", "1713.00001"),
        ("identifiers", "isbn_check_digit", "9780262033849"),
    ]
    assert all(each["message"].endswith(".") for each in row["warnings"])
    without = with_identifiers(entries({"doi": "10/abc"}).drop("warnings"))
    assert checks(without.row(0, named=True)) == [("doi", "doi_form", "10/abc")]


@pytest.mark.parametrize("height", [0, 3])
def test_columns_without_anything_stay_so(height) -> None:
    frame = entries(*({} for _ in range(height))).reverse()
    result = with_identifiers(frame)
    assert result.columns == frame.columns
    assert result.height == height
    for name in ("doi", "arxiv_id", "identifiers", "authors", "warnings"):
        assert result[name].null_count() == height
        assert result.schema[name] == polars_schema(Records)[name]
    persons = with_person_identifiers(people(*({} for _ in range(height))).reverse())
    for name in ("orcid", "identifiers", "warnings"):
        assert persons[name].null_count() == height
        assert persons.schema[name] == polars_schema(AuthorRecords)[name]


def test_other_columns_and_order_stay() -> None:
    frame = entries({"doi": "x", "title": "B"}, {"title": "A"}, {"doi": "10.1000/1"})
    frame = frame.reverse().cast(dict(ENTRY_SCHEMA))
    changed = ("doi", "identifiers", "warnings")
    assert_frame_equal(with_identifiers(frame).drop(changed), frame.drop(changed))


def test_people_get_normal_identifiers() -> None:
    frame = with_person_identifiers(
        people(
            {"name": "A", "orcid": "https://orcid.org/0000-0002-1825-0097"},
            {
                "name": "B",
                "identifiers": [
                    {"scheme": "orcid", "value": "0000-0002-1694-233x"},
                    {"scheme": "dblp", "value": "https://dblp.org/pid/h/X.html"},
                ],
            },
            {"name": "C", "orcid": "1234"},
        )
    )
    assert frame["orcid"].to_list() == ["0000-0002-1825-0097", "0000-0002-1694-233X", None]
    assert [known(row) for row in frame.iter_rows(named=True)] == [
        [("orcid", "0000-0002-1825-0097")],
        [("dblp", "homepages/h/X"), ("orcid", "0000-0002-1694-233X")],
        None,
    ]
    assert checks(frame.row(2, named=True)) == [("orcid", "orcid_form", "1234")]


def test_what_names_a_paper() -> None:
    row = with_identifiers(
        entries(
            {
                "doi": "10.1000/1",
                "identifiers": [
                    {"scheme": "issn", "value": "0028-0836"},
                    {"scheme": "openalex", "value": "W1"},
                ],
            },
            {"identifiers": [{"scheme": "issn", "value": "0028-0836"}]},
            {},
        )
    )
    kept = row.select(of_papers(pl.col("identifiers"))).to_series()
    assert [None if each is None else [one["scheme"] for one in each] for each in kept] == [
        ["doi", "openalex"],
        None,
        None,
    ]
    assert row.tail(1).reverse().select(of_papers(pl.col("identifiers"))).item() is None
