"""Photos found in a generator: the usual projector against an encoder alone, and a short search from it.

``python -m benchmarks.inversion GENERATOR PHOTOS`` finds each photo by every method, on one thread, and tells
distance and seconds. The usual projector is 1000 steps in ``w+`` from the mean, not held to it (Karras et
al., CVPR 2020). The encoder is that of ``partly invert --learn GENERATOR``, or ``--encoder FOLDER``. Rows are
written as they come, and the same command goes on after a stop. Nothing else should run beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from partly.data.photos import Photo, find_photos
from partly.inference.invert import (
    InvertOptions,
    PictureDistance,
    chosen_distance,
    invert_photos,
    latent_space,
)
from partly.machine import keep_large_tensors
from partly.models.encoders import LatentEncoder, load_latent_encoder
from partly.models.generators import Generator
from partly.models.zoo import load_generator
from partly.project import encoder_folder_of
from partly.storage import complete_lines

USUAL = "usual"


@dataclass(frozen=True)
class Method:
    """One way to find a photo.

    Attributes:
        name: in the table.
        options: of the search.
        encoded: whether it begins with the encoder.
    """

    name: str
    options: InvertOptions
    encoded: bool


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.inversion", description=__doc__)
    options.add_argument("generator", help="model folder, or a name that partly get knows")
    options.add_argument("photos", type=Path, help="folder or zip")
    options.add_argument("--encoder", type=Path)
    options.add_argument("--n", type=int, default=50, help="photos")
    options.add_argument("--usual-steps", type=int, default=1000)
    options.add_argument("--hybrid-steps", type=int, nargs="+", default=[50, 100])
    options.add_argument("--compared-at", type=int, default=256)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    keep_large_tensors()
    generator = load_generator(asked.generator)
    encoder = load_latent_encoder(asked.encoder or encoder_folder_of(generator))
    chosen = chosen_distance(compared_px=asked.compared_at)
    if chosen.note:
        print(chosen.note)
    methods = methods_of(asked, generator)
    file = asked.out / "inversion.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    done = {row["key"]: row for row in map(json.loads, complete_lines(file))}
    rows: list[dict[str, Any]] = []
    made_of = f"{generator.digest} {encoder.digest} {chosen.distance.digest}"
    sources = find_photos(asked.photos)[: asked.n]
    with file.open("a") as log:
        for source in sources:
            photo = source.read()
            for method in methods:
                key = f"{made_of} {method} {source.digest()}"
                if key in done:
                    rows.append(done[key])
                    continue
                row = {"key": key, **found(generator, encoder, chosen.distance, photo, method)}
                rows.append(row)
                log.write(json.dumps(row) + "\n")
                log.flush()
                print({name: value for name, value in row.items() if name != "key"}, flush=True)
    Console().print(table(list(summaries(rows, methods)), chosen.distance.name))


def methods_of(asked: argparse.Namespace, generator: Generator) -> list[Method]:
    """The usual projector first, whose Adam takes steps of 0.1 in ``w`` itself, not in its deviations."""
    alike = {"compared_px": asked.compared_at, "enlarge": True}
    rate = 0.1 / getattr(latent_space(generator, "auto"), "deviation", 1.0)
    usual = InvertOptions(n_steps=asked.usual_steps, hold=0.0, learning_rate=rate, **alike)
    hybrids = (InvertOptions(n_steps=n, **alike) for n in asked.hybrid_steps)
    return [
        Method(USUAL, usual, encoded=False),
        Method("encoder", InvertOptions(n_steps=0, **alike), encoded=True),
        *(Method(f"encoder, {one.n_steps} steps", one, encoded=True) for one in hybrids),
    ]


def found(
    generator: Generator, encoder: LatentEncoder, distance: PictureDistance, photo: Photo, method: Method
) -> dict[str, Any]:
    """Distance and seconds of one photo by one method."""
    [one] = invert_photos(
        generator,
        [photo],
        method.options,
        distance=distance,
        encoder=encoder if method.encoded else None,
    )
    return {
        "photo": photo.name,
        "method": method.name,
        "distance": one.distance,
        "pixel_distance": one.pixel_distance,
        "time_s": round(one.time_s, 3),
        "diverged": one.diverged,
    }


def summaries(rows: Sequence[dict[str, Any]], methods: Sequence[Method]) -> Iterator[dict[str, Any]]:
    """A line for each method, over the photos that all methods have found."""
    by_method = {m.name: {row["photo"]: row for row in rows if row["method"] == m.name} for m in methods}
    shared = set.intersection(*(set(of) for of in by_method.values()))
    usual = by_method[USUAL]
    for name, of in by_method.items():
        chosen = [of[photo] for photo in sorted(shared)]
        if not chosen:
            return
        as_near = sum(of[photo]["distance"] <= usual[photo]["distance"] for photo in shared)
        time_s = statistics.mean(row["time_s"] for row in chosen)
        yield {
            "method": name,
            "photos": len(chosen),
            "mean": statistics.mean(row["distance"] for row in chosen),
            "median": statistics.median(row["distance"] for row in chosen),
            "as near": as_near / len(chosen),
            "time_s": time_s,
            "of usual time": time_s / statistics.mean(usual[photo]["time_s"] for photo in shared),
        }


def table(lines: Sequence[dict[str, Any]], distance_name: str) -> Table:
    """The figures for the terminal."""
    shown = Table(caption=f"{distance_name} and seconds a photo, one thread")
    for column in ("method", "photos", "mean", "median", "as near as usual", "s", "of usual time"):
        shown.add_column(column, justify="left" if column == "method" else "right")
    for line in lines:
        shown.add_row(
            line["method"],
            str(line["photos"]),
            f"{line['mean']:.4f}",
            f"{line['median']:.4f}",
            f"{100 * line['as near']:.0f} %",
            f"{line['time_s']:.1f}",
            f"{100 * line['of usual time']:.1f} %",
        )
    return shown


if __name__ == "__main__":
    main()
