"""A small feature network that needs no download: fixed random convolutions at several scales.

Nothing in it was learned. Random convolutions keep much of what tells pictures apart (Saxe et al., On random
weights and unsupervised feature learning, ICML 2011), so its figures fall as pictures come closer to photos;
but they know nothing of what pictures mean, are on a scale of their own, and can be compared with figures of
this network only.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.machine import where_able
from partly.storage import digest_of, picture_seed, picture_stream

NAME = "builtin"
_KEY = picture_seed("built-in features")
"""Of the weights, and so of the digest: another one is due whenever features change, also those of equal
weights."""
_SIZE_PX = 64
_N_CHANNELS = 48
_N_SCALES = 4
_GRID = 4
_N_LAYOUT = 48
_N_REFERENCE = 128
_REFERENCE_STREAM = 1 << 32


class BuiltInFeatures(nn.Module):
    """384 features of four scales: 64, 32, 16 and 8 px.

    Of each scale, how strongly each of 48 channels varies (texture), and 48 random mixtures of the channels'
    means in 4 x 4 fields (layout). Every feature has mean 0 and deviation 1 over reference pictures: noise
    of several contrasts, whose amplitude falls with frequency about as that of photos does (Field, Relations
    between the statistics of natural images and the response properties of cortical cells, 1987). So none
    outweighs the others, whichever photos are measured.
    """

    name = NAME
    n_features = _N_SCALES * (_N_CHANNELS + _N_LAYOUT)
    # More no longer fit the processor's cache: 64 take twice as long.
    batch_size = 16

    def __init__(self) -> None:
        super().__init__()
        n_in = 3
        for scale in range(_N_SCALES):
            weight = _drawn(2 * scale, (_N_CHANNELS, n_in, 3, 3)) * (2 / (9 * n_in)) ** 0.5
            mixture = _drawn(2 * scale + 1, (_N_CHANNELS * _GRID**2, _N_LAYOUT)) / (_N_CHANNELS**0.5 * _GRID)
            self.register_buffer(f"weight{scale}", weight)
            self.register_buffer(f"mixture{scale}", mixture)
            n_in = _N_CHANNELS
        # Of the drawn weights only: processors round what is computed from them differently.
        self.digest = digest_of(self.state_dict())
        self.register_buffer("mean", torch.zeros(self.n_features), persistent=False)
        self.register_buffer("deviation", torch.ones(self.n_features), persistent=False)
        rows = torch.cat([self.features(images) for images in reference_pictures().split(self.batch_size)])
        rows = rows.double()
        self.mean: Tensor = rows.mean(0).float()
        self.deviation: Tensor = rows.std(0).clamp(min=1e-6).float()

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """Rows ``[b, 384]`` of pictures ``[b, 3, h, w]`` in [-1, 1]; see the protocol."""
        x = images.to(self.mean.device, torch.float32)
        if x.shape[-2:] != (_SIZE_PX, _SIZE_PX):
            smaller = F.interpolate(where_able(x), (_SIZE_PX, _SIZE_PX), mode="bilinear", antialias=True)
            x = smaller.to(x.device)
        found = []
        for scale in range(_N_SCALES):
            weight = self.get_buffer(f"weight{scale}")
            x = F.leaky_relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), weight), 0.2)
            fields = F.adaptive_avg_pool2d(x, _GRID).flatten(1)
            # A tenth of the time of torch.std over two axes.
            variance = x.square().mean((2, 3)) - x.mean((2, 3)).square()
            found += [variance.clamp(min=0).sqrt(), fields @ self.get_buffer(f"mixture{scale}")]
            x = F.avg_pool2d(x, 2)
        return ((torch.cat(found, 1) - self.mean) / self.deviation).cpu()


@cache
def built_in_features() -> BuiltInFeatures:
    """The network, made once in a process: its reference pictures take a moment."""
    return BuiltInFeatures()


def reference_pictures() -> Tensor:
    """Random colour pictures ``[128, 3, 64, 64]`` in [-1, 1], always the same; see the network."""
    noise = _drawn(_REFERENCE_STREAM, (_N_REFERENCE, 3, _SIZE_PX, _SIZE_PX)).numpy()
    # Spread evenly, and not alike: slope by the picture's number, contrast by its number in another order.
    number = np.arange(_N_REFERENCE)
    slope = 0.75 + 1.25 * number / _N_REFERENCE
    contrast = 0.1 + 0.6 * (number * 37 % _N_REFERENCE) / _N_REFERENCE
    frequency = np.hypot(np.fft.fftfreq(_SIZE_PX)[:, None], np.fft.rfftfreq(_SIZE_PX)[None])
    amplitude = np.maximum(frequency, 1 / _SIZE_PX) ** -slope[:, None, None, None]
    shaped = np.fft.irfft2(np.fft.rfft2(noise) * amplitude, s=(_SIZE_PX, _SIZE_PX))
    # The channels of photos go together: what is light is light in all of them.
    shaped = shaped.mean(axis=1, keepdims=True) * 3**0.5 + 0.5 * shaped
    shaped *= (contrast / shaped.std(axis=(1, 2, 3)))[:, None, None, None]
    return torch.from_numpy(shaped).float().clamp(-1, 1)


def _drawn(stream: int, shape: tuple[int, ...]) -> Tensor:
    """Standard normal numbers; NumPy's Philox gives the same ones on every machine."""
    draws = picture_stream("built-in features", _KEY, stream)
    return torch.from_numpy(draws.standard_normal(shape).astype(np.float32))
