"""Figures of a trained generator beside photos: kernel distances, coverage, copies, and classes."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from benchmarks.digits import named
from torch import nn

from experiments.experiment import Figures
from experiments.training_study import Material
from partly.data.photos import PhotoSet
from partly.evaluation.generators import generator_figures, make_pictures, photo_features, picture_features
from partly.evaluation.metrics import find_memorised
from partly.models.encoders import FeatureNetwork, PooledEfficientNet
from partly.models.generators import Generator
from partly.models.zoo import encoder_weights, load_feature_network

_SEED = 0
_MOST_TO_COPY = 10_000
"""Photos among which copies are looked for, at most: each is compared with each."""


def feature_networks(material: Material) -> list[FeatureNetwork]:
    """The built-in network, and one that learned from photos: Inception, or EfficientNet for grey ones.

    Raises:
        NotAvailable: a network is not on this machine.
    """
    other = (
        PooledEfficientNet(encoder_weights()) if material.has_classes else load_feature_network("inception")
    )
    return [load_feature_network("builtin"), other]


def figures_beside_photos(
    generator: Generator,
    photos: PhotoSet,
    networks: list[FeatureNetwork],
    folder: Path,
    n_pictures: int,
    n_photos: int,
) -> Figures:
    """By the name of each network: kernel distance times 1000, coverage, recall and others.

    Copies that are suspected are a share of the pictures, by the first network.

    Args:
        generator: from a model folder.
        photos: that it was trained on.
        networks: one or more.
        folder: where features are kept.
        n_pictures: how many are compared.
        n_photos: with how many photos.
    """
    figures: Figures = {}
    for network in networks:
        rows = photo_features(photos, network, folder, n_most=n_photos)
        found = generator_figures(generator, rows, network, n_pictures, _SEED, folder=folder)
        figures[network.name] = {
            "kernel": round(1000 * found.kernel.mean, 2),
            "kernel_error": round(1000 * found.kernel.standard_error, 2),
            "frechet": round(found.frechet, 2),
            "precision": round(found.manifold.precision, 3),
            "recall": round(found.manifold.recall, 3),
            "coverage": round(found.manifold.coverage, 3),
        }
    first = networks[0]
    pictures = picture_features(generator, first, n_pictures, _SEED, folder)
    known = photo_features(photos, first, folder, n_most=_MOST_TO_COPY).rows
    return figures | {"suspected_copies": round(find_memorised(pictures, known).share, 4)}


@torch.no_grad()
def class_figures(reader: nn.Module, generator: Generator, n_pictures: int) -> Figures:
    """Classes that a network names in pictures, and the entropy of their shares, in nats.

    Args:
        reader: grey images ``[b, 1, s, s]`` to logits ``[b, k]``.
        generator: makes the pictures.
        n_pictures: how many.
    """
    made = make_pictures(generator, _SEED, range(n_pictures))
    images = [torch.from_numpy(pixels).float().mean(3)[:, None] / 127.5 - 1 for pixels in made]
    places = torch.cat([named(reader, some) for some in images])
    shares = torch.bincount(places).double() / len(places)
    entropy = -float(torch.special.xlogy(shares, shares).sum())
    return {
        "classes": int((shares > 0).sum()),
        "entropy": round(entropy, 3),
        "evenly": round(math.exp(entropy), 2),
    }
