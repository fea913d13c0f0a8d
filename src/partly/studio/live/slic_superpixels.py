"""Superpixels: small regions of like features and colours, to which a wand snaps."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from partly.data.labels import Pictured
from partly.errors import BadOption
from partly.fewshot.features import FeatureSource
from partly.fewshot.fitting import default_sizes
from partly.fewshot.segmenters import N_COORDINATES, Moments, RidgeSegmenter, choose_levels
from partly.models import FeaturePyramid
from partly.models.generators import images_of
from partly.storage import tensor_seed
from partly.studio.live.connected_regions import without_fragments
from partly.studio.live.live_predictions import shape_of_area

_SIZE_PX = 256
_GRID_PX = 64
_N_COMPONENTS = 16
_N_ROUNDS = 8
# How much features, colours and places count in a distance.
_FEATURE_WEIGHT, _COLOUR_WEIGHT, _PLACE_WEIGHT = 1.0, 1.0, 0.3
# Regions of less than this share of a block are fragments.
_FRAGMENT = 0.25


@torch.no_grad()
def superpixels(
    source: FeatureSource, picture: Pictured, n: int = 400, shape: tuple[int, int] = (1, 1)
) -> NDArray[np.uint16]:
    """Region of each pixel of a picture: connected, about ``n`` of them, numbered from 0.

    Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods" (TPAMI 2012), on the
    principal components of the picture's features beside colours.

    Args:
        source: makes the features.
        picture: which picture.
        n: about how many.
        shape: the picture's height and width; of these, only the aspect ratio matters.

    Returns:
        uint16 ``[h, w]`` of the picture's aspect ratio, with about as many pixels as a square of 256 px, or
        of the source's size where that is less.

    Raises:
        BadOption: ``n`` is less than 1, or more than a quarter of the pixels.
    """
    size_px = min(_SIZE_PX, source.image_size_px)
    if not 1 <= n <= size_px**2 // 4:
        raise BadOption(f"{n} superpixels", expected=f"1 to {size_px**2 // 4}")
    made_of = shape_of_area(*shape, size_px)
    indexes = choose_levels(source.levels, default_sizes(source))
    # Only features are made on the source's machine: what is drawn by chance must not depend on it.
    synthesis = source.with_image(picture, max(source.levels[i].size_px for i in indexes)).cpu()
    features = _stretched(_components(synthesis.pyramid.select(indexes), size_px), made_of)
    colours = F.interpolate(images_of(synthesis), size=made_of, mode="area")[0]
    planes = torch.cat((_FEATURE_WEIGHT * _of_unit(features), _COLOUR_WEIGHT * _of_unit(colours)))
    block_px = max(1, round(size_px / n**0.5))
    regions = _clusters(planes, block_px)
    return without_fragments(regions.numpy(), int(_FRAGMENT * block_px**2)).astype(np.uint16)


def _components(pyramid: FeaturePyramid, size_px: int) -> Tensor:
    """Principal components ``[q, s, s]`` of one picture's standardised features."""
    channels = [m.shape[1] for m in pyramid.maps]
    n_components = min(_N_COMPONENTS, sum(channels))
    # A ridge segmenter is a linear map of all levels that is cheap to upsample; its weights are the axes.
    project = RidgeSegmenter(n_components, range(len(channels)), channels)
    project.standardiser.set(Moments.of(pyramid))
    rows = project.rows(pyramid, _GRID_PX)[:, : sum(channels)]
    with torch.random.fork_rng(devices=[]):
        # The randomised decomposition draws from the global generator.
        torch.manual_seed(tensor_seed("components of superpixels", 0))
        axes = torch.pca_lowrank(rows, q=n_components, center=False)[2]
    project.weight.copy_(F.pad(axes.T, (0, N_COORDINATES + 1)))
    return project.scores(pyramid, size_px)[0]


def _stretched(planes: Tensor, shape: tuple[int, int]) -> Tensor:
    """Planes ``[c, s, s]`` of the unit square of a picture in the picture's shape, ``[c, h, w]``."""
    if shape == tuple(planes.shape[1:]):
        return planes
    return F.interpolate(planes[None], size=shape, mode="bilinear", align_corners=False)[0]


def _of_unit(planes: Tensor) -> Tensor:
    """Planes ``[c, h, w]`` about their means, scaled together so that pixels lie about 1 from the mean."""
    centred = planes - planes.mean((1, 2), keepdim=True)
    return centred / centred.square().sum(0).mean().sqrt().clamp_min(1e-6)


def _clusters(planes: Tensor, block_px: int) -> Tensor:
    """Number of the nearest centre ``[h, w]``; centres start in blocks, and draw from the blocks around.

    Args:
        planes: what pixels are compared by, ``[c, h, w]``.
        block_px: side of the blocks.
    """
    height, width = planes.shape[1:]
    n_rows, n_columns = -(-height // block_px), -(-width // block_px)
    n_blocks = n_rows * n_columns
    ticks = (torch.arange(side) * (_PLACE_WEIGHT / block_px) for side in (height, width))
    place = torch.stack(torch.meshgrid(*ticks, indexing="ij"))
    inside = torch.ones(1, height, width)
    blocks = _in_blocks(torch.cat((planes, place, inside)), block_px, n_rows, n_columns)
    points, inside = blocks[..., :-1], blocks[..., -1:]
    around = _around(torch.arange(n_blocks).view(n_rows, n_columns)).view(9, -1).T  # [n, 9]
    centres = points.sum(1) / inside.sum(1)
    nearest = torch.zeros(0)
    for _ in range(_N_ROUNDS):
        known = centres[around.clamp_min(0)]  # [n, 9, c]
        # Less the square of the point, which is the same for all centres.
        distances = known.square().sum(2)[:, None] - 2 * points @ known.mT
        nearest = distances.masked_fill((around < 0)[:, None], torch.inf).argmin(2)  # [n, b²]
        drawn = F.one_hot(nearest, 9).float() * inside
        sums = torch.zeros(n_blocks + 1, blocks.shape[2])
        # What lies outside is counted in a last row, which is then left out.
        sums.index_add_(0, around.flatten() % (n_blocks + 1), (drawn.mT @ blocks).flatten(0, 1))
        sums = sums[:-1]
        centres = torch.where(sums[:, -1:] > 0, sums[:, :-1] / sums[:, -1:].clamp_min(1), centres)
    numbers = around.gather(1, nearest)
    whole = numbers.view(n_rows, n_columns, block_px, block_px).transpose(1, 2).flatten(0, 1).flatten(1)
    return whole[:height, :width]


def _in_blocks(planes: Tensor, block_px: int, n_rows: int, n_columns: int) -> Tensor:
    """Pixels of ``planes [c, h, w]`` by block, row by row, ``[n, b², c]``; 0 beyond the picture."""
    height, width = planes.shape[1:]
    padded = F.pad(planes, (0, n_columns * block_px - width, 0, n_rows * block_px - height))
    tiles = padded.unflatten(1, (n_rows, block_px)).unflatten(3, (n_columns, block_px))
    return tiles.permute(1, 3, 2, 4, 0).flatten(2, 3).flatten(0, 1)


def _around(numbers: Tensor) -> Tensor:
    """The nine numbers around each of ``[g, h]``, itself among them, ``[9, g, h]``; -1 beyond the border."""
    n_rows, n_columns = numbers.shape
    padded = F.pad(numbers, (1, 1, 1, 1), value=-1)
    return torch.stack([padded[y : y + n_rows, x : x + n_columns] for y in range(3) for x in range(3)])
