"""The paired augmentation of auto-shot training: how strong, and in which order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from partly.training.augment.segmentation.affine_geometry import (
    Padding,
    affine_matrices,
    inside,
    sampling_grid,
    swap_mirrored_parts,
    warp,
)
from partly.training.augment.segmentation.backdrop_and_occlusion import (
    backdrops,
    occlude,
    paste_behind,
    rectangle_masks,
)
from partly.training.augment.segmentation.camera_degradation import add_noise, gaussian_blur, low_resolution
from partly.training.augment.segmentation.colour_jitter import (
    colour_transform,
    gamma_curve,
    hue_matrices,
    saturation_matrices,
)
from partly.training.augment.segmentation.jpeg_blocks import jpeg
from partly.training.augment.segmentation.part_colours_changed import recolour_parts
from partly.training.augment.segmentation.picture_randomness import happens, log_uniform, uniform


@dataclass(frozen=True)
class Augmentation:
    """Strengths; every ``..._probability`` is for one picture. 0 strength everywhere changes nothing.

    Attributes:
        flip_probability: of mirroring left and right.
        geometry_probability: of rotation, scale and translation together.
        rotation_deg: standard deviation of the angle.
        scale: smallest and largest scale.
        scale_spread: standard deviation of the scale's logarithm, cut at the limits; most pictures are shown
            about as large as they are.
        translation: largest shift, as a share of the picture.
        padding: what surrounds the picture.
        outside_weight: weight in the objective of pixels that come from the padding.
        part_probability: of other colours, for each part of each picture by itself.
        backdrop_probability: of another background, cut out of other pictures of the batch.
        colour_probability: of all changes of light and colour together.
        brightness: largest change, of the range [-1, 1].
        contrast: largest factor (and its inverse).
        saturation: largest factor (and its inverse).
        hue_deg: largest rotation of hue.
        tint: largest factor of a single channel (and its inverse): wrong white balance.
        gamma: largest exponent (and its inverse).
        grey_probability: of a picture without colours.
        blur_probability: of Gaussian blur.
        blur_sigma: largest sigma, as a share of the picture's side.
        low_resolution_probability: of shrinking and enlarging.
        low_resolution: largest factor.
        noise_probability: of noise.
        noise: largest standard deviation, of the range [-1, 1].
        jpeg_probability: of JPEG artefacts.
        jpeg_quality: lowest and highest quality.
        occlusion_probability: of a rectangle that hides pixels, which then do not count.
        occlusion: longest side of the rectangle, as a share of the picture's side.
    """

    flip_probability: float = 0.5
    geometry_probability: float = 0.9
    rotation_deg: float = 12.0
    scale: tuple[float, float] = (0.5, 2.0)
    scale_spread: float = 0.25
    translation: float = 0.15
    padding: Padding = "reflection"
    outside_weight: float = 0.0
    part_probability: float = 0.0
    backdrop_probability: float = 0.4
    colour_probability: float = 0.9
    brightness: float = 0.3
    contrast: float = 1.5
    saturation: float = 1.6
    hue_deg: float = 12.0
    tint: float = 1.15
    gamma: float = 1.4
    grey_probability: float = 0.05
    blur_probability: float = 0.25
    blur_sigma: float = 0.012
    low_resolution_probability: float = 0.2
    low_resolution: float = 3.0
    noise_probability: float = 0.3
    noise: float = 0.12
    jpeg_probability: float = 0.3
    jpeg_quality: tuple[float, float] = (20.0, 90.0)
    occlusion_probability: float = 0.0
    occlusion: float = 0.4


NO_AUGMENTATION = Augmentation(
    flip_probability=0,
    geometry_probability=0,
    backdrop_probability=0,
    colour_probability=0,
    grey_probability=0,
    blur_probability=0,
    low_resolution_probability=0,
    noise_probability=0,
    jpeg_probability=0,
)
"""Changes nothing."""


@torch.no_grad()
def augment(
    images: Tensor,
    labels: Tensor,
    *,
    size_px: int,
    augmentation: Augmentation,
    mirror_permutation: tuple[int, ...],
    generator: torch.Generator,
) -> tuple[Tensor, Tensor, Tensor]:
    """Change pictures and their labels alike, resampling both to ``size_px``.

    Args:
        images: ``[b, 3, s, s]`` in [-1, 1], on any device; labels on the same.
        labels: logits ``[b, k, t, t]``.
        size_px: side of the result.
        augmentation: the strengths.
        mirror_permutation: which part each becomes in a mirrored picture, of length ``k``.
        generator: where all random numbers come from; of the processor, so that they are the same for every
            device.

    Returns:
        Images ``[b, 3, size_px, size_px]`` in [-1, 1], labels ``[b, k, size_px, size_px]``, and the weight of
        each pixel ``[b, 1, size_px, size_px]`` in [0, 1].
    """
    flips, matrices = _random_matrices(len(images), augmentation, generator)
    images = warp(images, matrices, size_px, augmentation.padding)
    labels = swap_mirrored_parts(
        warp(labels, matrices, size_px, augmentation.padding), flips, mirror_permutation
    )
    weights = inside(sampling_grid(matrices.to(images.device), size_px))
    weights = weights.clamp_min(augmentation.outside_weight)
    shares = labels.softmax(dim=1)
    if augmentation.part_probability:
        images = recolour_parts(images, shares, augmentation.part_probability, generator)
    images = _replace_background(images, shares, augmentation, generator)
    images, weights = _hide(images, weights, augmentation, generator)
    return photographed(images, augmentation, generator), labels, weights


@torch.no_grad()
def photographed(images: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Pictures ``[b, 3, s, s]`` in other light, and as cameras and files spoil them; nothing moves."""
    return _degrade(_recolour(images, augmentation, generator), augmentation, generator)


def _random_matrices(n: int, a: Augmentation, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    flips = happens(n, a.flip_probability, generator)
    moved = happens(n, a.geometry_probability, generator)
    angles = torch.randn(n, generator=generator) * math.radians(a.rotation_deg)
    scales = (torch.randn(n, generator=generator) * a.scale_spread).exp().clamp(*a.scale)
    shifts = (torch.rand(n, 2, generator=generator) * 2 - 1) * (2 * a.translation)
    return flips, affine_matrices(
        flips, angles * moved, torch.where(moved, scales, 1.0), shifts * moved[:, None]
    )


def _replace_background(
    images: Tensor, shares: Tensor, a: Augmentation, generator: torch.Generator
) -> Tensor:
    if not a.backdrop_probability:
        return images
    chosen = happens(len(images), a.backdrop_probability, generator).view(-1, 1, 1, 1)
    # Part 0 is the background in every part set.
    chosen = chosen.to(images.device)
    return paste_behind(images, shares[:, :1] * chosen, backdrops(images, generator))


def _hide(
    images: Tensor, weights: Tensor, a: Augmentation, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    if not a.occlusion_probability:
        return images, weights
    n = len(images)
    masks = rectangle_masks(n, images.shape[-1], a.occlusion, generator)
    masks &= happens(n, a.occlusion_probability, generator).view(-1, 1, 1, 1)
    colours = torch.rand(n, 3, generator=generator) * 2 - 1
    masks, colours = masks.to(images.device), colours.to(images.device)
    return occlude(images, masks, colours), weights.masked_fill(masks, 0.0)


def _recolour(images: Tensor, a: Augmentation, generator: torch.Generator) -> Tensor:
    n = len(images)
    changed = happens(n, a.colour_probability, generator)
    brightness = uniform(n, -a.brightness, a.brightness, generator) * changed
    contrast = torch.where(changed, log_uniform(n, 1 / a.contrast, a.contrast, generator), 1.0)
    saturation = torch.where(changed, log_uniform(n, 1 / a.saturation, a.saturation, generator), 1.0)
    saturation = torch.where(happens(n, a.grey_probability, generator), 0.0, saturation)
    hue = uniform(n, -1, 1, generator) * math.radians(a.hue_deg) * changed
    tint = log_uniform(3 * n, 1 / a.tint, a.tint, generator).view(n, 3)
    tint = torch.where(changed[:, None] & (saturation > 0)[:, None], tint, 1.0)
    gamma = torch.where(changed, log_uniform(n, 1 / a.gamma, a.gamma, generator), 1.0)
    if not a.colour_probability and not a.grey_probability:
        return images
    matrices = saturation_matrices(saturation) @ hue_matrices(hue) * contrast.view(-1, 1, 1)
    # A tint scales values in [0, 1], where black stays black: v' = t v is x' = t x + (t - 1) in [-1, 1].
    matrices = tint[:, :, None] * matrices
    offsets = tint * brightness[:, None] + tint - 1
    return gamma_curve(colour_transform(images, matrices, offsets), gamma)


def _degrade(images: Tensor, a: Augmentation, generator: torch.Generator) -> Tensor:
    n, size_px = len(images), images.shape[-1]
    sigmas = uniform(n, 0.1, 1, generator) * a.blur_sigma * size_px
    factors = uniform(n, 1, a.low_resolution, generator)
    deviations = uniform(n, 0, a.noise, generator)
    qualities = uniform(n, *a.jpeg_quality, generator)
    images = images.clone()
    if (chosen := happens(n, a.blur_probability, generator)).any():
        images[chosen] = gaussian_blur(images[chosen], sigmas[chosen])
    if (chosen := happens(n, a.low_resolution_probability, generator)).any():
        images[chosen] = low_resolution(images[chosen], factors[chosen])
    if (chosen := happens(n, a.noise_probability, generator)).any():
        images[chosen] = add_noise(images[chosen], deviations[chosen], generator)
    if (chosen := happens(n, a.jpeg_probability, generator)).any():
        images[chosen] = jpeg(images[chosen], qualities[chosen])
    return images
