"""Agreement of few-shot segmenters with a parser on fresh pictures: one label, ten, and the drawn ones."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from benchmarks.labels import LABEL_PX, fresh_pictures, parser, proposed_labels
from partly.annotations import FACE_PARTS, Annotation
from partly.api import load_annotations
from partly.downloads.models import load_generator
from partly.files import write_json
from partly.generators.protocol import Generator
from partly.metrics import confusion_matrix
from partly.metrics.iou import mean_iou
from partly.segmenters.base import FewShotSegmenter
from partly.training.few_shot import FewShotConfig, fit_few_shot
from partly.training.few_shot.fit import METHODS


def agreement(
    generator: Generator, segmenter: FewShotSegmenter, fresh: list[tuple[torch.Tensor, np.ndarray]]
) -> tuple[float, float]:
    """Mean IoU with the parser, pooled and per picture, in percent."""
    finest_px = max(generator.levels[i].size_px for i in segmenter.level_indexes)
    matrices = []
    for w, truth in fresh:
        with torch.inference_mode():
            pyramid = generator.synthesise(w, features_px=finest_px, images=False).pyramid
            prediction = segmenter(pyramid, LABEL_PX).argmax(1)[0].byte().numpy()
        matrices.append(confusion_matrix(truth, prediction, FACE_PARTS.n_parts))
    found = mean_iou(matrices)
    return 100 * found.pooled, 100 * found.per_photo


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    generator, person = load_generator("ffhq"), parser(arguments.parser)
    fresh = fresh_pictures(generator, person, arguments.n_fresh)
    single = proposed_labels(generator, person, 5, arguments.out / "labels-alone", together=False)
    ten = proposed_labels(generator, person, 10, arguments.out / "labels-together", together=True)
    drawn = list(load_annotations("faces"))
    results = {}
    for method in arguments.methods:
        config = replace(FewShotConfig(), methods=(method,))
        sets: dict[str, list[list[Annotation]]] = {
            "one": [[a] for a in single[: arguments.n_single]],
            "ten": [ten],
        }
        if method == "ridge":
            sets |= {"drawn one": [[drawn[0]]], "drawn five": [drawn]}
        for name, labels in sets.items():
            results[f"{method}, {name}"] = _measure(generator, labels, config, fresh)
            print(f"{method}, {name}: {json.dumps(results[f'{method}, {name}'])}", flush=True)
            write_json(arguments.out / "few-shot.json", results)


def _measure(
    generator: Generator,
    labels: list[list[Annotation]],
    config: FewShotConfig,
    fresh: list[tuple[torch.Tensor, np.ndarray]],
) -> dict[str, object]:
    pooled, per_picture, times = [], [], []
    for chosen in labels:
        start = time.perf_counter()
        segmenter = fit_few_shot(generator, chosen, FACE_PARTS, config)
        times.append(time.perf_counter() - start)
        figures = agreement(generator, segmenter, fresh)
        pooled.append(round(figures[0], 2))
        per_picture.append(round(figures[1], 2))
    return {
        "pooled": round(float(np.mean(pooled)), 2),
        "per picture": round(float(np.mean(per_picture)), 2),
        "pooled each": pooled,
        "fit s": round(float(np.mean(times)), 1),
    }


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    options.add_argument("--parser", type=Path, help="the parser's package file, where there is no network")
    options.add_argument("--n-fresh", type=int, default=50)
    options.add_argument("--n-single", type=int, default=5)
    options.add_argument("--methods", nargs="+", choices=METHODS, default=["ridge"])
    options.add_argument("--threads", type=int, default=2)
    return options.parse_args()


if __name__ == "__main__":
    main()
