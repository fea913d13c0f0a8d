"""Optimisers of both players, and what bounds a critic's weights after its steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.optim import Adam, Optimizer, RMSprop

from partly.losses import Lazy
from partly.training.adversarial.gan_config import GanConfig

_FORGETTING = 0.99  # of squared gradients, in RMSprop


def gan_optimizer(
    module: nn.Module, rate: float, config: GanConfig, penalties: Sequence[Lazy], *, fused: bool = False
) -> Optimizer:
    """A player's optimiser, which makes up for the steps that lazy penalties add.

    Rates and means of gradients as in Karras et al. (CVPR 2020, appendix B). Weights that need no gradients
    are not in it.

    Args:
        module: the player.
        rate: its learning rate.
        config: says which optimiser.
        penalties: of this player.
        fused: take each step of Adam in one kernel, which passes over the weights once.
    """
    every = min((penalty.every for penalty in penalties), default=None)
    share = 1.0 if every is None else every / (every + 1)
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    if config.optimizer == "rmsprop":
        return RMSprop(weights, rate * share, alpha=_FORGETTING**share, eps=1e-8)
    betas = (config.betas[0] ** share, config.betas[1] ** share)
    return Adam(weights, rate * share, betas, eps=1e-8, fused=fused)


@torch.no_grad()
def clip_weights(module: nn.Module, bound: float) -> None:
    """Bring all weights that learn to [-bound, bound] (Arjovsky et al., ICML 2017, algorithm 1, line 7)."""
    for weight in module.parameters():
        if weight.requires_grad:
            weight.clamp_(-bound, bound)
