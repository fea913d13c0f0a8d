"""The networks of InfoGAN for digits (Chen et al., NIPS 2016, appendix C.1), of 32 px in place of 28.

Both have a layer that sees all of the picture at once, which DCGAN's do not have.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from partly.losses import Judgement
from partly.models import FeaturePyramid, Level
from partly.models.generators import DCGANShape, Synthesis, UnmappedFamily
from partly.training.recipes import AdversarialPlan, TrainingPlan

SIZE_PX, Z_DIM = 32, 62
_AT_FIRST_PX, _WIDE, _CHANNELS, _N_HIDDEN, _SLOPE = 8, 1024, (128, 64), 128, 0.1


class InfoGANGenerator(UnmappedFamily):
    """Two fully connected layers to maps of 8 px, then two transposed convolutions.

    Args:
        shape: of 32 px, with codes.
    """

    kind, name = "generator/info-gan-of-digits", "InfoGAN"

    def __init__(self, shape: DCGANShape) -> None:
        super().__init__(shape)
        first, second = _CHANNELS
        self.levels = (Level("8px", 8, first), Level("16px", 16, second))
        n_first = first * _AT_FIRST_PX**2
        self.wide = nn.Sequential(
            nn.Linear(self.w_dim, _WIDE, bias=False),
            nn.BatchNorm1d(_WIDE),
            nn.ReLU(),
            nn.Linear(_WIDE, n_first, bias=False),
            nn.BatchNorm1d(n_first),
            nn.ReLU(),
            nn.Unflatten(1, (first, _AT_FIRST_PX, _AT_FIRST_PX)),
        )
        self.larger = nn.Sequential(
            nn.ConvTranspose2d(first, second, 4, 2, 1, bias=False), nn.BatchNorm2d(second), nn.ReLU()
        )
        self.to_rgb = nn.ConvTranspose2d(second, 3, 4, 2, 1)
        self.apply(_first_weights)

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, 1, v]``."""
        self.check_latents(w)
        small = self.wide(w[:, 0])
        large = self.larger(small)
        wanted_px = self.largest_level_px(features_px)
        maps = tuple(one for one in (small, large) if one.shape[-1] <= wanted_px)
        return Synthesis(self.to_rgb(large).tanh() if images else None, FeaturePyramid(maps))


class InfoGANDiscriminator(nn.Module):
    """Two convolutions and a fully connected layer, behind which one head gives scores, another tells codes.

    Args:
        shape: of the generator.
    """

    def __init__(self, shape: DCGANShape) -> None:
        super().__init__()
        second, first = _CHANNELS
        self.body = nn.Sequential(
            nn.Conv2d(3, first, 4, 2, 1),
            nn.LeakyReLU(_SLOPE),
            nn.Conv2d(first, second, 4, 2, 1, bias=False),
            nn.BatchNorm2d(second),
            nn.LeakyReLU(_SLOPE),
            nn.Flatten(),
            nn.Linear(second * (SIZE_PX // 4) ** 2, _WIDE, bias=False),
            nn.BatchNorm1d(_WIDE),
            nn.LeakyReLU(_SLOPE),
        )
        self.score = nn.Linear(_WIDE, 1)
        self.code = nn.Sequential(
            nn.Linear(_WIDE, _N_HIDDEN, bias=False),
            nn.BatchNorm1d(_N_HIDDEN),
            nn.LeakyReLU(_SLOPE),
            nn.Linear(_N_HIDDEN, len(shape.classes) + shape.n_continuous_codes),
        )
        self.apply(_first_weights)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:  # noqa: ARG002
        """Images ``[b, 3, 32, 32]`` in [-1, 1] to scores, and what is told of their codes."""
        features = self.body(images)
        return Judgement(self.score(features)[:, 0], (features,), {"code": self.code(features)})


def with_paper_networks(plan: TrainingPlan) -> TrainingPlan:
    """A plan of DCGAN with codes, in which the paper's networks play; first weights follow its seed."""
    assert isinstance(plan, AdversarialPlan), "DCGAN is trained by a discriminator"
    of_plan = plan.players.generator.shape
    assert isinstance(of_plan, DCGANShape), "a plan of DCGAN"
    shape = replace(of_plan, z_dim=Z_DIM)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.config.seed)
        players = InfoGANGenerator(shape), InfoGANDiscriminator(shape)
    return replace(plan, players=replace(plan.players, generator=players[0], discriminator=players[1]))


def _first_weights(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
