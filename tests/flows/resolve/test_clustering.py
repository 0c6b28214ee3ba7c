"""Clusters: components against an independent solver, and what cuts them."""

from __future__ import annotations

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
