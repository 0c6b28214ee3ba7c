"""The table of evidence: which pairs of records were compared, and the verdict on each."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from schemas import columns as c
from schemas.base import Keys, Table


def _similarity(description: str) -> object:
    return pa.Field(nullable=True, ge=0.0, le=1.0, description=f"{description} Null: one is absent.")


class Matches(Table):
    """The evidence and the verdict on every pair of records that was compared and came near."""

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
    weight: Annotated[
        pl.Float64, pa.Field(description="Sum of the evidence in nats, prior included.")
    ]
    probability: c.Probability
    verdict: Annotated[
        str, pa.Field(isin=("match", "possible", "non_match"), description="The verdict.")
    ]
    decided_by: Annotated[
        str,
        pa.Field(isin=("identifier", "model", "judgement"), description="What decided it."),
    ]
    reason: Annotated[str, pa.Field(description="The strongest evidence, in words.")]

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
