"""How unlike a picture and a photo are, by the best network that is on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from partly.inference.invert.invert_options import DistanceName
from partly.losses import perceptual_distance, pixel_distance, unit_normalised
from partly.machine import Machine
from partly.models.encoders import LPIPS, Representation
from partly.models.zoo import ENCODER, installed_lpips, load_encoder, model_folder

Maps = tuple[Tensor, ...]
_LEAST_PX = 64
"""Networks are shown pictures of at least this side; smaller ones are enlarged."""


class PictureDistance(Protocol):
    """Compares pictures with photos; a photo is read once, and compared many times.

    Attributes:
        name: what people call it: "LPIPS".
        digest: of the network; distances of different digests must not be compared.
        compared_px: side at which pictures are compared.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def digest(self) -> str:
        """Of the network."""

    @property
    def compared_px(self) -> int:
        """Side in pixels."""

    def read(self, images: Tensor) -> Maps:
        """What it sees in pictures ``[b, 3, s, s]`` in [-1, 1]; slopes can be taken."""
        ...

    def between(self, first: Maps, second: Maps, weights: Tensor | None = None) -> Tensor:
        """Distances ``[b]``, 0 or more.

        Args:
            first: what was seen in pictures.
            second: what was seen in others.
            weights: ``[b, 1, h, w]``, how much each place counts; None: all alike.
        """
        ...

    def place(self, machine: Machine) -> None:
        """Compute on another machine."""
        ...


def shown_at(images: Tensor, side_px: int, multiple_px: int = 1, least_px: int = 1) -> Tensor:
    """Pictures at the side at which they are compared: means of areas where that is smaller.

    Args:
        images: ``[b, 3, s, s]``.
        side_px: at most this, ...
        multiple_px: ... a multiple of this, ...
        least_px: ... and at least this, however small they are.
    """
    side = max(min(images.shape[-1], side_px), least_px)
    side = max(1, side // multiple_px) * multiple_px
    if side <= images.shape[-1]:
        return F.interpolate(images, size=(side, side), mode="area")
    return F.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)


@dataclass
class LPIPSDistance:
    """LPIPS (Zhang et al., CVPR 2018)."""

    network: LPIPS
    compared_px: int = 256
    name: str = "LPIPS"

    @property
    def digest(self) -> str:
        """Of the network."""
        return self.network.digest

    def read(self, images: Tensor) -> Maps:
        """Maps of unit length; see :class:`PictureDistance`."""
        shown = shown_at(images, self.compared_px, self.network.multiple_px, _LEAST_PX)
        return self.network.read(shown.float())

    def between(self, first: Maps, second: Maps, weights: Tensor | None = None) -> Tensor:
        """Squares of differences, as the heads weigh them."""
        return perceptual_distance(first, second, self.network.weights(), weights)

    def place(self, machine: Machine) -> None:
        """Move the network."""
        machine.place(self.network)


@dataclass
class FeatureDistance:
    """The same with another network and without learned heads: all channels and levels count alike."""

    network: Representation
    compared_px: int = 256
    name: str = "feature distance"

    @property
    def digest(self) -> str:
        """Of the network."""
        return self.network.digest

    def read(self, images: Tensor) -> Maps:
        """Maps of unit length; see :class:`PictureDistance`."""
        shown = shown_at(images, self.compared_px, self.network.multiple_px or 1, _LEAST_PX)
        return tuple(unit_normalised(maps) for maps in self.network.read(shown.float()).maps)

    def between(self, first: Maps, second: Maps, weights: Tensor | None = None) -> Tensor:
        """Mean over levels of the squares of differences."""
        heads = [maps.new_full((maps.shape[1],), 1 / len(first)) for maps in first]
        return perceptual_distance(first, second, heads, weights)

    def place(self, machine: Machine) -> None:
        """Move the network."""
        if isinstance(self.network, nn.Module):
            machine.place(self.network)


@dataclass
class PyramidDistance:
    """Squares of differences of colours, at many sizes; needs no network."""

    compared_px: int = 256
    name: str = "pixel distance"
    digest: str = "pyramid of pixels"

    def read(self, images: Tensor) -> Maps:
        """The pictures, then halves of halves of them down to 4 px."""
        maps = [shown_at(images, self.compared_px).float()]
        while maps[-1].shape[-1] >= 8:
            maps.append(F.avg_pool2d(maps[-1], 2))
        return tuple(maps)

    def between(self, first: Maps, second: Maps, weights: Tensor | None = None) -> Tensor:
        """Mean over sizes."""
        at_sizes = [pixel_distance(a, b, weights) for a, b in zip(first, second, strict=True)]
        return torch.stack(at_sizes).mean(dim=0)

    def place(self, machine: Machine) -> None:
        """Nothing to move."""


@dataclass(frozen=True)
class ChosenDistance:
    """A distance, and what is told of the choice; nothing where it is the best one, or was asked for."""

    distance: PictureDistance
    note: str = ""


def chosen_distance(name: DistanceName = "auto", compared_px: int = 256) -> ChosenDistance:
    """The distance of a name.

    Args:
        name: "auto" takes the best one whose network is on this machine.
        compared_px: side at which pictures are compared.

    Raises:
        NotAvailable: its network must be got first.
        BadModelFile: the network's folder is damaged.
    """
    if name == "lpips" or (name == "auto" and _is_there("lpips")):
        return ChosenDistance(LPIPSDistance(installed_lpips(), compared_px))
    if name == "features" or (name == "auto" and _is_there(ENCODER)):
        distance = FeatureDistance(load_encoder(ENCODER), compared_px)
        return ChosenDistance(distance, _note("features of EfficientNet-lite0", name))
    return ChosenDistance(PyramidDistance(compared_px), _note("pixels alone", name))


def _is_there(name: str) -> bool:
    return (model_folder(name) / "model.json").is_file()


def _note(found: str, asked: DistanceName) -> str:
    if asked != "auto":
        return ""
    return (
        f"Pictures and photos are compared by {found}, since LPIPS is not on this machine. It sees more as "
        "people do: partly get lpips."
    )
