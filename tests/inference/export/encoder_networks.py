"""Networks with a tiny encoder inside, whose logits differ from place to place."""

from __future__ import annotations

from functools import cache

import torch

from partly.fewshot.segmenters.head_segmenter import HeadSegmenter
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.inference.segment.encoder_network import EncoderNetwork
from partly.models.encoders.dinov2_encoder import DinoV2, DinoV2Shape, Positions
from partly.models.networks.auto_shot_network import AutoShotNetwork
from tests.inference.export.networks import PARTS, lively_network

WIDTH = 24
SIDE_PX = 56


def tiny_encoder(positions: Positions = "sized", n_registers: int = 0) -> DinoV2:
    """Four blocks; no layer scale, norm or token is as it begins."""
    shape = DinoV2Shape(WIDTH, 4, 2, n_registers, grid=4, positions=positions, image_size_px=SIDE_PX)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        encoder = DinoV2(shape).eval().requires_grad_(False)
        for parameter in encoder.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
        return encoder


def lively_segmenter(kind: type[RidgeSegmenter] | type[HeadSegmenter]) -> RidgeSegmenter | HeadSegmenter:
    """Random weights, statistics and layout; two levels, of which the later one is read first."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(1)
        segmenter = kind(PARTS.n_parts, (2, 0), (WIDTH, WIDTH)).eval().requires_grad_(False)
        for parameter in segmenter.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
        for deviation in segmenter.standardiser.deviations:
            deviation.copy_(0.5 + torch.rand_like(deviation))
        segmenter.layout.normal_()
        if isinstance(segmenter, RidgeSegmenter):
            segmenter.sharpness.fill_(1.5)
        return segmenter


def encoder_network(
    kind: type[RidgeSegmenter] | type[HeadSegmenter] = RidgeSegmenter,
    *,
    with_fast: bool = False,
    encoder: DinoV2 | None = None,
) -> EncoderNetwork:
    """With a fast network that sees photos at 30 px, which is no multiple of what it halves."""
    fast = _fast_network() if with_fast else None
    return EncoderNetwork(encoder or tiny_encoder(), lively_segmenter(kind), PARTS, fast, 0.3).eval()


@cache
def _fast_network() -> AutoShotNetwork:
    network = lively_network("unet-small")
    network.size_px = 30
    return network
