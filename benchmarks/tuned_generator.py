"""What tuning a generator on a photo does to labels: PTI (Roich et al., ACM ToG 2022) before it is offered.

``python -m benchmarks.tuned_generator PROJECT --data FOLDER`` searches the latents of photos of faces of the
choices half, then tunes a copy of the generator on each photo, at its latent, so that the picture comes
nearer. It tells how near pictures are before and after, and how well the project's few-shot segmenter, which
was fitted on the features of the generator as it was, labels both. One thread. Rows are written as they come,
and the same command goes on after a stop.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from experiments.photos import LabelledPhoto
from experiments.photos import photos as photos_of_half
from experiments.protocol import PARTS_OF_IDS
from experiments.scoring import figures_of
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from partly.data.labels import LabelMap, resize_label_map
from partly.data.photos import resize_pixels
from partly.evaluation.segmentation import EvaluationPair, TruthMapping, evaluate
from partly.inference.invert import search
from partly.inference.segment import GeneratorNetwork
from partly.machine import keep_large_tensors
from partly.models.generators import Generator, synthesise_with_noise
from partly.project import ThroughGenerator, network_through_generator
from partly.storage import complete_lines, write_json

BEFORE, AFTER = "as it was", "tuned"
_RATE = 3e-4
"""Of Adam, as in the released code."""
_LABELS = {BEFORE: "labels", AFTER: "tuned_labels"}


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.tuned_generator", description=__doc__)
    options.add_argument("project", type=Path)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--n", type=int, default=10, help="photos")
    options.add_argument("--steps", type=int, default=100, help="of a search")
    options.add_argument("--tuning-steps", type=int, default=350)
    options.add_argument("--out", type=Path, default=Path("bench-out/tuned-generator"))
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    keep_large_tensors()
    network = network_through_generator(asked.project, ThroughGenerator(is_chosen=True, n_steps=asked.steps))
    log = asked.out / "rows.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    done = {row["key"]: row for row in map(json.loads, complete_lines(log))}
    rows, pairs = [], {BEFORE: list[EvaluationPair](), AFTER: list[EvaluationPair]()}
    mapping = TruthMapping(PARTS_OF_IDS, network.part_set)
    with log.open("a") as file:
        for photo in photos_of_half(asked.data, "choices", asked.n):
            key = f"{network.digest} {photo.name} {asked.tuning_steps}"
            if key not in done:
                done[key] = {"key": key, **tuned_on(network, photo, asked.tuning_steps)}
                file.write(json.dumps(done[key]) + "\n")
                file.flush()
                told = {name: done[key][name] for name in (BEFORE, AFTER)}
                print(f"{photo.name}: distance {told}", flush=True)
            rows.append(done[key])
            side = (network.size_px, network.size_px)
            truth = resize_label_map(mapping.apply(photo.ids, photo.name), side)
            for way, found in pairs.items():
                said = torch.tensor(done[key][_LABELS[way]], dtype=torch.uint8).numpy()
                found.append(EvaluationPair(photo.name, None, said, truth))
    lines = [figures(way, rows, pairs[way], network) for way in (BEFORE, AFTER)]
    Console().print(table(lines, network.distance.name))
    write_json(asked.out / "figures.json", {"figures": lines, "photos": len(rows), "steps": asked.steps})


def tuned_on(network: GeneratorNetwork, photo: LabelledPhoto, n_steps: int) -> dict[str, Any]:
    """Distances of the pictures before and after, and both label maps as lists of rows."""
    side = network.size_px
    pixels = torch.from_numpy(resize_pixels(photo.pixels, side, side).copy())
    image = pixels.permute(2, 0, 1)[None].float() / 127.5 - 1
    start = None if network.encoder is None else network.encoder.latents(image)
    found = search(network.generator, image, network.options, network.distance, start)
    tuned = tune(network, image, found.w, n_steps)
    ways = {BEFORE: network.generator, AFTER: tuned}
    return {
        **{way: distance(network, generator, image, found.w) for way, generator in ways.items()},
        **{_LABELS[way]: labels(network, generator, found.w).tolist() for way, generator in ways.items()},
    }


def tune(network: GeneratorNetwork, image: Tensor, w: Tensor, n_steps: int) -> Generator:
    """A copy of the generator whose picture at ``w [1, l, v]`` is nearer to ``image [1, 3, s, s]``.

    All weights learn, by the distance of the search and the mean square of pixels, each with weight 1
    (Roich et al., equation 3), and nothing holds other pictures.
    """
    generator = copy.deepcopy(network.generator)
    assert isinstance(generator, nn.Module)
    generator.requires_grad_(True)
    optimizer = torch.optim.Adam([p for p in generator.parameters() if p.requires_grad], _RATE)
    with torch.no_grad():
        seen = network.distance.read(image)
    for _ in range(n_steps):
        made = synthesise_with_noise(generator, w, {}).images
        assert made is not None
        apart = network.distance.between(network.distance.read(made), seen).sum()
        loss = apart + F.mse_loss(made, image)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
    return generator.requires_grad_(False)  # type: ignore[return-value]


@torch.no_grad()
def distance(network: GeneratorNetwork, generator: Generator, image: Tensor, w: Tensor) -> float:
    """Of the picture at ``w`` and the photo."""
    made = synthesise_with_noise(generator, w, {}).images
    assert made is not None
    return float(network.distance.between(network.distance.read(made), network.distance.read(image))[0])


@torch.no_grad()
def labels(network: GeneratorNetwork, generator: Generator, w: Tensor) -> LabelMap:
    """What the segmenter says of a generator's features at ``w``, at the size of its pictures."""
    side = network.size_px
    pyramid = generator.synthesise(w, features_px=side).pyramid
    label_map: LabelMap = network.segmenter(pyramid, side)[0].argmax(0).byte().numpy()
    return label_map


def figures(
    way: str, rows: Sequence[dict[str, Any]], pairs: Sequence[EvaluationPair], network: GeneratorNetwork
) -> dict[str, Any]:
    """IoU in per cent, pooled and per photo, and the mean distance."""
    told = figures_of(evaluate(list(pairs), network.part_set, n_worst=0))
    return {"generator": way, **told, "distance": sum(row[way] for row in rows) / len(rows)}


def table(lines: Sequence[dict[str, Any]], distance_name: str) -> Table:
    """For the terminal."""
    shown = Table(caption="IoU in per cent, of the segmenter that was fitted before")
    for i, name in enumerate(("generator", distance_name, "pooled IoU", "IoU per photo")):
        shown.add_column(name, justify="left" if i == 0 else "right")
    for line in lines:
        shown.add_row(
            line["generator"],
            f"{line['distance']:.3f}",
            f"{line['pooled']:.1f}",
            f"{line['per_picture']:.1f}",
        )
    return shown


if __name__ == "__main__":
    main()
