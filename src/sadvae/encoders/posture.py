"""The average posture of the clips that an encoder was trained on, read from the statistics of its first norm."""

from __future__ import annotations

import numpy as np

from sadvae.encoders.network import SkeletonNetwork
from sadvae.encoders.streams import columns_of
from sadvae.encoders.trained import TrainedEncoder
from sadvae.types import FloatArray


def average_posture(encoder: TrainedEncoder) -> FloatArray | None:
    """Mean position of each joint over training samples: float32 [joint, 3]; None where no stream of joints is read.

    Training loses a share of joints to (0, 0, 0) on purpose (joint_dropout), which is put right here.
    """
    wanted = columns_of(("joint",))
    for network in encoder.network.modules():
        if isinstance(network, SkeletonNetwork) and set(wanted) <= set(network.columns):
            means = network.input_norm.running_mean
            assert means is not None
            by_joint = means.reshape(len(encoder.layout.joints), len(network.columns)).numpy()
            found = by_joint[:, [network.columns.index(column) for column in wanted]]
            return (found / (1 - encoder.settings.joint_dropout)).astype(np.float32)
    return None
