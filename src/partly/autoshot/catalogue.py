"""The auto-shot architectures that can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from torch import nn

from partly.autoshot.encoder_unet import EncoderUNet
from partly.autoshot.unet import UNet
from partly.errors import BadOption

ARCHITECTURES: Mapping[str, Callable[[int], nn.Module]] = MappingProxyType(
    {
        "unet-small": lambda n_parts: UNet(n_parts, (16, 32, 64, 128, 128)),
        "unet-medium": lambda n_parts: UNet(n_parts, (32, 64, 128, 256, 256)),
        "unet-paper": lambda n_parts: UNet(n_parts, (64, 128, 256, 512, 512)),
        "lite0-unet": lambda n_parts: EncoderUNet(n_parts),
    }
)
"""Name to builder: 1.1, 4.3, 17.3 million parameters; 3.6 million with an encoder that can be pretrained."""


def build(architecture: str, n_parts: int) -> nn.Module:
    """A new network of the named architecture, ``[b, 3, h, w]`` to ``[b, n_parts, h, w]``.

    Raises:
        BadOption: no architecture has that name.
    """
    if architecture not in ARCHITECTURES:
        raise BadOption(
            f"there is no auto-shot architecture {architecture!r}",
            expected="one of " + ", ".join(ARCHITECTURES),
        )
    return ARCHITECTURES[architecture](n_parts)
