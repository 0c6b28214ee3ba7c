"""Which things are one: clusters over scored pairs, for papers and for authors alike.

Here: connected components, and their cutting where the evidence inside contradicts itself, so that
one bad edge cannot chain two things together. Not here: where the weights come from.
"""

from __future__ import annotations

import heapq
from collections import defaultdict

import numpy as np
import numpy.typing as npt
import polars as pl

# Weights are clipped, so that no single pair outvotes many; contradictions and rulings are not.
LOWEST, HIGHEST = -2.0, 6.0
RULING = 1e9
CONFLICT = -1e6
# An edge this weak still puts two things into one component, whose pairs are then weighed together.
EDGE = -1.4


def components(count: int, left: pl.Series, right: pl.Series) -> npt.NDArray[np.int64]:
    """Return for each of `count` nodes the smallest node that edges left-right connect it with.

    Labels spread over edges and halve their paths, so long chains take few rounds.
    """
    one, other = (ends.cast(pl.Int64).to_numpy() for ends in (left, right))
    labels = np.arange(count, dtype=np.int64)
    while True:
        lowest = np.minimum(labels[one], labels[other])
        spread = labels.copy()
        np.minimum.at(spread, labels[one], lowest)
        np.minimum.at(spread, labels[other], lowest)
        spread = spread[spread]
        if np.array_equal(spread, labels):
            return labels
        labels = spread


def cluster(count: int, pairs: pl.DataFrame) -> pl.Series:
    """Return the cluster of each of `count` nodes: the smallest node in it.

    `pairs`: left, right, weight (log-odds; RULING or CONFLICT where it is beyond evidence). A
    component in which no known pair speaks against is a cluster as it is; another is joined pair by
    pair, the strongest average first, as long as the average over the known pairs across is
    positive. So a conflict keeps apart what it separates, and of two partners the stronger wins.

    A RULING joins the whole clusters that its two nodes would be in without it: no evidence between
    these, only a ruling against (-RULING) or what follows from one, keeps a part of them out.
    """
    same, different = _rulings(pairs)
    if same.is_empty():
        return _cluster(count, pairs)
    evidence = pairs.filter(pl.col("weight").abs() < RULING)
    known = pl.concat([evidence.join(different, on=["left", "right"], how="anti"), different])
    group = _cluster(count, known)
    ends = [group.gather(same[side]) for side in ("left", "right")]
    linked = pl.Series("linked", components(count, *ends)).gather(group)
    sides = {
        f"{name}_{side}": labels.gather(known[side].cast(pl.UInt32))
        for name, labels in (("group", group), ("linked", linked))
        for side in ("left", "right")
    }
    is_inside = pl.col("group_left") == pl.col("group_right")
    settled = (
        known.with_columns(**sides)
        .filter(is_inside | (pl.col("weight") == -RULING))
        .filter(pl.col("linked_left") == pl.col("linked_right"))
        .select("left", "right", weight=pl.when(is_inside).then(HIGHEST).otherwise("weight"))
    )
    return _cluster(count, pl.concat([settled, same]))


def _rulings(pairs: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what is ruled to be the same, and different: left, right, weight.

    What is the same as one of two different things is different from the other. A ruling of
    sameness that would make two different things one through others does not hold.
    """
    ruled = pairs.filter(pl.col("weight").abs() >= RULING).sort("left", "right")
    group: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    against: dict[int, set[int]] = {}
    same = []
    # A loop over rulings of people: few, and each bears on the next.
    for left, right, weight in ruled.sort("weight", "left", "right").iter_rows():
        for node in (left, right):
            if node not in group:
                group[node], members[node], against[node] = node, [node], set()
        one, other = group[left], group[right]
        if weight < 0:
            against[one].add(other)
            against[other].add(one)
        elif one == other or other not in against[one]:
            same.append((left, right, weight))
            if one != other:
                _unite(one, other, group, members, against)
    different = sorted(
        (min(a, b), max(a, b), -RULING)
        for one, others in against.items()
        for other in others
        if one < other
        for a in members[one]
        for b in members[other]
    )
    schema = pairs.schema
    return (
        pl.DataFrame(same, schema=schema, orient="row"),
        pl.DataFrame(different, schema=schema, orient="row"),
    )


def _unite(
    one: int,
    other: int,
    group: dict[int, int],
    members: dict[int, list[int]],
    against: dict[int, set[int]],
) -> None:
    """Make two groups one; what is different from either is different from it."""
    kept, gone = (one, other) if len(members[one]) >= len(members[other]) else (other, one)
    for node in members[gone]:
        group[node] = kept
    members[kept] += members.pop(gone)
    for third in against.pop(gone):
        against[third].discard(gone)
        against[third].add(kept)
        against[kept].add(third)


def _cluster(count: int, pairs: pl.DataFrame) -> pl.Series:
    """Return the cluster of each node by components and average linkage."""
    sure = pairs.filter(pl.col("weight") > EDGE).select("left", "right")
    labels = components(count, sure["left"], sure["right"])
    label = pl.Series("cluster", labels)
    inside = pairs.with_columns(
        component=label.gather(pairs["left"].cast(pl.UInt32)),
        component_right=label.gather(pairs["right"].cast(pl.UInt32)),
    ).filter(pl.col("component") == pl.col("component_right"))
    doubtful = inside.filter((pl.col("weight").min() <= 0).over("component"))
    if doubtful.is_empty():
        return label
    clipped = doubtful.with_columns(
        weight=pl.when(pl.col("weight").abs() >= -CONFLICT)
        .then("weight")
        .otherwise(pl.col("weight").clip(LOWEST, HIGHEST))
    ).sort("component", "left", "right")
    result = labels.copy()
    # A loop over the components whose evidence contradicts itself: few, and each joined step by
    # step.
    for part in clipped.partition_by("component", maintain_order=True):
        for node, joined in _join(part).items():
            result[node] = joined
    return pl.Series("cluster", result)


def _join(pairs: pl.DataFrame) -> dict[int, int]:
    """Average linkage over the known pairs: node to the smallest node of its cluster."""
    sums: dict[int, dict[int, float]] = defaultdict(dict)
    counts: dict[int, dict[int, int]] = defaultdict(dict)
    heap: list[tuple[float, int, int]] = []
    for left, right, weight in pairs.select("left", "right", "weight").iter_rows():
        sums[left][right] = sums[right][left] = weight
        counts[left][right] = counts[right][left] = 1
        heap.append((-weight, min(left, right), max(left, right)))
    heapq.heapify(heap)
    cluster_of = {node: node for node in sums}
    while heap:
        against, one, other = heapq.heappop(heap)
        if against >= 0:
            break
        # An entry from before one of the two grew, or was swallowed, is out of date.
        if other not in sums.get(one, {}) or -sums[one][other] / counts[one][other] != against:
            continue
        cluster_of[other] = one
        others, other_counts = sums.pop(other), counts.pop(other)
        for third, total in others.items():
            del sums[third][other], counts[third][other]
            if third == one:
                continue
            joint = sums[one].get(third, 0.0) + total
            number = counts[one].get(third, 0) + other_counts[third]
            sums[one][third] = sums[third][one] = joint
            counts[one][third] = counts[third][one] = number
            heapq.heappush(heap, (-joint / number, min(one, third), max(one, third)))
    final = {}
    for node in sorted(cluster_of):
        root = node
        while cluster_of[root] != root:
            root = cluster_of[root]
        final[node] = root
    return final
