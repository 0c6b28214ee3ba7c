"""Digests: the same in frames and for one text, nulls as blank, borders between values."""

from __future__ import annotations

import hashlib

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from flows.normalize.digest import ID_LENGTH, digest_text, file_digest, with_id

texts = st.text(st.characters(exclude_categories=("Cs",)))


@given(st.lists(st.tuples(texts, st.none() | st.integers(0, 9)), min_size=1, max_size=5))
def test_a_digest_is_of_the_values_in_order(rows) -> None:
    frame = pl.DataFrame(rows, schema={"text": pl.String, "number": pl.Int64}, orient="row")
    ids = with_id(frame, "id", "X", ["text", "number"])["id"].to_list()
    joined = [f"{text}\x1f{'' if number is None else number}" for text, number in rows]
    assert ids == ["X" + digest_text(text) for text in joined]
    assert ids == ["X" + hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH] for text in joined]


def test_values_do_not_run_into_each_other() -> None:
    frame = pl.DataFrame({"left": ["ab", "a"], "right": ["c", "bc"]})
    assert with_id(frame, "id", "", ["left", "right"])["id"].n_unique() == 2


def test_no_rows_no_digests() -> None:
    frame = pl.DataFrame(schema={"text": pl.String})
    assert with_id(frame, "id", "R", ["text"]).schema["id"] == pl.String


def test_the_digest_of_a_file_is_of_its_content(tmp_path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"content\0" * 100_000)
    assert file_digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()
