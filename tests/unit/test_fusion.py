"""Hard and soft decisions from gate, seen and unseen scores."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sadvae.methods.fusion import hard_decision, soft_fusion
from sadvae.methods.softmax import softmax

SIZES = st.tuples(st.integers(1, 8), st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))


@settings(deadline=None)
@given(SIZES)
def test_soft_rows_sum_to_one_and_follow_the_gate(sizes: tuple[int, int, int, int]) -> None:
    n, s, u, seed = sizes
    rng = np.random.default_rng(seed)
    seen, unseen = (softmax(rng.normal(0, 5, (n, k)).astype(np.float32)) for k in (s, u))
    gate = rng.uniform(size=n).astype(np.float32)
    fused = soft_fusion(seen, unseen, gate)
    assert fused.shape == (n, s + u)
    assert fused.dtype == np.float32
    np.testing.assert_allclose(fused.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(fused[:, :s].sum(axis=1), gate, atol=1e-5)


@settings(deadline=None)
@given(SIZES)
def test_hard_decisions_pick_the_best_of_the_side_that_the_gate_names(sizes: tuple[int, int, int, int]) -> None:
    n, s, u, seed = sizes
    rng = np.random.default_rng(seed)
    ids = rng.permutation(20)
    seen_ids, unseen_ids = ids[:s], ids[s : s + u]
    seen, unseen = (rng.normal(size=(n, k)).astype(np.float32) for k in (s, u))
    gate = rng.uniform(size=n) > 0.5
    decided = hard_decision(seen, unseen, gate, seen_ids, unseen_ids)
    for i in range(n):
        scores, side = (seen[i], seen_ids) if gate[i] else (unseen[i], unseen_ids)
        assert decided[i] == side[max(range(len(side)), key=lambda j, scores=scores: scores[j])]


@settings(deadline=None)
@given(st.integers(0, 10**6))
def test_a_certain_gate_makes_soft_and_hard_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen, unseen = (softmax(rng.normal(size=(6, 3)).astype(np.float32)) for _ in range(2))
    is_seen = rng.uniform(size=6) > 0.5
    ids = np.arange(6)
    soft = soft_fusion(seen, unseen, is_seen.astype(np.float32)).argmax(axis=1)
    np.testing.assert_array_equal(soft, hard_decision(seen, unseen, is_seen, ids[:3], ids[3:]))


def test_softmax_stays_finite() -> None:
    found = softmax(np.array([[1e4, 0.0], [-1e4, -1e4]], np.float32))
    np.testing.assert_allclose(found, [[1, 0], [0.5, 0.5]])
