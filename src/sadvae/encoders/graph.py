"""The graph of a layout: normalised adjacency in the three spatial partitions of ST-GCN."""

from __future__ import annotations

import numpy as np

from sadvae.types import FloatArray, Layout


def hops_from(layout: Layout, joint: int) -> list[int]:
    """Bones between a joint and every joint, shortest path; the number of joints where there is no path."""
    neighbours: list[list[int]] = [[] for _ in layout.joints]
    for parent, child in layout.bones:
        neighbours[parent].append(child)
        neighbours[child].append(parent)
    hops = [len(layout.joints)] * len(layout.joints)
    hops[joint], front = 0, [joint]
    while front:
        reached = [(n, hops[j] + 1) for j in front for n in neighbours[j] if hops[n] == len(layout.joints)]
        for joint_index, distance in reached:
            hops[joint_index] = distance
        front = list(dict.fromkeys(n for n, _ in reached))
    return hops


def spatial_partitions(layout: Layout) -> FloatArray:
    """Adjacency of joints split by direction: float32 [3, joint, joint] = itself, towards the trunk, away from it.

    Row = joint that gathers, column = neighbour. Each neighbour weighs 1 / (neighbours of the row, itself included),
    as in the spatial configuration of ST-GCN (Yan et al., AAAI 2018); the centre is the layout's spine joint.
    """
    count = len(layout.joints)
    hops = hops_from(layout, layout.spine)
    parts = np.zeros((3, count, count), dtype=np.float32)
    parts[0] = np.eye(count)
    for one, other in layout.bones:
        for row, column in ((one, other), (other, one)):
            parts[1 if hops[column] < hops[row] else 2, row, column] = 1
    return parts / parts.sum(axis=(0, 2), keepdims=True).transpose(0, 1, 2)
