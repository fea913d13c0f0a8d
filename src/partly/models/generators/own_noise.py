"""Pictures that have noise of their own, where a generator adds maps of noise."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn
from torch.func import functional_call

from partly.models.generators.generator_protocol import Generator, Synthesis


class _Synthesis(nn.Module):
    """``synthesise`` of a generator as a module, which can be called with other tensors for its buffers."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, w: Tensor) -> Synthesis:
        """As the generator's ``synthesise``."""
        return self.generator.synthesise(w)


def noise_inputs(generator: Generator) -> dict[str, Tensor]:
    """Maps of noise ``[h, w]`` of a generator, by name; none where its family has none to give anew."""
    given = getattr(generator, "noise_inputs", None)
    return {} if given is None else given()


def synthesise_with_noise(generator: Generator, w: Tensor, noise: Mapping[str, Tensor]) -> Synthesis:
    """Pictures of ``w [b, l, v]`` with noise of their own.

    Args:
        generator: makes them.
        w: mapped latents.
        noise: ``[b, 1, h, w]`` in place of each of :func:`noise_inputs`; without any, the generator's own.
    """
    if not noise:
        return generator.synthesise(w)
    tensors = {f"generator.{name}": tensor for name, tensor in noise.items()}
    made: Synthesis = functional_call(_Synthesis(generator), tensors, (w,))
    return made
