"""What all studies have in common: generator, seeds, sizes, the classes of the photos, and their halves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

Half = Literal["choices", "figure"]
HALVES: tuple[Half, ...] = ("choices", "figure")

_IDS = {
    "background": (0, 14),
    "skin": (1,),
    "nose": (2,),
    "eye": (4, 5),
    "brow": (6, 7),
    "ear": (8, 9, 15),
    "mouth": (10, 11, 12),
    "hair": (13,),
    "neck": (16, 17),
    "cloth": (18,),
}
EYEGLASSES = 3
"""The id of eyeglasses in the truth of the photos: none of the ten parts."""

PARTS_OF_IDS: dict[int, str | None] = {EYEGLASSES: None} | {
    i: name for name, ids in _IDS.items() for i in ids
}
"""What the ids of the photos' truth mean; eyeglasses are left out of the count. A hat is background."""

WITH_EYEGLASSES: dict[int, str | None] = PARTS_OF_IDS | {EYEGLASSES: "skin"}
"""The variant: eyeglasses counted as the skin beneath them."""


@dataclass(frozen=True)
class Protocol:
    """How every study measures.

    Attributes:
        generator: name of the generator of faces.
        label_px: side of label maps, and of unseen pictures when they are compared.
        n_unseen: unseen pictures on which agreement is measured.
        unseen_seed: their seed, on which nothing else was ever chosen.
        unseen_truncation: lowest and highest of their truncation factors.
        n_candidates: pictures among which proposals are chosen.
        visible_px: pixels that each part must have on a picture that is labelled alone.
        n_alone: pictures that are labelled alone: as many draws of one label there are.
        n_choices: the first so many photos, in order of names, are the choices half.
    """

    generator: str = "ffhq"
    label_px: int = 256
    n_unseen: int = 40
    unseen_seed: int = 4711
    unseen_truncation: tuple[float, float] = (0.7, 1.0)
    n_candidates: int = 160
    visible_px: int = 60
    n_alone: int = 5
    n_choices: int = 250

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, and of what the photos' ids mean."""
        # Unseen pictures were once called fresh; results that are there keep their digest.
        values = {name.replace("unseen", "fresh"): value for name, value in asdict(self).items()}
        text = json.dumps([values, sorted(PARTS_OF_IDS.items())])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def sentence(self) -> str:
        """The protocol of generated pictures in words."""
        low, high = self.unseen_truncation
        return (
            f"Generator `{self.generator}`; ten parts; a face parser (BiSeNet) "
            "annotates proposed pictures. Agreement: IoU in per cent with that parser on "
            f"{self.n_unseen} unseen pictures of seed {self.unseen_seed}, truncation {low:g} to {high:g}, "
            f"at {self.label_px} px."
        )


PROTOCOL = Protocol()
PHOTO_SENTENCE = (
    "Photos: CelebAMask-HQ, the {half} half, with human part masks; eyeglasses are left out of the count."
)
