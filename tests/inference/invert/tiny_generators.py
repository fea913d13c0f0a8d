"""A tiny generator of every family, whose pictures differ."""

from __future__ import annotations

import torch
from torch import Tensor

from partly.models.generators import sample_w
from partly.models.generators.generator_base import GeneratorFamily
from partly.models.generators.generator_table import FAMILIES
from partly.models.generators.mobile_stylegan import KIND as MOBILE_STYLEGAN
from partly.models.generators.picture_pixels import images_of
from partly.storage import digest_of
from tests.models.test_other_devices import GENERATORS

KINDS = tuple(FAMILIES)


def lively(kind: str, seed: int = 0) -> GeneratorFamily:
    """One of a family, with random weights; its ``w_mean`` is 0."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = GENERATORS[kind]().eval().requires_grad_(False)
        for name, tensor in generator.state_dict().items():
            if name.endswith("strength"):
                tensor.fill_(0.3)
            # With those of a new network, styles are near 0, and so are all maps.
            if kind == MOBILE_STYLEGAN and name.endswith("modulation.bias"):
                tensor.fill_(1)
    generator.digest = digest_of(generator.state_dict())
    return generator


def own_pictures(generator: GeneratorFamily, n: int = 2, seed: int = 5) -> Tensor:
    """Pictures ``[n, 3, s, s]`` that a generator makes itself."""
    w = torch.cat([sample_w(generator, seed, i) for i in range(n)])
    return images_of(generator.synthesise(w))
