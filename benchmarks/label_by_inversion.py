"""One labelled photo: its label moved to its latent, against features of the photo itself.

``python -m benchmarks.label_by_inversion GENERATOR --data FOLDER`` takes photos of faces of the choices half
(see :mod:`experiments.objects`). Each of five photos that show every part is labelled alone, and a segmenter
is fitted in two ways: on the generator's features, the label moved to the photo's latent
(``label_in_square``), and on those of ``dinov2-small``, beside photos without labels. Both are measured on
the same other photos: the first through their latents, so that each of these is searched for once. Latents
are kept, and the same command goes on after a stop.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from experiments.objects import ObjectPhotos, object_photos
from experiments.scoring import figures_of
from rich.console import Console
from rich.table import Table

from partly.data.labels import Annotation, LabelMap, PartSet, Picture, resize_label_map
from partly.data.photos import padded_place
from partly.evaluation.segmentation import EvaluationPair, evaluate
from partly.fewshot.features import GeneratorFeatures
from partly.fewshot.fitting import ON_PHOTOS, FewShotConfig, fit_few_shot, fit_teacher
from partly.fewshot.segmenters import FewShotSegmenter
from partly.inference.invert import (
    InvertOptions,
    chosen_distance,
    invert_folder,
    label_in_square,
    read_latent,
)
from partly.machine import keep_large_tensors
from partly.models.encoders import LatentEncoder, load_latent_encoder
from partly.models.generators import Generator
from partly.models.zoo import load_encoder, load_generator
from partly.project import encoder_folder_of
from partly.storage import write_json

BY_INVERSION, BY_PHOTO_FEATURES = "label by inversion", "photo features"
_SAID_PX = 256
Latents = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class FoundPhotos:
    """Photos in a generator.

    Attributes:
        generator: whose latents.
        latents: float32 ``[l, v]``, by the photos' names.
    """

    generator: Generator
    latents: Latents

    def annotation(self, name: str, label_map: LabelMap) -> Annotation:
        """The label of a photo as one of the picture at its latent."""
        square = label_in_square(label_map, self.generator.image_size_px, "pad")
        stem = PurePosixPath(name).stem
        return Annotation(f"found-{stem}", square, self.latents[name], self.generator.digest)

    def said_by(self, segmenter: FewShotSegmenter, name: str, shape: tuple[int, int]) -> LabelMap:
        """What a segmenter says of a photo at its latent, at the photo's own shape."""
        source = GeneratorFeatures(self.generator)
        pyramid = source.pyramid(Picture(name, self.latents[name], self.generator.digest), _SAID_PX)
        side = self.generator.image_size_px
        with torch.no_grad():
            logits = F.interpolate(segmenter(pyramid, _SAID_PX), (side, side), mode="bilinear")
        label_map = logits[0].argmax(0).byte().numpy()
        rows, columns = padded_place(*shape, side)
        return resize_label_map(label_map[rows, columns], shape)


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.label_by_inversion", description=__doc__)
    options.add_argument("generator", help="model folder, or a name that partly get knows")
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--draws", type=int, default=5, help="photos, each labelled alone")
    options.add_argument("--n", type=int, default=20, help="photos that are measured on")
    options.add_argument("--steps", type=int, help="of a search; by default those of partly invert")
    options.add_argument("--features", default="dinov2-small")
    options.add_argument("--features-at", type=int, default=560, help="nominal side of photos")
    options.add_argument("--compared-at", type=int, default=256)
    options.add_argument("--out", type=Path, default=Path("bench-out/label-by-inversion"))
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    keep_large_tensors()
    generator = load_generator(asked.generator)
    photos = object_photos(
        asked.data, "faces", load_encoder(asked.features, asked.features_at), asked.out / "features"
    )
    labelled = [photos.labelled(1, draw)[0] for draw in range(asked.draws)]
    measured = photos.measured(labelled)[: asked.n]
    names = [*(str(one.photo) for one in labelled), *measured]
    found = FoundPhotos(generator, latents_of(generator, photos, names, asked))
    lines = []
    ways = {
        BY_INVERSION: by_inversion(found, photos.kind.part_set),
        BY_PHOTO_FEATURES: by_photo_features(photos),
    }
    for name, fit in ways.items():
        lines.append(over_draws(name, fit, labelled, photos, measured))
    Console().print(table(lines))
    write_json(asked.out / "figures.json", {"ways": lines, "measured": measured})


def latents_of(
    generator: Generator, photos: ObjectPhotos, names: Sequence[str], asked: argparse.Namespace
) -> Latents:
    """Latents of photos, searched for once; see :func:`partly.inference.invert.invert_folder`."""
    folder = asked.out / f"latents-{generator.digest[:16]}"
    # All of a photo counts, and it is taken at whatever size it has.
    options = InvertOptions(n_steps=asked.steps, fit="pad", enlarge=True, compared_px=asked.compared_at)
    chosen = chosen_distance(compared_px=asked.compared_at)
    summary = invert_folder(
        generator,
        [photos.known[name] for name in dict.fromkeys(names)],
        folder,
        options,
        chosen.distance,
        _encoder(generator),
        on_forecast=lambda forecast: print(forecast, flush=True),
    )
    summary.raise_failures()
    return {entry.name: read_latent(folder / entry.latent, generator) for entry in summary.entries}


def _encoder(generator: Generator) -> LatentEncoder | None:
    folder = encoder_folder_of(generator)
    return load_latent_encoder(folder) if (folder / "model.json").is_file() else None


Says = Callable[[str], LabelMap]
Fit = Callable[[Annotation], Says]


def by_inversion(found: FoundPhotos, part_set: PartSet) -> Fit:
    """Fits on the generator's features; the label is one of the photo's latent."""

    def fit(label: Annotation) -> Says:
        moved = found.annotation(str(label.photo), label.label_map)
        config = FewShotConfig(allow_missing_parts=True)
        segmenter = fit_few_shot(GeneratorFeatures(found.generator), [moved], part_set, config)
        return lambda name: found.said_by(segmenter, name, label.label_map.shape)

    return fit


def by_photo_features(photos: ObjectPhotos) -> Fit:
    """Fits on the features of the photo, beside photos without labels."""

    def fit(label: Annotation) -> Says:
        config = replace(ON_PHOTOS, allow_missing_parts=True)
        teacher = fit_teacher(photos.source_of([label]), [label], photos.kind.part_set, config)
        reading = teacher.reading(photos.source)
        return lambda name: photos.said_by(reading, name)

    return fit


def over_draws(
    way: str, fit: Fit, labelled: Sequence[Annotation], photos: ObjectPhotos, measured: Sequence[str]
) -> dict[str, Any]:
    """Pooled IoU in per cent of each draw, with mean and deviation, and seconds of a fit."""
    pooled, times = [], []
    for label in labelled:
        began = time.monotonic()
        says = fit(label)
        times.append(time.monotonic() - began)
        pairs = [EvaluationPair(name, None, says(name), photos.truths[name]) for name in measured]
        pooled.append(figures_of(evaluate(pairs, photos.kind.part_set, n_worst=0))["pooled"])
        print(f"{way}, label {label.photo}: {pooled[-1]:.1f} %", flush=True)
    return {
        "way": way,
        "pooled": pooled,
        "mean": float(np.mean(pooled)),
        "spread": float(np.std(pooled)),
        "fit_s": float(np.mean(times)),
    }


def table(lines: Sequence[dict[str, Any]]) -> Table:
    """For the terminal."""
    shown = Table(caption="one labelled photo; pooled IoU in per cent")
    for i, name in enumerate(("way", "mean", "± over photos", "each", "fit, s")):
        shown.add_column(name, justify="left" if i == 0 else "right")
    for line in lines:
        each = " ".join(f"{value:.1f}" for value in line["pooled"])
        shown.add_row(
            line["way"], f"{line['mean']:.1f}", f"{line['spread']:.1f}", each, f"{line['fit_s']:.1f}"
        )
    return shown


if __name__ == "__main__":
    main()
