"""Where light comes from, and what it does to round things and to the whole picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partly.data.portraits.canvas import Colours, as_plane
from partly.data.portraits.face_geometry import Plane
from partly.data.portraits.palette import Rgb
from partly.data.portraits.portrait_randomness import Draws
from partly.storage import shuffle_stream


@dataclass(frozen=True)
class Light:
    """One lamp, and the camera.

    Attributes:
        x: how far the light comes from the right, -1 to 1.
        y: how far it comes from below; negative is above.
        strength: contrast between the lit and the other side, 0 to 1.
        tint: what every colour is multiplied with.
        slope: change of brightness across the picture, right and down, as shares.
        noise: deviation of the noise, where 1 is white.
        grey_noise: whether the noise is the same in red, green and blue.
    """

    x: float
    y: float
    strength: float
    tint: Rgb
    slope: tuple[float, float]
    noise: float
    grey_noise: bool

    def on_ball(self, right: Plane, down: Plane) -> Plane:
        """The brightness of something round (Lambert's cosine law), about 1 in its middle.

        Args:
            right: place on it, -1 at its left edge to 1 at its right one.
            down: likewise.
        """
        towards = np.sqrt(np.clip(1 - right**2 - down**2, 0, 1))
        cosine = self.x * right + self.y * down + 0.6 * towards
        return 1 + self.strength * (cosine - 0.45)

    def on_picture(self, colours: Colours) -> Colours:
        """Colours ``[3, s, s]`` under this light, not yet cut off at white."""
        size_px = colours.shape[-1]
        steps = (np.arange(size_px, dtype=np.float32) + 0.5) / size_px - 0.5
        brightness = 1 + (self.slope[0]) * steps[None, :] + (self.slope[1]) * steps[:, None]
        return colours * as_plane(self.tint) * brightness

    def noisy(self, colours: Colours, seed: int) -> Colours:
        """Colours ``[3, s, s]`` with the camera's noise."""
        random = shuffle_stream("portrait noise", seed)
        n_channels = 1 if self.grey_noise else 3
        grain = random.standard_normal((n_channels, *colours.shape[1:]), np.float32)
        return colours + self.noise * grain


def draw_light(draws: Draws) -> Light:
    """From the left or the right, mostly from above; colder or warmer, darker or lighter."""
    exposure, warmth = draws.between(0.82, 1.04), draws.near(0, 0.08)
    return Light(
        x=draws.between(-1, 1),
        y=draws.between(-0.8, 0.25),
        strength=draws.between(0.15, 0.5),
        tint=(exposure * (1 + warmth), exposure, exposure * (1 - warmth)),
        slope=(draws.near(0, 0.2), draws.near(0, 0.2)),
        noise=draws.between(0.0, 0.015),
        grey_noise=draws.chance(0.5),
    )
