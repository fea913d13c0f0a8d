"""Whether a stroke is lost when the studio's server is killed in the middle of painting.

``python -m benchmarks.studio_kills`` paints random strokes over HTTP, undoes and redoes some, kills the
server with SIGKILL at a random moment, starts it again, and compares: every stroke that was acknowledged must
be there. The one that was on its way may be there or not.
"""

from __future__ import annotations

import argparse
import http.client
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.studio_server import Page, StudioServer
from partly.storage import write_json

_UNLABELLED = 255
_MOST_SIDE_PX = 24
_UNDO_SHARE, _REDO_SHARE = 0.15, 0.1
# Annotations are written a second after a stroke: now and then painting goes on just then.
_PAUSE_SHARE, _PAUSE_S = 0.05, (0.95, 1.15)
_LONGEST_S = 3.0
_FILE = "studio-kills.json"


@dataclass(frozen=True, eq=False)
class Stroke:
    """A patch and where it goes."""

    x: int
    y: int
    labels: NDArray[np.uint8]


class Model:
    """What must be on the server: a label map with its history, done again in the plainest way."""

    def __init__(self, height_px: int, width_px: int) -> None:
        self._states = [np.full((height_px, width_px), _UNLABELLED, np.uint8)]
        self._undone: list[NDArray[np.uint8]] = []
        self.n_acknowledged = 0

    @property
    def label_map(self) -> NDArray[np.uint8]:
        """As it is now."""
        return self._states[-1]

    def after(self, step: Stroke | str) -> NDArray[np.uint8]:
        """As it would be after one more step."""
        if step == "undo":
            return self._states[-2] if len(self._states) > 1 else self._states[-1]
        if step == "redo":
            return self._undone[-1] if self._undone else self._states[-1]
        assert isinstance(step, Stroke)
        new = self.label_map.copy()
        height, width = step.labels.shape
        new[step.y : step.y + height, step.x : step.x + width] = step.labels
        return new

    def take(self, step: Stroke | str) -> None:
        """The step was acknowledged."""
        self.n_acknowledged += 1
        new = self.after(step)
        if step == "undo":
            if len(self._states) > 1:
                self._undone.append(self._states.pop())
        elif step == "redo":
            if self._undone:
                self._states.append(self._undone.pop())
        elif not np.array_equal(new, self.label_map):  # a stroke that changes nothing is none
            self._states.append(new)
            self._undone.clear()


def lost_strokes(project: Path, n_kills: int, n_parts: int, seed: int = 0) -> list[dict[str, int]]:
    """Kill and look, again and again.

    Args:
        project: a project with a picture; the first one is painted.
        n_kills: how often.
        n_parts: ids to paint with.
        seed: of everything drawn.

    Returns:
        For each kill the number of steps acknowledged so far, and whether something was lost (0 or 1).
    """
    draws = np.random.default_rng(seed)
    found = []
    model: Model | None = None
    pending: Stroke | str | None = None
    # At the last start nothing is painted any more.
    for number in range(n_kills + 1):
        with StudioServer(project) as server, Page(server) as page:
            picture = page.state(lambda state: bool(state["pictures"]))["pictures"][0]["id"]
            if model is None:
                opened = page.json("POST", f"/pictures/{picture}/open", tab=page.tab)
                model = Model(opened["height_px"], opened["width_px"])
            else:
                found.append(_compared(page.labels(picture), model, pending))
                if found[-1]["lost"]:
                    break  # what follows could not be compared
            if number < n_kills:
                pending = _paint_until_killed(server, page, picture, model, n_parts, draws)
    return found


def _compared(there: NDArray[np.uint8], model: Model, pending: Stroke | str | None) -> dict[str, int]:
    if pending is not None and np.array_equal(there, model.after(pending)):
        model.take(pending)
    is_lost = not np.array_equal(there, model.label_map)
    return {"n_acknowledged": model.n_acknowledged, "lost": int(is_lost)}


def _paint_until_killed(
    server: StudioServer,
    page: Page,
    picture: str,
    model: Model,
    n_parts: int,
    draws: np.random.Generator,
) -> Stroke | str | None:
    """Paint until the server is gone; gives the step that was on its way."""
    killer = threading.Timer(float(draws.uniform(0.05, _LONGEST_S)), server.kill)
    killer.start()
    step: Stroke | str | None = None
    try:
        while True:
            if draws.uniform() < _PAUSE_SHARE:
                time.sleep(float(draws.uniform(*_PAUSE_S)))
            step = _drawn(model, n_parts, draws)
            if isinstance(step, Stroke):
                page.paint(picture, step.x, step.y, step.labels)
            else:
                page.ask("POST", f"/pictures/{picture}/{step}", tab=page.tab)
            model.take(step)
            step = None
    except (OSError, http.client.HTTPException):
        pass
    killer.join()
    return step


def _drawn(model: Model, n_parts: int, draws: np.random.Generator) -> Stroke | str:
    chance = draws.uniform()
    if chance < _UNDO_SHARE:
        return "undo"
    if chance < _UNDO_SHARE + _REDO_SHARE:
        return "redo"
    rows, columns = model.label_map.shape
    width, height = (int(side) for side in draws.integers(1, min(_MOST_SIDE_PX, rows, columns) + 1, 2))
    x, y = int(draws.integers(0, columns - width + 1)), int(draws.integers(0, rows - height + 1))
    before = model.label_map[y : y + height, x : x + width]
    brush = draws.uniform(size=(height, width)) < 0.7
    part = int(draws.choice([*range(n_parts), _UNLABELLED]))
    return Stroke(x, y, np.where(brush, np.uint8(part), before))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument(
        "--project", type=Path, help="a project to paint on; by default a new one of portraits"
    )
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = lost_strokes(chosen.project or Path(folder) / "project", chosen.kills, n_parts=2)
    n_lost = sum(kill["lost"] for kill in found)
    n_steps = found[-1]["n_acknowledged"]
    print(f"{len(found)} kills, {n_steps} steps acknowledged, lost something: {n_lost}")
    write_json(chosen.out / _FILE, {"kills": len(found), "n_acknowledged": n_steps, "n_lost": n_lost})


if __name__ == "__main__":
    main()
