"""The Inception network of FID and KID, as the first of them used it: TensorFlow's graph of 2015-12-05.

Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR 2016; up to its last pooling.

It is not the Inception-v3 of other libraries: average pooling does not count the border, and the last block
pools by maximum. Only features of these weights, of pictures resized as TensorFlow 1 did it, give figures
that can be compared with published ones (Heusel et al., NIPS 2017). Layers are named as in that graph.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.errors import BadModelFile
from partly.storage import fill, load_model

KIND = "features/inception-2015-12-05"
NAME = "inception"
_SIZE_PX = 299
_EPSILON = 0.001
_FOLDED = ("weight", "beta", "mean", "var")
_SAME_1X7, _SAME_7X1 = (0, 3), (3, 0)


class Conv(nn.Conv2d):
    """A convolution, its batch norm folded into it, and ReLU."""

    def forward(self, x: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h', w']``."""
        return F.relu(super().forward(x))


class Branches(nn.Module):
    """Modules that all see the same maps; what they give is put together in their order."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, n_out, h', w']``."""
        return torch.cat([branch(x) for branch in self.children()], 1)


class ForkedBlock(nn.Module):
    """The last kind of block, of 8 x 8 px: two of its branches fork at their ends (figure 7 of the paper).

    Args:
        n_in: channels.
        pool: average or maximum pooling.
    """

    def __init__(self, n_in: int, pool: nn.Module) -> None:
        super().__init__()
        self.conv = Conv(n_in, 320, 1)
        self.tower_conv = Conv(n_in, 384, 1)
        self.tower_mixed_conv = Conv(384, 384, (1, 3), padding=(0, 1))
        self.tower_mixed_conv_1 = Conv(384, 384, (3, 1), padding=(1, 0))
        self.tower_1_conv = Conv(n_in, 448, 1)
        self.tower_1_conv_1 = Conv(448, 384, 3, padding=1)
        self.tower_1_mixed_conv = Conv(384, 384, (1, 3), padding=(0, 1))
        self.tower_1_mixed_conv_1 = Conv(384, 384, (3, 1), padding=(1, 0))
        self.tower_2_pool = pool
        self.tower_2_conv = Conv(n_in, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``[b, n_in, h, w]`` to ``[b, 2048, h, w]``."""
        a, b = self.tower_conv(x), self.tower_1_conv_1(self.tower_1_conv(x))
        forks = [self.tower_mixed_conv(a), self.tower_mixed_conv_1(a)]
        forks += [self.tower_1_mixed_conv(b), self.tower_1_mixed_conv_1(b)]
        return torch.cat([self.conv(x), *forks, self.tower_2_conv(self.tower_2_pool(x))], 1)


class InceptionFeatures(nn.Module):
    """2048 features: the means of the last maps; see the module.

    Attributes:
        digest: SHA-256 of the weights.
    """

    name = NAME
    n_features = 2048
    batch_size = 16

    def __init__(self) -> None:
        super().__init__()
        self.digest = ""
        self.layers = nn.Sequential(
            OrderedDict(
                conv=Conv(3, 32, 3, stride=2),
                conv_1=Conv(32, 32, 3),
                conv_2=Conv(32, 64, 3, padding=1),
                pool0=nn.MaxPool2d(3, 2),
                conv_3=Conv(64, 80, 1),
                conv_4=Conv(80, 192, 3),
                pool1=nn.MaxPool2d(3, 2),
                mixed=_block_35(192, 32),
                mixed_1=_block_35(256, 64),
                mixed_2=_block_35(288, 64),
                mixed_3=_to_17(288),
                mixed_4=_block_17(128),
                mixed_5=_block_17(160),
                mixed_6=_block_17(160),
                mixed_7=_block_17(192),
                mixed_8=_to_8(768),
                mixed_9=ForkedBlock(1280, _average()),
                mixed_10=ForkedBlock(2048, nn.MaxPool2d(3, 1, 1)),
            )
        )

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """Rows ``[b, 2048]`` of pictures ``[b, 3, h, w]`` in [-1, 1]; see the protocol."""
        x = images.to(self.layers.get_parameter("conv.weight").device, torch.float32)
        # The bytes 0 to 255 of a picture become -1 to 127/128 in the graph: (byte - 128) / 128.
        x = resized_as_tensorflow((x * 127.5 - 0.5) / 128, _SIZE_PX)
        rows: Tensor = self.layers(x).mean((2, 3))
        return rows.cpu()


def resized_as_tensorflow(images: Tensor, size_px: int) -> Tensor:
    """``tf.image.resize_bilinear`` of TensorFlow 1: output ``i`` lies at input ``i * n / size_px``.

    Its corners do not fit, and it does not smooth when it shrinks; figures depend on both.

    Args:
        images: ``[b, c, h, w]``.
        size_px: side of the result ``[b, c, size_px, size_px]``.
    """
    rows, columns = (_interpolation(n, size_px).to(images) for n in images.shape[-2:])
    return rows @ images @ columns.T


def folded(tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The weights of :class:`InceptionFeatures`, of tensors as the graph names them.

    Args:
        tensors: for every convolution its ``weight``, and ``beta``, ``mean`` and ``var`` of its batch norm.
        path: the file, for errors.

    Raises:
        BadModelFile: some are missing, left over, or of another shape.
    """
    found = dict(tensors)
    wanted: dict[str, Tensor] = {}
    for name, expected in _empty().state_dict().items():
        if not name.endswith(".weight"):
            continue
        layer = name.removesuffix(".weight")
        weight, beta, mean, variance = (_take(found, f"{layer}.{part}", path) for part in _FOLDED)
        n_out = expected.shape[0]
        if weight.shape != expected.shape or any(t.shape != (n_out,) for t in (beta, mean, variance)):
            raise BadModelFile(
                f"{layer} has weights of shape {list(weight.shape)}",
                expected=f"{list(expected.shape)}, and {n_out} numbers for each part of its batch norm",
                path=path,
            )
        gain = (variance.double() + _EPSILON).rsqrt()
        wanted[name] = (weight.double() * gain[:, None, None, None]).float()
        wanted[f"{layer}.bias"] = (beta.double() - mean.double() * gain).float()
    if found:
        raise BadModelFile(
            f"has {len(found)} tensors too many, such as {min(found)}",
            expected="the Inception network of FID",
            path=path,
        )
    return wanted


def load_inception(folder: Path) -> InceptionFeatures:
    """Read a model folder.

    Raises:
        BadModelFile: it is damaged, or of another kind.
    """
    card, tensors = load_model(folder, KIND)
    network = _empty()
    fill(network, tensors, folder / "model.safetensors")
    network.digest = card.weights_sha256
    return network.eval().requires_grad_(False)


def _empty() -> InceptionFeatures:
    """The network without weights: they are read, so that none need be drawn."""
    with torch.device("meta"):
        network = InceptionFeatures()
    return network.to_empty(device="cpu")


def _take(tensors: dict[str, Tensor], name: str, path: Path) -> Tensor:
    if name not in tensors:
        raise BadModelFile(f"lacks the tensor {name}", expected="the Inception network of FID", path=path)
    return tensors.pop(name)


def _interpolation(n: int, size: int) -> Tensor:
    """``[size, n]``: how much each input counts in each output."""
    place = torch.arange(size, dtype=torch.float64) * n / size
    below = place.floor().long().clamp(max=n - 1)
    above = (below + 1).clamp(max=n - 1)
    share = (place - below).float()
    weights = torch.zeros(size, n)
    weights[torch.arange(size), below] += 1 - share
    weights[torch.arange(size), above] += share
    return weights


def _average() -> nn.AvgPool2d:
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


def _block_35(n_in: int, n_pooled: int) -> Branches:
    """A block of 35 x 35 px (figure 5 of the paper)."""
    return Branches(
        conv=Conv(n_in, 64, 1),
        tower=_tower(conv=Conv(n_in, 48, 1), conv_1=Conv(48, 64, 5, padding=2)),
        tower_1=_tower(
            conv=Conv(n_in, 64, 1), conv_1=Conv(64, 96, 3, padding=1), conv_2=Conv(96, 96, 3, padding=1)
        ),
        tower_2=_tower(pool=_average(), conv=Conv(n_in, n_pooled, 1)),
    )


def _to_17(n_in: int) -> Branches:
    """From 35 x 35 to 17 x 17 px (figure 10)."""
    return Branches(
        conv=Conv(n_in, 384, 3, stride=2),
        tower=_tower(
            conv=Conv(n_in, 64, 1), conv_1=Conv(64, 96, 3, padding=1), conv_2=Conv(96, 96, 3, stride=2)
        ),
        pool=nn.MaxPool2d(3, 2),
    )


def _block_17(n: int, n_in: int = 768) -> Branches:
    """A block of 17 x 17 px, with ``n`` channels inside (figure 6)."""
    return Branches(
        conv=Conv(n_in, 192, 1),
        tower=_tower(
            conv=Conv(n_in, n, 1),
            conv_1=Conv(n, n, (1, 7), padding=_SAME_1X7),
            conv_2=Conv(n, 192, (7, 1), padding=_SAME_7X1),
        ),
        tower_1=_tower(
            conv=Conv(n_in, n, 1),
            conv_1=Conv(n, n, (7, 1), padding=_SAME_7X1),
            conv_2=Conv(n, n, (1, 7), padding=_SAME_1X7),
            conv_3=Conv(n, n, (7, 1), padding=_SAME_7X1),
            conv_4=Conv(n, 192, (1, 7), padding=_SAME_1X7),
        ),
        tower_2=_tower(pool=_average(), conv=Conv(n_in, 192, 1)),
    )


def _to_8(n_in: int) -> Branches:
    """From 17 x 17 to 8 x 8 px."""
    return Branches(
        tower=_tower(conv=Conv(n_in, 192, 1), conv_1=Conv(192, 320, 3, stride=2)),
        tower_1=_tower(
            conv=Conv(n_in, 192, 1),
            conv_1=Conv(192, 192, (1, 7), padding=_SAME_1X7),
            conv_2=Conv(192, 192, (7, 1), padding=_SAME_7X1),
            conv_3=Conv(192, 192, 3, stride=2),
        ),
        pool=nn.MaxPool2d(3, 2),
    )


def _tower(**layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(layers))
