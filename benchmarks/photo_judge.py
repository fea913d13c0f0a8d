"""Photos that nothing learned from judge generators: which they are, and how far pictures lie from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from partly.data.photos import PhotoSet, chosen_photos
from partly.evaluation.generators import photo_features, picture_features
from partly.evaluation.metrics import KernelDistance, kernel_distance
from partly.models.generators import Generator
from partly.models.zoo import load_feature_network
from partly.storage import shuffle_stream


def by_chance(photos: PhotoSet, seed: int = 0) -> NDArray[np.int64]:
    """All places of photos, in an order that is the same whatever the size of the squares."""
    return shuffle_stream("counted photos", seed).permutation(len(photos))


def judge_and_others(
    photos: PhotoSet, order: NDArray[np.int64], n_judge: int, n_others: int | None = None
) -> tuple[PhotoSet, PhotoSet]:
    """The first of an order for the judge, at most a fifth, and those behind them, at most ``n_others``."""
    n_judge = min(n_judge, len(order) // 5)
    rows = order[:n_judge], order[n_judge:][:n_others]
    judge, others = (chosen_photos(photos, np.sort(some)) for some in rows)
    return judge, others


def distance_from(
    photos: PhotoSet, generator: Generator, network_name: str, folder: Path, n_pictures: int
) -> KernelDistance:
    """Kernel distance of pictures of a generator, as a network sees them.

    Args:
        photos: of the judge.
        generator: makes the pictures.
        network_name: of a feature network.
        folder: where features of the photos are kept.
        n_pictures: that are compared.
    """
    network = load_feature_network(network_name)
    rows = photo_features(photos, network, folder).rows
    return kernel_distance(rows, picture_features(generator, network, n_pictures, 0))
