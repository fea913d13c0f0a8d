"""Features of photos, by a network that reads them: DINOv2, say, or a VAE's encoder; without a generator."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from partly.data.labels import UNLABELLED, LabelMap, Picture, Pictured, resize_label_map
from partly.data.photos import PhotoSource, Pixels, Window, resize_pixels, squared, whole_shape
from partly.errors import BadLabel, BadOption
from partly.fewshot.features.feature_store import FeatureStore
from partly.fewshot.features.photo_digests import PhotoDigests
from partly.machine import Machine
from partly.models import FeaturePyramid
from partly.models.encoders import Representation
from partly.models.generators import Synthesis, Truncation
from partly.storage import PicturePurpose, shuffle_stream

PhotoFit = Literal["whole", "crop", "pad"]
PHOTO_FITS: tuple[PhotoFit, ...] = get_args(PhotoFit)


class PhotoFeatures:
    """Photos and a network; see :class:`partly.fewshot.features.FeatureSource`.

    How the network sees a photo:

    - "whole": at the photo's own shape, with about as many pixels as a square of the encoder's
      ``image_size_px`` has. Features, labels and what is fitted on them lie in the unit square of the photo,
      so that label maps of any shape are stretched to squares, and what comes of them is stretched back.
    - "crop": the middle square of it, "pad": the whole of it in a square, with its edges repeated outwards,
      as photos become squares for training.

    Args:
        encoder: reads photos.
        photos: plain and labelled ones, under the names that annotations give them.
        fit: one of these; None takes "whole" where the encoder reads any shape, and "crop" elsewhere.
        store: keeps features on disk, in half precision; None computes them each time.
        machine: on which the encoder reads; it is moved there. None leaves it where it is, and computes in
            float32.

    Attributes:
        encoder: reads photos.
        machine: on which it does.
        fit: how they are shown to it.
        store: where features are kept.

    Raises:
        BadOption: no photo, or an unknown fit, or one that the encoder cannot have.
    """

    def __init__(
        self,
        encoder: Representation,
        photos: Sequence[PhotoSource],
        fit: PhotoFit | None = None,
        store: FeatureStore | None = None,
        machine: Machine | None = None,
    ) -> None:
        fit = fit or ("crop" if encoder.multiple_px is None else "whole")
        if fit not in PHOTO_FITS:
            raise BadOption(f"fit is {fit!r}", expected=f"one of {', '.join(PHOTO_FITS)}")
        if fit == "whole" and encoder.multiple_px is None:
            raise BadOption(
                f"an encoder that reads squares of {encoder.image_size_px} px, and no other shape",
                expected='fit="crop" or fit="pad"',
            )
        self.encoder, self.fit, self.store = encoder, fit, store
        self.machine = machine or Machine.of(encoder)
        if isinstance(encoder, nn.Module):
            self.machine.place(encoder)
        self.levels, self.image_size_px = encoder.levels, encoder.image_size_px
        self.n_pictures: int | None = None
        self._photos: dict[str, PhotoSource] = {}
        self.know(photos)
        self.digest = photo_source_digest(encoder, fit)
        self._digests = PhotoDigests(None if store is None else store.folder / "digests.json")

    def know(self, photos: Sequence[PhotoSource]) -> None:
        """Go on with other photos, such as the same ones and one more.

        Raises:
            BadOption: no photo.
        """
        if not len(photos):
            raise BadOption("no photos", expected="one or more: statistics come from them")
        self.n_pictures = len(photos)
        self._photos = {photo.name: photo for photo in photos}
        self.__dict__.pop("_names", None)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(self._photos)

    @property
    def photos(self) -> tuple[PhotoSource, ...]:
        """All photos, in order."""
        return tuple(self._photos.values())

    def check(self, picture: Pictured) -> None:
        """Refuse generated pictures, and photos that are not there, or have changed since they were labelled.

        Raises:
            BadLabel: it is one.
            BadPhoto: the photo cannot be read.
        """
        self._source(picture)

    def seen(self, label_map: LabelMap) -> LabelMap:
        """The square that is read of it; 255 beyond the photo. With "whole", all of it, stretched."""
        height, width = label_map.shape
        if self.fit == "whole":
            return resize_label_map(label_map, (self.square_px(height, width),) * 2)
        return Window.of(height, width, self.fit).cut(label_map, UNLABELLED)

    def placed(self, label_map: LabelMap, height: int, width: int) -> LabelMap:
        """The square back in its photo; 255 where the photo was cut off."""
        if self.fit == "whole":
            return resize_label_map(label_map, (height, width))
        return Window.of(height, width, self.fit).paste(label_map, height, width, UNLABELLED)

    def square_px(self, height: int, width: int) -> int:
        """The shorter side ("crop"), or the longer one ("pad" and "whole")."""
        if self.fit == "whole":
            return max(height, width)
        return Window.of(height, width, self.fit).side

    @torch.no_grad()
    def pyramid(self, picture: Pictured, features_px: int) -> FeaturePyramid:
        """What the network sees of a photo, up to ``features_px``; from the store, where they are kept.

        Raises:
            BadLabel: it is no photo of these.
            BadPhoto: the photo cannot be read.
        """
        kept = self._kept(picture)
        return (
            self.with_image(picture, features_px).pyramid if kept is None else self._up_to(kept, features_px)
        )

    @torch.no_grad()
    def with_image(self, picture: Pictured, features_px: int) -> Synthesis:
        """The same with what the network read: ``[1, 3, h, w]``, a square but with "whole".

        Raises:
            BadLabel: it is no photo of these.
            BadPhoto: the photo cannot be read.
        """
        images = self._shown_to_encoder(self.pixels(picture))
        if self.store is None:
            whole = self._read(images)
        else:
            digest = str(picture.photo_sha256)
            whole = self.store.read_or_make(self.digest, digest, lambda: self._read(images))
        return Synthesis(images, self._up_to(whole, features_px))

    def pixels(self, picture: Pictured) -> Pixels:
        """A photo, uint8 ``[h, w, 3]``.

        Raises:
            BadLabel: it is no photo of these.
            BadPhoto: it cannot be read.
        """
        return self._source(picture).read().pixels

    def is_kept(self, picture: Pictured) -> bool:
        """Whether the features of a photo are on the disk."""
        digest = picture.photo_sha256
        return self.store is not None and digest is not None and self.store.has(self.digest, digest)

    @torch.no_grad()
    def read(self, pixels: Pixels, features_px: int) -> Synthesis:
        """What the network sees of any photo uint8 ``[h, w, 3]``, whether it is one of these or not."""
        images = self._shown_to_encoder(pixels)
        return Synthesis(images, self._up_to(self._read(images), features_px))

    def _read(self, images: Tensor) -> FeaturePyramid:
        with self.machine.precision():
            return self.encoder.read(images).float()

    def _shown_to_encoder(self, pixels: Pixels) -> Tensor:
        """A photo as the network reads it, ``[1, 3, h, w]`` in [-1, 1]."""
        if self.fit == "whole":
            assert self.encoder.multiple_px is not None
            height, width = pixels.shape[:2]
            height, width = whole_shape(height, width, self.image_size_px, self.encoder.multiple_px)
            shown = resize_pixels(pixels, width, height)
        else:
            shown = squared(pixels, self.image_size_px, self.fit)
        images = torch.from_numpy(shown).to(self.machine.device)
        return images.permute(2, 0, 1)[None].float() / 127.5 - 1

    def _up_to(self, pyramid: FeaturePyramid, features_px: int) -> FeaturePyramid:
        wanted = pyramid.select([i for i, level in enumerate(self.levels) if level.size_px <= features_px])
        # What was kept on the disk was read by the processor.
        return wanted.to(self.machine.device)

    def _kept(self, picture: Pictured) -> FeaturePyramid | None:
        if self.store is None or picture.photo_sha256 is None:
            return None
        return self.store.read(self.digest, picture.photo_sha256)

    def plain(self, purpose: PicturePurpose, seed: int, index: int, truncation: Truncation) -> Picture:
        """Photo ``index`` of an order that the seed shuffles; purposes share the photos that there are."""
        del purpose, truncation
        order = _order(seed, len(self._names))
        return self.picture(self._names[int(order[index % len(order)])])

    def codes(self, pictures: Sequence[Picture]) -> Tensor:
        """Means of the channels of the coarsest level, ``[n, c]``."""
        coarsest_px = self.levels[0].size_px
        means = [self.pyramid(picture, coarsest_px).maps[0].mean((2, 3)).cpu() for picture in pictures]
        return torch.cat(means)

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
        return Picture(name, photo=name, photo_sha256=self._photos[name].digest())

    def among(self, names: Sequence[str]) -> PhotoFeatures:
        """The same source with these photos alone.

        Raises:
            BadOption: there are none, or no such photo.
        """
        if unknown := [name for name in names if name not in self._photos]:
            raise BadOption(f"there is no photo {unknown[0]!r}", expected=f"one of {self._shown()}")
        photos = [self._photos[name] for name in names]
        return PhotoFeatures(self.encoder, photos, self.fit, self.store, self.machine)

    def on(self, machine: Machine) -> PhotoFeatures:
        """The same source on another machine; the encoder is moved there."""
        return PhotoFeatures(self.encoder, self.photos, self.fit, self.store, machine)

    def _source(self, picture: Pictured) -> PhotoSource:
        """Where the photo is."""
        if picture.photo is None:
            raise BadLabel(
                f"annotation {picture.id!r} belongs to a generated picture",
                expected="a photo",
                remedy="Label a photo, or fit on the generator that made the picture",
            )
        source = self._as_labelled(picture.photo, picture.photo_sha256)
        if source is None and (name := self._called_now(picture)) is not None:
            source = self._as_labelled(name, picture.photo_sha256)
        if source is not None:
            return source
        if picture.photo not in self._photos:
            raise BadLabel(
                f"annotation {picture.id!r} belongs to the photo {picture.photo!r}, which is not there",
                expected=f"one of {self._shown()}",
                remedy="Give the folder that the photo is in, or delete the annotation",
            )
        raise BadLabel(
            f"annotation {picture.id!r} belongs to the photo {picture.photo!r} as it was before",
            expected=f"a file with sha256 {str(picture.photo_sha256)[:12]}…",
            remedy="Bring the photo back, or delete the annotation and label the photo again",
        )

    def _as_labelled(self, name: str, sha256: str | None) -> PhotoSource | None:
        """The photo of this name; None where there is none, or it is another than was labelled."""
        source = self._photos.get(name)
        return source if source is not None and source.digest() == sha256 else None

    def _called_now(self, picture: Pictured) -> str | None:
        """What a photo is called that was renamed, or whose folder moved; may read all photos, but once."""
        found = self._digests.find(self._photos.values(), str(picture.photo_sha256))
        return None if found is None else found.name

    def _shown(self) -> str:
        some = ", ".join(self._names[:3])
        return some if len(self._names) <= 3 else f"{some} and {len(self._names) - 3} more"


def photo_source_digest(encoder: Representation, fit: PhotoFit) -> str:
    """SHA-256 of all that features of a photo depend on besides the photo."""
    what = f"{encoder.digest} {fit}"
    if encoder.multiple_px is not None:
        names = " ".join(level.name for level in encoder.levels)
        what = f"{what} {encoder.image_size_px} {names}"
    return hashlib.sha256(what.encode()).hexdigest()


@lru_cache(maxsize=16)
def _order(seed: int, n: int) -> NDArray[np.int64]:
    return shuffle_stream("plain photos", seed).permutation(n)
