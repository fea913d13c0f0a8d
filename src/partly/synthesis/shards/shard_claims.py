"""What pictures and labels depend on: written into their folder, so that it holds nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from partly.errors import BadOption
from partly.storage import write_json
from partly.synthesis.shards.synthesis_config import SynthesisConfig

_NAME = "synthesis.json"
_LATENTS = ("seed", "truncation", "generator_digest")


def pictures_identity(config: SynthesisConfig, generator_digest: str) -> dict[str, Any]:
    """All that each picture depends on but its index; plain JSON values."""
    sizes = {"size_px": config.size_px, "picture_format": config.picture_format}
    return _latents_identity(config, generator_digest) | sizes


def labels_identity(config: SynthesisConfig, generator_digest: str, segmenter_digest: str) -> dict[str, Any]:
    """All that each label depends on but its index; plain JSON values."""
    labels = {"label_px": config.label_px, "segmenter_digest": segmenter_digest}
    return _latents_identity(config, generator_digest) | labels


def claim(folder: Path, identity: Mapping[str, Any]) -> None:
    """Write down what the folder's shards depend on, or compare with what is written there.

    Raises:
        BadOption: the folder holds something made otherwise.
    """
    before = read_claim(folder)
    if before is None:
        write_json(folder / _NAME, dict(identity))
        return
    changed = [name for name in {**identity, **before} if before.get(name) != identity.get(name)]
    if changed:
        raise BadOption(
            f"holds something made with another {', '.join(changed)}",
            expected="the same, to go on with it",
            remedy="Use another folder, or delete this one: it is made anew",
            path=folder,
        )


def check_same_latents(pictures_folder: Path, labels_folder: Path) -> None:
    """Check that labels are those of the pictures, as far as their folders tell.

    Raises:
        BadOption: they are of other latents, or of another generator.
    """
    pictures, labels = read_claim(pictures_folder) or {}, read_claim(labels_folder) or {}
    both = [name for name in _LATENTS if name in pictures and name in labels]
    changed = [name for name in both if pictures[name] != labels[name]]
    if changed:
        raise BadOption(
            f"holds labels of pictures with another {', '.join(changed)}",
            expected=f"labels of the pictures in {pictures_folder}",
            path=labels_folder,
        )


def read_claim(folder: Path) -> dict[str, Any] | None:
    """What is written down in a folder; None where nothing is.

    Raises:
        BadOption: it is damaged.
    """
    path = folder / _NAME
    try:
        values = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BadOption(f"is no JSON ({error})", remedy="Use an empty folder", path=path) from error
    if not isinstance(values, dict):
        raise BadOption("is no JSON object", remedy="Use an empty folder", path=path)
    return values


def _latents_identity(config: SynthesisConfig, generator_digest: str) -> dict[str, Any]:
    values = config.seed, asdict(config.truncation), generator_digest
    return dict(zip(_LATENTS, values, strict=True))
