"""Batch norms of averaged weights: their statistics are counted anew."""

from __future__ import annotations

import copy

import torch
from torch import nn

from partly.models.generators import one_hot, sample_class
from partly.training.adversarial.gan_batches import mixed_latents, random_of

_N_BATCHES, _BATCH_SIZE = 8, 64


@torch.no_grad()
def with_counted_norms(average: nn.Module, seed: int) -> nn.Module:
    """A copy of a generator in eval mode, whose batch norms know what its own weights give.

    The statistics that training gathers are those of the weights of each step. Averaged weights give weaker
    signals than any of these, so that statistics averaged in the same way make pictures pale and alike; they
    are counted on latents instead (Izmailov et al., UAI 2018, section 3.2).

    Args:
        average: generator with averaged weights; it is not changed.
        seed: of the latents.

    Returns:
        The copy, or ``average`` itself where there is no batch norm.
    """
    if not any(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in average.modules()):
        return average
    counted = copy.deepcopy(average).train()
    for norm in counted.modules():
        # Norms that stay in eval mode are of a part that is frozen, with the statistics that it came with.
        if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d) and norm.training:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over all batches
    device = next(counted.parameters()).device
    for number in range(_N_BATCHES):
        random = random_of(seed, number, "norms", 0)
        classes = (sample_class(counted, seed, number * _BATCH_SIZE + i) for i in range(_BATCH_SIZE))  # type: ignore[arg-type]
        condition = one_hot(counted, classes).to(device)  # type: ignore[arg-type]
        w = mixed_latents(counted, _BATCH_SIZE, 0.0, random, lambda z: z.to(device), condition)  # type: ignore[arg-type]
        counted(w, random)
    return counted.eval()
