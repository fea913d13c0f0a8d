"""Discriminators that name digits, with noise and averaged weights, for learning from few labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.parametrizations import weight_norm

from partly.losses import Judgement
from partly.models import FeaturePyramid
from partly.models.generators import MLPGenerator, MLPShape, Synthesis
from partly.storage import tensor_seed

N_CLASSES, DIGIT_PX = 10, 28
_NOISE_IN, _NOISE_HIDDEN, _LITTLE_NOISE = 0.3, 0.5, 0.05


class NamingDiscriminator(nn.Module, ABC):
    """Digits to logits of their classes, with noise during training.

    Beside its weights it keeps their running averages. What is drawn follows from a count of calls, so that a
    training that goes on after a stop draws what it would have drawn.

    Args:
        layers: with weights; the last one gives the logits.
        decay: of the averages, at each call.
    """

    def __init__(self, layers: Sequence[nn.Module], decay: float) -> None:
        super().__init__()
        self.layers, self._decay = nn.ModuleList(layers), decay
        for i, weight in enumerate(self.layers.parameters()):
            self.register_buffer(f"average{i}", weight.detach().clone())
        self.register_buffer("n_calls", torch.zeros((), dtype=torch.int64))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:  # noqa: ARG002
        """Images ``[b, 3, s, s]`` in [-1, 1] to logits as the head "class", and log-odds of "photo"."""
        random = torch.Generator().manual_seed(
            tensor_seed("dropout of a discriminator", 0, int(self.get_buffer("n_calls")))
        )
        self.get_buffer("n_calls").add_(1)
        if next(self.layers.parameters()).requires_grad:
            self._average()
        features = self.features(images, random)
        logits = self.layers[-1](features)
        return Judgement(logits.logsumexp(1), (features,), {"class": logits})

    @abstractmethod
    def features(self, images: Tensor, random: torch.Generator | None) -> Tensor:
        """What the last layer sees of images; without ``random`` there is no noise."""

    def logits(self, images: Tensor) -> Tensor:
        """Logits ``[b, 10]`` by the weights as they are, without noise."""
        named: Tensor = self.layers[-1](self.features(images, None))
        return named

    def averaged(self, images: Tensor) -> Tensor:
        """Logits ``[b, 10]`` by averaged weights, without noise."""
        names = [name for name, _ in self.named_parameters()]
        weights = {name: self.get_buffer(f"average{i}") for i, name in enumerate(names)}
        called: Tensor = functional_call(
            _Plain(self), {f"of.{name}": w for name, w in weights.items()}, images
        )
        return called

    @torch.no_grad()
    def _average(self) -> None:
        for i, weight in enumerate(self.layers.parameters()):
            self.get_buffer(f"average{i}").lerp_(weight, 1 - self._decay)


class _Plain(nn.Module):
    """A discriminator without noise."""

    def __init__(self, of: NamingDiscriminator) -> None:
        super().__init__()
        self.of = of

    def forward(self, images: Tensor) -> Tensor:
        """Logits."""
        return self.of.logits(images)


class FullyConnected(NamingDiscriminator):
    """The paper's, for digits of 28 px.

    Args:
        hidden: widths of the hidden layers.
    """

    def __init__(self, hidden: Sequence[int] = (1000, 500, 250, 250, 250)) -> None:
        widths = [DIGIT_PX**2, *hidden, N_CLASSES]
        super().__init__([weight_norm(nn.Linear(*pair)) for pair in pairwise(widths)], decay=0.9995)

    def features(self, images: Tensor, random: torch.Generator | None) -> Tensor:
        """The last hidden layer ``[b, c]``, before its noise was added."""
        x = _with_noise(images[:, 0].flatten(1), _NOISE_IN, random)
        for layer in self.layers[:-2]:
            x = _with_noise(layer(x).relu(), _NOISE_HIDDEN, random)
        last: Tensor = self.layers[-2](x).relu()
        return last


class Convolutional(NamingDiscriminator):
    """Three convolutions, with little noise: photos that are changed take its place (docs/lab.md).

    Args:
        images: ``[n, 1, s, s]`` in [-1, 1], some hundred, which set the first weights so that over them the
            values of each layer have mean 0 and deviation 1 (Salimans and Kingma, NIPS 2016, section 3).
            Without that, nothing is learned for a long time.
        channels: of each convolution.
    """

    def __init__(self, images: Tensor, channels: tuple[int, int, int] = (32, 64, 64)) -> None:
        first, second, third = channels
        layers = (
            nn.Conv2d(1, first, 5, 2, 2),
            nn.Conv2d(first, second, 3, 2, 1),
            nn.Conv2d(second, third, 3, 1, 1),
            nn.Linear(third * (images.shape[-1] // 4) ** 2, N_CLASSES),
        )
        x = _unit(images)
        for layer in layers:
            x = F.leaky_relu(_spread(layer, x if isinstance(layer, nn.Conv2d) else x.flatten(1)), 0.2)
        super().__init__([weight_norm(layer) for layer in layers], decay=0.999)

    def features(self, images: Tensor, random: torch.Generator | None) -> Tensor:
        """The maps of the last convolution, ``[b, c * s * s / 16]``."""
        x = _with_noise(_unit(images), _LITTLE_NOISE, random)
        for layer in self.layers[:-1]:
            x = F.leaky_relu(layer(x), 0.2)
        return x.flatten(1)


class SmallGenerator(MLPGenerator):
    """A layer to maps of 7 px, and two transposed convolutions to digits of 28 px, with batch norms."""

    _CHANNELS = 64, 48

    def __init__(self) -> None:
        super().__init__(MLPShape(image_size_px=DIGIT_PX))
        first, second = self._CHANNELS
        self.base = nn.Sequential(
            nn.Linear(self.w_dim, first * 49, bias=False), nn.BatchNorm1d(first * 49), nn.ReLU()
        )
        self.larger = nn.Sequential(
            nn.ConvTranspose2d(first, second, 4, 2, 1, bias=False), nn.BatchNorm2d(second), nn.ReLU()
        )
        self.pixels = nn.ConvTranspose2d(second, 1, 4, 2, 1)

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:  # noqa: ARG002
        """Digits of ``w [b, 1, v]``; features are their pixels before the sigmoid, and nothing else."""
        maps = self.base(w[:, 0]).view(-1, self._CHANNELS[0], 7, 7)
        pixels = self.pixels(self.larger(maps))
        return Synthesis((2 * pixels.sigmoid() - 1).expand(-1, 3, -1, -1), FeaturePyramid((pixels,)))


@torch.no_grad()
def _spread(layer: nn.Conv2d | nn.Linear, x: Tensor) -> Tensor:
    """Set a layer's weights so that its values of ``x`` have mean 0 and deviation 1; these values."""
    assert layer.bias is not None
    nn.init.normal_(layer.weight, 0, 0.05)
    layer.bias.zero_()
    values = layer(x)
    deviation, mean = torch.std_mean(values, [d for d in range(values.ndim) if d != 1])
    layer.weight.div_(deviation.view(-1, *[1] * (layer.weight.ndim - 1)))
    layer.bias.copy_(-mean / deviation)
    spread: Tensor = layer(x)
    return spread


def _unit(images: Tensor) -> Tensor:
    """Grey images ``[b, 1, s, s]`` in [0, 1]."""
    return (images[:, :1] + 1) / 2


def _with_noise(values: Tensor, deviation: float, random: torch.Generator | None) -> Tensor:
    if random is None:
        return values
    return values + deviation * torch.randn(values.shape, generator=random).to(values)
