"""Photos segmented through the generator against the auto-shot network: IoU and seconds of both.

``python -m benchmarks.through_generator PROJECT --data FOLDER`` segments photos of the choices half of
``faces_labelled_512.zip`` (see :mod:`experiments.photos`) both ways. PROJECT is one of faces with its parts
fitted on the labels that are to be compared, one say, and a network: ``partly fit``, ``partly distil``. An
encoder (``partly invert --learn PROJECT``) makes the searches shorter. One thread, and nothing else should
run beside it. Rows are written as they come, and the same command goes on after a stop. A page shows photos,
their pictures and both label maps.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import torch
from experiments.photos import LabelledPhoto
from experiments.photos import photos as photos_of_half
from experiments.protocol import PARTS_OF_IDS
from experiments.scoring import figures_of
from rich.console import Console
from rich.table import Table

from partly.data.labels import LabelMap, PartSet, read_label_map, resize_label_map, write_label_map
from partly.data.photos import Pixels, overlay, read_photo, resize_pixels, write_png
from partly.evaluation.report import KeyFigure, Panel, Picture, Section, key_figures, key_values, page, panels
from partly.evaluation.segmentation import EvaluationPair, TruthMapping, evaluate
from partly.inference.segment import GeneratorNetwork, PartNetwork, segment_photo
from partly.machine import keep_large_tensors
from partly.models.generators import to_bytes
from partly.project import ThroughGenerator, network_of, network_through_generator
from partly.storage import complete_lines, write_json, write_text

THROUGH, AUTO_SHOT = "through the generator", "auto-shot network"


class WithPicture:
    """As the network, and keeps the picture that it found last."""

    sees_filling = True

    def __init__(self, network: GeneratorNetwork) -> None:
        self.network, self.part_set, self.size_px = network, network.part_set, network.size_px
        self.found = torch.zeros(1, 3, self.size_px, self.size_px)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        logits, self.found = self.network.with_pictures(images)
        return logits

    @property
    def picture(self) -> Pixels:
        """uint8 ``[s, s, 3]``."""
        return to_bytes(self.found[:1])[0].permute(1, 2, 0).contiguous().cpu().numpy()


class Way(NamedTuple):
    """One way to segment: its name, what segments, and how it looks at a photo."""

    name: str
    network: PartNetwork
    view: dict[str, Any]
    digest: str


class Segmented(NamedTuple):
    """A photo with its truth, both label maps by the names of the ways, and its picture in the generator."""

    name: str
    pixels: Pixels
    truth: LabelMap
    label_maps: dict[str, LabelMap]
    picture: Pixels


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.through_generator", description=__doc__)
    options.add_argument("project", type=Path)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--n", type=int, default=50, help="photos")
    options.add_argument("--size", type=int, default=512, help="side of photos and label maps")
    options.add_argument("--steps", type=int, help="of a search; by default those of partly invert")
    options.add_argument("--shown", type=int, default=12, help="photos on the page")
    options.add_argument("--out", type=Path, default=Path("bench-out/through-generator"))
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    keep_large_tensors()
    through = network_through_generator(asked.project, ThroughGenerator(is_chosen=True, n_steps=asked.steps))
    network = network_of(asked.project)
    ways = [
        Way(THROUGH, WithPicture(through), {"mirror_average": False, "refine": True}, through.digest),
        Way(AUTO_SHOT, network, {}, network.digest),
    ]
    found, seconds = segmented_by_all(ways, photos_of_half(asked.data, "choices", asked.n), asked)
    lines = list(figures(found, seconds, ways))
    settings = {
        "project": asked.project,
        "photos": len(found),
        "steps of a search": through.n_steps,
        "compared by": through.distance.name,
        "encoder": "none" if through.encoder is None else through.encoder.digest[:16],
    }
    Console().print(table(lines))
    write_json(asked.out / "figures.json", {"figures": lines, **{k: str(v) for k, v in settings.items()}})
    write_text(
        asked.out / "index.html", compared_page(found[: asked.shown], lines, settings, network.part_set)
    )
    print(f"Page: {asked.out / 'index.html'}")


def segmented_by_all(
    ways: Sequence[Way], photos: Iterable[LabelledPhoto], asked: argparse.Namespace
) -> tuple[list[Segmented], dict[str, list[float]]]:
    """Each photo by each way, and the seconds; what an earlier run of the same networks wrote is taken."""
    part_set = ways[0].network.part_set
    mapping = TruthMapping(PARTS_OF_IDS, part_set)
    log = asked.out / "rows.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    done = {row["key"]: row["time_s"] for row in map(json.loads, complete_lines(log))}
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    found: list[Segmented] = []
    with log.open("a") as file:
        for photo in photos:
            pixels = resize_pixels(photo.pixels, asked.size, asked.size)
            truth = resize_label_map(mapping.apply(photo.ids, photo.name), (asked.size, asked.size))
            stem = PurePosixPath(photo.name).stem
            label_maps: dict[str, LabelMap] = {}
            picture = asked.out / "pictures" / f"{stem}-{ways[0].digest[:16]}.png"
            for way in ways:
                path = asked.out / "labels" / f"{stem}-{way.digest[:16]}-{asked.size}.png"
                key = f"{way.digest} {photo.name} {asked.size}"
                if key not in done or not path.is_file():
                    began = time.monotonic()
                    label_map = segment_photo(way.network, pixels, **way.view).label_map
                    done[key] = round(time.monotonic() - began, 4)
                    write_label_map(path, label_map, part_set)
                    if isinstance(way.network, WithPicture):
                        write_png(picture, way.network.picture)
                    file.write(json.dumps({"key": key, "way": way.name, "time_s": done[key]}) + "\n")
                    file.flush()
                    print(f"{photo.name}, {way.name}: {done[key]:.2f} s", flush=True)
                seconds[way.name].append(done[key])
                label_maps[way.name] = read_label_map(path, part_set)
            found.append(Segmented(photo.name, pixels, truth, label_maps, read_photo(picture).pixels))
    return found, seconds


def figures(
    found: Sequence[Segmented], seconds: dict[str, list[float]], ways: Sequence[Way]
) -> Iterable[dict[str, Any]]:
    """A line for each way: IoU in per cent, pooled and per photo, and mean seconds."""
    for way in ways:
        pairs = [EvaluationPair(one.name, None, one.label_maps[way.name], one.truth) for one in found]
        told = figures_of(evaluate(pairs, way.network.part_set, n_worst=0))
        times = seconds[way.name]
        yield {"way": way.name, **told, "time_s": sum(times) / len(times)}


def table(lines: Sequence[dict[str, Any]]) -> Table:
    """For the terminal."""
    shown = Table(caption="IoU in per cent; seconds on one thread")
    for i, name in enumerate(("way", "pooled IoU", "IoU per photo", "seconds a photo")):
        shown.add_column(name, justify="left" if i == 0 else "right")
    for line in lines:
        shown.add_row(
            line["way"], f"{line['pooled']:.1f}", f"{line['per_picture']:.1f}", f"{line['time_s']:.2f}"
        )
    return shown


def compared_page(
    found: Sequence[Segmented],
    lines: Sequence[dict[str, Any]],
    settings: dict[str, Any],
    part_set: PartSet,
) -> str:
    """Photo, picture, truth and both label maps of some photos."""
    names = [line["way"] for line in lines]
    groups = [Panel(one.name, _pictures(one, names, part_set)) for one in found]
    cards = [
        KeyFigure(line["way"], f"{line['pooled']:.1f}", "%", f"pooled IoU, {line['time_s']:.2f} s a photo")
        for line in lines
    ]
    sections = [
        Section("Photos", [panels(groups)], intro="The first ones; none was chosen."),
        Section("Settings", [key_values(settings)]),
    ]
    return page("Through the generator", sections, header=[key_figures(cards)])


def _pictures(one: Segmented, names: Sequence[str], part_set: PartSet) -> tuple[Picture, ...]:
    def painted(label_map: LabelMap, name: str) -> Picture:
        return Picture(
            overlay(one.pixels, label_map, part_set.colours, opacity=0.6), f"{one.name}: {name}", name
        )

    return (
        Picture(one.pixels, f"{one.name}: the photo", "photo"),
        Picture(one.picture, f"{one.name}: its picture", "picture at its latent"),
        *(painted(one.label_maps[name], name) for name in names),
        painted(one.truth, "truth"),
    )


if __name__ == "__main__":
    main()
