"""What a study of adversarial trainings trains: on which photos, by which objectives, how long, how often."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from partly.errors import BadOption, NotAvailable
from partly.training.recipes import OBJECTIVES


@dataclass(frozen=True)
class Material:
    """Photos that generators are trained on.

    Attributes:
        file: zip of photos, or folder of digits in IDX form, in the folder of the data.
        family: of the generators, where a variant names none.
        size_px: of squares and pictures.
        mirror: whether photos may be mirrored.
        has_classes: every photo is of one of ten classes, which a network can name; such photos are grey.
        has_labels: there are photos of the same kind with truth, so that it can be told how well a generator
            serves segmentation.
        minutes: processor minutes of a training, where a study says nothing.
        n_seeds: trainings of each variant, likewise.
        variants: what is trained, likewise.
    """

    file: str
    family: str
    size_px: int
    mirror: bool
    has_classes: bool = False
    has_labels: bool = False
    minutes: float = 20.0
    n_seeds: int = 2
    variants: tuple[str, ...] = ("non-saturating",)


_DIGITS: Mapping[str, Any] = {
    "family": "dcgan",
    "size_px": 32,
    "mirror": False,
    "has_classes": True,
    "minutes": 5.0,
    "n_seeds": 3,
    "variants": tuple(OBJECTIVES),
}
MATERIALS: Mapping[str, Material] = {
    "mnist": Material("mnist", **_DIGITS),
    "fashion": Material("fashion-mnist", **_DIGITS),
    "faces": Material("faces_unlabelled_64.zip", "light", 64, mirror=True, has_labels=True),
    "cars": Material("cars_unlabelled_128.zip", "light", 64, mirror=True),
}


@dataclass(frozen=True)
class Variant:
    """An objective with other choices of ``partly train``: ``relativistic:slopes=finite-differences``.

    Attributes:
        text: all of it, as it was asked for.
        objective: its name.
        options: names of choices, and their values; "family" may be one of them.
    """

    text: str
    objective: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def parse(text: str) -> Variant:
        """Read ``OBJECTIVE[:NAME=VALUE[,NAME=VALUE...]]``.

        Raises:
            BadOption: there is no such objective, or something is no NAME=VALUE.
        """
        objective, _, rest = text.partition(":")
        if objective not in OBJECTIVES:
            raise BadOption(
                f"there is no objective {objective!r}", expected=f"one of {', '.join(OBJECTIVES)}"
            )
        options = {}
        for one in filter(None, rest.split(",")):
            name, sign, value = one.partition("=")
            if not (name and sign and value):
                raise BadOption(
                    f"the variant {text!r} has {one!r}",
                    expected="NAME=VALUE, as in relativistic:slopes=finite-differences,augment=none",
                )
            options[name.strip().replace("-", "_")] = _value(value.strip())
        return Variant(text, objective, options)

    @property
    def key(self) -> str:
        """It as a part of a file's name."""
        return re.sub(r"[^a-z0-9.-]+", "-", self.text.lower())


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@dataclass(frozen=True)
class TrainingStudy:
    """Which trainings a study has; what is left open is as each :class:`Material` says.

    Attributes:
        materials: names of :data:`MATERIALS`.
        variants: what is trained on each of them.
        n_seeds: trainings of each variant.
        minutes: processor minutes of each.
        fashion: folder of Fashion-MNIST, where it is not beside the other data.
    """

    materials: tuple[str, ...] = tuple(MATERIALS)
    variants: tuple[str, ...] = ()
    n_seeds: int | None = None
    minutes: float | None = None
    fashion: Path | None = None

    def variants_on(self, material: Material) -> tuple[Variant, ...]:
        """What is trained on it.

        Raises:
            BadOption: as :meth:`Variant.parse`.
        """
        return tuple(map(Variant.parse, self.variants or material.variants))

    def source(self, name: str, data: Path | None) -> Path:
        """Where the photos of a material are.

        Raises:
            NotAvailable: they are not there.
        """
        if name == "fashion" and self.fashion is not None:
            place: Path | None = self.fashion
        else:
            place = None if data is None else data / MATERIALS[name].file
        if place is None or not place.exists():
            beside = ", or its own with --fashion FOLDER" if name == "fashion" else ""
            raise NotAvailable(
                f"the photos of {name!r} are not there",
                expected=f"a folder with {MATERIALS[name].file}",
                remedy=f"Name it with --data FOLDER{beside}; or choose other photos with --on NAME",
                path=place or data,
            )
        return place
