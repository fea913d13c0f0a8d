"""Models by name or by folder."""

from __future__ import annotations

from pathlib import Path

from partly.artefacts import load_model
from partly.downloads.catalogue import DOWNLOADS, ENCODER, generator_names, model_folder
from partly.downloads.efficientnet_lite0 import KIND as ENCODER_KIND
from partly.errors import BadModelFile, NotAvailable
from partly.generators.catalogue import load_generator as load_generator_folder
from partly.generators.protocol import Generator


def load_generator(source: str | Path) -> Generator:
    """Load a generator.

    Args:
        source: a name that ``partly get`` knows ("ffhq"), or a model folder.

    Raises:
        NotAvailable: it is not in the cache yet.
        BadModelFile: there is no such folder, or it is damaged or of another kind.
    """
    return load_generator_folder(generator_folder(source))


def generator_folder(source: str | Path) -> Path:
    """The model folder of a generator.

    Raises:
        NotAvailable: it is not in the cache yet.
        BadModelFile: there is no such folder.
    """
    folder = Path(source)
    if (folder / "model.json").is_file():
        return folder
    if str(source) in generator_names():
        folder = model_folder(str(source))
        if not (folder / "model.json").is_file():
            raise not_got(str(source))
        return folder
    raise BadModelFile(
        "is no generator",
        expected=f"a model folder with model.json, or one of {', '.join(generator_names())}",
        path=folder,
    )


def encoder_weights() -> Path:
    """The safetensors file of the pretrained encoder.

    Raises:
        NotAvailable: it is not in the cache yet.
        BadModelFile: it is damaged.
    """
    folder = model_folder(ENCODER)
    if not (folder / "model.json").is_file():
        raise not_got(ENCODER)
    load_model(folder, ENCODER_KIND)
    return folder / "model.safetensors"


def not_got(name: str) -> NotAvailable:
    """The error of a model that is not in the cache."""
    return NotAvailable(
        f"{name!r} ({DOWNLOADS[name].title}) is not on this machine yet",
        remedy=f"Run: partly get {name}",
        path=model_folder(name),
    )
