"""Checkpoints of other programs, imported as model folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from partly.errors import BadModelFile, BadOption
from partly.models.zoo.downloads import DOWNLOADS, is_sound
from partly.storage import sha256_of

_OWN_FILES = ("model.json", "model.safetensors")
_LICENCE = (
    "As of its authors, whom Partly does not know: ask where the checkpoint comes from before you share it, "
    "or what is made with it."
)
_LICENCE_NVIDIA = (
    " Networks that NVIDIA published itself are under the Nvidia Source Code License: for research, not for "
    "commerce."
)


@dataclass(frozen=True)
class Imported:
    """A checkpoint that is a model folder now.

    Attributes:
        folder: the model folder.
        kind: what it is: a generator, or an encoder that reads photos.
        format: name of the checkpoint's format.
        image_size_px: side of the pictures, or of the photos that an encoder is meant for.
        remarks: what had to be assumed or made up, a clause each.
        was_there: nothing had to be done.
    """

    folder: Path
    kind: Literal["generator", "encoder"]
    format: str
    image_size_px: int
    remarks: tuple[str, ...]
    was_there: bool


def is_checkpoint(argument: str) -> bool:
    """Whether somebody who wants ``argument`` means a file, and not a model of that name."""
    return argument not in DOWNLOADS and Path(argument).is_file()


def default_folder(path: Path) -> Path:
    """Where a checkpoint is imported to unless told otherwise: its name without suffix, here."""
    return Path(path.stem)


def import_checkpoint(
    path: Path, folder: Path, class_index: int | None = None, *, again: bool = False
) -> Imported:
    """Turn a checkpoint of another program into a model folder; no code of it is run.

    Args:
        path: the file; its format is recognised by what it holds.
        folder: the model folder.
        class_index: which class a generator with classes is to make.
        again: do it even if the folder holds it already, or another model.

    Raises:
        BadModelFile: no checkpoint, damaged, of an unknown format, asking for code, or another network than
            its format promises.
        BadOption: the folder holds something else; the generator has classes and none is given, or the other
            way round.
    """
    from partly.storage import load_card

    origin = {"file": path.name, "sha256": sha256_of(path), "class": class_index}
    was_there = not again and _origin(folder) == _identity(origin) and is_sound(folder)
    if not was_there:
        _check_free(folder, again)
        _convert(path, folder, origin)
    card = load_card(folder)
    checkpoint = card.extra["checkpoint"]
    return Imported(
        folder,
        "generator" if card.kind.startswith("generator/") else "encoder",
        checkpoint["format"],
        card.arguments["image_size_px"],
        tuple(checkpoint["remarks"]),
        was_there,
    )


def _convert(path: Path, folder: Path, origin: dict[str, Any]) -> None:
    from partly.models.foreign.checkpoint_formats import read_checkpoint
    from partly.models.foreign.foreign_encoder import ForeignEncoder
    from partly.models.foreign.native_stylegan2 import assembled

    class_index = origin["class"]
    foreign = read_checkpoint(path, class_index)
    checkpoint = {**origin, "format": foreign.format, "remarks": list(foreign.remarks)}
    if isinstance(foreign, ForeignEncoder):
        title = f"{foreign.title}, of {path.name}"
        foreign.network.save(folder, {"title": title, "licence": foreign.licence, "checkpoint": checkpoint})
        return
    chosen = "" if class_index is None else f", class {class_index}"
    generator = assembled(foreign)
    title = f"{generator.name} of {path.name}, {foreign.shape.image_size_px} px{chosen}"
    licence = _LICENCE + (_LICENCE_NVIDIA if foreign.format == "nvidia" else "")
    generator.save(folder, {"title": title, "licence": licence, "checkpoint": checkpoint})


def _origin(folder: Path) -> tuple[Any, ...] | None:
    """Which checkpoint a model folder was imported from; None where from none, or there is none."""
    from partly.storage import load_card

    try:
        return _identity(load_card(folder).extra.get("checkpoint"))
    except (BadModelFile, OSError):
        return None


def _identity(checkpoint: Any) -> tuple[Any, ...] | None:
    return (checkpoint["sha256"], checkpoint["class"]) if isinstance(checkpoint, dict) else None


def _check_free(folder: Path, again: bool) -> None:
    """Refuse to write among other files, or over another model that nobody gave up."""
    if folder.is_file():
        raise BadOption("is a file", expected="a folder", remedy="Give one with --out", path=folder)
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    others = sorted(name for name in names if name not in _OWN_FILES and not name.startswith("."))
    if others:
        raise BadOption(
            f"holds other files, such as {others[0]}",
            expected="a new or empty folder",
            remedy="Give one with --out",
            path=folder,
        )
    if "model.json" in names and not again:
        raise BadOption(
            "holds another model",
            remedy="Give another folder with --out, or replace it with --again",
            path=folder,
        )
