"""Wording: how numbers are put into the sentences that people read."""

from __future__ import annotations


def counted(number: int, thing: str, things: str | None = None) -> str:
    """Return '1 paper', '2,000 papers'; `things` is the plural where that is not thing + s."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"
