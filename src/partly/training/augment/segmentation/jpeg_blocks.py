"""JPEG artefacts without files: the lossy half of ITU-T T.81 (DCT and quantisation, 4:2:0) in plain torch."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# ITU-T T.81, annex K, tables K.1 and K.2.
_LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
)
# JFIF: luma and the two colour differences from red, green and blue.
_TO_YCBCR = (
    (0.299, 0.587, 0.114),
    (-0.168735892, -0.331264108, 0.5),
    (0.5, -0.418687589, -0.081312411),
)


def quantisation_tables(qualities: Tensor) -> tuple[Tensor, Tensor]:
    """Tables ``[b, 64]`` for luma and chroma, scaled to ``qualities [b]`` in 1..100 as libjpeg does."""
    percent = torch.where(qualities < 50, 5000 / qualities, 200 - 2 * qualities).view(-1, 1)
    luma, chroma = (
        ((torch.tensor(table, dtype=torch.float32).view(1, 64) * percent + 50) / 100).floor().clamp(1, 255)
        for table in (_LUMINANCE, _CHROMINANCE)
    )
    return luma, chroma


def _block_dct() -> Tensor:
    """Orthonormal two-dimensional DCT-II of an 8x8 block, as a matrix ``[64, 64]``."""
    frequency, place = torch.arange(8.0).view(8, 1), torch.arange(8.0).view(1, 8)
    basis = torch.cos((2 * place + 1) * frequency * math.pi / 16) / 2
    basis[0] /= math.sqrt(2)
    return torch.kron(basis, basis)


def _quantised(plane: Tensor, tables: Tensor) -> Tensor:
    """One colour plane ``[b, h, w]`` in -128..127 through quantisation and back; sides multiples of 8."""
    n_pictures, height_px, width_px = plane.shape
    dct = _block_dct().to(plane.device)
    blocks = plane.view(n_pictures, height_px // 8, 8, width_px // 8, 8).transpose(2, 3)
    coefficients = blocks.reshape(n_pictures, -1, 64) @ dct.T
    steps = tables.unsqueeze(1)
    kept = (coefficients / steps).round_().mul_(steps) @ dct
    kept = kept.view(n_pictures, height_px // 8, width_px // 8, 8, 8).transpose(2, 3)
    return kept.reshape(n_pictures, height_px, width_px)


def jpeg(images: Tensor, qualities: Tensor) -> Tensor:
    """What is left of ``images [b, 3, h, w]`` in [-1, 1] after saving them as JPEG.

    Args:
        images: the pictures.
        qualities: ``[b]``, 1 (worst) to 100.
    """
    height_px, width_px = images.shape[-2:]
    padded = F.pad(images, (0, -width_px % 16, 0, -height_px % 16), mode="replicate")
    to_ycbcr = torch.tensor(_TO_YCBCR)
    # Images in [-1, 1] times 127.5 are bytes less 127.5; the level shift of JPEG is 128.
    planes = torch.einsum("ij,bjhw->bihw", to_ycbcr.to(images.device), padded) * 127.5
    luma_tables, chroma_tables = (tables.to(images.device) for tables in quantisation_tables(qualities))
    luma = _quantised((planes[:, 0] - 0.5).round_(), luma_tables) + 0.5
    halved = F.avg_pool2d(planes[:, 1:], 2).round_().flatten(0, 1)
    chroma = _quantised(halved, chroma_tables.repeat_interleave(2, dim=0))
    chroma = chroma.view(len(images), 2, *halved.shape[-2:])
    chroma = chroma.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    planes = torch.cat((luma.unsqueeze(1), chroma), dim=1) / 127.5
    restored = torch.einsum("ij,bjhw->bihw", torch.linalg.inv(to_ycbcr).to(images.device), planes)
    return restored.clamp_(-1, 1)[..., :height_px, :width_px]
