"""How quickly the studio answers the brush, over HTTP and without a browser.

``python -m benchmarks.studio`` starts ``partly label`` with a new project of the face generator. It measures:
from the start of the command to a picture that can be painted; from the end of a stroke to its prediction,
fetched, at 256 px; to the wall of 24, repainted. With ``--photos FOLDER`` the project is of these photos, and
strokes are painted once all are read that may be proposed. The bars are 5 s, 300 ms (median of 50) and 2 s;
nothing else should run beside it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.studio_server import EventStream, Page, StudioServer
from partly.project import PhotoOptions, create_project, new_settings
from partly.storage import write_json

_UNLABELLED = 255
_RADIUS_PX, _LENGTH_PX = 14, 160
_FILE = "studio.json"
_READ_S = 1800.0
_PARTS = "background,one,two,three,four"


def figures(project: Path, n_strokes: int, *options: str, seed: int = 0) -> dict[str, Any]:
    """Times of one session: seconds to start, milliseconds of strokes.

    Args:
        project: where the project will be.
        n_strokes: how many are measured.
        *options: of ``partly label``.
        seed: of the strokes.
    """
    with StudioServer(project, *options) as server, Page(server) as page:
        events = EventStream(server)
        picture = page.state(lambda state: bool(state["pictures"]))["pictures"][0]["id"]
        page.ask("GET", f"/pictures/{picture}/image")
        opened = page.json("POST", f"/pictures/{picture}/open", tab=page.tab)
        page.labels(picture)
        found = {"to the address, s": server.start_s, "to a picture, s": time.monotonic() - server.began}
        n_parts = len(page.state(_is_warm)["parts"])
        found["to live predictions, s"] = time.monotonic() - server.began
        page.state(_is_at_rest, _READ_S)
        found["to proposals and wall, s"] = time.monotonic() - server.began
        shape = opened["height_px"], opened["width_px"]
        strokes = _strokes(shape, n_parts, n_strokes + 1, np.random.default_rng(seed))
        times = [_stroke(page, events, picture, *stroke) for stroke in strokes]
        server.stop()
    painted = [prediction for prediction, _, _ in times[1:]]
    return {
        **{name: round(time_s, 2) for name, time_s in found.items()},
        "stroke acknowledged, ms": _summary([acknowledged for _, _, acknowledged in times[1:]]),
        "stroke to prediction, ms": _summary(painted),
        "stroke to wall, ms": _summary([wall for _, wall, _ in times[1:]]),
    }


def _stroke(
    page: Page, events: EventStream, picture: str, x: int, y: int, labels: NDArray[np.uint8]
) -> tuple[float, float, float]:
    """Milliseconds to prediction, wall, and acknowledgement; the first stroke gives no prediction yet."""
    n_before = len(events.heard)
    began = time.monotonic()
    page.paint(picture, x, y, labels)
    acknowledged = time.monotonic()
    events.wait("prediction", lambda data: data["id"] == picture, after=n_before)
    page.ask("GET", f"/pictures/{picture}/prediction")
    predicted = time.monotonic()
    events.wait("wall", after=n_before)
    page.ask("GET", "/wall/prediction")
    ended = time.monotonic()
    return 1000 * (predicted - began), 1000 * (ended - began), 1000 * (acknowledged - began)


def _strokes(
    shape: tuple[int, int], n_parts: int, n: int, draws: np.random.Generator
) -> list[tuple[int, int, NDArray[np.uint8]]]:
    """Lines as a brush draws them, of one part after the other, each as the box that it changes."""
    whole = np.full(shape, _UNLABELLED, np.uint8)
    scale = min(shape) / 1024
    radius, length = max(1, round(_RADIUS_PX * scale)), max(2, round(_LENGTH_PX * scale))
    sides = np.array(shape[::-1])
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    strokes = []
    for number in range(n):
        x, y = draws.integers(radius, sides - radius)
        angle = draws.uniform(0, 2 * np.pi)
        along = np.linspace(0, length, length)[:, None]
        points = np.array([x, y]) + along * np.array([np.cos(angle), np.sin(angle)])
        for px, py in np.clip(points, 0, sides - 1):
            whole[(rows - py) ** 2 + (columns - px) ** 2 <= radius**2] = number % n_parts
        low = np.clip(points.min(0) - radius - 1, 0, sides - 1).astype(int)
        high = np.clip(points.max(0) + radius + 2, 1, sides).astype(int)
        strokes.append((int(low[0]), int(low[1]), whole[low[1] : high[1], low[0] : high[0]].copy()))
    return strokes


def _is_warm(state: dict[str, Any]) -> bool:
    return bool(state["live"]["state"] == "ready")


def _is_at_rest(state: dict[str, Any]) -> bool:
    """Whether nothing is made in the background any more, as when somebody has painted for a minute."""
    has_wall = bool(state["wall"]) and state["wall"] == state["wall_ready"]
    album = state["album"]
    is_read = album is None or album["features"]["done"] == album["features"]["total"]
    return has_wall and is_read and len(state["pictures"]) > 1 and state["proposing"] is None


def _summary(times_ms: Sequence[float]) -> dict[str, int]:
    ordered = sorted(times_ms)
    return {
        "median": round(statistics.median(ordered)),
        "nine in ten below": round(ordered[int(0.9 * (len(ordered) - 1))]),
        "most": round(ordered[-1]),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", default="ffhq")
    parser.add_argument("--photos", type=Path, help="a project of these photos instead")
    parser.add_argument("--features", default="dinov2-small", help="network that reads them")
    parser.add_argument("--strokes", type=int, default=50)
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        project, options = Path(folder) / "project", ["--generator", chosen.generator]
        if chosen.photos:
            photos = PhotoOptions(str(chosen.photos), chosen.features)
            create_project(project, new_settings(project, photos=photos, parts=_PARTS))
            options = []
        found = figures(project, chosen.strokes, *options)
    of = chosen.features if chosen.photos else chosen.generator
    found = {"of": of, "load": round(os.getloadavg()[0], 1)} | found
    for name, value in found.items():
        print(f"{name}: {value}")
    write_json(chosen.out / _FILE, found)


if __name__ == "__main__":
    main()
