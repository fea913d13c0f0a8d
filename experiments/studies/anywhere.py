"""Objects of any place, size, angle and number: what a network of one object in each photo makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from statistics import median

import torch

from experiments.anywhere import arrangements
from experiments.anywhere.composition import Composition
from experiments.anywhere.known_frames import segment_known
from experiments.anywhere.object_photos import backdrops, car_pixels, car_without_bars, cars, faces, horses
from experiments.anywhere.panels import panels
from experiments.anywhere.scores import check_parts, composition_figures, empty_figures, same_parts
from experiments.anywhere.segmenters import KnownSegmenter, of_pixels, plain_segmenter, segmenter_of
from experiments.bench import Bench
from experiments.experiment import Cell, Column, Experiment, Figures
from experiments.memory import measured
from experiments.objects import HORSE_PARTS
from experiments.store import results_folder
from partly.data.labels import FACE_PARTS, PartSet
from partly.data.photos import resize_pixels, write_jpeg

_N_CARS = 500
_N_PANELS = 6
_SEEN_PX = 256
_TIMED_PX, _N_TIMES = 1024, 7
_BEFORE = {
    "as-they-are": 69.2,
    "turned-15": 67.6,
    "turned-30": 63.2,
    "turned-90": 22.2,
    "turned-180": 25.9,
    "shrunk-0.5": 34.7,
    "shrunk-0.33": 9.2,
    "shrunk-0.2": 3.6,
    "four": 45.0,
    "nine": 15.8,
}
"""Of the demo's network when it took every photo for one object; by a first version of these compositions."""


def _faces(bench: Bench, cell: Cell) -> Figures:
    return _composed(bench, cell, FACE_PARTS, EXPERIMENT, of_pixels(segmenter_of(bench)))


def _horses(bench: Bench, cell: Cell) -> Figures:
    return _composed(bench, cell, HORSE_PARTS, EXPERIMENT, of_pixels(segmenter_of(bench)))


def _known(bench: Bench, cell: Cell) -> Figures:
    """The network alone, shown each object in its true frame."""
    part_set = HORSE_PARTS if cell.settings["kind"] == "horses" else FACE_PARTS
    segmenter = partial(segment_known, plain_segmenter(bench), seen_px=_SEEN_PX)
    return _composed(bench, cell, part_set, KNOWN_FRAMES, segmenter)


def _composed(
    bench: Bench, cell: Cell, part_set: PartSet, experiment: Experiment, segmenter: KnownSegmenter
) -> Figures:
    figures = composition_figures(segmenter, compositions(bench, cell), part_set)
    file = f"{cell.key}.jpg"
    shown = panels(segmenter, islice(compositions(bench, cell), _N_PANELS), part_set)
    write_jpeg(results_folder(bench.out, experiment, bench.half) / file, shown, 85)
    return figures | {"images": {file: f"{cell.key}: photos, truth, and what was found"}}


def compositions(bench: Bench, cell: Cell) -> Iterator[Composition]:
    """The compositions of a cell, one after the other."""
    if cell.key in arrangements.HORSES:
        arrangement, photos = arrangements.HORSES[cell.key], horses(bench.data)
    else:
        arrangement = arrangements.FACES[cell.key]
        photos = faces(bench.data, bench.half, cell.settings["n_photos"])
    return arrangement(photos, backdrops(bench.data, len(photos)))


def _cars(bench: Bench, cell: Cell) -> Figures:
    photos = cars(bench.data, cell.settings["n_photos"])
    shown = car_pixels if cell.settings["bars"] else car_without_bars
    return empty_figures(segmenter_of(bench), map(shown, photos))


def _time(bench: Bench, _cell: Cell) -> Figures:
    """One photo, by the network alone and as it is measured, in turn: what else runs slows down both."""
    [face] = faces(bench.data, bench.half, 1)
    pixels = resize_pixels(face.pixels, _TIMED_PX, _TIMED_PX)
    both = plain_segmenter(bench), segmenter_of(bench)
    for segmenter in both:
        segmenter(pixels)
    each = [[measured(partial(one, pixels))["time_s"] for one in both] for _ in range(_N_TIMES)]
    plain_s, time_s = (round(median(times), 4) for times in zip(*each, strict=True))
    return {
        "time_s": time_s,
        "plain_s": plain_s,
        "times_as_long": round(median(one / plain for plain, one in each), 2),
        "n_threads": torch.get_num_threads(),
    }


_KINDS: dict[str, Callable[[Bench, Cell], Figures]] = {
    "faces": _faces,
    "horses": _horses,
    "cars": _cars,
    "time": _time,
}


def _measure(bench: Bench, cell: Cell) -> Figures:
    return _KINDS[cell.settings["kind"]](bench, cell)


def _cells_of(bench: Bench, cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Those of the cells that the bench's network has the parts for."""
    network = bench.network
    is_horses = same_parts(network.part_set, HORSE_PARTS)
    if not is_horses:
        check_parts(network.part_set, FACE_PARTS)
    left_out = "faces" if is_horses else "horses"
    settings = {"network_sha256": network.digest}
    if bench.finder is not None:
        settings["finder_sha256"] = bench.finder.digest

    def n_photos(cell: Cell) -> dict[str, int]:
        return {"n_photos": bench.n_photos} if cell.settings["kind"] == "faces" else {}

    return tuple(
        Cell(cell.key, {**cell.settings, **settings, **n_photos(cell)}, cell.expected)
        for cell in cells
        if cell.settings["kind"] != left_out
    )


_CELLS = (
    *(Cell(key, {"kind": "faces"}, _BEFORE.get(key)) for key in arrangements.FACES),
    Cell("cars", {"kind": "cars", "n_photos": _N_CARS, "bars": True}),
    Cell("cars-without-bars", {"kind": "cars", "n_photos": _N_CARS, "bars": False}),
    *(Cell(key, {"kind": "horses"}) for key in arrangements.HORSES),
    Cell("time-1024", {"kind": "time"}),
)
_KNOWN_CELLS = tuple(
    replace(cell, expected=None) for cell in _CELLS if cell.settings["kind"] in ("faces", "horses")
)

EXPERIMENT = Experiment(
    name="anywhere",
    title="Objects anywhere",
    question="What of objects that are turned, small, several in one photo, or cut by its border?",
    cells=_CELLS,
    cells_of=partial(_cells_of, cells=_CELLS),
    measure=_measure,
    columns=(
        Column("photos", "n_pictures"),
        Column("IoU pooled, %", "pooled"),
        Column("per photo, %", "per_picture"),
        Column("right number of objects, % of photos", "n_right"),
        Column("too many", "n_too_many"),
        Column("too few", "n_too_few"),
        Column("frames met, %", "frames_met"),
        Column("median error of angles, °", "angle_error_deg"),
        Column("objects where there are none, % of photos", "false_objects"),
        Column("parts there, % of the area", "false_area", 2),
        Column("a photo, s", "time_s", 3),
        Column("by the network alone, s", "plain_s", 3),
        Column("times as long", "times_as_long"),
    ),
    notes=(
        "Faces: at 512 px, spread evenly over the half. Turned: counter-clockwise about the centre; corners "
        "are filled by reflection and not counted. Shrunk to a share of the canvas, cut, and touching "
        "(shares of 0.6 and 0.4, side by side): on a photo of a car, another one for each. Four, nine and "
        "touching: as many canvases as photos, so that each face is once at each place. Cut: three quarters "
        "of the canvas, a third of it outside of one border.",
        "Cars: 500 photos of 128 px, enlarged to 512; other ones than those under faces. They are padded to "
        "squares with black bars, which networks may take for hair; once without them.",
        "Horses: those with parts but for the first draw of five and their twins; two: side by side, 320 px "
        "high.",
        "A frame is met by one whose centre is a quarter of its side away or less, and whose side is not "
        "more than 1.5 times longer or shorter.",
        "Expected figures are those of the demo's network by a first version of these compositions, from "
        "before objects were looked for.",
    ),
    reads_photos=True,
)

KNOWN_FRAMES = Experiment(
    name="anywhere-known",
    title="Objects anywhere, their frames known",
    question="What does the network alone make of the same objects where it is shown each in its true frame?",
    cells=_KNOWN_CELLS,
    cells_of=partial(_cells_of, cells=_KNOWN_CELLS),
    measure=_known,
    columns=(
        Column("photos", "n_pictures"),
        Column("IoU pooled, %", "pooled"),
        Column("per photo, %", "per_picture"),
    ),
    notes=(
        "What finding objects perfectly would reach: each object's square is cut out, turned upright, "
        f"brought to {_SEEN_PX} px, and its label map is put back by nearest pixels. All else is background.",
    ),
    reads_photos=True,
)
