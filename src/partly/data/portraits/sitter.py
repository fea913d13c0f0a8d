"""All that there is to know about a portrait before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from partly.data.portraits.background import Background, draw_background
from partly.data.portraits.brows import Brows, draw_brows
from partly.data.portraits.clothes import Clothes, draw_clothes
from partly.data.portraits.ears import Ears, draw_ears
from partly.data.portraits.eyes import Eyes, draw_eyes
from partly.data.portraits.hair import Hair
from partly.data.portraits.haircuts import draw_hair
from partly.data.portraits.head import Head, draw_head
from partly.data.portraits.lighting import Light, draw_light
from partly.data.portraits.mouth import Mouth, draw_mouth
from partly.data.portraits.neck import Neck, draw_neck
from partly.data.portraits.nose import Nose, draw_nose
from partly.data.portraits.palette import hair_colour
from partly.data.portraits.portrait_randomness import Draws
from partly.data.portraits.pose import Pose, draw_pose


@dataclass(frozen=True)
class Person:
    """A person, how they stand, and what is around them; independent of the picture's size."""

    pose: Pose
    light: Light
    head: Head
    hair: Hair
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: Mouth
    ears: Ears
    neck: Neck
    clothes: Clothes
    background: Background


def draw_person(seed: int) -> Person:
    """The person of a seed: always the same one.

    Args:
        seed: 0 or more.
    """
    draws = Draws(seed)
    pose, light, head = draw_pose(draws), draw_light(draws), draw_head(draws)
    colour = hair_colour(draws)
    background = draw_background(draws, head.skin, colour)
    return Person(
        pose=pose,
        light=light,
        head=head,
        hair=draw_hair(draws, colour),
        eyes=draw_eyes(draws),
        brows=draw_brows(draws, colour, head.skin),
        nose=draw_nose(draws),
        mouth=draw_mouth(draws, head.skin),
        ears=draw_ears(draws),
        neck=draw_neck(draws),
        clothes=draw_clothes(draws, head.below, head.skin, colour, background.first),
        background=background,
    )
