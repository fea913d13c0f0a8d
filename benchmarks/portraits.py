"""One label of a generated portrait, unseen drawings with exact truth: the pipeline, and a UNet without it.

``python -m benchmarks.portraits`` takes the generator of drawn portraits that ships with Partly, and its
label; fits, distils, and measures the auto-shot network on drawings that neither generator nor network saw.
A network of the same architecture, trained as long on that one label, is measured on the same drawings: with
the usual augmentation, and with parts in other colours, as the auto-shot network sees them. It needs neither
network connection nor photos.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from experiments.auto_shot import labelled_pictures

import partly
from partly.data.labels import FACE_PARTS, LabelMap
from partly.data.photos import Pixels, grid, overlay, write_png
from partly.data.portraits import draw_portraits, portrait_pairs
from partly.evaluation.metrics import Evaluation
from partly.evaluation.segmentation import evaluate
from partly.inference.segment import segment_photo
from partly.models.generators import Generator
from partly.models.networks import AutoShotNetwork
from partly.models.zoo import encoder_weights
from partly.project.demo import PORTRAITS
from partly.storage import write_json
from partly.synthesis.distil import DistilConfig, DistilReports, new_network
from partly.training.chassis import StepReport
from partly.training.segmentation import ArrayPictures, train_auto_shot

# Training had seed 0; drawings of other seeds are of other people.
CHOICES_SEED, FIGURE_SEED = 1, 2
_N_PANELS, _PANEL_SCALE = 8, 2


@dataclass(frozen=True)
class Material:
    """What both learn from, and what they are measured on.

    Attributes:
        generator: of drawn portraits.
        annotations: labelled pictures of it.
        config: of the auto-shot network; architecture, size and steps are the other's too.
        n_drawings: unseen portraits.
        seed: of them.
    """

    generator: Generator
    annotations: partly.Annotations
    config: DistilConfig
    n_drawings: int = 500
    seed: int = CHOICES_SEED


def auto_shot(material: Material) -> AutoShotNetwork:
    """The network that the few-shot segmenter trained by generated pictures."""
    teacher = partly.fit_few_shot(material.generator, material.annotations, config=PORTRAITS.few_shot)
    return partly.distil(
        material.generator,
        teacher,
        material.config,
        annotations=material.annotations,
        reports=DistilReports(on_step=_tell),
    )


def directly(material: Material, *, recoloured: bool) -> AutoShotNetwork:
    """The network that learned from the labelled picture itself."""
    config = material.config if recoloured else replace(material.config, recolour_parts=0.0)
    data = labelled_pictures(material.generator, material.annotations, config.synthesis().size_px)
    network = new_network(FACE_PARTS, config, encoder_weights() if config.pretrained else None)
    # Copies of what it learns from tell nothing: none are kept from it.
    held_out = ArrayPictures(data.images[:0], data.logits[:0])
    # As many steps as both rounds of the other have.
    training = replace(config.training(), n_steps=round(config.n_steps * (1 + config.second_round)))
    result = train_auto_shot(network, data, training, held_out=held_out, on_step=_tell)
    return result.network.for_inference()


def measured(network: AutoShotNetwork, material: Material) -> Evaluation:
    """IoU on the unseen portraits."""
    portraits = draw_portraits(material.n_drawings, seed=material.seed)
    return evaluate(portrait_pairs(portraits, partial(_label_map, network)), FACE_PARTS)


def panels(networks: Sequence[AutoShotNetwork], seed: int) -> Pixels:
    """A row for each of a few unseen portraits: drawing, truth, and what each network makes of it."""
    colours = FACE_PARTS.colours
    rows = []
    for portrait in draw_portraits(_N_PANELS, seed=seed):
        label_maps = [portrait.label_map, *(_label_map(network, portrait.pixels) for network in networks)]
        painted = [overlay(portrait.pixels, label_map, colours, 1.0) for label_map in label_maps]
        rows += [portrait.pixels, *painted]
    large = [pixels.repeat(_PANEL_SCALE, 0).repeat(_PANEL_SCALE, 1) for pixels in rows]
    return grid(large, n_columns=2 + len(networks))


def _label_map(network: AutoShotNetwork, pixels: Pixels) -> LabelMap:
    return segment_photo(network, pixels).label_map


def _tell(report: StepReport) -> None:
    if report.step % 100 == 0:
        print(f"step {report.step}, loss {report.loss:.3f}, {report.time_left_s:.0f} s left", flush=True)


def _config(asked: argparse.Namespace) -> DistilConfig:
    pretrained = asked.architecture == DistilConfig.architecture
    return replace(
        PORTRAITS.distil,
        n_pictures=asked.n_pictures,
        architecture=asked.architecture,
        pretrained=pretrained,
        n_steps=asked.steps,
        painted_share=asked.painted_share,
        second_round=asked.second_round,
        recolour_parts=asked.recolour_parts,
    )


_CONTESTANTS: dict[str, Callable[[Material], AutoShotNetwork]] = {
    "auto-shot": auto_shot,
    "directly": partial(directly, recoloured=False),
    "directly-recoloured": partial(directly, recoloured=True),
}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.portraits", description=__doc__)
    options.add_argument("--generator", default="portraits", help="a name, or a model folder")
    options.add_argument("--annotations", default="portraits", help="a shipped set, or a folder")
    options.add_argument("--architecture", default=PORTRAITS.distil.architecture)
    options.add_argument("--n-pictures", type=int, default=PORTRAITS.distil.n_pictures)
    options.add_argument("--steps", type=int, default=PORTRAITS.distil.n_steps)
    options.add_argument("--painted-share", type=float, default=PORTRAITS.distil.painted_share)
    options.add_argument("--second-round", type=float, default=PORTRAITS.distil.second_round)
    options.add_argument("--recolour-parts", type=float, default=PORTRAITS.distil.recolour_parts)
    options.add_argument("--drawings", type=int, default=500)
    options.add_argument("--only", nargs="+", choices=list(_CONTESTANTS))
    options.add_argument("--figure", action="store_true", help="measure on the drawings of the figure")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args()
    torch.set_num_threads(1)
    material = Material(
        partly.load_generator(asked.generator),
        partly.load_annotations(asked.annotations)[:1],
        _config(asked),
        asked.drawings,
        FIGURE_SEED if asked.figure else CHOICES_SEED,
    )
    results: dict[str, Any] = {"annotation": material.annotations[0].id, "seed": material.seed}
    networks = []
    for name in asked.only or _CONTESTANTS:
        began = time.process_time()
        network = _CONTESTANTS[name](material)
        networks.append(network)
        made_s = time.process_time() - began
        found = measured(network, material)
        results[name] = {
            "pooled": found.mean_iou.pooled,
            "per_photo": found.mean_iou.per_photo,
            "parts": {part.name: part.iou for part in found.parts},
            "cpu_s": round(made_s, 1),
        }
        print(f"{name}: {results[name]}", flush=True)
    write_png(asked.out / f"portraits-{asked.architecture}.png", panels(networks, material.seed))
    write_json(asked.out / f"portraits-{asked.architecture}.json", results)


if __name__ == "__main__":
    main()
