"""Authors: who is one person, who is kept apart, and what is published of them."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.resolve import resolve
from flows.resolve.authors import MOST_WEIGHED, author_mentions, resolve_authors
from tests.flows.resolve.sample import JUDGEMENTS, record, validated


def tables(
    *rows: dict[str, Any], stated: list[dict[str, Any]] | None = None
) -> dict[str, pl.DataFrame]:
    return resolve(validated(list(rows), stated), JUDGEMENTS, {}, "000001-00000000", None)


def paper(key: str, *authors: Any, **said: Any) -> dict[str, Any]:
    """A paper of its own: a title that is like no other."""
    words = {"a": "Nectar Memory", "b": "Storm Surges", "c": "Merchant Letters", "d": "Alpine Peat"}
    return record(key, title=words[key], authors=list(authors), **said)


def aliases(found: dict[str, pl.DataFrame]) -> list[list[str]]:
    return sorted(
        sorted(group["alias"])
        for group in found["author_aliases"].partition_by("author_id", maintain_order=True)
    )


def person(name: str, **said: Any) -> dict[str, Any]:
    return {"name": name, **said}


def test_equal_full_names_are_one_author() -> None:
    found = tables(paper("a", "Ilse Brand"), paper("b", "Ilse Brand", "Wim Oosterhuis"))
    assert aliases(found) == [["Ilse Brand"], ["Wim Oosterhuis"]]
    brand = found["authors"].filter(pl.col("name") == "Ilse Brand").to_dicts()[0]
    assert (brand["paper_count"], brand["given_name"], brand["family_name"]) == (2, "Ilse", "Brand")


def test_case_accents_punctuation_and_order_are_no_difference() -> None:
    found = tables(
        paper("a", "João Sólheim"), paper("b", "Solheim, Joao"), paper("c", "JOAO SOLHEIM")
    )
    assert aliases(found) == [["JOAO SOLHEIM", "João Sólheim", "Solheim, Joao"]]
    assert found["authors"]["name"].to_list() == ["João Sólheim"]


def test_lookalikes_stay_apart() -> None:
    names = ["Yaru Hao", "Yaru Hau", "Li Dong", "Lei Dong", "Shaohan Huang", "Shaohan Wang"]
    found = tables(paper("a", *names[::2]), paper("b", *names[1::2]))
    assert aliases(found) == sorted([name] for name in names)


def test_initials_need_a_shared_coauthor_or_affiliation() -> None:
    assert len(aliases(tables(paper("a", "J. Lee"), paper("b", "J. Lee")))) == 2
    apart = tables(paper("a", "J. Lee", "Ilse Brand"), paper("b", "J. Lee", "Wim Oosterhuis"))
    assert apart["authors"].filter(pl.col("name") == "J. Lee").height == 2
    joined = tables(paper("a", "J. Lee", "Ilse Brand"), paper("b", "J. Lee", "Ilse Brand"))
    assert joined["authors"].filter(pl.col("name") == "J. Lee").height == 1
    lab = {"affiliations": ["Meadow Lab"]}
    same_lab = tables(paper("a", person("J. Lee", **lab)), paper("b", person("J. Lee", **lab)))
    assert same_lab["authors"].height == 1


def test_single_names_need_a_shared_coauthor() -> None:
    found = tables(paper("a", "Plato", "Ilse Brand"), paper("b", "Plato", "Wim Oosterhuis"))
    assert found["authors"].filter(pl.col("name") == "Plato").height == 2


def test_different_ids_keep_equal_names_apart() -> None:
    one, other = "0000-0001-0000-0001", "0000-0001-0000-0002"
    for field, values in (("orcid", (one, other)), ("source_author_key", ("w/1", "w/2"))):
        found = tables(
            paper("a", person("Wei Wang", **{field: values[0]})),
            paper("b", person("Wei Wang", **{field: values[1]})),
        )
        assert found["authors"].height == 2, field


def test_keys_of_two_sources_do_not_contradict() -> None:
    found = tables(
        paper("a", person("Ilse Brand", source_author_key="1"), source="here"),
        paper("b", person("Ilse Brand", source_author_key="2"), source="there"),
    )
    assert found["authors"].height == 1


def test_a_shared_id_joins_two_forms() -> None:
    orcid = "0000-0001-0000-0001"
    found = tables(
        paper("a", person("Ilse Brand", orcid=orcid)),
        paper("b", person("Ilse Brand-Winkel", orcid=orcid)),
    )
    assert aliases(found) == [["Ilse Brand", "Ilse Brand-Winkel"]]
    assert found["authors"]["orcid"].to_list() == [orcid]


def test_two_positions_of_one_paper_are_two_people() -> None:
    found = tables(paper("a", "Wei Wang", "Wei Wang"), paper("b", "Wei Wang", "Ilse Brand"))
    assert (
        found["authorships"].filter(pl.col("printed_name") == "Wei Wang")["author_id"].n_unique()
        >= 2
    )
    per_paper = (
        found["authorships"]
        .group_by("paper_id")
        .agg(repeated=pl.col("author_id").is_duplicated().any())
    )
    assert not per_paper["repeated"].any()


def test_another_form_in_another_record_of_the_paper_is_an_alias() -> None:
    title = "Nectar Memory in Foragers of Mown Meadows"
    found = tables(
        record("a", title=title, authors=["Ilse Brand", "Wim Oosterhuis"], year=2020),
        record("b", title=title, authors=["Brand, I.", "Oosterhuis, W."], year=2020),
    )
    assert found["papers"].height == 1
    assert aliases(found) == [["Brand, I.", "Ilse Brand"], ["Oosterhuis, W.", "Wim Oosterhuis"]]
    assert found["authorships"]["printed_name"].to_list() == ["Ilse Brand", "Wim Oosterhuis"]


def test_a_typing_error_in_another_record_of_the_paper_is_an_alias() -> None:
    title = "Nectar Memory in Foragers of Mown Meadows"
    found = tables(
        record("a", title=title, authors=["Ilse Brand", "Wim Oosterhuis"], year=2020),
        record("b", title=title, authors=["Ilse Brand", "Wim Oosterhius"], year=2020),
    )
    assert aliases(found) == [["Ilse Brand"], ["Wim Oosterhius", "Wim Oosterhuis"]]


def test_an_initial_of_two_possible_names_is_neither() -> None:
    title = "Nectar Memory in Foragers of Mown Meadows"
    found = tables(
        record("a", title=title, authors=["Jin Lee", "Jae Lee"], year=2020),
        record("b", title=title, authors=["J. Lee"], cut=True, year=2020),
    )
    assert aliases(found) == [["J. Lee"], ["Jae Lee"], ["Jin Lee"]]


def head(name: str) -> list[dict[str, Any]]:
    said = {"dump_id": "D" + "0" * 20, "subject_type": "author", "metric": "h_index", "value": 3.0}
    return [said | {"subject_name": name}]


def test_the_author_at_a_pages_head_is_the_one_printed_below() -> None:
    found = tables(paper("a", "Ilse Brand", "Wim Oosterhuis"), stated=head("Ilse Brand"))
    brand = found["authors"].filter(pl.col("name") == "Ilse Brand").item(0, "author_id")
    assert found["metrics"]["subject_id"].to_list() == [brand]
    count = found["author_aliases"].filter(pl.col("alias") == "Ilse Brand")["occurrence_count"]
    assert count.to_list() == [2]


def test_the_author_at_a_pages_head_who_is_not_printed_has_no_papers() -> None:
    found = tables(paper("a", "Wim Oosterhuis", cut=True), stated=head("Ilse Brand"))
    brand = found["authors"].filter(pl.col("name") == "Ilse Brand").to_dicts()[0]
    assert brand["paper_count"] == 0
    assert found["authorships"]["printed_name"].to_list() == ["Wim Oosterhuis"]
    assert found["metrics"]["subject_id"].to_list() == [brand["author_id"]]


NAMES = st.lists(
    st.sampled_from(["Wei Wang", "W. Wang", "Wang, Wei", "Li Dong", "J. Lee", "Plato"]),
    min_size=1,
    max_size=4,
)


@settings(max_examples=12, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4), st.booleans())
def test_positions_stay_apart_and_every_author_has_one_preferred_name(
    lists: list[list[str]], is_one: bool
) -> None:
    title = "Nectar Memory in Foragers of Mown Meadows"
    rows = [
        record(str(place), authors=names, title=title if is_one else f"{title} {place}")
        for place, names in enumerate(lists)
    ]
    found = tables(*rows)
    repeated = found["authorships"].select("paper_id", "author_id").is_duplicated()
    assert not repeated.any()
    preferred = found["author_aliases"].filter("is_preferred")
    assert sorted(preferred["author_id"]) == sorted(found["authors"]["author_id"])
    printed = sum(len(names) for names in lists)
    assert found["author_aliases"]["occurrence_count"].sum() == printed
    again = tables(*rows[::-1])
    assert found["authors"].equals(again["authors"])


def test_many_of_one_name_are_told_apart_by_coauthors_in_linear_work() -> None:
    """Thousands share a name and two of them a paper: co-authors tell them, bare names do not."""
    groups, each = 40, 100
    assert groups * each > MOST_WEIGHED
    lists = [
        [person("Wei Wang"), person(f"Mate Nr{group}x")]
        for group in range(groups)
        for _ in range(each)
    ]
    lists.append([person("Wei Wang"), person("Wei Wang")])
    records = validated(
        [record(f"k{number:05d}", authors=authors) for number, authors in enumerate(lists)]
    ).records
    mentions = author_mentions(records, records.select("record_id", paper_id="record_id"))
    found = mentions.with_columns(person=resolve_authors(mentions))
    namesakes = found.filter(pl.col("printed_name") == "Wei Wang")
    mates = found.filter(pl.col("printed_name") != "Wei Wang").select("record_id", mate="person")
    grouped = namesakes.join(mates, on="record_id").group_by("mate").agg("person")
    assert grouped.height == groups
    assert grouped["person"].list.n_unique().to_list() == [1] * groups
    assert namesakes["person"].n_unique() == groups + 2


def test_keys_tell_apart_many_of_one_name_that_share_a_coauthor() -> None:
    key = {"source_author_key": "wang/1"}
    other = {"source_author_key": "wang/2"}
    lists = [
        [person("Wei Wang", **(key if number % 2 else other)), person("Ilse Brand")]
        for number in range(2 * MOST_WEIGHED + 50)
    ]
    records = validated(
        [record(f"k{number:05d}", authors=authors) for number, authors in enumerate(lists)]
    ).records
    mentions = author_mentions(records, records.select("record_id", paper_id="record_id"))
    found = mentions.with_columns(person=resolve_authors(mentions))
    namesakes = found.filter(pl.col("printed_name") == "Wei Wang")
    persons = namesakes.group_by("source_author_key").agg(pl.col("person").unique())
    assert sorted(map(len, persons["person"])) == [1, 1]
    assert namesakes["person"].n_unique() == 2
    assert found.filter(pl.col("printed_name") == "Ilse Brand")["person"].n_unique() == 1
