"""Model folders of few-shot segmenters; their classes are found by the table of methods."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from partly.data.labels import PartSet
from partly.errors import BadModelFile
from partly.fewshot.fitting.method_table import families
from partly.fewshot.segmenters.ensemble_segmenter import EnsembleSegmenter
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.storage import ModelCard, digest_of, fill, load_model, save_model

KIND = "few_shot"


def save_segmenter(
    folder: Path, segmenter: FewShotSegmenter, part_set: PartSet, extra: Mapping[str, Any]
) -> ModelCard:
    """Write the model folder of a segmenter, with its part set."""
    described = [{"family": _family(m), **m.arguments()} for m in _members(segmenter)]
    card = ModelCard(KIND, {"members": described}, {"part_set": part_set.to_json(), **extra})
    return save_model(folder, card, _tensors(segmenter))


def segmenter_digest(segmenter: FewShotSegmenter) -> str:
    """SHA-256 of its weights, as its model folder has them or would have them."""
    return digest_of(_tensors(segmenter))


def load_segmenter(folder: Path) -> tuple[FewShotSegmenter, PartSet, ModelCard]:
    """Read the model folder of a segmenter.

    Raises:
        BadModelFile: it is damaged, or of another kind, or names an unknown family.
    """
    card, tensors = load_model(folder, KIND)
    members, known = [], families()
    for i, description in enumerate(card.arguments.get("members", [])):
        arguments = dict(description)
        family = arguments.pop("family", None)
        if family not in known:
            raise BadModelFile(
                f"has a segmenter of family {family!r}", expected=f"one of {sorted(known)}", path=folder
            )
        member = known[family](**arguments)
        prefix = f"{i}."
        own = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        # Folders of version 0.1 have no layout: it is 0 there.
        fill(member, {"layout": member.layout, **own}, folder)
        members.append(member.eval().requires_grad_(False))
    segmenter = members[0] if len(members) == 1 else EnsembleSegmenter(members)
    return segmenter, PartSet.from_json(card.extra["part_set"]), card


def _family(segmenter: FewShotSegmenter) -> str:
    for name, kind in families().items():
        if type(segmenter) is kind:
            return name
    raise TypeError(f"no few-shot method has segmenters of type {type(segmenter).__name__}")


def _members(segmenter: FewShotSegmenter) -> list[FewShotSegmenter]:
    members = segmenter.members if isinstance(segmenter, EnsembleSegmenter) else [segmenter]
    return [member for member in members if isinstance(member, FewShotSegmenter)]


def _tensors(segmenter: FewShotSegmenter) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for i, member in enumerate(_members(segmenter)):
        tensors |= {f"{i}.{name}": tensor for name, tensor in member.state_dict().items()}
    return tensors
