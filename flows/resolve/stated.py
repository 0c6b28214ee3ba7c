"""What sources state of two publications: which relations there are, and whom they name.

Here: the words for relations, and identifiers in one form for looking up. Not here: what is made of
them, as evidence that two records are one paper (`evidence`) or as a relation of papers (`works`).
"""

from __future__ import annotations

import polars as pl

# What sources state, and what it is read as; the second of each is told from the other side.
STATED: dict[str, tuple[str, bool]] = {
    "is_preprint_of": ("is_preprint_of", False), "has_preprint": ("is_preprint_of", True),
    "is_version_of": ("is_version_of", False), "has_version": ("is_version_of", True),
    "is_new_version_of": ("is_version_of", False),
    "is_previous_version_of": ("is_version_of", True),
    "is_identical_to": ("is_version_of", False), "is_variant_form_of": ("is_version_of", False),
    "is_original_form_of": ("is_version_of", True), "is_manuscript_of": ("is_version_of", False),
    "has_manuscript": ("is_version_of", True), "extends": ("extends", False),
    "is_extended_by": ("extends", True), "continues": ("extends", False),
    "is_continued_by": ("extends", True), "corrects": ("corrects", False),
    "is_corrected_by": ("corrects", True), "retracts": ("retracts", False),
    "is_retracted_by": ("retracts", True),
}  # fmt: skip
_OF_PREPRINTS = [said for said, (relation, _) in STATED.items() if relation == "is_preprint_of"]
_RESOLVER = r"^https?://(?:dx\.)?doi\.org/|^https?://arxiv\.org/abs/|^doi:|^arxiv:"


def identifier_key(identifier: pl.Expr) -> pl.Expr:
    """Return an identifier (a struct with scheme and value) as `scheme:value`, one for all its
    forms."""
    value = identifier.struct.field("value").str.to_lowercase().str.replace(_RESOLVER, "")
    return identifier.struct.field("scheme") + ":" + value


def preprint_ties(related: pl.Expr) -> pl.Expr:
    """Return, of lists of related publications, the keys of those that a source states to be the
    preprint of this one, or what it is the preprint of; null where there is none."""
    is_tie = pl.element().struct.field("relation").is_in(_OF_PREPRINTS)
    ties = related.list.eval(pl.when(is_tie).then(identifier_key(pl.element())).drop_nulls())
    return pl.when(ties.list.len() > 0).then(ties)
