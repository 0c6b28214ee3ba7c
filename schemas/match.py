"""The table of evidence: which pairs of records were compared, and the verdict on each."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from schemas import columns as c
from schemas.base import Keys, Table

# How the table estimates names what large blocks left out; the check of that reads it.
LEFT_OUT = "pairs of large blocks that were not looked at under their key"
EVIDENCE_STRUCT = pl.Struct(
    {"question": pl.String, "evidence": pl.String, "says": pl.String, "nats": pl.Float64}
)


def _similarity(description: str) -> object:
    return pa.Field(
        nullable=True, ge=0.0, le=1.0, description=f"{description} Null: one is absent."
    )


class Matches(Table):
    """The evidence and the verdict on every pair of records that was compared and came near, and of
    each record's nearest whose titles contradict each other, begin alike or share rare words."""

    record_id_left: c.RecordId
    record_id_right: c.RecordId
    blocked_by: Annotated[
        str, pa.Field(description="Blocking keys that brought the pair together, comma separated.")
    ]
    title_similarity: Annotated[pl.Float64, _similarity("Likeness of the titles, 0 to 1.")]
    abstract_similarity: Annotated[pl.Float64, _similarity("Likeness of the abstracts, 0 to 1.")]
    author_similarity: Annotated[pl.Float64, _similarity("Overlap of the author lists, 0 to 1.")]
    year_gap: Annotated[
        pl.Int32, pa.Field(nullable=True, ge=0, description="Years between the dates.")
    ]
    same_identifier: Annotated[
        pl.Boolean,
        pa.Field(nullable=True, description="An identifier is shared; false: they conflict."),
    ]
    numbers_conflict: Annotated[
        pl.Boolean,
        pa.Field(description="Numbers or version marks in the titles contradict each other."),
    ]
    notes_conflict: Annotated[
        pl.Boolean,
        pa.Field(
            description="One title announces a note about a paper (erratum, reply, comment,"
            " review), the other does not, or another kind of note."
        ),
    ]
    evidence: Annotated[
        pl.List,
        EVIDENCE_STRUCT,
        pa.Field(
            description="Each piece of evidence: the question it answers (same work, or same"
            " version of it), its kind, what it says, its worth in nats. Absent values are worth 0."
        ),
    ]
    weight: Annotated[
        pl.Float64,
        pa.Field(
            description="Log-odds in nats that the two are one paper: of the product of the"
            " probabilities of one work and of one version, priors included."
        ),
    ]
    probability: c.Probability
    verdict: Annotated[
        str, pa.Field(isin=("match", "possible", "non_match"), description="The verdict.")
    ]
    decided_by: Annotated[
        str,
        pa.Field(isin=("identifier", "model", "judgement"), description="What decided it."),
    ]
    is_joined: Annotated[
        pl.Boolean,
        pa.Field(
            description="Whether the two ended in one paper; a match may be cut by a conflict with"
            " a third record, two records may be joined by what links them to others."
        ),
    ]
    reason: Annotated[
        str,
        pa.Field(
            description="The verdict and its evidence, as a sentence. It begins with what kept the"
            " two apart, or joined them, where that was not their own evidence."
        ),
    ]

    class Config:
        """Keys."""

        metadata = {
            "keys": Keys(
                primary=("record_id_left", "record_id_right"),
                references={
                    "record_id_left": "records.record_id",
                    "record_id_right": "records.record_id",
                },
            )
        }


class Estimates(Table):
    """What a refresh learned from its own input, without labels, and decided by."""

    name: Annotated[
        str,
        pa.Field(
            description="What was learned: a kind of evidence on versions, the share of records of"
            " one work that are one version (same version), venues that are one, or what blocking"
            " left out."
        ),
    ]
    level: Annotated[str, pa.Field(description="What the evidence says; empty where it has none.")]
    value: Annotated[
        pl.Float64,
        pa.Field(
            description="As learned: how often it is found among records of one version; of"
            " venues the log of how often they stand in one paper, against chance; or a count."
        ),
    ]
    frozen: Annotated[
        pl.Float64,
        pa.Field(nullable=True, description="The same where an input teaches nothing; null: none."),
    ]
    other: Annotated[
        pl.Float64,
        pa.Field(
            nullable=True,
            description="How often it is found among two versions of one work: never learned.",
        ),
    ]

    class Config:
        """Keys."""

        metadata = {"keys": Keys(primary=("name", "level"))}
