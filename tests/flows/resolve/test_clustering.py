"""Clusters: components against an independent solver, and what cuts them."""

from __future__ import annotations

from itertools import combinations, product
from math import sqrt
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from flows.resolve.clustering import CONFLICT, RULING, cluster, components

NODES = 14
EDGES = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)).filter(lambda e: e[0] < e[1]),
    max_size=30,
    unique=True,
)
WEIGHTS = st.sampled_from([-9.0, -2.5, -0.4, 0.3, 2.0, 8.0, CONFLICT])


def pairs(*rows: tuple[int, int, float]) -> pl.DataFrame:
    return pl.DataFrame(
        rows,
        schema={"left": pl.UInt32, "right": pl.UInt32, "weight": pl.Float64},
        orient="row",
    )


def groups(labels: pl.Series) -> set[frozenset[int]]:
    found: dict[int, set[int]] = {}
    for node, label in enumerate(labels):
        found.setdefault(label, set()).add(node)
    return {frozenset(nodes) for nodes in found.values()}


@given(EDGES)
def test_components_agree_with_scipy(edges: list[tuple[int, int]]) -> None:
    left = np.array([edge[0] for edge in edges], dtype=np.int64)
    right = np.array([edge[1] for edge in edges], dtype=np.int64)
    ours = components(NODES, pl.Series(left), pl.Series(right))
    graph = coo_array((np.ones(len(edges)), (left, right)), shape=(NODES, NODES))
    _, theirs = connected_components(graph, directed=False)
    assert groups(pl.Series(ours)) == groups(pl.Series(theirs))
    assert all(ours[node] <= node for node in range(NODES))


def test_a_long_chain_is_one_component() -> None:
    nodes = np.random.default_rng(5).permutation(5000)
    labels = components(5000, pl.Series(nodes[:-1]), pl.Series(nodes[1:]))
    assert set(labels) == {0}


@given(st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), WEIGHTS)))
def test_conflicts_are_never_in_one_cluster(rows: list[tuple[int, int, float]]) -> None:
    known = {(left, right): weight for left, right, weight in rows if left < right}
    labels = cluster(NODES, pairs(*((*pair, weight) for pair, weight in known.items())))
    for (left, right), weight in known.items():
        if weight == CONFLICT:
            assert labels[left] != labels[right]


@given(
    st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), WEIGHTS)),
    st.randoms(use_true_random=False),
)
def test_the_order_of_pairs_has_no_effect(rows: list, random: object) -> None:
    known = {(left, right): weight for left, right, weight in rows if left < right}
    listed = [(*pair, weight) for pair, weight in known.items()]
    shuffled = list(listed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert cluster(NODES, pairs(*listed)).to_list() == cluster(NODES, pairs(*shuffled)).to_list()


@given(st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1))))
def test_rulings_to_join_are_kept_without_conflicts(rows: list[tuple[int, int]]) -> None:
    same = {(left, right) for left, right in rows if left < right}
    labels = cluster(NODES, pairs(*((*pair, RULING) for pair in same)))
    assert all(labels[left] == labels[right] for left, right in same)


def test_one_bad_edge_does_not_chain_two_things() -> None:
    labels = cluster(
        4,
        pairs((0, 1, 6.0), (2, 3, 6.0), (1, 2, 1.0), (0, 2, -8.0), (0, 3, -8.0), (1, 3, -8.0)),
    )
    assert groups(labels) == {frozenset({0, 1}), frozenset({2, 3})}


def test_between_two_rivals_the_stronger_edge_wins() -> None:
    labels = cluster(3, pairs((0, 1, 2.0), (1, 2, 5.0), (0, 2, CONFLICT)))
    assert groups(labels) == {frozenset({0}), frozenset({1, 2})}


def test_one_unlike_pair_among_many_alike_does_not_cut() -> None:
    rows = [(i, j, 6.0) for i in range(5) for j in range(i + 1, 5)]
    labels = cluster(5, pairs(*(row if row[:2] != (0, 4) else (0, 4, -5.0) for row in rows)))
    assert groups(labels) == {frozenset(range(5))}


def test_a_ruling_outweighs_a_conflict() -> None:
    labels = cluster(3, pairs((0, 1, RULING), (0, 2, 6.0), (1, 2, CONFLICT)))
    assert groups(labels) == {frozenset({0, 1, 2})}


def test_a_ruling_joins_both_groups_whole() -> None:
    inside = [(0, 1, 6.0), (2, 3, 6.0)]
    across = [(0, 2, RULING), (0, 3, CONFLICT), (1, 2, CONFLICT), (1, 3, -9.0)]
    assert groups(cluster(4, pairs(*inside, *across))) == {frozenset(range(4))}


def test_only_a_ruling_cuts_against_a_ruling() -> None:
    inside = [(0, 1, 6.0), (2, 3, 6.0)]
    across = [(0, 2, RULING), (1, 3, -RULING), (0, 3, CONFLICT), (1, 2, CONFLICT)]
    labels = cluster(4, pairs(*inside, *across))
    assert labels[0] == labels[2]
    assert labels[1] != labels[3]
    told = [(0, 1, 6.0), (1, 2, -RULING), (0, 2, RULING)]
    assert groups(cluster(3, pairs(*told))) == {frozenset({0, 2}), frozenset({1})}


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), WEIGHTS)),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.sampled_from([RULING, -RULING]))),
)
def test_what_is_ruled_different_stays_apart(known: list, rulings: list) -> None:
    told = {(a, b): weight for a, b, weight in [*known, *rulings] if a < b}
    labels = cluster(NODES, pairs(*((*pair, weight) for pair, weight in told.items())))
    for (a, b), weight in told.items():
        if weight == -RULING:
            assert labels[a] != labels[b]
    if -RULING not in told.values():
        assert all(labels[a] == labels[b] for (a, b), weight in told.items() if weight == RULING)


def joined_by(edges: list[tuple[int, int]], count: int) -> set[frozenset[int]]:
    """The components of a small graph, by scipy."""
    left, right = ([edge[side] for edge in edges] for side in (0, 1))
    graph = coo_array((np.ones(len(edges)), (left, right)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    return groups(pl.Series(labels))


@given(EDGES, st.lists(st.sampled_from([0.01, 0.3, 2.0, 8.0, 50.0]), min_size=30, max_size=30))
def test_where_nothing_speaks_against_the_clusters_are_the_components(
    edges: list[tuple[int, int]], weights: list[float]
) -> None:
    rows = [(*edge, weight) for edge, weight in zip(edges, weights, strict=False)]
    expected = joined_by(edges, NODES)
    home = {node: group for group in expected for node in group}
    # What speaks against two things of two components changes nothing.
    across = [
        (one, other, -3.0)
        for one, other in combinations(range(NODES), 2)
        if home[one] != home[other]
    ]
    labels = cluster(NODES, pairs(*rows, *across[::3]))
    assert groups(labels) == expected
    assert all(labels[label] == label <= node for node, label in enumerate(labels))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 7), st.integers(0, 7), st.sampled_from([0.3, 8.0, CONFLICT, -RULING])
        )
    )
)
def test_neither_conflicts_nor_rulings_against_are_inside_a_cluster(rows: list) -> None:
    known = {(left, right): weight for left, right, weight in rows if left < right}
    labels = cluster(8, pairs(*((*pair, weight) for pair, weight in known.items())))
    assert all(labels[a] != labels[b] for (a, b), weight in known.items() if weight < 0)


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), WEIGHTS), max_size=12),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=6),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=4),
)
def test_what_is_the_same_as_one_thing_is_one_unless_it_is_ruled_different(
    known: list, same: list, different: list
) -> None:
    told = {(a, b): weight for a, b, weight in known if a < b}
    told |= {(a, b): RULING for a, b in same if a < b}
    told |= {(a, b): -RULING for a, b in different if a < b}
    labels = cluster(8, pairs(*((*pair, weight) for pair, weight in told.items())))
    apart = {pair for pair, weight in told.items() if weight == -RULING}
    for group in joined_by([pair for pair, weight in told.items() if weight == RULING], 8):
        if not any({a, b} <= group for a, b in apart):
            assert len({labels[node] for node in group}) == 1
    assert all(labels[a] != labels[b] for a, b in apart)


def average_linkage(count: int, known: dict[tuple[int, int], float]) -> set[frozenset[int]]:
    """A plain reference: the two clusters with the highest average over the known pairs across are
    joined, as long as it is positive."""
    parts = [frozenset({node}) for node in range(count)]
    while True:
        averages = []
        for one, other in combinations(parts, 2):
            across = [
                known[min(a, b), max(a, b)]
                for a, b in product(one, other)
                if (min(a, b), max(a, b)) in known
            ]
            if across and sum(across) > 0:
                averages.append((sum(across) / len(across), one, other))
        if not averages:
            return set(parts)
        _, one, other = max(averages, key=lambda found: found[0])
        parts = [part for part in parts if part not in (one, other)] + [one | other]


# Multiples of roots of primes have no two averages in common; a few are below 0.
PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)


@given(
    st.integers(2, 6),
    st.permutations([0.9 * sqrt(prime) - 2.5 for prime in PRIMES]),
    st.lists(st.sampled_from("kkkkkcu"), min_size=15, max_size=15),
)
def test_small_graphs_are_cut_as_average_linkage_cuts_them(
    count: int, weights: list[float], kinds: Any
) -> None:
    known = {}
    for pair, weight, kind in zip(combinations(range(count), 2), weights, kinds, strict=False):
        if kind != "u":
            known[pair] = CONFLICT if kind == "c" else weight
    labels = cluster(count, pairs(*((*pair, weight) for pair, weight in known.items())))
    assert groups(labels) == average_linkage(count, known)


def test_very_sure_pairs_count_no_more_than_the_highest_weight() -> None:
    # As they were said, 7 and -20 would keep the third apart from the other two.
    rows = [(0, 1, 9.0), (1, 2, 7.0), (0, 2, -20.0)]
    assert groups(cluster(3, pairs(*rows))) == {frozenset({0, 1, 2})}


def test_rulings_on_all_pairs_of_two_large_groups_are_applied_in_no_time() -> None:
    size = 60
    rows = [
        (left, right, RULING if (left < size) == (right < size) else -RULING)
        for left in range(2 * size)
        for right in range(left + 1, 2 * size)
    ]
    schema = {"left": pl.UInt32, "right": pl.UInt32, "weight": pl.Float64}
    found = cluster(2 * size, pl.DataFrame(rows, schema=schema, orient="row"))
    assert found.to_list() == [0] * size + [size] * size
