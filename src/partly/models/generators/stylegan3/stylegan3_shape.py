"""Sizes, widths and frequencies of a StyleGAN3, layer by layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from partly.errors import BadOption
from partly.models.model_families import check_size

_SIZES = (16, 1024)


@dataclass(frozen=True)
class StyleGAN3Shape:
    """Constructor arguments; tuples have one value for each layer, the last of which makes the picture.

    Attributes:
        image_size_px: side of the pictures, a power of two from 16 to 1024.
        z_dim: length of ``z``.
        w_dim: length of ``w``.
        n_mapping_layers: fully connected layers of the mapping network.
        mapping_rate: factor of the mapping network's learning rate.
        clamp: bound on what the convolutions give, either side of 0; None is none.
        channels: channels of each layer's maps, 3 at the end.
        sizes: their sides in pixels, margins included.
        rates: samples of each layer's maps over the side of the picture: their sides without margins.
        cutoffs: the highest frequency of each layer's maps, in cycles over the side of the picture.
        half_widths: half the transition band above it.
        n_critical: so many layers at the end, besides the last, use all frequencies that they can hold.
        kernel_px: side of the convolutions' kernels: 3 in StyleGAN3-T, 1 in StyleGAN3-R.
        radial: filters before sampling are symmetric about their centre, as in StyleGAN3-R.
        n_taps: length of the filters, for each factor of resampling.
        oversampling: how much finer the signal is sampled where leaky ReLU is taken of it.
        output_scale: what the last layer is multiplied by.
        classes: names of the classes, if it learns any.

    Raises:
        BadOption: values that contradict each other.
    """

    image_size_px: int
    z_dim: int
    w_dim: int
    n_mapping_layers: int
    mapping_rate: float
    clamp: float | None
    channels: tuple[int, ...]
    sizes: tuple[int, ...]
    rates: tuple[int, ...]
    cutoffs: tuple[float, ...]
    half_widths: tuple[float, ...]
    n_critical: int
    kernel_px: int = 3
    radial: bool = False
    n_taps: int = 6
    oversampling: int = 2
    output_scale: float = 0.25
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_size(self.image_size_px, *_SIZES)
        values = (self.channels, self.sizes, self.rates, self.cutoffs, self.half_widths)
        lengths = {len(of_layers) for of_layers in values}
        if len(lengths) != 1 or min(lengths) < 2:
            raise BadOption(
                f"channels, sizes and frequencies of {', '.join(map(str, sorted(lengths)))} layers",
                expected="the same number of all, two at least",
            )
        if list(self.rates) != sorted(self.rates) or any(rate & (rate - 1) for rate in self.rates):
            raise BadOption(f"rates of {self.rates}", expected="powers of two, in order")
        if any(size < rate or (size - rate) % 2 for size, rate in zip(self.sizes, self.rates, strict=True)):
            raise BadOption(f"sizes of {self.sizes}", expected=f"{self.rates} with a margin at each side")
        if self.sizes[-1] != self.image_size_px or self.rates[-1] != self.image_size_px:
            raise BadOption(f"a last layer of {self.sizes[-1]} px", expected=f"{self.image_size_px} px")
        if self.channels[-1] != 3:
            raise BadOption(f"pictures with {self.channels[-1]} channels", expected="3")

    @property
    def n_convolutions(self) -> int:
        """How many layers there are, that to RGB included."""
        return len(self.channels)

    def layer(self, i: int) -> LayerShape:
        """What layer ``i`` does."""
        before, is_last = max(i - 1, 0), i == self.n_convolutions - 1
        finest = max(self.rates[before], self.rates[i]) * (1 if is_last else self.oversampling)
        return LayerShape(
            n_in=self.channels[before],
            n_out=self.channels[i],
            kernel_px=1 if is_last else self.kernel_px,
            sizes=(self.sizes[before], self.sizes[i]),
            rates=(self.rates[before], finest, self.rates[i]),
            cutoffs=(self.cutoffs[before], self.cutoffs[i]),
            half_widths=(self.half_widths[before], self.half_widths[i]),
            n_taps=0 if is_last else self.n_taps,
            radial=self.radial and i < self.n_convolutions - 1 - self.n_critical,
        )


@dataclass(frozen=True)
class LayerShape:
    """One layer; pairs are of what comes in and what goes out.

    Attributes:
        n_in: channels in.
        n_out: channels out.
        kernel_px: side of the kernel.
        sizes: sides in pixels, margins included.
        rates: samples over the side of the picture: in, where leaky ReLU is taken, and out.
        cutoffs: highest frequencies.
        half_widths: half the transition bands above them.
        n_taps: length of the filters for each factor of resampling; 0 in the last layer, which has none.
        radial: whether the filter before sampling is symmetric about its centre.
    """

    n_in: int
    n_out: int
    kernel_px: int
    sizes: tuple[int, int]
    rates: tuple[int, int, int]
    cutoffs: tuple[float, float]
    half_widths: tuple[float, float]
    n_taps: int
    radial: bool

    @property
    def up(self) -> int:
        """Factor of the upsampling before leaky ReLU."""
        return self.rates[1] // self.rates[0]

    @property
    def down(self) -> int:
        """Factor of the downsampling behind it."""
        return self.rates[1] // self.rates[2]

    @property
    def up_taps(self) -> int:
        """Length of the filter of the upsampling; 1 is none."""
        return self.n_taps * self.up if self.n_taps and self.up > 1 else 1

    @property
    def down_taps(self) -> int:
        """Length of the filter of the downsampling; 1 is none."""
        return self.n_taps * self.down if self.n_taps and self.down > 1 else 1

    @property
    def padding(self) -> tuple[int, int]:
        """Zeros before and after the upsampled maps; negative ones cut off.

        The convolution pads by all that its kernel reaches; this leaves the wanted size, centres in place.
        """
        wanted = (self.sizes[1] - 1) * self.down + 1 + self.up_taps + self.down_taps - 2
        total = wanted - (self.sizes[0] + self.kernel_px - 1) * self.up
        before = (total + self.up) // 2
        return before, total - before


def paper_shape(
    image_size_px: int,
    *,
    n_layers: int = 14,
    n_critical: int = 2,
    margin_px: int = 10,
    channel_base: int = 32768,
    most_channels: int = 512,
    **others: Any,
) -> StyleGAN3Shape:
    """The shape with frequencies in geometric progression (Karras et al., NeurIPS 2021, section 3.2).

    Args:
        image_size_px: side of the pictures.
        n_layers: layers besides that to RGB.
        n_critical: so many of them, at the end, have the highest frequencies.
        margin_px: what layers have beyond the picture, at each side.
        channel_base: channels are ``channel_base / 2`` by the cutoff, ...
        most_channels: ... and never more than this.
        others: further arguments of :class:`StyleGAN3Shape`.
    """
    first_cutoff, first_stop = 2.0, 2**2.1
    last_cutoff = image_size_px / 2
    last_stop = last_cutoff * 2**0.3
    shares = [min(i / (n_layers - n_critical), 1.0) for i in range(n_layers + 1)]
    cutoffs = [first_cutoff * (last_cutoff / first_cutoff) ** share for share in shares]
    stops = [first_stop * (last_stop / first_stop) ** share for share in shares]
    rates = [2 ** math.ceil(math.log2(min(2 * stop, image_size_px))) for stop in stops]
    sizes = [rate + 2 * margin_px for rate in rates[:-2]] + [image_size_px] * 2
    widths = [max(stop, rate / 2) - cut for stop, rate, cut in zip(stops, rates, cutoffs, strict=True)]
    channels = [round(min(channel_base / 2 / cutoff, most_channels)) for cutoff in cutoffs[:-1]]
    plain: dict[str, Any] = {"z_dim": 512, "w_dim": 512, "n_mapping_layers": 2, "mapping_rate": 0.01}
    return StyleGAN3Shape(
        image_size_px=image_size_px,
        channels=(*channels, 3),
        sizes=tuple(sizes),
        rates=tuple(rates),
        cutoffs=tuple(cutoffs),
        half_widths=tuple(widths),
        n_critical=n_critical,
        **{**plain, "clamp": 256.0, **others},
    )
