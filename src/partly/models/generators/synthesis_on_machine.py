"""Pictures and features made on a machine: in halves where it is fast with them, and given in float32."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from partly.machine import Machine
from partly.models.generators.generator_protocol import Generator, Synthesis


def synthesise_on(
    machine: Machine,
    generator: Generator,
    w: Tensor,
    *,
    features_px: int | None = None,
    images: bool = True,
) -> Synthesis:
    """As the generator's ``synthesise``, on its machine; all that comes of it is float32, and lies there.

    Of halves, only bfloat16 is used: modulated convolutions go beyond what float16 can hold.

    Args:
        machine: on which the generator is.
        generator: makes them.
        w: mapped latents ``[b, l, v]``, on any device.
        features_px: the largest level to return; None keeps all.
        images: whether to compute the pictures.
    """
    safe = replace(machine, dtype=torch.float32) if machine.dtype == torch.float16 else machine
    with safe.precision():
        made = generator.synthesise(w.to(machine.device), features_px=features_px, images=images)
    return made.float()
