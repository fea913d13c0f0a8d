"""Models by name or by folder."""

from __future__ import annotations

from pathlib import Path

from partly.errors import BadModelFile, NotAvailable
from partly.models.encoders import RepresentationFamily, load_representation
from partly.models.encoders.efficientnet_features import KIND as ENCODER_KIND
from partly.models.encoders.lpips_network import LPIPS, load_lpips
from partly.models.generators.generator_protocol import Generator
from partly.models.generators.generator_table import load_generator as load_generator_folder
from partly.models.zoo.downloads import DOWNLOADS, ENCODER, encoder_names, generator_names, model_folder
from partly.models.zoo.downloads import LPIPS as LPIPS_NAME
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
    return _folder_of(source, generator_names(), "generator")


def _folder_of(source: str | Path, names: list[str], what: str) -> Path:
    """A folder with a card, or that of a name; a file must become a folder first."""
    folder = Path(source)
    if (folder / "model.json").is_file():
        return folder
    if str(source) in names:
        folder = model_folder(str(source))
        if not (folder / "model.json").is_file():
            raise not_got(str(source))
        return folder
    raise BadModelFile(
        f"is no {what}",
        expected=f"a model folder with model.json, or one of {', '.join(names)}",
        remedy=f"Run: partly get {folder}" if folder.is_file() else "Run: partly get NAME, with one of these",
        path=folder,
    )


def load_encoder(source: str | Path, size_px: int | None = None) -> RepresentationFamily:
    """Load a network that reads photos, whose features segmenters are fitted on.

    Args:
        source: a name that ``partly get`` knows ("dinov2-small"), or a model folder: an imported file of
            DINOv2's authors, or a VAE's encoder.
        size_px: side of the photos that it is meant for, a multiple of its ``multiple_px``; larger ones take
            longer and show smaller parts. None leaves it as it is (448 px for DINOv2).

    Raises:
        NotAvailable: it is not in the cache yet.
        BadModelFile: there is no such folder, or it is damaged or of another kind.
        BadOption: it reads no photos of that size.
    """
    encoder = load_representation(encoder_folder(source))
    if size_px is None or size_px == encoder.image_size_px:
        return encoder
    return encoder.at_size(size_px)


def encoder_folder(source: str | Path) -> Path:
    """The model folder of a network that reads photos.

    Raises:
        NotAvailable: it is not in the cache yet.
        BadModelFile: there is no such folder.
    """
    return _folder_of(source, encoder_names(), "encoder")


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


def installed_lpips() -> LPIPS:
    """The network of LPIPS.

    Raises:
        NotAvailable: it is not in the cache yet.
        BadModelFile: it is damaged.
    """
    folder = model_folder(LPIPS_NAME)
    if not (folder / "model.json").is_file():
        raise not_got(LPIPS_NAME)
    return load_lpips(folder)


def not_got(name: str) -> NotAvailable:
    """The error of a model that is not in the cache."""
    return NotAvailable(
        f"{name!r} ({DOWNLOADS[name].title}) is not on this machine yet",
        remedy=f"Run: partly get {name}",
        path=model_folder(name),
    )
