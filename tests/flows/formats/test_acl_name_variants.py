"""ACL Anthology people: both files, damage, drift; what was written is read back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dumps import SAMPLES, assert_survives, damaged, read_dump

SAMPLE = SAMPLES / "acl-anthology/name_variants.yaml"
NEW_SAMPLE = SAMPLES / "acl-anthology/people.yaml"
FEW = settings(max_examples=30)


@pytest.mark.parametrize("path", [SAMPLE, NEW_SAMPLE], ids=lambda path: path.stem)
def test_the_sample_is_read_as_it_was(path, golden) -> None:
    read = read_dump(path)
    read.assert_accounted()
    assert read.format == "acl_name_variants"
    assert read.rejects.is_empty()
    golden(f"acl_{path.stem}", read.golden())


texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=12)
names = st.tuples(texts, texts)


def written(name: tuple[str, str]) -> str:
    """A name in YAML's flow style; JSON's strings are YAML's."""
    first, last = (json.dumps(part, ensure_ascii=False) for part in name)
    return f"{{first: {first}, last: {last}}}"


@FEW
@given(items=st.lists(st.tuples(names, st.lists(names, max_size=3)), min_size=1, max_size=6))
def test_what_was_written_is_read_back(items) -> None:
    lines = []
    for number, (canonical, variants) in enumerate(items):
        lines += [f"- canonical: {written(canonical)}", f"  id: person-{number}"]
        lines += ["  variants:", *(f"  - {written(each)}" for each in variants)] * bool(variants)
    read = read_dump("\n".join(lines) + "\n")
    read.assert_accounted()
    assert read.rejects.is_empty()
    assert read.people["source_key"].to_list() == [f"person-{n}" for n in range(len(items))]
    assert read.people["name"].to_list() == [" ".join(canonical) for canonical, _ in items]
    expected = [
        list(dict.fromkeys(" ".join(each) for each in variants if each != canonical)) or None
        for canonical, variants in items
    ]
    assert read.people["aliases"].to_list() == expected


@FEW
@given(content=st.sampled_from((SAMPLE, NEW_SAMPLE)).flatmap(lambda p: damaged(p.read_bytes())))
def test_damaged_files_are_read_or_refused(content: bytes) -> None:
    assert_survives(content, "acl_name_variants")


def test_values_are_the_texts_they_are() -> None:
    read = read_dump(
        "- canonical: {first: No, last: 1e3}\n  variants:\n  - {first: null, last: 2020-01-01}\n"
    )
    assert read.people.select("name", "aliases").rows() == [("No 1e3", ["null 2020-01-01"])]


def test_a_damaged_item_is_one_reject() -> None:
    read = read_dump(
        "- canonical: {first: A, last: B}\n"
        "- canonical: {first: C, last: D\n"
        "- canonical: {first: !!python/object/apply:os.system [x], last: E}\n"
        "- canonical: [F]\n"
        "- {}\n"
        "- canonical: {first: G, last: H}\n  id: g\n"
    )
    read.assert_accounted()
    assert read.people["name"].to_list() == ["A B", "G H"]
    assert read.rejects.select("line_start", "line_end").rows() == [(2, 2), (3, 3), (4, 4), (5, 5)]
    assert "'canonical' is not a map" in read.rejects["message"][2]


def test_new_fields_are_counted() -> None:
    read = read_dump("a-b:\n  mood: x\n  names:\n  - {first: A, last: B}\n")
    assert read.unknown_fields == {"mood": 1}
    assert read.people["source_key"].to_list() == ["a-b"]


def test_the_family_name_may_stand_first() -> None:
    read = read_dump("- canonical: {last: Doe, first: Jane}\n- canonical: {last: Solo}\n")
    assert read.format == "acl_name_variants"
    assert read.people["name"].to_list() == ["Jane Doe", "Solo"]


def test_a_person_without_an_id_is_known_by_the_name() -> None:
    read = read_dump(
        "- canonical: {first: Jane, last: Doe}\n  variants:\n  - {first: J., last: Doe}\n"
        "- canonical: {first: Jane, last: Doe}\n  id: jane-doe-oslo\n"
    )
    assert read.people["source_key"].to_list() == ["Jane Doe", "jane-doe-oslo"]
    identifiers = [[{"scheme": "acl_author", "value": "jane-doe-oslo"}]]
    assert read.people["identifiers"].to_list() == [None, *identifiers]
