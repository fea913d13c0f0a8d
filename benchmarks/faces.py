"""The ten-class face benchmark: labels to an auto-shot network to real photos with human part masks.

The photos (500 of CelebAMask-HQ, research only) are not part of Partly: ``--data`` names the folder with
``faces_labelled_512.zip``. The first 250 in order of names are for choices, the last 250 for final figures.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.labels import parser, proposed_labels
from partly.annotations import FACE_PARTS, Annotation
from partly.api import load_annotations
from partly.autoshot import AutoShotNetwork, load_network
from partly.distillation import DistilConfig, DistilReports, distil
from partly.distillation.distil import new_network
from partly.downloads.models import encoder_weights, load_generator
from partly.evaluate import TruthMapping, evaluate
from partly.evaluate.scoring import EvaluationPair
from partly.files import write_json, write_text
from partly.generators.protocol import Generator
from partly.imagery.photos import read_photo
from partly.metrics import Evaluation
from partly.predict import THOROUGH, PartNetwork, segment_photo
from partly.report import evaluation_page
from partly.segmenters.base import FewShotSegmenter
from partly.segmenters.catalogue import load_segmenter, save_segmenter
from partly.synthesis.config import SynthesisReport
from partly.training.auto_shot import train_auto_shot
from partly.training.data import ArrayPictures
from partly.training.few_shot import fit_few_shot
from partly.training.progress import StepReport

_IDS = {
    "background": (0, 14),
    "skin": (1,),
    "nose": (2,),
    "eye": (4, 5),
    "brow": (6, 7),
    "ear": (8, 9, 15),
    "mouth": (10, 11, 12),
    "hair": (13,),
    "neck": (16, 17),
    "cloth": (18,),
}
# Eyeglasses are none of the ten classes: their pixels are left out of the count.
_EYEGLASSES = 3
_MAPPING: dict[int, str | None] = {_EYEGLASSES: None} | {i: name for name, ids in _IDS.items() for i in ids}
CONFIG = DistilConfig(n_pictures=1800, n_steps=2200, size_px=192, seed=1)
# One picture is learned by heart long before the 2200 steps that generated ones are worth.
_BASELINE_STEPS = 600


@dataclass(frozen=True)
class LoadModels:
    """Loads what a worker process needs."""

    teacher: Path

    def __call__(self) -> tuple[Generator, FewShotSegmenter]:
        return load_generator("ffhq"), load_segmenter(self.teacher)[0]


class ParserAsNetwork:
    """The parser in the place of a network: the ceiling, trained on more than 27,000 labels."""

    part_set, size_px = FACE_PARTS, 512

    def __init__(self, local_file: Path | None) -> None:
        self._parser = parser(local_file)

    def __call__(self, images: Tensor) -> Tensor:
        ids = torch.from_numpy(self._parser.parse(images, images.shape[-1]).astype(np.int64))
        # Where it sees eyeglasses it must still name a part: skin lies beneath them.
        ids[ids == 255] = FACE_PARTS.index("skin")
        return F.one_hot(ids, FACE_PARTS.n_parts).permute(0, 3, 1, 2).float() * 10


def photos(data: Path, half: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, pixels and truth (in the data's own ids) of the photos of one half."""
    with zipfile.ZipFile(data / "faces_labelled_512.zip") as file:
        names = sorted(n for n in file.namelist() if n.startswith("images/") and n.endswith(".jpg"))
        for name in names[:250] if half == "choices" else names[250:]:
            label = file.read(f"labels/{PurePosixPath(name).stem}.png")
            truth = np.asarray(Image.open(io.BytesIO(label)))
            yield name, read_photo(file.read(name), name).pixels, truth


def score(
    network: PartNetwork, data: Path, half: str, scales: Sequence[float]
) -> tuple[Evaluation, Evaluation]:
    """Figures of a network on one half, at the photos' own size, by the path that users take.

    Returns:
        Eyeglasses left out of the count, and eyeglasses counted as skin.
    """
    found = [
        (name, pixels, segment_photo(network, pixels, scales=scales).label_map, truth)
        for name, pixels, truth in photos(data, half)
    ]

    def evaluated(mapping: TruthMapping) -> Evaluation:
        return evaluate(
            (
                EvaluationPair(name, lambda pixels=pixels: pixels, prediction, mapping.apply(truth, name))
                for name, pixels, prediction, truth in found
            ),
            FACE_PARTS,
        )

    with_glasses = _MAPPING | {_EYEGLASSES: "skin"}
    return evaluated(TruthMapping(_MAPPING, FACE_PARTS)), evaluated(TruthMapping(with_glasses, FACE_PARTS))


def main() -> None:
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    if not (arguments.data / "faces_labelled_512.zip").is_file():
        sys.exit(f"{arguments.data}: no faces_labelled_512.zip; name the folder that has it with --data")
    # Other settings, another folder: what is found there was made with these.
    settings = f"{arguments.n_pictures}-pictures-{arguments.n_steps}-steps"
    out: Path = arguments.out / "faces" / arguments.labels / settings
    start = time.perf_counter()
    if arguments.labels == "ceiling":
        network: PartNetwork = ParserAsNetwork(arguments.parser)
    elif arguments.labels == "baseline":
        network = _baseline(arguments, out)
    else:
        network = _distilled(arguments, out)
    made = time.perf_counter() - start
    evaluation, with_glasses = score(
        network, arguments.data, arguments.half, THOROUGH if arguments.thorough else (1.0,)
    )
    write_json(out / f"{arguments.half}.json", evaluation.to_json())
    how = ", thorough" if arguments.thorough else ""
    lead = f"{arguments.labels}, {arguments.half} half, {evaluation.n_photos} photos{how}"
    write_text(out / f"{arguments.half}.html", evaluation_page(evaluation, title="Faces", lead=lead))
    both = evaluation.mean_iou
    parts = ", ".join(f"{p.name} {100 * (p.iou or 0):.0f}" for p in evaluation.parts)
    figures = f"pooled {100 * both.pooled:.1f}, per photo {100 * both.per_photo:.1f}"
    print(f"{lead}: {figures} ({parts}); made in {made:.0f} s")
    both = with_glasses.mean_iou
    figures = f"pooled {100 * both.pooled:.1f}, per photo {100 * both.per_photo:.1f}"
    print(f"eyeglasses counted as skin: {figures}")


def _labels(arguments: argparse.Namespace, generator: Generator) -> list[Annotation]:
    if arguments.labels.startswith("drawn"):
        drawn = list(load_annotations("faces"))
        return drawn if arguments.labels == "drawn-five" else drawn[:1]
    together = arguments.labels == "ten"
    folder = arguments.out / ("labels-together" if together else "labels-alone")
    n = 10 if together else 5
    found = proposed_labels(generator, parser(arguments.parser), n, folder, together=together)
    return found if together else found[:1]


def _distilled(arguments: argparse.Namespace, out: Path) -> AutoShotNetwork:
    if (out / "auto_shot" / "model.json").is_file():
        return load_network(out / "auto_shot").for_inference()
    generator = load_generator("ffhq")
    if not (out / "few_shot" / "model.json").is_file():
        segmenter = fit_few_shot(generator, _labels(arguments, generator), FACE_PARTS)
        save_segmenter(out / "few_shot", segmenter, FACE_PARTS, {})
    segmenter = load_segmenter(out / "few_shot")[0]
    config = replace(CONFIG, n_pictures=arguments.n_pictures, n_steps=arguments.n_steps)
    result = distil(
        generator,
        segmenter,
        FACE_PARTS,
        config,
        pictures_folder=out / "pictures",
        training_folder=out / "training",
        encoder_weights=encoder_weights(),
        load_models=LoadModels(out / "few_shot"),
        n_workers=arguments.workers,
        reports=DistilReports(_tell_picture, _tell_step),
    )
    result.network.save(out / "auto_shot", {"time_s": result.time_s})
    return result.network.for_inference()


def _baseline(arguments: argparse.Namespace, out: Path) -> AutoShotNetwork:
    """The same network and augmentation, trained on the one labelled picture itself."""
    generator = load_generator("ffhq")
    [annotation] = _labels(arguments, generator)
    assert annotation.w is not None
    images = generator.synthesise(torch.from_numpy(annotation.w)[None], features_px=4).images
    assert images is not None
    small = F.interpolate(images.clamp(-1, 1), size=(256, 256), mode="area")
    ids = torch.from_numpy(annotation.label_map.astype(np.int64))
    # Unlabelled pixels ask for nothing: their soft label is even.
    planes = F.one_hot(ids.clamp(max=FACE_PARTS.n_parts), FACE_PARTS.n_parts + 1)[..., : FACE_PARTS.n_parts]
    logits = planes.permute(2, 0, 1)[None].float() * 20
    # Several copies of the one picture make the batches; the augmentation makes them differ.
    pixels = ((small + 1) * 127.5).round().byte()
    data = ArrayPictures(pixels.repeat(20, 1, 1, 1), logits.repeat(20, 1, 1, 1))
    network = new_network(FACE_PARTS, CONFIG, encoder_weights())
    training = replace(CONFIG, n_steps=_BASELINE_STEPS).training()
    result = train_auto_shot(network, data, training, folder=out / "training", on_step=_tell_step)
    return result.network.for_inference()


def _tell_picture(report: SynthesisReport) -> None:
    if report.n_done % 100 == 0:
        print(f"{report.n_done} pictures, {report.time_left_s:.0f} s left", flush=True)


def _tell_step(report: StepReport) -> None:
    if report.step % 100 == 0:
        print(f"step {report.step}, loss {report.loss:.3f}, {report.time_left_s:.0f} s left", flush=True)


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    choices = ("one", "ten", "drawn-one", "drawn-five", "baseline", "ceiling")
    options.add_argument("labels", choices=choices)
    options.add_argument("--data", type=Path, required=True, help="folder with faces_labelled_512.zip")
    options.add_argument("--half", choices=("choices", "figure"), default="choices")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    options.add_argument("--parser", type=Path, help="the parser's package file, where there is no network")
    options.add_argument("--n-pictures", type=int, default=CONFIG.n_pictures)
    options.add_argument("--n-steps", type=int, default=CONFIG.n_steps)
    options.add_argument("--thorough", action="store_true", help="average over several sizes")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--threads", type=int, default=2)
    return options.parse_args()


if __name__ == "__main__":
    main()
