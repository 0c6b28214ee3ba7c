"""The checks a release must pass before it is published, each a small function in one tuple.

What is measured is a number held against a bound; the message is for the person who must act.
Checks of severity `fail` block publication. Here: the tuple and how it is run. Not here: what is
measured (`guarantees`, `notices`), integrity inside the tables (`integrity`), and what a valid
value is (`schemas`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from flows.judgements import SCHEMA as JUDGEMENTS_SCHEMA
from flows.publish import guarantees, notices
from flows.publish.candidate import Candidate, Measured
from flows.sources import Expect
from schemas.dictionary import polars_schema
from schemas.release import Checks

NO_JUDGEMENTS = pl.DataFrame(schema=JUDGEMENTS_SCHEMA)


@dataclass(frozen=True)
class Check:
    """A check's severity, and how it is measured; its name is the function's."""

    severity: str
    measure: Callable[[Candidate], Measured]


def run_checks(
    tables: Mapping[str, pl.DataFrame],
    previous: Mapping[str, pl.DataFrame],
    expectations: Mapping[str, Expect],
    judgements: pl.DataFrame = NO_JUDGEMENTS,
) -> pl.DataFrame:
    """Return the table `checks` for the tables of a release that is to be published.

    `tables` are those known by then (the table `checks` itself is not among them), `previous` are
    the tables of the current release, empty before the first; `expectations` is what each
    source.toml expects, by source; `judgements` are the rulings the release was made with.
    """
    candidate = Candidate(tables, previous, expectations, judgements)
    rows = []
    for check in CHECKS:
        value, bound, message = check.measure(candidate)
        name = check.measure.__name__
        rows.append((name, check.severity, float(value), float(bound), value <= bound, message))
    return pl.DataFrame(rows, schema=polars_schema(Checks), orient="row").sort("check")


def blocking(checks: pl.DataFrame) -> list[str]:
    """Return the messages of the failed checks that block publication."""
    failed = checks.filter(~pl.col("passed"), pl.col("severity") == "fail")
    return failed["message"].to_list()


CHECKS = (
    Check("fail", guarantees.balanced_account),
    Check("fail", guarantees.line_coverage),
    Check("fail", guarantees.valid_values),
    Check("fail", guarantees.unique_keys),
    Check("fail", guarantees.whole_references),
    Check("fail", guarantees.every_record_in_one_paper),
    Check("fail", guarantees.id_succession),
    Check("fail", guarantees.redirects_arrive),
    Check("fail", guarantees.min_records),
    Check("warn", notices.unreadable_dumps),
    Check("warn", notices.reject_share),
    Check("warn", notices.stated_counts),
    Check("warn", notices.unknown_fields),
    Check("warn", notices.impossible_values),
    Check("warn", notices.unheeded_deletions),
    Check("warn", notices.future_dates),
    Check("warn", notices.waiting_judgements),
    Check("warn", notices.uncertain_splits),
    Check("warn", notices.lost_papers),
    Check("warn", notices.pairs_left_out),
)
