"""What every generator is: latents in, pictures and a feature pyramid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from partly.models.feature_pyramid import FeaturePyramid, Level


@dataclass(frozen=True)
class Synthesis:
    """What one synthesis gives.

    Attributes:
        images: ``[b, 3, h, w]`` float32, about [-1, 1] (not clamped); None where none were asked for.
        pyramid: the activation maps that were asked for, coarse to fine.
    """

    images: Tensor | None
    pyramid: FeaturePyramid

    def float(self) -> Synthesis:
        """Both in float32; what already is stays as it is."""
        return Synthesis(None if self.images is None else self.images.float(), self.pyramid.float())

    def cpu(self) -> Synthesis:
        """Both on the processor; what already is stays where it is."""
        return Synthesis(None if self.images is None else self.images.cpu(), self.pyramid.to("cpu"))


@runtime_checkable
class Generator(Protocol):
    """Maps ``z [b, z] -> w [b, l, v] -> Synthesis``; deterministic given ``w``.

    A family without a mapping network uses ``z`` itself as ``w``; one without styles has ``n_layers == 1``.

    Attributes:
        z_dim: length of ``z``, standard normal.
        w_dim: length ``v`` of one mapped latent.
        n_layers: number ``l`` of inputs of the synthesis network (the length of ``w+``).
        image_size_px: side of the square pictures.
        levels: what the pyramid holds when all of it is asked for, coarse to fine.
        w_mean: ``[v]``, the mean of ``w`` over many ``z``: where truncation pulls to.
        digest: SHA-256 of the weights; annotations name it.
        classes: names of the classes that pictures can be asked for; empty: it knows none.
        class_means: ``[c, v]``, the mean of ``w`` of each class: where truncation pulls to in its place.
        drawn_classes: places in ``classes`` of those that pictures of an index show, all in turn; see
            :func:`partly.models.generators.draw_classes`.
    """

    z_dim: int
    w_dim: int
    n_layers: int
    image_size_px: int
    levels: tuple[Level, ...]
    w_mean: Tensor
    digest: str
    classes: tuple[str, ...]
    class_means: Tensor
    drawn_classes: tuple[int, ...]

    def map(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """Mapped latents ``[b, l, v]`` of ``z [b, z]``, not truncated.

        Args:
            z: standard normal.
            condition: ``[b, c]``, what each picture shall show, such as one class of ``c`` as ones and zeros;
                with ``c = 0`` or None nothing is asked for. A family without conditions leaves it aside.

        Raises:
            BadOption: the generator has classes, and ``condition`` is none of them.
        """
        ...

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """Pictures and features of ``w [b, l, v]``.

        Args:
            w: mapped latents, one row for each input of the synthesis network.
            features_px: the largest level to return; finer levels are neither kept nor, without images,
                computed. None keeps all.
            images: whether to compute the pictures, for which the whole network must run.
        """
        ...
