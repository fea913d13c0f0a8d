"""The project's slower, better network: an encoder of photos and the auto-shot network together."""

from __future__ import annotations

from typing import Any

from partly.fewshot.features import FeatureStore, PhotoFeatures
from partly.fewshot.fitting import Teacher
from partly.fewshot.segmenters import FewShotSegmenter
from partly.inference.segment import EncoderNetwork
from partly.models.encoders import Representation
from partly.models.networks import AutoShotNetwork
from partly.project.model_digests import model_card, model_part_set
from partly.project.project_folder import Project
from partly.storage import Provenance
from partly.synthesis.distil import DistilConfig, DistilReports, distil_head
from partly.synthesis.shards import Place


def make_best(
    project: Project,
    teacher: Teacher,
    fast: AutoShotNetwork,
    encoder: Representation,
    place: Place,
    config: DistilConfig,
    reports: DistilReports | None = None,
) -> bool:
    """Make the best network, and keep it in the project, unless it is there.

    Args:
        project: where it is kept.
        teacher: the project's.
        fast: the auto-shot network that learned from it.
        encoder: reads photos.
        place: where the teacher's pictures and labels are.
        config: the choices.
        reports: who is told what.

    Returns:
        Whether it was there already.

    Raises:
        BadArchive: labelled pictures are damaged.
        TrainingDiverged: the loss is no number.
    """
    parents = {
        "few_shot_sha256": teacher.digest,
        "network_sha256": fast.digest,
        "encoder_sha256": encoder.digest,
        "features_px": encoder.image_size_px,
        "seed": config.seed,
        "painted_share": config.painted_share,
    }
    if is_current(project, parents):
        return True
    segmenter = _segmenter(project, teacher, encoder, place, config, reports)
    EncoderNetwork(encoder, segmenter, teacher.part_set, fast).save(project.best, {"parents": parents})
    return False


def is_current(project: Project, parents: dict[str, Any]) -> bool:
    """Whether the best network that is there was made of these, for the parts of today."""
    same_parts = model_part_set(project.best) == project.part_set.to_json()
    return same_parts and Provenance(parents).matches(model_card(project.best).get("parents", {}))


def _segmenter(
    project: Project,
    teacher: Teacher,
    encoder: Representation,
    place: Place,
    config: DistilConfig,
    reports: DistilReports | None,
) -> FewShotSegmenter:
    """What reads the encoder's features.

    The teacher's own segmenter, where it reads photos; of a generator's teacher, a head that learns from its
    labels.
    """
    if isinstance(teacher.source, PhotoFeatures):
        return teacher.segmenter
    return distil_head(teacher, place, config, encoder, FeatureStore(project.features), reports)
