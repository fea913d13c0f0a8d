"""Times and memory on the machine at hand; nothing else should run beside it."""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from partly.api import load_annotations
from partly.data.labels import FACE_PARTS, Annotation
from partly.fewshot.features import GeneratorFeatures, pyramid_of
from partly.fewshot.fitting import RidgeFit, fit_few_shot
from partly.fewshot.segmenters import RidgeSegmenter
from partly.models.generators import sample_w
from partly.models.networks import ARCHITECTURES, AutoShotNetwork
from partly.models.zoo import load_generator
from partly.storage import write_json


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--memory-only", action="store_true", help=argparse.SUPPRESS)
    arguments = options.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.memory_only:
        _fit_sixteen()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    figures = {
        "partly --help, s": _median(_help, 7),
        "1024 px picture with soft logits at 256 px, s": _picture(),
        "fit on one label, all that partly fit does, s": _fit(),
        "one more label into the running sums (4 to 5), and solved, 256 px, s": _refit(),
        "peak memory, fit on 16 labelled 1024 px pictures, MiB": _memory(),
    }
    for name in ARCHITECTURES:
        figures[f"{name}, 256 px photo, ms"] = 1000 * _network(name)
    figures = {name: round(value, 3) for name, value in figures.items()}
    for name, value in figures.items():
        print(f"{name}: {value}")
    write_json(arguments.out / "speed.json", {"threads": arguments.threads, **figures})


def _median(action: Callable[[], object], n: int) -> float:
    action()
    times = []
    for _ in range(n):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _help() -> None:
    program = Path(sys.executable).with_name("partly")
    subprocess.run([program, "--help"], check=True, stdout=subprocess.DEVNULL)


def _picture() -> float:
    generator = load_generator("ffhq")
    segmenter = fit_few_shot(GeneratorFeatures(generator), load_annotations("faces")[:1], FACE_PARTS)
    w = sample_w(generator, 0, 0)

    def both() -> None:
        with torch.inference_mode():
            synthesis = generator.synthesise(w, features_px=128)
            segmenter(synthesis.pyramid, 256).softmax(1)

    return _median(both, 9)


def _fit() -> float:
    generator = load_generator("ffhq")
    labels = load_annotations("faces")[:1]
    return _median(lambda: fit_few_shot(GeneratorFeatures(generator), labels, FACE_PARTS), 1)


def _refit() -> float:
    generator = load_generator("ffhq")
    annotations = load_annotations("faces")
    segmenter = fit_few_shot(GeneratorFeatures(generator), annotations[:4], FACE_PARTS)
    assert isinstance(segmenter, RidgeSegmenter)
    fit = RidgeFit(segmenter)
    for annotation in annotations[:4]:
        fit.add(annotation.id, _pyramid(generator, annotation, segmenter), _at_256(annotation))

    def once_more() -> None:
        last = annotations[4]
        fit.add(last.id, _pyramid(generator, last, segmenter), _at_256(last))
        fit.solve()

    return _median(once_more, 7)


def _pyramid(generator, annotation: Annotation, segmenter: RidgeSegmenter):  # type: ignore[no-untyped-def]
    return pyramid_of(GeneratorFeatures(generator), annotation, segmenter.level_indexes)


def _at_256(annotation: Annotation) -> np.ndarray:
    return annotation.label_map[::2, ::2]


def _memory() -> float:
    command = [sys.executable, "-m", "benchmarks.speed", "--memory-only"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _fit_sixteen() -> None:
    generator = load_generator("ffhq")
    [first] = load_annotations("faces")[:1]
    label_map = np.kron(first.label_map, np.ones((2, 2), np.uint8))
    latents = [sample_w(generator, 5, i) for i in range(16)]
    many = [
        Annotation(f"a{i}", label_map, w[0].numpy().copy(), generator.digest) for i, w in enumerate(latents)
    ]
    fit_few_shot(GeneratorFeatures(generator), many, FACE_PARTS)


def _network(name: str) -> float:
    network = AutoShotNetwork(name, FACE_PARTS, 256).eval().for_inference()
    photo = torch.rand(1, 3, 256, 256) * 2 - 1
    with torch.inference_mode():
        return _median(lambda: network(photo), 15)


if __name__ == "__main__":
    main()
