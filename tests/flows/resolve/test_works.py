"""Works: papers that stay two and belong together, and what relates papers to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.resolve import resolve
from flows.resolve.stated import STATED
from flows.resolve.works import OF_ONE_WORK, work_ids
from schemas import TABLES
from tests.flows.resolve.sample import JUDGEMENTS, record, validated

Tables = dict[str, pl.DataFrame]

TITLE = "Nectar Memory in Foragers of Mown Meadows"
AUTHORS = ["Ilse Brand", "Wim Oosterhuis"]
SAID: dict[str, Any] = {"title": TITLE, "authors": AUTHORS}
REPORT = record("report", year=1998, venue="Technical report MS-98-33", **SAID)
TALK = record(
    "talk", year=1999, venue="Proc. of the Symposium on Meadow Science", pages="12-19", **SAID
)
ARTICLE = record(
    "article", year=2001, venue="Journal of Meadow Research", volume="7", pages="301-340", **SAID
)
DOI = ("doi", "10.1234/storm")
STORM = record("storm", title="Storm Surge Warnings for Small Harbours", authors=["Marit Solheim"],
               year=1990)  # fmt: skip


def release(rows: list[dict[str, Any]], previous: Tables | None = None, number: int = 1) -> Tables:
    before = f"{number - 1:06d}-00000000" if previous else None
    return resolve(validated(rows), JUDGEMENTS, previous or {}, f"{number:06d}-00000000", before)


def by_key(tables: Tables, column: str = "paper_id") -> dict[str, str]:
    """The paper, or its work, of each record."""
    papers = tables["paper_records"].join(
        tables["papers"].select("paper_id", "work_id"), "paper_id"
    )
    return dict(papers.select("source_key", column).iter_rows())


def related(tables: Tables) -> list[tuple[str, str, str]]:
    """The relations between papers, each of one record."""
    keys = {paper: key for key, paper in by_key(tables).items()}
    table = tables["relations"]
    TABLES["relations"].validate(table)
    ends = table.select("paper_id_from", "relation", "paper_id_to").iter_rows()
    return sorted((keys[one], relation, keys[other]) for one, relation, other in ends)


def named(row: dict[str, Any], *identifiers: tuple[str, str]) -> dict[str, Any]:
    said = [{"scheme": scheme, "value": value, "printed": value} for scheme, value in identifiers]
    return row | {"identifiers": said}


def telling(row: dict[str, Any], *said: tuple[str, str, str]) -> dict[str, Any]:
    names = ("relation", "scheme", "value")
    return row | {"related": [dict(zip(names, each, strict=True)) for each in said]}


def test_a_journal_article_extends_the_conference_paper() -> None:
    tables = release([TALK, ARTICLE])
    assert len(set(by_key(tables).values())) == 2
    assert len(set(by_key(tables, "work_id").values())) == 1
    assert related(tables) == [("article", "extends", "talk")]
    row = tables["relations"].to_dicts()[0]
    assert row["asserted_by"] == "inferred"
    assert 0 < row["probability"] <= 1


def test_a_report_and_a_conference_paper_are_versions_the_later_of_the_earlier() -> None:
    tables = release([REPORT, TALK])
    assert related(tables) == [("talk", "is_version_of", "report")]
    assert len(set(by_key(tables, "work_id").values())) == 1
    later = REPORT | {"publication_date": ARTICLE["publication_date"]}
    assert related(release([later, TALK])) == [("report", "is_version_of", "talk")]


def test_all_versions_have_one_work_and_others_their_own() -> None:
    tables = release([REPORT, TALK, ARTICLE, STORM])
    works = by_key(tables, "work_id")
    assert works["report"] == works["talk"] == works["article"] != works["storm"]
    assert set(works.values()) < {f"W{paper[1:]}" for paper in by_key(tables).values()}
    assert not any("storm" in row for row in related(tables))


def test_a_preprint_points_to_its_publications() -> None:
    preprint = record("preprint", year=2003, venue="arXiv preprint", version="preprint", **SAID)
    tables = release([preprint, TALK, ARTICLE])
    assert len(set(by_key(tables).values())) == 3
    assert related(tables) == [
        ("article", "extends", "talk"),
        ("preprint", "is_preprint_of", "article"),
        ("preprint", "is_preprint_of", "talk"),
    ]


@pytest.mark.parametrize(
    ("teller", "said"),
    [
        ("preprint", ("is_preprint_of", *DOI)),
        ("printed", ("has_preprint", "arxiv", "2001.00001")),
        ("printed", ("has_preprint", "arxiv", "https://arxiv.org/abs/2001.00001")),
    ],
)
def test_a_retitled_preprint_is_one_paper_with_what_a_source_says_it_became(
    teller: str, said: tuple[str, str, str]
) -> None:
    rows = retitled()
    assert len(set(by_key(release(list(rows.values()))).values())) == 2
    tables = release(list((rows | {teller: telling(rows[teller], said)}).values()))
    assert len(set(by_key(tables).values())) == 1
    assert related(tables) == []
    pair = tables["matches"].to_dicts()[0]
    assert "a source states that one is the preprint of the other" in pair["reason"]


def test_a_statement_about_another_paper_joins_nothing() -> None:
    rows = retitled()
    tied = telling(rows["preprint"], ("is_preprint_of", "doi", "10.1234/other"))
    assert len(set(by_key(release([tied, rows["printed"]])).values())) == 2
    # Nor does it outweigh that nothing else agrees.
    storm = telling(named(STORM, ("arxiv", "2001.00001")), ("is_preprint_of", *DOI))
    article = named(ARTICLE, DOI)
    assert len(set(by_key(release([storm, article])).values())) == 2


def retitled() -> dict[str, dict[str, Any]]:
    """A preprint, and what it became under another title, without an identifier in common."""
    people = {"authors": ["Marit Solheim", "Ngozi Adeyemi"]}
    preprint = record("preprint", title="Warning Harbours of Surges", year=2001, version="preprint",
                      venue="arXiv", **people)  # fmt: skip
    printed = record("printed", title="How Small Ports Learn about Storms", year=2003,
                     venue="Journal of Tides", volume="9", pages="20-31", **people)  # fmt: skip
    return {
        "preprint": named(preprint, ("arxiv", "2001.00001")),
        "printed": named(printed, DOI),
    }


@pytest.mark.parametrize(
    ("printed", "relation"),
    [
        ("Erratum: {}", "corrects"),
        ("Correction to: {}", "corrects"),
        ("Retraction note: {}", "retracts"),
    ],
)
def test_a_note_points_to_the_paper_it_names_and_is_a_work_of_its_own(
    printed: str, relation: str
) -> None:
    note = record("note", title=printed.format(TITLE), authors=AUTHORS, year=2002)
    tables = release([note, ARTICLE, STORM])
    assert related(tables) == [("note", relation, "article")]
    assert by_key(tables, "work_id")["note"] != by_key(tables, "work_id")["article"]
    assert 0.5 <= tables["relations"]["probability"].item() <= 1


def test_a_note_on_a_title_of_few_words_needs_the_same_authors() -> None:
    article = record("article", title="Northern Soils", authors=AUTHORS, year=2001)
    note = record("note", title="Erratum: Northern Soils", authors=AUTHORS, year=2002)
    assert related(release([article, note])) == [("note", "corrects", "article")]
    other = record("note", title=note["title"], authors=["Marit Solheim"], year=2002)
    assert related(release([article, other])) == []


def test_parts_are_not_one_work() -> None:
    parts = [
        TALK | {"title": f"{TITLE}, Part I"},
        ARTICLE | {"title": f"{TITLE}, Part II"},
    ]
    tables = release(parts)
    assert related(tables) == []
    assert len(set(by_key(tables, "work_id").values())) == 2


def test_parts_under_one_abstract_are_not_one_work() -> None:
    said = {"abstract": "Bees return to a patch of flowers long after its nectar has run dry. " * 6}
    titles = (f"{TITLE}, Part I", f"{TITLE}, Part II")
    rows = [
        row | said | {"title": title} for row, title in zip((TALK, ARTICLE), titles, strict=True)
    ]
    assert related(release(rows)) == []
    assert related(release([row | {"title": TITLE} for row in rows])) != []


def test_papers_of_other_titles_are_not_one_work() -> None:
    tables = release([TALK, ARTICLE | {"title": "Storm Surge Warnings for Small Harbours"}])
    assert related(tables) == []
    assert len(set(by_key(tables, "work_id").values())) == 2


@pytest.mark.parametrize("value", [DOI[1], "https://doi.org/10.1234/STORM", "doi:10.1234/Storm"])
def test_what_a_source_states_is_published_as_its_own_word(value: str) -> None:
    tables = release([named(STORM, DOI), telling(ARTICLE, ("is_version_of", "doi", value))])
    assert related(tables) == [("article", "is_version_of", "storm")]
    row = tables["relations"].to_dicts()[0]
    assert (row["asserted_by"], row["probability"]) == ("here", 1.0)
    assert len(set(by_key(tables, "work_id").values())) == 1


@pytest.mark.parametrize(("printed", "read"), STATED.items())
def test_a_relation_may_be_told_from_either_side(printed: str, read: tuple[str, bool]) -> None:
    relation, is_told_back = read
    tables = release([named(STORM, DOI), telling(ARTICLE, (printed, *DOI))])
    ends = ("storm", "article") if is_told_back else ("article", "storm")
    assert related(tables) == [(ends[0], relation, ends[1])]
    works = len(set(by_key(tables, "work_id").values()))
    assert works == (1 if relation in OF_ONE_WORK else 2)


def test_both_sides_that_tell_one_relation_give_one_row_of_the_first_source() -> None:
    rows = [
        telling(named(STORM | {"source": "there"}, DOI), ("has_preprint", "arxiv", "2001.00001")),
        telling(named(ARTICLE, ("arxiv", "2001.00001")), ("is_preprint_of", *DOI)),
    ]
    tables = release(rows)
    assert related(tables) == [("article", "is_preprint_of", "storm")]
    assert tables["relations"]["asserted_by"].to_list() == ["here"]


def test_what_is_stated_counts_before_what_is_inferred() -> None:
    rows = [named(TALK, DOI), telling(ARTICLE, ("extends", *DOI))]
    assert related(release([TALK, ARTICLE])) == related(release(rows))
    assert release(rows)["relations"]["asserted_by"].to_list() == ["here"]


def test_an_identifier_that_stands_in_two_papers_names_none() -> None:
    told = telling(ARTICLE, ("is_version_of", "url", "meadow"))
    other = record("other", title="Notes on Glacier Calving", authors=["Chiara Bellini"])
    one = named(STORM, ("url", "meadow"))
    assert related(release([one, other, told])) == [("article", "is_version_of", "storm")]
    assert related(release([one, named(other, ("url", "meadow")), told])) == []


@pytest.mark.parametrize(
    "said",
    [
        ("is_version_of", "doi", "10.1234/unknown"),
        ("is_version_of", "url", DOI[1]),
        ("is_cited_by", *DOI),
        ("is_version_of", "doi", "10.1234/self"),
    ],
)
def test_what_names_no_other_known_paper_or_no_known_relation_says_nothing(said: Any) -> None:
    told = telling(named(ARTICLE, ("doi", "10.1234/self")), said)
    assert related(release([named(STORM, DOI), told])) == []


def test_a_work_keeps_its_id_when_a_version_is_added() -> None:
    for first in (TALK, ARTICLE, REPORT):
        tables = release([first, STORM])
        again = release([REPORT, TALK, ARTICLE, STORM], tables, number=2)
        before, after = (by_key(known, "work_id") for known in (tables, again))
        assert {after[row["source_key"]] for row in (REPORT, TALK, ARTICLE)} == {
            before[first["source_key"]]
        }
        assert after["storm"] == before["storm"]


def test_a_version_that_leaves_a_work_gets_an_id_of_its_own() -> None:
    tables = release([TALK, ARTICLE])
    apart = release(
        [TALK, ARTICLE | {"title": "Glacier Calving in Mild Winters"}], tables, number=2
    )
    before, after = (by_key(known, "work_id") for known in (tables, apart))
    assert before["talk"] == before["article"] in after.values()
    assert len(set(after.values())) == 2


def works(
    papers: list[tuple[str, str]],
    links: list[tuple[str, str]],
    before: dict[str, str],
    against: tuple[tuple[str, str], ...] = (),
) -> dict[str, str]:
    """work_ids of papers (id, first release), of which some are linked, some contradict."""
    ids = work_ids(
        pl.DataFrame(papers, schema=["paper_id", "first_release"], orient="row"),
        pl.DataFrame(
            [(*ends, "extends", "inferred") for ends in links],
            schema=dict.fromkeys(
                ("paper_id_from", "paper_id_to", "relation", "asserted_by"), pl.String
            ),
            orient="row",
        ),
        pl.DataFrame(
            list(against),
            schema=dict.fromkeys(("paper_id_from", "paper_id_to"), pl.String),
            orient="row",
        ),
        pl.DataFrame(
            list(before.items()),
            schema=dict.fromkeys(("paper_id", "work_id"), pl.String),
            orient="row",
        ),
    )
    return dict(sorted(ids.iter_rows()))


def test_two_works_that_become_one_take_the_id_of_the_older_paper() -> None:
    known = {"Pa": "Wa", "Pb": "Wb"}
    papers = [("Pa", "2"), ("Pb", "1"), ("Pc", "3")]
    assert works(papers, [("Pa", "Pb")], known) == {"Pa": "Wb", "Pb": "Wb", "Pc": "Wc"}


def test_of_two_works_with_one_id_the_older_paper_keeps_it() -> None:
    known = {"Pa": "Wb", "Pb": "Wb", "Pc": "Wb"}
    papers = [("Pa", "2"), ("Pb", "1"), ("Pc", "1")]
    assert works(papers, [("Pa", "Pc")], known) == {"Pa": "Wc", "Pb": "Wb", "Pc": "Wc"}


def test_two_works_never_have_one_id() -> None:
    # The work of Pa has kept the id that Pbc gave it when the two were one work.
    found = works([("Pa", "2"), ("Pbc", "4")], [], {"Pa": "Wbc"})
    assert found == {"Pa": "Wbc", "Pbc": "Wcb"}


def test_what_contradicts_itself_is_not_one_work_through_a_third() -> None:
    papers = [(f"P{letter}", "1") for letter in "abc"]
    found = works(papers, [("Pa", "Pc"), ("Pb", "Pc")], {}, against=(("Pa", "Pb"),))
    assert found["Pa"] != found["Pb"]
    assert found["Pc"] in {found["Pa"], found["Pb"]}


def test_parts_are_not_one_work_through_a_version_without_a_number() -> None:
    parts = [TALK | {"title": f"{TITLE}: Part I"}, ARTICLE | {"title": f"{TITLE}: Part II"}]
    found = by_key(release([*parts, REPORT]), "work_id")
    assert found["talk"] != found["article"]


def test_a_contradiction_of_one_record_holds_for_its_paper() -> None:
    doi = {"doi": "10.1234/x"}
    rows = [
        TALK | doi | {"title": f"{TITLE}: Part I"},
        REPORT | doi | {"year": 1999},
        ARTICLE | {"title": f"{TITLE}: Part II"},
    ]
    found = by_key(release(rows), "work_id")
    assert found["talk"] != found["article"]


def test_works_chain_over_links_in_either_direction() -> None:
    papers = [(f"P{letter}", "1") for letter in "abcd"]
    assert set(works(papers, [("Pb", "Pa"), ("Pb", "Pc"), ("Pc", "Pb")], {}).values()) == {
        "Wa",
        "Wd",
    }


def test_the_order_of_records_changes_nothing() -> None:
    note = record("note", title=f"Erratum: {TITLE}", authors=AUTHORS, year=2002)
    rows = [REPORT, telling(TALK, ("extends", *DOI)), ARTICLE, named(STORM, DOI), note]
    first = release(rows)
    assert first["relations"].height >= 5
    for seed in range(3):
        again = release([rows[place] for place in np.random.default_rng(seed).permutation(5)])
        for name in ("relations", "papers"):
            assert_frame_equal(first[name], again[name])


def test_a_second_release_of_the_same_records_changes_nothing() -> None:
    rows = [REPORT, TALK, ARTICLE, STORM]
    first = release(rows)
    again = release(rows[::-1], first, number=2)
    for name in ("relations", "papers"):
        assert_frame_equal(first[name], again[name])
