"""What pictures and labels depend on: written into their folder, so that it holds nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast, get_args

from partly.errors import BadOption
from partly.fewshot.fitting import Teacher
from partly.storage import FIRST_VERSION, Provenance, Version, claim, digest_of, read_provenance
from partly.synthesis.shards.synthesis_config import SynthesisConfig

_NAME = "synthesis.json"
# Version 0.1 wrote no version of the random streams down, and neither does what goes on with its.
_ASSUMED = {"streams": FIRST_VERSION}
_LATENTS = ("seed", "truncation", "generator_digest", "streams")


def pictures_identity(config: SynthesisConfig, generator_digest: str) -> dict[str, Any]:
    """All that each picture depends on but its index; plain JSON values."""
    sizes = {"size_px": config.size_px, "picture_format": config.picture_format}
    return _latents_identity(config, generator_digest) | sizes


def labels_identity(config: SynthesisConfig, generator_digest: str, segmenter_digest: str) -> dict[str, Any]:
    """All that each label depends on but its index; plain JSON values."""
    labels = {"label_px": config.label_px, "segmenter_digest": segmenter_digest}
    return _latents_identity(config, generator_digest) | labels


def digest_in_claim(folder: Path, teacher: Teacher) -> str:
    """The digest of a teacher as labels in a folder name it; that of the teacher where there are none.

    Version 0.1 named the weights without the places that they have in the teacher's model folder.
    """
    held = (read_claim(folder) or {}).get("segmenter_digest")
    before = digest_of(teacher.segmenter.state_dict())
    return before if held == before else teacher.digest


def claim_shards(folder: Path, identity: Mapping[str, Any]) -> None:
    """Write down what the folder's shards depend on, or compare with what is written there.

    Raises:
        BadOption: the folder holds something made otherwise.
    """
    claim(
        folder / _NAME,
        Provenance(identity, assumed=_ASSUMED),
        what="something made",
        remedy="Use another folder, or delete this one: it is made anew",
    )


def streams_of_shards(folders: Sequence[Path]) -> Version | None:
    """The version of the random streams with which the shards of folders were begun; None: none was.

    Raises:
        BadOption: a claim is damaged, or of a version that is not known here.
    """
    for folder in folders:
        if (held := read_claim(folder)) is not None:
            version = (_ASSUMED | held)["streams"]
            if version not in get_args(Version):
                raise BadOption(
                    f"was made with random streams of version {version}",
                    expected=f"one of {', '.join(get_args(Version))}",
                    remedy="Use another folder, or delete this one: it is made anew",
                    path=folder,
                )
            return cast(Version, version)
    return None


def check_same_latents(pictures_folder: Path, labels_folder: Path) -> None:
    """Check that labels are those of the pictures, as far as their folders tell.

    Raises:
        BadOption: they are of other latents, or of another generator.
    """
    pictures, labels = (_latents_of(read_claim(folder) or {}) for folder in (pictures_folder, labels_folder))
    both = pictures.keys() & labels.keys()
    wanted = Provenance({name: value for name, value in pictures.items() if name in both})
    if told := wanted.differences({name: value for name, value in labels.items() if name in both}):
        raise BadOption(
            f"holds labels of pictures with {', '.join(told)}",
            expected=f"labels of the pictures in {pictures_folder}",
            path=labels_folder,
        )


def read_claim(folder: Path) -> dict[str, Any] | None:
    """What is written down in a folder; None where nothing is.

    Raises:
        BadOption: it is damaged.
    """
    return read_provenance(folder / _NAME)


def _latents_of(held: Mapping[str, Any]) -> dict[str, Any]:
    """What a claim says of latents; nothing where there is no claim."""
    return {name: value for name, value in {**_ASSUMED, **held}.items() if held and name in _LATENTS}


def _latents_identity(config: SynthesisConfig, generator_digest: str) -> dict[str, Any]:
    identity = {
        "seed": config.seed,
        "truncation": asdict(config.truncation),
        "generator_digest": generator_digest,
    }
    return identity if config.streams == FIRST_VERSION else identity | {"streams": config.streams}
