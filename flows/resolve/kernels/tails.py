"""Where the end of a text turns into something else: the tail whose words weigh most."""

from __future__ import annotations

import numpy as np

from flows.resolve.kernels.compiled import kernel
from flows.resolve.kernels.words import Array


@kernel
def best_tails(weights: Array, starts: Array, fewest_left: int) -> tuple[Array, Array]:
    """Return for each list of words the place from which on their weights add up to most, and that
    sum; at least so many words are left before it. 0 and no weight where no tail weighs."""
    count = len(starts) - 1
    places = np.zeros(count, np.int64)
    worth = np.zeros(count, np.float64)
    for text in range(count):
        total = 0.0
        for at in range(starts[text + 1] - 1, starts[text] + fewest_left - 1, -1):
            total += weights[at]
            if total > worth[text]:
                worth[text] = total
                places[text] = at - starts[text]
    return places, worth
