"""Identifiers of entries and people: normalised, checked, with the printed form beside them.

What a valid identifier looks like is in `schemes`. Not here: which identifier is evidence for what
(`flows.resolve`). Nothing is mended by guessing: what is no identifier is null and a warning.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from flows.normalize.schemes import BY_NAME, MESSAGES, PAPER_SCHEMES, TAIL, Scheme
from flows.normalize.text import fold
from schemas.columns import AUTHOR_STRUCT, IDENTIFIER_STRUCT, WARNING_STRUCT


def normalised(value: pl.Expr, scheme: str) -> pl.Expr:
    """Return each printed identifier in its scheme's normal form; null where it is none or blank.

    Where several are printed in one value, the first. An identifier of an unknown scheme is
    returned as printed, white space folded.
    """
    rule = BY_NAME.get(scheme)
    if rule is None:
        return fold(value)
    opened = rule.opened(value)
    if rule.several is not None:
        line = _apart(opened, rule.several[0]).str.extract(rf"(?m)^(.*(?:{rule.several[1]}).*)$", 1)
        opened = pl.coalesce(line, opened)
    return _checked(_formed(opened, rule), rule)


def _apart(opened: pl.Expr, before: str) -> pl.Expr:
    return opened.str.replace_all(before, "${before}\n${after}${glued}")


def _usual(printed: pl.Expr, rule: Scheme) -> pl.Expr:
    """Return what is printed in the usual way; the rest is null."""
    bare = rule.case(printed.str.strip_prefix(rule.address))
    return pl.when(bare.str.contains(rf"^(?:{rule.usual or rule.valid})$")).then(bare)


def _formed(opened: pl.Expr, rule: Scheme) -> pl.Expr:
    """Return what has the form of an identifier, its check digit not yet looked at."""
    if rule.wrapper:
        bare = opened.str.replace(TAIL, "")
        opened = bare.str.replace(rf"(?i)^[<(\[]*(?:{rule.wrapper}) *", "")
    return rule.shaped(rule.case(opened)).str.extract(rf"^({rule.valid})$", 1)


def _checked(formed: pl.Expr, rule: Scheme) -> pl.Expr:
    if rule.has_right_digit is None:
        return formed
    return pl.when(rule.has_right_digit(formed)).then(rule.written(formed))


def of_papers(identifiers: pl.Expr) -> pl.Expr:
    """Return, of lists of identifiers, those of `PAPER_SCHEMES`; null where there is none.

    An ISBN names the whole book, an ISSN the journal, an ORCID iD a person.
    """
    of_paper = pl.element().struct.field("scheme").is_in(PAPER_SCHEMES)
    kept = identifiers.list.eval(pl.element().filter(of_paper))
    return pl.when(kept.list.len() > 0).then(kept)


def with_identifiers(entries: pl.DataFrame) -> pl.DataFrame:
    """Return the entries with their identifiers normalised and checked.

    `doi` and `arxiv_id`: the first valid one, else one of `identifiers`; an arXiv identifier also
    from the DOI that arXiv gives. `identifiers`: every valid one once, those two included, by
    scheme and value, with the printed form. `authors`: ORCID iDs normalised. `warnings`: one
    more for each value that is no identifier. What is absent is null.
    """
    # Lists that are all null may have lost the type of their elements on the way here.
    entries = entries.cast({"authors": pl.List(AUTHOR_STRUCT)})
    orcids = _author_orcids(entries["authors"])
    read = _read_all(_printed(entries, {"doi": "doi", "arxiv_id": "arxiv"}))
    known = _with_arxiv_of_dois(read.filter(pl.col("value").is_not_null()))
    wrong = pl.concat([read, orcids]).drop_nulls("check")
    return entries.with_columns(
        _first(known, "doi", entries.height).alias("doi"),
        _first(known, "arxiv", entries.height).alias("arxiv_id"),
        _listed(known, entries.height).alias("identifiers"),
        _with_orcids(entries["authors"], orcids["printed"], orcids["value"]).alias("authors"),
        _warnings(entries, wrong).alias("warnings"),
    )


def with_person_identifiers(people: pl.DataFrame) -> pl.DataFrame:
    """Return entries about people with `orcid`, `identifiers` and `warnings` like those of
    `with_identifiers`; the ORCID iD is one of the identifiers."""
    read = _read_all(_printed(people, {"orcid": "orcid"}))
    known = read.filter(pl.col("value").is_not_null())
    return people.with_columns(
        _first(known, "orcid", people.height).alias("orcid"),
        _listed(known, people.height).alias("identifiers"),
        _warnings(people, read.filter(pl.col("value").is_null())).alias("warnings"),
    )


_ROW = pl.int_range(pl.len(), dtype=pl.UInt32)


def _printed(frame: pl.DataFrame, own: dict[str, str]) -> pl.DataFrame:
    """Return row, column, scheme and printed: of the columns of `own`, then of `identifiers`."""
    columns = [
        frame.select(
            row=_ROW, column=pl.lit(column), scheme=pl.lit(scheme), printed=pl.col(column)
        ).filter(pl.col("printed").is_not_null())
        for column, scheme in own.items()
    ]
    printed = pl.Struct({"scheme": pl.String, "value": pl.String})
    listed = _unnested(frame, "identifiers", printed).drop_nulls("value")
    scheme = fold(pl.col("scheme")).str.to_lowercase().str.replace_all("[^a-z0-9_]", "_")
    is_corpus_id = (scheme == "s2") & pl.col("value").str.contains(
        r"(?i)^(?:corpus *id:?)? *[0-9]+$"
    )
    others = listed.select(
        "row",
        column=pl.lit("identifiers"),
        scheme=pl.when(is_corpus_id).then(pl.lit("s2_corpus")).otherwise(scheme),
        printed=pl.col("value"),
    )
    return pl.concat([*columns, others.drop_nulls("scheme")])


def _author_orcids(authors: pl.Series) -> pl.DataFrame:
    """Return row, column, scheme, printed, value and check of every author, in order."""
    lengths = authors.list.len().fill_null(0)
    printed = pl.DataFrame(
        {
            "row": np.repeat(np.arange(authors.len(), dtype=np.uint32), lengths.to_numpy()),
            "printed": _elements(authors).struct.field("orcid"),
        }
    ).select("row", column=pl.lit("authors"), scheme=pl.lit("orcid"), printed="printed")
    # The same authors come again and again.
    distinct = printed.select("column", "scheme", "printed").unique().drop_nulls("printed")
    read = _read_all(distinct).select("printed", "value", "check")
    return printed.join(read, on="printed", how="left", maintain_order="left")


def _unnested(frame: pl.DataFrame, column: str, inner: pl.Struct) -> pl.DataFrame:
    """Return `row` and the fields of every struct in the lists of a column."""
    filled = frame.select(row=_ROW, each=pl.col(column)).filter(pl.col("each").list.len() > 0)
    if filled.is_empty():
        # Polars loses the fields of lists that are all null.
        return pl.DataFrame(schema={"row": pl.UInt32(), **dict(inner)})
    return filled.explode("each").unnest("each")


def _elements(lists: pl.Series) -> pl.Series:
    filled = lists.filter(lists.list.len() > 0)
    if filled.is_empty():
        # Polars loses the fields of lists that are all null.
        return pl.Series(lists.name, [], dtype=AUTHOR_STRUCT)
    return filled.explode(empty_as_null=False)


def _with_orcids(authors: pl.Series, printed: pl.Series, values: pl.Series) -> pl.Series:
    """Return the lists of authors with the ORCID iDs `values`, one for each author."""
    if printed.equals(values):
        return authors.cast(pl.List(AUTHOR_STRUCT))
    structs = _elements(authors).struct.unnest().with_columns(values.alias("orcid"))
    return _cut(structs.to_struct(authors.name), authors.list.len(), authors.dtype)


def _cut(elements: pl.Series, lengths: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return lists of the elements, of the given lengths, null where the length is."""
    offsets = np.concatenate(([0], lengths.fill_null(0).cum_sum().to_numpy())).astype(np.int64)
    lists = pa.LargeListArray.from_arrays(
        pa.array(offsets), elements.rechunk().to_arrow(), mask=lengths.is_null().to_arrow()
    )
    return pl.Series(elements.name, lists, dtype=dtype)


def _read_all(printed: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with `value`, the normal form, null where there is none, and then `check`,
    which rule it breaks. Blank values are left out; several in one value become several rows."""
    schema = printed.schema | {"value": pl.String(), "check": pl.String()}
    by_scheme = printed.partition_by("scheme", as_dict=True, maintain_order=True)
    read = [_read(frame, str(scheme)) for (scheme,), frame in by_scheme.items()]
    return pl.concat([pl.DataFrame(schema=schema), *read])


def _read(printed: pl.DataFrame, scheme: str) -> pl.DataFrame:
    rule = BY_NAME.get(scheme)
    if rule is None:
        bare = printed.with_columns(value=fold(pl.col("printed")), check=pl.lit(None, pl.String))
        return bare.drop_nulls("value")
    placed = printed.with_row_index("place").with_columns(formed=_usual(pl.col("printed"), rule))
    rest = (
        placed.filter(pl.col("formed").is_null())
        .with_columns(opened=rule.opened(pl.col("printed")))
        .drop_nulls("opened")
    )
    if rule.several is not None:
        rest = _one_each(rest, *rule.several)
    rest = rest.with_columns(formed=_formed(pl.col("opened"), rule)).drop("opened")
    formed = pl.concat([placed.drop_nulls("formed"), rest]).sort("place", maintain_order=True)
    return (
        formed.with_columns(value=_checked(pl.col("formed"), rule))
        .with_columns(
            check=pl.when(pl.col("formed").is_null())
            .then(pl.lit(f"{scheme}_form"))
            .when(pl.col("value").is_null())
            .then(pl.lit(f"{scheme}_check_digit"))
        )
        .drop("place", "formed")
    )


def _one_each(opened: pl.DataFrame, before: str, inside: str) -> pl.DataFrame:
    """Return the frame with a row for each identifier of a value that has several."""
    parted = opened.with_columns(part=_apart(pl.col("opened"), before))
    is_parted = pl.col("part") != pl.col("opened")
    if not parted.select(is_parted.any()).item():
        return opened
    parts = pl.when(is_parted).then("part").str.extract_all(rf"(?m)^.*(?:{inside}).*$")
    return (
        parted.with_columns(
            opened=pl.when(parts.list.len() > 0).then(parts).otherwise(pl.concat_list("opened"))
        )
        .select(pl.exclude("part"))
        .explode("opened")
    )


def _with_arxiv_of_dois(known: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the identifiers in arXiv's DOIs, for rows that have no other."""
    dois = known.filter(pl.col("value").str.starts_with("10.48550/arxiv."))
    derived = dois.with_columns(
        scheme=pl.lit("arxiv"), value=normalised(pl.col("value"), "arxiv")
    ).drop_nulls("value")
    others = known.filter(pl.col("scheme") == "arxiv").select("row")
    return pl.concat([known, derived.join(others, on="row", how="anti", maintain_order="left")])


def _first(known: pl.DataFrame, scheme: str, height: int) -> pl.Series:
    """Return the first identifier of the scheme for each of `height` rows, as `known` has them."""
    values = known.filter(pl.col("scheme") == scheme).unique("row", keep="first")
    return _in_rows(values.select("row", value="value"), height)


def _in_rows(values: pl.DataFrame, height: int) -> pl.Series:
    rows = pl.DataFrame({"row": pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return rows.join(values, on="row", how="left", maintain_order="left")["value"]


def _listed(known: pl.DataFrame, height: int) -> pl.Series:
    """Return each row's list of identifiers, each once, by scheme and value; null where none."""
    key = ("row", "scheme", "value")
    ordered = known.select(*key, "printed").sort(key, maintain_order=True)
    once = ordered.filter(
        pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in key)
    )
    return _lists(once, IDENTIFIER_STRUCT, height)


def _lists(rows: pl.DataFrame, inner: pl.Struct, height: int) -> pl.Series:
    """Return lists of the structs in `rows`, which are in order of `row`; null where none is."""
    structs = rows.select(field.name for field in inner.fields).cast(dict(inner)).to_struct()
    counts = pl.Series(np.bincount(rows["row"].to_numpy(), minlength=height), dtype=pl.Int64)
    lengths = counts.to_frame("n").select(pl.when(pl.col("n") > 0).then("n")).to_series()
    return _cut(structs, lengths, pl.List(inner))


def _warnings(frame: pl.DataFrame, wrong: pl.DataFrame) -> pl.Series:
    """Return the warnings that `frame` has, and then one for each row of `wrong`; null if none."""
    fields = [field.name for field in WARNING_STRUCT.fields]
    message = pl.col("check").replace_strict(MESSAGES, return_dtype=pl.String)
    new = wrong.with_columns(message=message).select("row", *fields)
    if "warnings" in frame.columns:
        old = _unnested(frame, "warnings", WARNING_STRUCT)
        new = pl.concat([old.select("row", *fields), new])
    return _lists(new.sort("row", maintain_order=True), WARNING_STRUCT, frame.height)
