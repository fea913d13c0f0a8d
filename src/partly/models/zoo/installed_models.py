"""Models by name or by folder."""

from __future__ import annotations

from pathlib import Path

from partly.errors import BadModelFile, NotAvailable
from partly.models.generators.generator_protocol import Generator
from partly.models.generators.generator_table import load_generator as load_generator_folder
from partly.models.zoo.downloads import DOWNLOADS, ENCODER, generator_names, model_folder
from partly.models.zoo.efficientnet_weights import KIND as ENCODER_KIND
from partly.storage import load_model


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
