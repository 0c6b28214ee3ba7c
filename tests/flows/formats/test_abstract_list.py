"""Abstract list: lists written and read back, labels, pages cut at their head."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.formats import UnknownFormatError
from tests.pages import FEW, SAMPLES, abstract_list, as_bytes, read_page, read_path, short_abstracts


@FEW
@given(abstracts=st.lists(short_abstracts, min_size=1, max_size=8), data=st.data())
def test_a_written_list_is_read_back(abstracts, data) -> None:
    page = read_page(data.draw(as_bytes(abstract_list(abstracts))))
    assert page.format == "abstract_list"
    assert page.rejects.is_empty()
    page.assert_accounted()
    assert page.column("abstract") == abstracts
    for name in ("title", "authors", "publication_date", "has_code", "byline_printed"):
        assert page.column(name) == [None] * len(abstracts)


def test_the_sample_is_read_as_it_was(golden) -> None:
    page = read_path(SAMPLES / "abstract-lists/four-abstracts.txt")
    page.assert_accounted()
    golden("abstract_list", {"entries": page.rows, "rejects": page.rejects.to_dicts()})


def test_a_label_stands_apart_or_not_and_an_abstract_has_several_lines() -> None:
    page = read_page("Abstract: One.\n\nAbstract:Two\n\nlines.\nAbstract : Three: Abstract: four.")
    page.assert_accounted()
    assert page.column("abstract") == ["One.", "Two lines.", "Three: Abstract: four."]
    assert page.column("line_end") == [1, 5, 6]


def test_a_list_cut_at_its_head_loses_the_cut_entry_alone() -> None:
    page = read_page("of models.\nAbstract:One.\nAbstract:Two.")
    page.assert_accounted()
    assert page.column("abstract") == ["One.", "Two."]
    assert page.rejects.select("line_start", "raw_text").rows() == [(1, "of models.")]


def test_a_text_that_mentions_the_label_once_is_no_list() -> None:
    with pytest.raises(UnknownFormatError, match="No reader recognises"):
        read_page("A title\n\nAbstract: this is a paper.\n\nIntroduction\n\nThe end.")
