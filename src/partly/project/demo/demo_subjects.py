"""What the demo can be shown on: faces, or drawn portraits for which nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from partly.data.photos import read_photo, write_png
from partly.data.portraits import draw_portraits
from partly.fewshot.fitting import FewShotConfig
from partly.models.generators import Truncation
from partly.project.project_settings import DRAWN_PORTRAITS, EMBEDDED, FEW_CHANNELS
from partly.synthesis.distil import DistilConfig

# Left, top, right, bottom: the head fills as much of it as of a generated picture.
_HEAD_BOX = (115, 0, 335, 220)
_N_DRAWINGS, _DRAWINGS_SEED = 6, 77


@dataclass(frozen=True)
class Subject:
    """One kind of object to show the whole job on.

    Attributes:
        generator: name or model folder.
        annotation_ids: which of the shipped annotations to fit on.
        distil: how the network is made.
        truncation: of the unseen generated pictures.
        write_photos: writes photos that ship with Partly into a folder.
        lead: says what was done.
        about_photos: says what photos are shown.
        limits: what it cannot do.
        licences: where things come from.
        few_shot: how the segmenter is fitted; None: as the project says.
    """

    generator: str
    annotation_ids: tuple[str, ...]
    distil: DistilConfig
    truncation: Truncation
    write_photos: Callable[[Path], None]
    lead: str
    about_photos: str
    limits: tuple[str, ...]
    licences: tuple[str, ...]
    few_shot: FewShotConfig | None = None


def _astronaut(folder: Path) -> None:
    """The portrait that ships with Partly, whole and cropped to the head."""
    with as_file(files("partly.data") / "shipped" / "faces" / "astronaut.png") as path:
        pixels = read_photo(path).pixels
    left, top, right, bottom = _HEAD_BOX
    write_png(folder / "astronaut.png", pixels)
    write_png(folder / "astronaut-head.png", pixels[top:bottom, left:right])


def _drawings(folder: Path) -> None:
    """Drawn portraits of people that the generator never saw."""
    for number, portrait in enumerate(draw_portraits(_N_DRAWINGS, seed=_DRAWINGS_SEED), start=1):
        write_png(folder / f"drawing-{number}.png", portrait.pixels)


_QUICK = (
    "Everything here is quick: more pictures, more steps, more labels (three to ten) and a larger size give "
    "better results; docs/lab.md has figures."
)
_PARTLY = "Partly itself is under the Apache License 2.0; the shipped label maps are part of it."

FACES = Subject(
    generator="ffhq",
    annotation_ids=("face-1",),
    distil=DistilConfig(n_pictures=300, size_px=128, n_steps=600),
    truncation=Truncation(0.7, 0.9),
    write_photos=_astronaut,
    lead="One generated face was labelled by hand. A segmenter fitted on it labelled other generated faces, "
    "and a small network learned from those: it needs neither generator nor label any more.",
    about_photos="Real photos; the network saw none before. The figure says how sure it is on average. The "
    "portrait is there twice: cropped as the generated pictures are, and whole, where the head is too small "
    "for this quick network.",
    limits=(
        "The network knows what the generator can make: frontal, well lit faces that fill the picture. "
        "Profiles, hands before the face, opaque glasses, hats and several people fail.",
        "From one label, what varies most between pictures is learned worst: clothes, background, long hair.",
        _QUICK,
        "Generated faces are those of the people that the generator learned from, with all their biases.",
    ),
    licences=(
        "The generator's weights come from the package random-face: for research, not for products.",
        "The portrait is Eileen Collins, by NASA, in the public domain.",
        _PARTLY,
    ),
)

PORTRAITS = Subject(
    generator=EMBEDDED,
    annotation_ids=("portrait-1",),
    distil=DRAWN_PORTRAITS,
    few_shot=FEW_CHANNELS,
    truncation=Truncation(0.7, 1.0),
    write_photos=_drawings,
    lead="One generated picture of a drawn portrait was labelled by hand. A segmenter fitted on it labelled "
    "other generated pictures, and a small network learned from those: it needs neither generator nor label "
    "any more.",
    about_photos="Drawings that stand for photos: people whom neither generator nor network ever saw. The "
    "figure says how sure the network is on average. Photos of yours come before them.",
    limits=(
        "The generator learned from drawings of 64 px. They show the whole way without a download, not "
        "what it reaches: on photos of people this network is of no use. For those, run the demo of faces.",
        "From one label, what varies most between pictures is learned worst: clothes, background, long hair.",
        _QUICK,
    ),
    licences=("Generator and drawings are Partly's own. " + _PARTLY,),
)
