"""Auto-shot networks whose logits differ from place to place, as those of trained ones do."""

from __future__ import annotations

import torch
from torch import nn

from partly.data.labels.part_sets import Part, PartSet
from partly.models.networks.auto_shot_network import AutoShotNetwork

PARTS = PartSet(
    (
        Part("background", (0, 0, 0)),
        Part("linkes Öhr", (9, 0, 0), "rechtes Öhr"),
        Part("rechtes Öhr", (0, 9, 0), "linkes Öhr"),
        Part("hair", (0, 0, 9)),
    )
)
SIZE_PX = 48


def lively_network(architecture: str, seed: int = 0) -> AutoShotNetwork:
    """Random weights, and norms that know the maps they get, so that no channel dies out or explodes."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        network = AutoShotNetwork(architecture, PARTS, SIZE_PX)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None  # plain means over what is seen
        blocks = torch.rand(4, 3, SIZE_PX // 8, SIZE_PX // 8).repeat_interleave(8, 2).repeat_interleave(8, 3)
        network.train()((blocks + torch.rand(4, 3, SIZE_PX, SIZE_PX)) - 1)
        network.body.head.weight *= 2
    return network.eval()
