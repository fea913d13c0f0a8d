"""Features of photos, by a network that reads them: a VAE's encoder, say. No generator is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from partly.data.labels import UNLABELLED, LabelMap, Picture, Pictured
from partly.data.photos import FITS, Fit, PhotoSource, Pixels, Window, read_photo, squared
from partly.errors import BadLabel, BadOption
from partly.models import FeaturePyramid
from partly.models.encoders import Representation
from partly.models.generators import Synthesis, Truncation
from partly.storage import PicturePurpose, shuffle_stream


class PhotoFeatures:
    """Photos and a network; see :class:`partly.fewshot.features.FeatureSource`.

    A photo becomes the square that the network reads as photos become squares for training: its middle
    ("crop"), or the whole of it with its edges repeated outwards ("pad"). Label maps follow.

    Args:
        encoder: reads photos.
        photos: plain and labelled ones, under the names that annotations give them.
        fit: "crop" or "pad", best as the encoder was trained.

    Raises:
        BadOption: no photo, or an unknown fit.
    """

    def __init__(self, encoder: Representation, photos: Sequence[PhotoSource], fit: Fit = "crop") -> None:
        if not len(photos):
            raise BadOption("no photos", expected="one or more: statistics come from them")
        if fit not in FITS:
            raise BadOption(f"fit is {fit!r}", expected=f"one of {', '.join(FITS)}")
        self.encoder, self.fit = encoder, fit
        self.levels, self.image_size_px = encoder.levels, encoder.image_size_px
        self.n_pictures: int | None = len(photos)
        self.digest = hashlib.sha256(f"{encoder.digest} {fit}".encode()).hexdigest()
        self._photos = {photo.name: photo for photo in photos}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self._photos)

    def check(self, picture: Pictured) -> None:
        """Refuse generated pictures, and photos that are not there, or have changed since they were labelled.

        Raises:
            BadLabel: it is one.
            BadPhoto: the photo cannot be read.
        """
        self._data(picture)

    def seen(self, label_map: LabelMap) -> LabelMap:
        """The square that is read of it; 255 beyond the photo."""
        height, width = label_map.shape
        return Window.of(height, width, self.fit).cut(label_map, UNLABELLED)

    def placed(self, label_map: LabelMap, height: int, width: int) -> LabelMap:
        """The square back in its photo; 255 where the photo was cut off."""
        return Window.of(height, width, self.fit).paste(label_map, height, width, UNLABELLED)

    def square_px(self, height: int, width: int) -> int:
        """The shorter side ("crop"), or the longer one ("pad")."""
        return Window.of(height, width, self.fit).side

    @torch.no_grad()
    def pyramid(self, picture: Pictured, features_px: int) -> FeaturePyramid:
        """What the network sees of a photo, up to ``features_px``.

        Raises:
            BadLabel: it is no photo of these.
            BadPhoto: the photo cannot be read.
        """
        return self.with_image(picture, features_px).pyramid

    @torch.no_grad()
    def with_image(self, picture: Pictured, features_px: int) -> Synthesis:
        """The same with the square that the network read.

        Raises:
            BadLabel: it is no photo of these.
            BadPhoto: the photo cannot be read.
        """
        return self.read(read_photo(self._data(picture), picture.photo).pixels, features_px)

    @torch.no_grad()
    def read(self, pixels: Pixels, features_px: int) -> Synthesis:
        """What the network sees of any photo uint8 ``[h, w, 3]``, whether it is one of these or not."""
        square = squared(pixels, self.image_size_px, self.fit)
        images = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 127.5 - 1
        whole = self.encoder.read(images)
        fine_enough = [i for i, level in enumerate(self.levels) if level.size_px <= features_px]
        return Synthesis(images, whole.select(fine_enough))

    def plain(self, purpose: PicturePurpose, seed: int, index: int, truncation: Truncation) -> Picture:
        """Photo ``index`` of an order that the seed shuffles; purposes share the photos that there are."""
        del purpose, truncation
        order = shuffle_stream("plain photos", seed).permutation(len(self._names))
        return self.picture(self._names[int(order[index % len(order)])])

    def codes(self, pictures: Sequence[Picture]) -> Tensor:
        """Means of the channels of the coarsest level, ``[n, c]``."""
        coarsest_px = self.levels[0].size_px
        return torch.cat([self.pyramid(picture, coarsest_px).maps[0].mean((2, 3)) for picture in pictures])

    def typicality(self, codes: Tensor) -> Tensor:
        """Minus the distance from the mean of these codes."""
        return -(codes - codes.mean(0)).norm(dim=1)

    def picture(self, name: str) -> Picture:
        """The photo of this name, with the digest that an annotation of it must have.

        Raises:
            BadOption: there is none.
            BadPhoto: it cannot be read.
        """
        if name not in self._photos:
            raise BadOption(f"there is no photo {name!r}", expected=f"one of {self._shown()}")
        with self._photos[name].open() as file:
            return Picture(name, photo=name, photo_sha256=hashlib.sha256(file.read()).hexdigest())

    def _data(self, picture: Pictured) -> bytes:
        """The photo's file."""
        if picture.photo is None:
            raise BadLabel(
                f"annotation {picture.id!r} belongs to a generated picture",
                expected="a photo",
                remedy="Label a photo, or fit on the generator that made the picture",
            )
        if picture.photo not in self._photos:
            raise BadLabel(
                f"annotation {picture.id!r} belongs to the photo {picture.photo!r}, which is not there",
                expected=f"one of {self._shown()}",
                remedy="Give the folder that the photo is in",
            )
        with self._photos[picture.photo].open() as file:
            data = file.read()
        if hashlib.sha256(data).hexdigest() != picture.photo_sha256:
            raise BadLabel(
                f"annotation {picture.id!r} belongs to the photo {picture.photo!r} as it was before",
                expected=f"a file with sha256 {str(picture.photo_sha256)[:12]}…",
                remedy="Bring the photo back, or label it again",
            )
        return data

    def _shown(self) -> str:
        some = ", ".join(self._names[:3])
        return some if len(self._names) <= 3 else f"{some} and {len(self._names) - 3} more"
