"""Changes that make pictures more like photos, which no generator made: colours, blur, noise, JPEG."""

from __future__ import annotations

import io

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

_SHARE = 0.5  # of the pictures get each of blur and JPEG
_COLOUR, _NOISE = 0.15, 0.03


def photo_like(images: Tensor, seed: int) -> Tensor:
    """Pictures ``[b, 3, s, s]`` in [-1, 1], on the processor, each changed by chance.

    Contrast and brightness of each colour change by some 15 %; half of the pictures are blurred, half go
    through a JPEG of quality 40 to 95; a little noise comes last. Nothing moves, since latents say where
    things are.

    Args:
        images: the pictures.
        seed: of the changes.
    """
    random = np.random.default_rng(seed)
    n = len(images)
    contrast = torch.from_numpy(random.normal(1, _COLOUR, (n, 3, 1, 1)).astype(np.float32))
    brightness = torch.from_numpy(random.normal(0, _COLOUR, (n, 3, 1, 1)).astype(np.float32))
    changed = images * contrast + brightness
    changed = _blurred(changed, random.random(n) < _SHARE, random.uniform(0.3, 1.2, n))
    changed = _through_jpeg(changed.clamp(-1, 1), random.random(n) < _SHARE, random.integers(40, 96, n))
    noise = torch.from_numpy(random.normal(0, _NOISE, tuple(images.shape)).astype(np.float32))
    return (changed + noise * torch.from_numpy(random.random((n, 1, 1, 1)).astype(np.float32))).clamp(-1, 1)


def _blurred(images: Tensor, chosen: NDArray[np.bool_], sigmas_px: NDArray[np.float64]) -> Tensor:
    """Those that are chosen, filtered with 5 x 5 Gaussians."""
    places = torch.arange(-2, 3, dtype=torch.float32)
    sigmas = torch.from_numpy(sigmas_px.astype(np.float32))[:, None]
    taps = torch.exp(-0.5 * (places / sigmas).square())
    taps = taps / taps.sum(dim=1, keepdim=True)
    identity = (places == 0).float().expand_as(taps)
    taps = torch.where(torch.from_numpy(chosen)[:, None], taps, identity).repeat_interleave(3, dim=0)
    n, n_colours, height, width = images.shape
    rows = F.pad(images.reshape(1, n * n_colours, height, width), (2, 2, 2, 2), mode="replicate")
    rows = F.conv2d(rows, taps[:, None, :, None], groups=n * n_colours)
    return F.conv2d(rows, taps[:, None, None, :], groups=n * n_colours).view_as(images)


def _through_jpeg(images: Tensor, chosen: NDArray[np.bool_], qualities: NDArray[np.int64]) -> Tensor:
    """Those that are chosen, written as JPEGs and read again."""
    changed = images.clone()
    for i in np.flatnonzero(chosen):
        pixels = ((images[i] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=int(qualities[i]))
        again = np.array(Image.open(buffer))
        changed[i] = torch.from_numpy(again).permute(2, 0, 1).float() / 127.5 - 1
    return changed
