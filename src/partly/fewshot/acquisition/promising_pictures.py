"""Which pictures to label: those from which a linear segmenter would be surest of all others.

Two views of a picture decide. How near its code lies to the mean, for a generated
picture its latent to the mean of ``w``: typical pictures show every
part in its usual place. And how well its pixels span those of all pictures: the mean predictive variance of a
ridge regression fitted on it, which needs no label (V-optimal design; Pukelsheim, "Optimal Design of
Experiments", 1993, chapter 9). docs/lab.md shows how well they rank pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from partly.data.labels import Picture
from partly.errors import BadOption
from partly.fewshot.acquisition.kinds_first import kinds_first, medoids_of_kinds
from partly.fewshot.features.feature_source import FeatureSource, at_most
from partly.fewshot.fitting.ridge_methods import COORDINATE_WEIGHT, PENALTY
from partly.fewshot.segmenters.pixel_coordinates import coordinates
from partly.models import on_grid
from partly.models.generators import Truncation
from partly.storage import PicturePurpose, tensor_seed

Worth = Callable[[Sequence[Picture]], Sequence[bool]]
"""Which of some pictures are worth to be labelled at all."""


@dataclass(frozen=True)
class Proposal:
    """A picture worth labelling.

    Attributes:
        picture: a generated one, or a photo.
        seed, index: what the source of features makes or chooses it from, with the purpose.
        score: the higher the better; comparable within one call only.
        purpose: the stream that it comes from; see :mod:`partly.storage.streams`.
    """

    picture: Picture
    seed: int
    index: int
    score: float
    purpose: PicturePurpose = "proposals"

    @property
    def truncation(self) -> float:
        """The factor that was drawn for a generated picture; 1 for photos."""
        return self.picture.truncation

    @property
    def w(self) -> Tensor:
        """Latent of a generated picture, ``[1, l, v]``.

        Raises:
            ValueError: it is a photo.
        """
        if self.picture.w is None:
            raise ValueError(f"{self.picture.id} is a photo, which has no latent")
        return torch.from_numpy(self.picture.w)[None]


def k_medoids(distances: Tensor, k: int, seed: int = 0, n_starts: int = 5) -> list[int]:
    """Indexes of ``k`` rows of ``distances [n, n]`` to which the others are nearest in sum.

    Alternates assignment and choice of each cluster's medoid (Park and Jun, 2009), from several starts.
    """
    best, best_cost = [0], float("inf")
    draws = torch.Generator().manual_seed(tensor_seed("medoids", seed))
    for _ in range(n_starts):
        medoids = torch.randperm(len(distances), generator=draws)[:k]
        for _ in range(len(distances)):
            nearest = distances[:, medoids].argmin(1)
            moved = torch.stack(
                [_medoid_of(distances, torch.where(nearest == j)[0], medoids[j]) for j in range(k)]
            )
            if torch.equal(moved, medoids):
                break
            medoids = moved
        cost = float(distances[:, medoids].min(1).values.sum())
        if cost < best_cost:
            best, best_cost = medoids.tolist(), cost
    return best


def _medoid_of(distances: Tensor, members: Tensor, fallback: Tensor) -> Tensor:
    if not len(members):
        return fallback
    return members[distances[members][:, members].sum(1).argmin()]


_GRID_PX = 32
_N_COMPONENTS = 256
_N_PIXELS = 128
_N_TESTS = 4096


def propose(
    source: FeatureSource,
    n_pictures: int,
    seed: int = 0,
    *,
    together: bool = False,
    n_candidates: int = 160,
    truncation: Truncation | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    worth: Worth | None = None,
) -> list[Proposal]:
    """The most promising of ``n_candidates`` pictures, best first.

    Of a generator with classes or codes, the best of each comes before the others.

    Args:
        source: has the candidates.
        n_pictures: how many are wanted.
        seed: of the candidates.
        together: choose pictures that are all to be labelled, each standing for others (k-medoids over
            codes); otherwise each is chosen to be good alone.
        n_candidates: how many are looked at; all, where the source has fewer.
        truncation: of the candidates; 0.5 to 1 by default.
        on_progress: told how many candidates were looked at, and of how many.
        worth: which candidates may be proposed, as far as there are enough of them; None: all.

    Raises:
        BadOption: fewer candidates than wanted, or none wanted.
    """
    n_candidates = at_most(source, n_candidates)
    if not 1 <= n_pictures <= n_candidates:
        raise BadOption(
            f"{n_pictures} pictures of {n_candidates}", expected="1 or more, and no more than candidates"
        )
    truncation = truncation or Truncation(0.5, 1.0)
    drawn = [source.plain("proposals", seed, i, truncation) for i in range(n_candidates)]
    indexes = those_worth(drawn, n_pictures, worth)
    candidates = [drawn[i] for i in indexes]
    codes = source.codes(candidates)
    scores = _scores(source, candidates, codes, on_progress)
    kinds = [picture.kind for picture in candidates]
    if together:
        medoids = medoids_of_kinds(
            torch.cdist(codes, codes), kinds, n_pictures, lambda some, n: k_medoids(some, n, seed)
        )
        chosen = sorted(medoids, key=lambda i: -float(scores[i]))
    else:
        chosen = kinds_first(scores.argsort(descending=True).tolist(), kinds)[:n_pictures]
    return [Proposal(candidates[i], seed, indexes[i], float(scores[i])) for i in chosen]


def those_worth(pictures: Sequence[Picture], n: int, worth: Worth | None) -> list[int]:
    """Indexes of the pictures that may be proposed; of all, where fewer than ``n`` may."""
    everything = list(range(len(pictures)))
    if worth is None or not pictures:
        return everything
    kept = [i for i, is_kept in zip(everything, worth(pictures), strict=True) if is_kept]
    return kept if len(kept) >= n else everything


def _scores(
    source: FeatureSource,
    candidates: Sequence[Picture],
    codes: Tensor,
    on_progress: Callable[[int, int], None] | None,
) -> Tensor:
    """Sum of both views, each standardised over the candidates."""
    pixels = []
    for i, picture in enumerate(candidates):
        pixels.append(_pixels(source, picture))
        if on_progress is not None:
            on_progress(i + 1, len(candidates))
    return _standard(source.typicality(codes)) + _standard(-_surprise(torch.stack(pixels)))


@torch.no_grad()
def _pixels(source: FeatureSource, picture: Picture) -> Tensor:
    """Features ``[g * g, c]`` of one picture at the middle levels, half precision to keep many.

    They go to the processor: what is chosen among them by chance must not depend on the device.
    """
    largest = max(s for s in {level.size_px for level in source.levels} if s <= 2 * _GRID_PX)
    maps = source.pyramid(picture, largest).maps
    # Sizes are those of a square photo: of a narrow one, too, the same levels are compared.
    middle = [m for m, level in zip(maps, source.levels, strict=False) if level.size_px >= _GRID_PX // 2]
    middle = middle or list(maps)
    columns = torch.cat([on_grid(m, _GRID_PX) for m in middle], dim=1)
    return columns[0].flatten(1).T.half().cpu()


def _surprise(pixels: Tensor) -> Tensor:
    """Mean log predictive variance ``[n]`` over pixels of all pictures, of a ridge fitted on each one.

    Args:
        pixels: ``[n, p, c]`` raw features of all candidates.
    """
    n_pictures, n_pixels, _ = pixels.shape
    draws = torch.Generator().manual_seed(tensor_seed("pixels of proposals", 0))
    some = torch.stack([torch.randperm(n_pixels, generator=draws)[:_N_PIXELS] for _ in range(n_pictures)])
    sample = torch.gather(pixels, 1, some[..., None].expand(-1, -1, pixels.shape[2])).float()
    mean, deviation = sample.mean((0, 1)), sample.std((0, 1)).clamp(min=1e-6)
    flat = ((sample - mean) / deviation).flatten(0, 1)
    n_components = min(_N_COMPONENTS, *flat.shape)
    with torch.random.fork_rng(devices=[]):
        # The randomised decomposition draws from the global generator.
        torch.manual_seed(tensor_seed("components of proposals", 0))
        axes = torch.pca_lowrank(flat, q=n_components, center=False)[2]
    place = (coordinates(_GRID_PX) * COORDINATE_WEIGHT).flatten(1).T
    one = torch.ones(n_pixels, 1)
    tests = torch.cat((flat @ axes, place[some.flatten()], torch.ones(len(flat), 1)), 1)
    tests = tests[torch.randperm(len(tests), generator=draws)[:_N_TESTS]]
    surprises = []
    for picture in pixels:
        rows = torch.cat((((picture.float() - mean) / deviation) @ axes, place, one), 1)
        gram = rows.T @ rows / n_pixels
        gram.diagonal().add_(PENALTY)
        solved = torch.cholesky_solve(tests.T, torch.linalg.cholesky(gram))
        surprises.append((tests * solved.T).sum(1).clamp(min=1e-9).log().mean())
    return torch.stack(surprises)


def _standard(values: Tensor) -> Tensor:
    return (values - values.mean()) / values.std(correction=0).clamp(min=1e-9)
