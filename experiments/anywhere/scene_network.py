"""The other way to segment objects anywhere: an auto-shot network that learns from scenes, and looks once.

``python -m experiments.anywhere.scene_network PROJECT OUT`` trains one on scenes of a project's labelled
pictures, as long as the project's own network; ``python -m experiments anywhere --network OUT`` measures it.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from partly.models.zoo import encoder_weights
from partly.project import open_project
from partly.storage import tensor_seed
from partly.synthesis.distil import new_network
from partly.synthesis.shards import LabelledShards
from partly.training.finding import SceneOptions, compose_scenes
from partly.training.segmentation import ArrayPictures, Stage, resized, to_images, train_auto_shot

SIZE_PX = 192
_N_TIMES = 3  # scenes for each picture
_AT_A_TIME = 10
_PICTURE_PX = 128


def scene_pictures(pictures: LabelledShards, options: SceneOptions, seed: int) -> ArrayPictures:
    """Scenes of labelled pictures as labelled pictures."""
    images, logits = [], []
    for start in range(0, _N_TIMES * len(pictures), _AT_A_TIME):
        some = [(start + i) % len(pictures) for i in range(_AT_A_TIME)]
        pixels, said, _ = pictures.read(some)
        shares = resized(said.float(), _PICTURE_PX).softmax(1)
        draws = torch.Generator().manual_seed(tensor_seed("augmentation", seed, start))
        for scene in compose_scenes(resized(to_images(pixels), _PICTURE_PX), shares, options, draws):
            images.append(((scene.image.clamp(-1, 1) + 1) * 127.5).round().byte())
            logits.append(resized(scene.shares[None], options.size_px // 2)[0].clamp_min(1e-4).log().half())
    return ArrayPictures(torch.stack(images), torch.stack(logits))


def main(project_folder: Path, out: Path) -> None:
    """Train a network on scenes of a project's labelled pictures."""
    project = open_project(project_folder)
    [pictures], [labels] = (list((project.labelled / kind).iterdir()) for kind in ("pictures", "labels"))
    config = project.settings.auto_shot
    config = replace(config, size_px=SIZE_PX)
    training = replace(config.training(), stages=(Stage(1.0, SIZE_PX),))
    scenes = scene_pictures(
        LabelledShards(pictures, labels), SceneOptions(SIZE_PX, smallest=0.15), config.seed
    )
    network = new_network(project.part_set, config, encoder_weights())
    result = train_auto_shot(
        network,
        scenes,
        training,
        on_step=lambda report: print(report.step, round(report.loss, 3), flush=True),
    )
    result.network.save(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
