"""Portraits: drawn pictures of people, with the exact part of every pixel."""

from __future__ import annotations

from dataclasses import dataclass

from partly.data.labels.label_maps import LabelMap
from partly.data.photos.colour_modes import Pixels
from partly.data.portraits.background import paint_background
from partly.data.portraits.brows import paint_brows
from partly.data.portraits.canvas import Canvas, as_pixels
from partly.data.portraits.clothes import paint_clothes
from partly.data.portraits.ears import paint_ears
from partly.data.portraits.eyes import paint_eyes
from partly.data.portraits.hair import paint_back_hair, paint_front_hair, paint_hair_on_shoulders
from partly.data.portraits.head import light_head, paint_head
from partly.data.portraits.mouth import paint_mouth
from partly.data.portraits.neck import paint_neck
from partly.data.portraits.nose import paint_nose
from partly.data.portraits.sitter import Person, draw_person
from partly.errors import BadOption

MIN_SIZE_PX = 32
_SMALL_PX = 96


@dataclass(frozen=True, eq=False)
class Portrait:
    """A portrait in memory.

    Attributes:
        seed: of the person.
        pixels: ``uint8 [s, s, 3]``, RGB.
        label_map: ``uint8 [s, s]``, ids of :data:`partly.data.labels.FACE_PARTS`; none is unlabelled.
    """

    seed: int
    pixels: Pixels
    label_map: LabelMap

    @property
    def name(self) -> str:
        """What it is called."""
        return f"portrait-{self.seed}"

    def read(self) -> Pixels:
        """Its pixels, for whoever wants to show them later."""
        return self.pixels


def draw_portrait(seed: int, size_px: int = 64) -> Portrait:
    """The portrait of a seed.

    The same seed gives the same pixels, and at another size the same person. Every part of
    :data:`partly.data.labels.FACE_PARTS` is there, but hair can hide the ears. A pixel has the part that
    covers most of it.

    Args:
        seed: 0 or more.
        size_px: side of the portrait.

    Raises:
        BadOption: a seed below 0, or a size below 32.
    """
    if seed < 0:
        raise BadOption(f"a portrait of seed {seed}", expected="0 or more")
    if size_px < MIN_SIZE_PX:
        raise BadOption(f"a portrait of {size_px} px", expected=f"{MIN_SIZE_PX} or more")
    person = draw_person(seed)
    canvas = Canvas(size_px, 3 if size_px <= _SMALL_PX else 2)
    _paint(canvas, person)
    colours = person.light.on_picture(canvas.colours())
    return Portrait(seed, as_pixels(person.light.noisy(colours, seed)), canvas.label_map())


def _paint(canvas: Canvas, person: Person) -> None:
    """All layers, from behind to the front."""
    pose, light, head, hair = person.pose, person.light, person.head, person.hair
    body, frame = pose.body_frame(canvas.side_px), pose.head_frame(canvas.side_px)
    paint_background(canvas, person.background)
    paint_back_hair(canvas, frame, hair, head, light)
    paint_neck(canvas, body, person.neck, head, pose, light)
    paint_clothes(canvas, body, person.clothes, person.neck, pose, light)
    paint_hair_on_shoulders(canvas, frame, hair, head, person.neck, pose, light)
    if not hair.hides_ears:
        paint_ears(canvas, frame, person.ears, head, pose)
    at, cover = paint_head(canvas, frame, head, pose, hair.colour)
    paint_eyes(canvas, frame, person.eyes, head, pose, light)
    paint_nose(canvas, frame, person.nose, head, pose, light)
    paint_mouth(canvas, frame, person.mouth, head, pose)
    paint_brows(canvas, frame, person.brows, person.eyes, head, pose)
    light_head(canvas, at, cover, head, light)
    paint_front_hair(canvas, frame, hair, head, pose, light)
