"""The project's slower, better network: an encoder of photos and the auto-shot network together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from partly.fewshot.segmenters import FewShotSegmenter
from partly.inference.segment import EncoderNetwork
from partly.machine import PROCESSOR, Machine
from partly.models.encoders import Representation
from partly.models.networks import AutoShotNetwork
from partly.project.model_digests import model_card, model_part_set
from partly.project.project_folder import Project
from partly.storage import Provenance


def make_best(
    project: Project,
    fast: AutoShotNetwork,
    encoder: Representation,
    segmenter: Callable[[], FewShotSegmenter],
    made_from: dict[str, Any],
    machine: Machine = PROCESSOR,
) -> bool:
    """Make the best network, and keep it in the project, unless it is there.

    Args:
        project: where it is kept.
        fast: the auto-shot network.
        encoder: reads photos.
        segmenter: gives what reads the encoder's features: a head.
        made_from: what that depends on besides the encoder: plain JSON values.
        machine: what it is made on; of several processes, the first keeps it.

    Returns:
        Whether it was there already.
    """
    parents = {
        "network_sha256": fast.digest,
        "encoder_sha256": encoder.digest,
        "features_px": encoder.image_size_px,
        **made_from,
    }
    if is_current(project, parents):
        return True
    network = EncoderNetwork(encoder, segmenter(), fast.part_set, fast)
    if machine.ranks.is_first:
        network.save(project.best, {"parents": parents, **machine.described})
    machine.ranks.wait()
    return False


def is_current(project: Project, parents: dict[str, Any]) -> bool:
    """Whether the best network that is there was made of these, for the parts of today."""
    same_parts = model_part_set(project.best) == project.part_set.to_json()
    return same_parts and Provenance(parents).matches(model_card(project.best).get("parents", {}))
