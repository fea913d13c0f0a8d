"""The object finder of what a teacher labelled, and what the auto-shot network makes of its objects."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.fewshot.fitting import Teacher
from partly.machine import PROCESSOR, Machine
from partly.models.networks import OBJECT_MARGIN, AutoShotNetwork, FinderShape, ObjectFinder, object_measures
from partly.storage import tensor_seed
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.labelled_for_others import labelled_for
from partly.synthesis.distil.own_photos import OwnPhotos
from partly.synthesis.shards.place import Place
from partly.training.augment.segmentation import Augmentation, photographed
from partly.training.finding import FinderConfig, train_finder
from partly.training.segmentation import LabelledPictures, to_images

FINDER_FOLDER = "finder"
_N_USUAL = 200  # objects of which the check knows how they look
_AT_A_TIME = 16


def finder_config_of(config: DistilConfig) -> FinderConfig:
    """How the finder of a project is trained."""
    return FinderConfig(n_steps=config.finder_steps, seed=config.seed)


def distil_finder(
    teacher: Teacher,
    place: Place,
    config: DistilConfig,
    fast: AutoShotNetwork,
    own: OwnPhotos | None = None,
    reports: DistilReports | None = None,
    *,
    finder_config: FinderConfig | None = None,
    encoder_weights: Path | None = None,
    others: Tensor | None = None,
    n_workers: int = 1,
    machine: Machine = PROCESSOR,
) -> ObjectFinder:
    """Train an object finder on scenes of what a teacher labels; after a stop, the same call goes on.

    Args:
        teacher: of a generator or of photos; as for :func:`partly.synthesis.distil.distil`.
        place: where the pictures and labels of :func:`partly.synthesis.distil.distil` are.
        config: the choices of the auto-shot network.
        fast: what :func:`partly.synthesis.distil.distil` gave.
        own: photos beside a generator.
        reports: who is told what.
        finder_config: how it is trained.
        encoder_weights: ImageNet weights of its encoder; None: it starts from scratch.
        others: photos without an object, uint8 ``[n, 3, t, t]``, for backgrounds.
        n_workers: processes that synthesise.
        machine: what it is trained on.

    Raises:
        BadArchive: a shard is damaged.
        BadModelFile: checkpoint or encoder weights are damaged.
        TrainingDiverged: the loss is no number.
    """
    reports = reports or DistilReports()
    folder = Path(place.training) / FINDER_FOLDER
    pictures, painted = labelled_for(
        teacher, place, config, fast, folder, own, reports, n_workers=n_workers, machine=machine
    )
    usual = finder_config or finder_config_of(config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(tensor_seed("first weights", usual.seed))
        finder = ObjectFinder(FinderShape(usual.scenes.size_px))
    if encoder_weights is not None:
        finder.load_pretrained_encoder(encoder_weights)
    finder = train_finder(
        finder,
        painted.among(pictures),
        usual,
        others=others,
        folder=folder,
        on_step=reports.on_step,
        machine=machine,
    )
    finder.check.learn(usual_measures(fast, pictures, usual.seed))
    return finder


@torch.no_grad()
def usual_measures(network: AutoShotNetwork, pictures: LabelledPictures, seed: int) -> Tensor:
    """What an auto-shot network makes of pictures of one object, shown as objects that are found are shown.

    Args:
        network: it.
        pictures: some of them are taken, in other light and spoilt as photos are.
        seed: of that.

    Returns:
        ``[n, 3]``; see :func:`partly.models.networks.object_measures`.
    """
    fast, mirror = network.for_inference(), list(network.part_set.mirror_permutation())
    draws = torch.Generator().manual_seed(tensor_seed("augmentation", seed))
    n = min(_N_USUAL, len(pictures))
    measures = []
    for start in range(0, n, _AT_A_TIME):
        images = to_images(pictures.read(range(start, min(start + _AT_A_TIME, n)))[0])
        around = round(images.shape[-1] * (OBJECT_MARGIN - 1) / 2)
        wider = F.pad(images, (around,) * 4, mode="replicate")
        shown = F.interpolate(wider, (network.size_px,) * 2, mode="bilinear", antialias=True)
        shown = photographed(shown, Augmentation(), draws)
        logits = (fast(shown) + fast(shown.flip(-1)).flip(-1)[:, mirror]) / 2
        measures.append(object_measures(logits))
    return torch.cat(measures)
