"""Auto-shot networks of the experiments: pictures are made once, and labelled by each teacher."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from experiments.bench import Bench, Tell
from partly.data.labels import FACE_PARTS, Annotation
from partly.errors import BadModelFile
from partly.fewshot.features import latent_of
from partly.fewshot.fitting import Teacher
from partly.models.generators import Generator, images_of, to_bytes
from partly.models.networks import AutoShotNetwork, load_network
from partly.storage import FIRST_VERSION
from partly.synthesis.distil import DistilConfig, DistilReports, distil, new_network
from partly.synthesis.shards import Place, SynthesisReport
from partly.training.chassis import StepReport
from partly.training.segmentation import ArrayPictures, train_auto_shot

# Copies of the labelled pictures that make the batches of the baseline.
_N_COPIES = 20
# Logits of a painted label: as good as certain.
_CERTAIN = 20.0


@dataclass(frozen=True)
class LoadTeacher:
    """Loads what a worker process needs."""

    get_generator: Callable[[], Generator]
    teacher: Path

    def __call__(self) -> Teacher:
        """The teacher, with its generator."""
        return Teacher.load(self.teacher, self.get_generator())


def described(config: DistilConfig) -> dict[str, Any]:
    """A config as results keep it: what was measured before there were these choices had none of them."""
    later = ("painted_share", "recolour_parts", "best")
    values = asdict(config)
    del values["painted_photo_share"]  # of nothing: no experiment that asks here paints photos
    return {name: value for name, value in values.items() if value or name not in later}


def network_for(
    bench: Bench, n_labels: int, draw: int, config: DistilConfig, n_first: int | None = None
) -> AutoShotNetwork:
    """The network distilled from one draw of labels; after a stop, the same call goes on.

    Args:
        bench: gives generator and teacher.
        n_labels: how many labels the teacher has.
        draw: which.
        config: pictures and training. Pictures are shared by all teachers, and by all numbers of pictures.
        n_first: how many of the labels were proposed together; see :meth:`Bench.labels`.

    Returns:
        The network, ready for use.
    """
    name = bench.teacher_name(n_labels, draw, n_first)
    folder = bench.cache / f"auto-shot-{name}" / _digest(described(config))
    if (known := _known(folder)) is not None:
        return known
    pictures = pictures_digest(config)
    place = Place(
        bench.cache / "pictures" / pictures,
        bench.cache / f"labels-of-{name}" / pictures,
        folder / "training",
    )
    result = distil(
        bench.teacher(n_labels, draw, n_first),
        place,
        config,
        reports(bench.tell),
        encoder_weights=bench.get_encoder() if config.pretrained else None,
        load_teacher=LoadTeacher(bench.get_generator, bench.teacher_folder(n_labels, draw, n_first)),
        n_workers=bench.n_workers,
    )
    result.network.save(folder, {"time_s": result.time_s})
    return result.network.for_inference()


def baseline_for(bench: Bench, n_labels: int, draw: int, config: DistilConfig) -> AutoShotNetwork:
    """The same network, augmentation and steps, trained on the labelled pictures themselves."""
    folder = bench.cache / f"baseline-{n_labels}-{draw}" / _digest(described(config))
    if (known := _known(folder)) is not None:
        return known
    data = labelled_pictures(bench.generator, bench.labels(n_labels, draw), _picture_px(config))
    network = new_network(FACE_PARTS, config, bench.get_encoder() if config.pretrained else None)
    result = train_auto_shot(
        network,
        data,
        config.training(),
        folder=folder / "training",
        on_step=reports(bench.tell).on_step,
    )
    result.network.save(folder, {"time_s": result.time_s})
    return result.network.for_inference()


@torch.no_grad()
def labelled_pictures(generator: Generator, labels: Sequence[Annotation], size_px: int) -> ArrayPictures:
    """The labelled pictures as training data, several copies of each."""
    images, logits = [], []
    for annotation in labels:
        made = images_of(generator.synthesise(latent_of(annotation, generator), features_px=4))
        images.append(to_bytes(made, size_px))
        ids = torch.from_numpy(annotation.label_map.astype(np.int64)).clamp(max=FACE_PARTS.n_parts)
        # Unlabelled pixels ask for nothing: their soft label is even.
        planes = F.one_hot(ids, FACE_PARTS.n_parts + 1)[..., : FACE_PARTS.n_parts]
        logits.append(planes.permute(2, 0, 1)[None].float() * _CERTAIN)
    n_copies = -(-_N_COPIES // len(labels))
    return ArrayPictures(torch.cat(images * n_copies), torch.cat(logits * n_copies))


def _known(folder: Path) -> AutoShotNetwork | None:
    try:
        return load_network(folder).for_inference()
    except BadModelFile:
        return None


def _picture_px(config: DistilConfig) -> int:
    return config.synthesis().size_px


def pictures_digest(config: DistilConfig) -> str:
    """Names the pictures of a config, whatever their number."""
    values = asdict(config.synthesis())
    del values["n_pictures"], values["pictures_per_shard"]
    if values["streams"] == FIRST_VERSION:  # which had no name
        del values["streams"]
    return _digest(values)


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def reports(tell: Tell) -> DistilReports:
    """What tells of pictures and steps."""

    def picture(report: SynthesisReport) -> None:
        tell("labelling pictures", report.n_done, report.n_pictures)

    def step(report: StepReport) -> None:
        tell("training", report.step, report.n_steps)

    return DistilReports(picture, step)
