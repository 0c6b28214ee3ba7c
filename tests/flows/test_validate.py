"""Validate: values that fail, deliveries that repeat or replace each other, the account of all."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from flows.collect import Validated, collect
from flows.extract import extract_dump, unreadable_dump
from flows.formats import _page
from flows.sources import find_dumps
from flows.validate import byline_evidence, failed_rows, validate_dump
from schemas.dictionary import polars_schema
from schemas.dump import Dumps, Rejects
from schemas.record import Records
from tests.pages import SAMPLES

ABSTRACT = "We show at some length how a thing is done, and that it can be done by anybody at all."
LIST = "Abstract:One is odd.\nAbstract:Two is even.\n"


def validated(raw: Path, staging: Path) -> Validated:
    extracted = []
    for dump in find_dumps(raw):
        try:
            extracted.append(extract_dump(dump, staging))
        except OSError as error:
            extracted.append(unreadable_dump(dump, staging, f"It cannot be read: {error}."))
    evidence = byline_evidence(extracted)
    result = collect([validate_dump(dump, evidence) for dump in extracted])
    assert_sound(result)
    return result


def assert_sound(result: Validated) -> None:
    """The tables pass their models, and the account of every dump is balanced."""
    for table, frame in (
        (Dumps, result.dumps),
        (Records, result.records),
        (Rejects, result.rejects),
    ):
        assert failed_rows(table, frame).is_empty()
        assert frame.schema == polars_schema(table)
    account = result.dumps.select(
        pl.col("read_count")
        == pl.sum_horizontal("record_count", "superseded_count", "reject_count")
    )
    assert account.to_series().all()
    assert result.records["record_id"].n_unique() == result.records.height
    people = result.author_records.height
    assert result.dumps["record_count"].sum() == result.records.height + people


def put(raw: Path, **dumps: str | bytes) -> Path:
    for name, content in dumps.items():
        path = raw / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return raw


def entry(title: str, *block: str) -> str:
    return "\n".join([title, "", ABSTRACT, "", *block, "", ""])


def test_the_samples_become_records_without_a_reject(tmp_path) -> None:
    result = validated(SAMPLES, tmp_path)
    counts = dict(result.dumps.select("path", "record_count").rows())
    pages = ("abstract-lists", "author-listings", "author-pages", "paper-listings")
    assert {
        path.split("/")[0]: count for path, count in counts.items() if path.startswith(pages)
    } == dict(zip(pages, (4, 8, 7, 8), strict=True))
    assert result.dumps["format"].null_count() == 0
    of_pages = result.dumps.filter(pl.col("path").str.starts_with("author-"))
    assert result.rejects.join(of_pages, on="dump_id").is_empty()
    listed = result.records.filter(pl.col("byline_printed").is_not_null()).sort("ordinal")
    assert listed["title"].to_list() == [
        "Attention Is All You Need",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        "Generative Adversarial Networks",
        "Do CIFAR-10 Classifiers Generalize to CIFAR-10?",
        "The proof of the $l^2$ Decoupling Conjecture",
        "The primes contain arbitrarily long arithmetic progressions",
        "Training language models to follow instructions with human feedback",
        "On a conjecture of Marton",
    ]
    assert [author["name"] for author in listed["authors"][0]] == [
        "Ashish Vaswani",
        "Noam Shazeer",
        "Niki Parmar",
    ]
    assert listed["authors_complete"].to_list() == [False] * 4 + [True] * 2 + [False] * 2


def test_a_value_that_fails_rejects_its_record_and_the_rest_goes_on(tmp_path) -> None:
    page = (
        entry("Good", "  • 3 authors", "·", "Jan 5, 2024")
        + entry("No such day", "  • 3 authors", "·", "Feb 31, 2024")
        + entry("Nobody", "  • 0 authors", "·", "Jan 6, 2024")
        + entry("Too early", "  • 3 authors", "·", "Jan 6, 1066")
        + entry("Good too", "nvidia NVIDIA", "·", "Jan 7, 2024")
    )
    result = validated(put(tmp_path / "raw", a__x=page), tmp_path / "s")
    assert sorted(result.records["title"]) == ["Good", "Good too"]
    rows = result.rejects.to_dicts()
    assert [(row["ordinal"], row["line_start"], row["line_end"]) for row in rows] == [
        (2, 9, 15),
        (3, 17, 23),
        (4, 25, 31),
    ]
    assert [row["column"] for row in rows] == [
        "publication_date",
        "author_count",
        "publication_date",
    ]
    assert {row["stage"] for row in rows} == {"validate"}
    assert "no day of the calendar" in rows[0]["message"]
    assert "author_count is '0'" in rows[1]["message"]
    assert rows[0]["raw_text"].startswith("No such day\nWe show")
    assert [row["reject_number"] for row in rows] == [1, 2, 3]


def test_an_entry_without_any_text_is_rejected(tmp_path) -> None:
    result = validated(put(tmp_path / "raw", a__x="Abstract:One.\nAbstract:\n"), tmp_path / "s")
    assert result.rejects.select("ordinal", "check", "raw_text").rows() == [
        (2, "title_or_abstract", "Abstract:")
    ]


def test_what_a_page_states_of_a_rejected_entry_is_not_kept(tmp_path) -> None:
    page = entry("A", "  • 3 authors", "·", "Jan 5, 2024 7") + entry(
        "B", "  • 0 authors", "·", "Jan 5, 2024 9"
    )
    result = validated(put(tmp_path / "raw", a__x=page), tmp_path / "s")
    assert result.stated.select("metric", "value").rows() == [("comment_count", 7.0)]
    assert result.stated["record_id"].to_list() == result.records["record_id"].to_list()


def test_the_size_of_batches_changes_nothing(tmp_path, monkeypatch) -> None:
    page = "\n".join(
        f"Abstract:{'' if n % 3 == 0 else f'Number {n} is odd.'}" + ("\0\xe9" if n % 7 == 0 else "")
        for n in range(1, 200)
    ).encode("latin-1")
    raw = put(tmp_path / "raw", a__x=page.replace(b"\0", b""))
    whole = validated(raw, tmp_path / "s")
    assert whole.rejects["reject_number"].to_list() == list(range(1, whole.rejects.height + 1))
    assert set(whole.rejects["stage"]) == {"extract", "validate"}
    monkeypatch.setattr(_page, "CHUNK_BYTES", 512)
    monkeypatch.setattr(_page, "CHUNK_LINES", 10)
    monkeypatch.setattr("flows.extract.BATCHES_TOGETHER", 1)
    parts = validated(raw, tmp_path / "t")
    assert len(list((tmp_path / "t").glob("*/validated/records/*.parquet"))) > 3
    for name, frame in vars(whole).items():
        assert frame.equals(vars(parts)[name]), name


def test_a_dump_validated_again_as_unreadable_is_one_reject(tmp_path) -> None:
    raw = put(tmp_path / "raw", a__x=LIST)
    [found] = find_dumps(raw)
    extracted = extract_dump(found, tmp_path / "s")
    evidence = byline_evidence([extracted])
    validate_dump(extracted, evidence)
    failed = replace(extracted, unreadable="It failed.")
    result = collect([validate_dump(failed, evidence)])
    assert_sound(result)
    assert (result.records.height, result.rejects["message"].to_list()) == (0, ["It failed."])


def test_the_path_decides_between_dumps_of_one_day(tmp_path) -> None:
    kept = {}
    for mode in ("append", "snapshot"):
        raw = put(tmp_path / mode, a__1=LIST, a__2=LIST)
        (raw / "a/source.toml").write_text(f"mode = '{mode}'\n")
        dumps = validated(raw, tmp_path / "s").dumps
        kept[mode] = dumps.filter(pl.col("record_count") > 0)["path"].to_list()
    assert kept == {"append": ["a/1"], "snapshot": ["a/2"]}


def test_a_dump_that_cannot_be_read_is_one_reject_and_the_others_go_on(tmp_path) -> None:
    raw = put(tmp_path / "raw", a__empty=b"", a__good=LIST, a__image=b"\x89PNG\0\0")
    (raw / "a/dangling").symlink_to(raw / "nowhere")
    result = validated(raw, tmp_path / "s")
    assert result.records.height == 2
    dumps = result.dumps.sort("path").select("path", "format", "read_count", "reject_count").rows()
    assert dumps == [
        ("a/dangling", None, 1, 1),
        ("a/empty", None, 1, 1),
        ("a/good", "abstract_list", 2, 0),
        ("a/image", None, 1, 1),
    ]
    assert set(result.rejects["check"]) == {"readable_dump"}
    assert result.rejects["ordinal"].to_list() == [None] * 3


def test_one_dump_under_two_names_is_superseded_once(tmp_path) -> None:
    result = validated(put(tmp_path / "raw", a__1=LIST, a__2=LIST), tmp_path / "s")
    counts = result.dumps.sort("path").select("read_count", "record_count", "superseded_count")
    assert counts.rows() == [(2, 2, 0), (2, 0, 2)]


def test_one_dump_of_two_sources_is_kept_for_both(tmp_path) -> None:
    result = validated(put(tmp_path / "raw", a__1=LIST, b__1=LIST), tmp_path / "s")
    assert result.records.height == 4
    assert result.dumps["superseded_count"].sum() == 0


def test_an_entry_printed_twice_in_a_dump_is_one_record(tmp_path) -> None:
    page = entry("A", "  • 3 authors", "·", "Jan 5, 2024 7") * 2
    result = validated(put(tmp_path / "raw", a__1=page), tmp_path / "s")
    assert result.dumps.select("record_count", "superseded_count").rows() == [(1, 1)]
    assert result.stated.height == 1


def test_overlapping_deliveries_add_up(tmp_path) -> None:
    raw = put(tmp_path / "raw", a__1=LIST, a__2=LIST + "Abstract:Three is odd.\n")
    result = validated(raw, tmp_path / "s")
    assert sorted(result.records["abstract"]) == ["One is odd.", "Three is odd.", "Two is even."]
    assert result.dumps["superseded_count"].sum() == 2


@pytest.mark.parametrize("names", [("1", "2"), ("2", "1")])
def test_the_newest_delivery_of_an_entry_is_kept(tmp_path, names) -> None:
    page = entry("A", "  • 3 authors", "·", "Jan 5, 2024")
    old, new = ("Daily Papers\n\n" + day + "\n\n" + page for day in ("Mar 1, 2025", "Apr 1, 2025"))
    raw = put(tmp_path / "raw", **{f"a__{names[0]}": old, f"a__{names[1]}": new})
    result = validated(raw, tmp_path / "s")
    kept = result.records.join(result.dumps, on="dump_id")
    assert kept["captured_on"].to_list() == [dt.date(2025, 4, 1)]


def test_the_newest_snapshot_replaces_all_others(tmp_path) -> None:
    raw = put(
        tmp_path / "raw",
        a__1=LIST,
        a__2="Abstract:Three is odd.\nAbstract:One is odd.\n",
        a__3=b"",
        b__1=LIST,
    )
    (raw / "a/source.toml").write_text("mode = 'snapshot'\n")
    result = validated(raw, tmp_path / "s")
    rows = result.dumps.sort("path").select(
        "path", "record_count", "superseded_count", "reject_count"
    )
    assert rows.rows() == [("a/1", 0, 2, 0), ("a/2", 2, 0, 0), ("a/3", 0, 0, 1), ("b/1", 2, 0, 0)]


def test_the_order_of_dumps_changes_nothing(tmp_path) -> None:
    raw = put(tmp_path / "raw", a__1=LIST, a__2=LIST, b__1=LIST)
    extracted = [extract_dump(dump, tmp_path / "s") for dump in find_dumps(raw)]
    evidence = byline_evidence(extracted)
    dumps = [validate_dump(dump, evidence) for dump in extracted]
    forth, back = collect(dumps), collect(dumps[::-1])
    for name, frame in vars(forth).items():
        assert frame.equals(vars(back)[name])


def test_no_dump_gives_empty_tables() -> None:
    result = collect([])
    assert_sound(result)
    assert result.records.is_empty()


def test_a_page_without_entries_is_a_dump_without_records(tmp_path) -> None:
    result = validated(put(tmp_path / "raw", a__x="Daily Papers\n\nOct 31\n"), tmp_path / "s")
    assert result.dumps.select("read_count", "furniture_line_count").rows() == [(0, 2)]


def test_a_glued_line_that_cannot_be_split_is_kept_as_printed(tmp_path) -> None:
    page = f"CLJan 5, 2024\nthe quick brown fox and so on\n{ABSTRACT}\n"
    record = validated(put(tmp_path / "raw", a__x=page), tmp_path / "s").records.to_dicts()[0]
    assert record["title"] == record["byline_printed"] == "the quick brown fox and so on"
    assert record["authors"] is None
    assert record["split_confidence"] < 0.85
