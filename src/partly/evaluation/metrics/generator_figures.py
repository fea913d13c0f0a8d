"""The figures of a generator beside photos, and the remarks without which they mislead."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from partly.errors import BadOption
from partly.evaluation.metrics.feature_sets import Features
from partly.evaluation.metrics.frechet import feature_sums, frechet_distance
from partly.evaluation.metrics.kernel_distances import KernelDistance, kernel_distance
from partly.evaluation.metrics.manifold import ManifoldScores, expected_coverage, manifold_scores

LEAST_PHOTOS = 6
"""One more than the ``k`` of coverage."""
LEAST_PICTURES = 4
"""Two blocks of two for the kernel distance; one more than the ``k`` of recall."""
_USUAL = 10_000


@dataclass(frozen=True)
class GeneratorFigures:
    """How a generator's pictures compare with photos.

    Attributes:
        network: name of the feature network.
        network_digest: of its weights; figures of different networks must not be compared.
        n_features: length of a row of features.
        n_photos: how many photos.
        n_pictures: how many pictures.
        frechet: Fréchet distance; with Inception features, FID.
        kernel: kernel distance with its standard error; with Inception features, KID.
        manifold: precision, recall, density and coverage.
        expected_coverage: what a perfect generator would reach with as many pictures and photos.
    """

    network: str
    network_digest: str
    n_features: int
    n_photos: int
    n_pictures: int
    frechet: float
    kernel: KernelDistance
    manifold: ManifoldScores
    expected_coverage: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def figures_of(
    photos: Features, pictures: Features, *, network: str, network_digest: str, seed: int = 0
) -> GeneratorFigures:
    """All figures of features.

    Args:
        photos: ``[n, d]``.
        pictures: ``[m, d]``, of the same network.
        network: its name.
        network_digest: its digest.
        seed: which pictures and photos the kernel distance compares.

    Raises:
        BadOption: there are too few photos or pictures, or features are NaN or of different width.
    """
    check_numbers(len(photos), len(pictures))
    return GeneratorFigures(
        network=network,
        network_digest=network_digest,
        n_features=photos.shape[1],
        n_photos=len(photos),
        n_pictures=len(pictures),
        frechet=frechet_distance(
            feature_sums([photos], "photos").gaussian(), feature_sums([pictures]).gaussian()
        ),
        kernel=kernel_distance(photos, pictures, seed=seed),
        manifold=manifold_scores(photos, pictures),
        expected_coverage=expected_coverage(len(photos), len(pictures)),
    )


def check_numbers(n_photos: int, n_pictures: int) -> None:
    """Refuse too few, before anything long is done.

    Raises:
        BadOption: there are too few photos or pictures.
    """
    for n, least, what in ((n_photos, LEAST_PHOTOS, "photos"), (n_pictures, LEAST_PICTURES, "pictures")):
        if n < least:
            raise BadOption(
                f"there are {n} {what} to measure with",
                expected=f"{least} or more, better thousands",
                remedy=f"Take more {what}",
            )


def remarks(figures: GeneratorFigures) -> list[str]:
    """What a reader of the figures should know, one sentence each."""
    said = []
    n_least = min(figures.n_photos, figures.n_pictures)
    if figures.network != "inception":
        said.append(
            f"Features are those of the network {figures.network!r}: its Fréchet and kernel distances are no "
            "FID and KID. They can be compared with figures of the same network only, never with published "
            "ones."
        )
    if n_least < _USUAL:
        said.append(
            f"The Fréchet distance is too large with few pictures or photos: here there are "
            f"{figures.n_pictures} and {figures.n_photos}; papers take 50,000 pictures. Compare it only with "
            "figures of the same numbers, and the same photos. The kernel distance has no such bias."
        )
    if n_least <= figures.n_features:
        said.append(
            f"With no more than {figures.n_features} pictures or photos, as many as there are features, the "
            "Fréchet distance says little: go by the kernel distance."
        )
    if abs(figures.kernel.mean) < 2 * figures.kernel.standard_error:
        said.append(
            "The kernel distance is within twice its standard error of 0: with so many pictures and photos "
            "it cannot tell them apart."
        )
    said.append(
        "Precision, recall and coverage change with the numbers of pictures and photos: a perfect generator "
        f"would here reach a coverage of about {100 * figures.expected_coverage:.0f} %."
    )
    return said
