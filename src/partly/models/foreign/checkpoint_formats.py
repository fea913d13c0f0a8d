"""All formats of foreign checkpoints; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partly.errors import BadModelFile
from partly.models.foreign import dinov2_checkpoints as dinov2
from partly.models.foreign import nvidia_stylegan2 as nvidia
from partly.models.foreign import rosinality_stylegan2 as rosinality
from partly.models.foreign.containers import read_content
from partly.models.foreign.foreign_encoder import ForeignEncoder
from partly.models.foreign.native_stylegan2 import ForeignGenerator


@dataclass(frozen=True)
class Format:
    """A format of checkpoints.

    Attributes:
        name: how cards name it.
        title: what it is.
        recognises: whether a file's content is of it.
        read: the network in content of it; takes the content, the file and a class or None.
    """

    name: str
    title: str
    recognises: Callable[[Any], bool]
    read: Callable[[Any, Path, int | None], ForeignGenerator | ForeignEncoder]


FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        Format(
            rosinality.NAME,
            "a .pt of rosinality's stylegan2-pytorch",
            rosinality.recognises,
            rosinality.read,
        ),
        Format(
            nvidia.NAME,
            "a .pkl of NVIDIA's stylegan2-ada-pytorch or stylegan3",
            nvidia.recognises,
            nvidia.read,
        ),
        Format(
            dinov2.AUTHORS,
            "a .pth of DINOv2's authors",
            dinov2.recognises_authors,
            dinov2.read_authors,
        ),
        Format(
            dinov2.HUGGING_FACE,
            "a model.safetensors of DINOv2 in the layout of Hugging Face",
            dinov2.recognises_hugging_face,
            dinov2.read_hugging_face,
        ),
    )
}


def read_checkpoint(path: Path, class_index: int | None = None) -> ForeignGenerator | ForeignEncoder:
    """The network in a checkpoint, of whatever format; no code of the file is run.

    Args:
        path: the file.
        class_index: which class a generator with classes is to make.

    Raises:
        BadModelFile: it is no checkpoint, damaged, of an unknown format, asks for code, or is another network
            than its format promises.
        BadOption: it has classes and none is given, or the other way round.
    """
    content = read_content(path)
    for known in FORMATS.values():
        if known.recognises(content):
            return known.read(content, path, class_index)
    raise BadModelFile(
        f"holds {_described(content)}, no network that Partly knows",
        expected=", or ".join(known.title for known in FORMATS.values()),
        path=path,
    )


def _described(content: Any) -> str:
    if isinstance(content, dict):
        return f"a dict of {', '.join(map(str, list(content)[:5])) or 'nothing'}"
    return f"a {type(content).__name__}"
