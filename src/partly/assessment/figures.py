"""The figures of a generator, as a training asks for them at intervals."""

from __future__ import annotations

from pathlib import Path

from partly.assessment.features import OnRows, PhotoFeatures, check_same_network, picture_features
from partly.feature_networks import FeatureNetwork
from partly.generators.protocol import Generator
from partly.metrics.generator_figures import GeneratorFigures, check_numbers, figures_of


def generator_figures(
    generator: Generator,
    photos: PhotoFeatures,
    network: FeatureNetwork,
    n_pictures: int = 1000,
    seed: int = 0,
    *,
    folder: Path | None = None,
    on_rows: OnRows | None = None,
) -> GeneratorFigures:
    """How pictures of a generator compare with photos.

    No random number generator of torch is touched, and the generator is left as it is: give it in the mode in
    which it is to be measured. Its pictures are not truncated. Time grows with the product of the numbers of
    photos and of both together; :meth:`PhotoFeatures.some` takes fewer photos, always the same.

    Args:
        generator: on any device.
        photos: features of photos of its size.
        network: the same that computed these.
        n_pictures: how many; figures of different numbers must not be compared.
        seed: of the latents; the same pictures are compared each time.
        folder: see :func:`partly.assessment.features.picture_features`.
        on_rows: told how many pictures are done, and of how many.

    Raises:
        BadOption: too few photos or pictures, or features of another network.
        TrainingDiverged: pictures are NaN.
    """
    check_same_network(photos, network)
    check_numbers(len(photos), n_pictures)
    pictures = picture_features(generator, network, n_pictures, seed, folder, on_rows)
    return figures_of(photos.rows, pictures, network=network.name, network_digest=network.digest, seed=seed)
