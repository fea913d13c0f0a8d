"""The part of a generator's page that shows how its pictures differ from photos."""

from __future__ import annotations

import numpy as np

from partly.data.photos import resize_pixels
from partly.evaluation.metrics.difference_scores import Differences, Pixels
from partly.evaluation.report.picture_panels import Picture, picture_grid
from partly.evaluation.report.section import Section

_MAP_PX = 256
_SURE = 0.05


def difference_sections(found: Differences | None) -> list[Section]:
    """Map of what differs, mean photo and mean picture, and the pictures and photos that show it most."""
    if found is None:
        return []
    heat = np.repeat((255 * found.weights).round().astype(np.uint8)[:, :, None], 3, axis=2)
    maps = [
        Picture(_enlarged(heat), "a map of weights, light where pictures and photos differ", "what differs"),
        Picture(_enlarged(_rgb(found.mean_photo)), "the mean photo", "mean photo"),
        Picture(_enlarged(_rgb(found.mean_picture)), "the mean picture", "mean picture"),
    ]
    return [
        Section("What differs", [picture_grid(maps, width_px=_MAP_PX)], intro=difference_text(found)),
        Section(
            "Pictures that are least like photos",
            [picture_grid([Picture(one, "a picture") for one in found.oddest_pictures], width_px=112)],
            intro="As the same kernel sees them, the least like photos first.",
        ),
        Section(
            "Photos that are least like pictures",
            [picture_grid([Picture(one, "a photo") for one in found.missed_photos], width_px=112)],
            intro="What the generator makes too seldom.",
        ),
    ]


def difference_text(found: Differences) -> str:
    """What the test says, in words."""
    told = "can be told from photos" if found.p <= _SURE else "cannot be told from photos"
    side = len(found.weights)
    plain = "finds" if found.plain_p <= _SURE else "does not find"
    return (
        f"Pictures {told} by the grey values of {side} x {side} cells: p = {found.p:.3f} (t = "
        f"{found.t_statistic:.1f}) on {found.n_tested} of each, with a kernel whose weights were chosen on "
        f"as many others. A kernel with equal weights {plain} it (p = {found.plain_p:.3f}). Light cells are "
        "those by which they differ."
    )


def _enlarged(pixels: Pixels) -> Pixels:
    """With hard edges where cells are few."""
    times = max(1, _MAP_PX // len(pixels))
    large = np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)
    return resize_pixels(np.ascontiguousarray(large), _MAP_PX, _MAP_PX)


def _rgb(grey: Pixels) -> Pixels:
    return np.repeat(grey[:, :, None], 3, axis=2)
