"""The checks before publication: each passes on whole tables, and fails on its own damage."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from flows.judgements import SCHEMA
from flows.publish.checks import CHECKS, blocking, run_checks
from flows.sources import Expect
from schemas.release import Checks

CONTENT_FREE = ("checks",)


def without_checks(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return {name: frame for name, frame in tables.items() if name not in CONTENT_FREE}


def failed(tables, previous=None, expectations=None) -> dict[str, str]:
    checks = run_checks(without_checks(tables), previous or {}, expectations or {})
    Checks.validate(checks)
    assert checks.height == len(CHECKS)
    return dict(checks.filter(~pl.col("passed")).select("check", "message").iter_rows())


LENIENT = {"plain": Expect(max_reject_share=0.5)}


def test_whole_tables_pass(first, second):
    assert failed(first, expectations=LENIENT) == {}
    assert failed(second, first, LENIENT).keys() == set()


def test_every_check_has_its_own_name_and_severity():
    names = [check.measure.__name__ for check in CHECKS]
    assert len(set(names)) == len(names)
    assert {check.severity for check in CHECKS} == {"fail", "warn"}
    assert all(check.measure.__doc__ for check in CHECKS)


def changed(tables, name, *expressions, **named):
    return {**tables, name: tables[name].with_columns(*expressions, **named)}


@pytest.mark.parametrize(
    ("check", "message", "damage"),
    [
        (
            "balanced_account",
            "records + superseded + rejects: 2",
            lambda t: changed(t, "dumps", pl.col("read_count") + 1),
        ),
        (
            "balanced_account",
            "records + superseded + rejects: 1 (plain/1.txt)",
            lambda t: {**t, "rejects": t["rejects"].clear()},
        ),
        ("line_coverage", "no entry", lambda t: changed(t, "dumps", pl.col("line_count") + 1)),
        (
            "valid_values",
            "papers: values that break the dictionary: 3; the first is '12/3' in doi (row 0)",
            lambda t: changed(t, "papers", doi=pl.lit("12/3")),
        ),
        (
            "unique_keys",
            "papers: keys (paper_id) that occur more than once: 3",
            lambda t: {**t, "papers": pl.concat([t["papers"], t["papers"]])},
        ),
        (
            "whole_references",
            "authorships.author_id: values that are not in authors.author_id: 2",
            lambda t: {**t, "authors": t["authors"].clear()},
        ),
        (
            "whole_references",
            "metrics.subject_id: values that are not in papers.paper_id: 1",
            lambda t: changed(t, "metrics", subject_type=pl.lit("paper")),
        ),
        (
            "every_record_in_one_paper",
            "no paper or in several: 1 (R00000000000000000001)",
            lambda t: {**t, "paper_records": t["paper_records"][1:]},
        ),
        (
            "every_record_in_one_paper",
            "no paper or in several: 3",
            lambda t: {**t, "paper_records": pl.concat([t["paper_records"]] * 2)},
        ),
        (
            "unreadable_dumps",
            "could not be read: 1 (plain/1.txt)",
            lambda t: changed(t, "rejects", ordinal=pl.lit(None, pl.Int64)),
        ),
        (
            "stated_counts",
            "plain/1.txt states 75, has 4",
            lambda t: changed(t, "dumps", stated_count=pl.lit(75, pl.Int64)),
        ),
        (
            "future_dates",
            "after the day their dump was captured: 2 (2026-01-02 in plain/1.txt,",
            lambda t: {
                **changed(t, "dumps", captured_on=pl.Series([dt.date(2026, 1, 1), None])),
                "records": t["records"].with_columns(publication_date=dt.date(2026, 1, 2)),
            },
        ),
        (
            "uncertain_splits",
            "Of 3 printed lines with title and authors glued together, 3 could not be split",
            lambda t: changed(
                t,
                "records",
                byline_printed=pl.lit("TitleName"),
                split_confidence=pl.lit(0.2),
                authors=pl.lit(None, t["records"].schema["authors"]),
            ),
        ),
    ],
)
def test_damage_is_found_and_told(first, check, message, damage):
    found = failed(damage(first), expectations=LENIENT)
    assert message in found[check]
    severity = {known.measure.__name__: known.severity for known in CHECKS}[check]
    checks = run_checks(without_checks(damage(first)), {}, LENIENT)
    assert any(message in text for text in blocking(checks)) == (severity == "fail")


def test_an_id_without_succession_is_found(second, first):
    lost = {**second, "redirects": second["redirects"].clear()}
    message = failed(lost, first, LENIENT)["id_succession"]
    assert (
        "neither current nor redirected: 2 (A00000000000000000002, P00000000000000000003)"
        in message
    )


def test_an_old_redirect_must_stay(second):
    lost = {**second, "redirects": second["redirects"].clear()}
    assert failed(lost, second, LENIENT).keys() == {"id_succession"}


def test_a_redirect_must_arrive(second, first):
    astray = changed(second, "redirects", new_id=pl.lit("P" + "f" * 20))
    assert "P" + "f" * 20 in failed(astray, first, LENIENT)["redirects_arrive"]


def test_too_few_records_of_a_source_are_found(first):
    expectations = LENIENT | {"gone": Expect(min_records=1_000), "plain": Expect(min_records=2)}
    message = failed(first, expectations=expectations)["min_records"]
    assert "source.toml expects: 1 (gone has 0 of 1,000 records)" in message


def test_the_share_of_rejects_has_a_bound_by_source(first):
    assert "plain 25.0% (bound 5.0%)" in failed(first)["reject_share"]
    strict = {"plain": Expect(max_reject_share=0.2)}
    assert "plain 25.0% (bound 20.0%)" in failed(first, expectations=strict)["reject_share"]
    measured = run_checks(without_checks(first), {}, strict).row(
        by_predicate=pl.col("check") == "reject_share", named=True
    )
    assert (round(measured["value"], 3), measured["bound"]) == (0.25, 0.2)
    assert not measured["passed"]


def test_rulings_on_unknown_records_are_told(first, sample):
    known, paper, unknown = (sample.an_id(*given) for given in (("R", 1), ("P", 2), ("R", 99)))
    rulings = pl.DataFrame(
        [
            {"left": known, "right": paper, "ruling": "same", "origin": "a.csv:2"},
            {"left": known, "right": unknown, "ruling": "same", "origin": "a.csv:3"},
        ],
        schema=SCHEMA,
    )
    checks = run_checks(without_checks(first), {}, LENIENT, rulings)
    message = checks.filter(~pl.col("passed"))["message"].to_list()
    assert message == [
        "Rulings that wait for a record or paper: 1 (a.csv:3). See whether their ids are right."
    ]


def test_papers_that_vanish_are_told(second, first):
    redirects = second["redirects"].with_columns(new_id=pl.lit(None, pl.String))
    message = failed({**second, "redirects": redirects}, first, LENIENT)["lost_papers"]
    assert message.startswith("Of 3 papers of the previous release, 1 no longer has a record.")
