"""What can be got by name, and where it is kept.

A new one is a file with ``PACKAGE`` and ``convert``, and a line here.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from partly.errors import BadModelFile, BadOption
from partly.models.zoo.wheel_files import fetched_members
from partly.storage import cache_folder

ENCODER = "efficientnet-lite0"
INCEPTION = "inception"
DINOV2 = "dinov2-small"
VGG16 = "vgg16"
MOBILE_SAM = "mobile-sam"
LPIPS = "lpips"


@dataclass(frozen=True)
class Download:
    """A model that can be got.

    Attributes:
        name: how it is asked for.
        kind: what it is for.
        title: what it is.
        module: has its ``PACKAGE`` and ``convert``; imported when it is got, since it needs torch.
        size_mb: how much is downloaded.
    """

    name: str
    kind: Literal["generator", "encoder", "feature network", "distance"]
    title: str
    module: str
    size_mb: int


DOWNLOADS: dict[str, Download] = {
    download.name: download
    for download in (
        Download(
            "ffhq",
            "generator",
            "generator of faces, 1024 px (weights for research use)",
            "partly.models.zoo.ffhq_weights",
            37,
        ),
        Download(
            DINOV2,
            "encoder",
            "vision transformer of the shape of DINOv2 small, to read photos of any object with",
            "partly.models.zoo.dinov2_weights",
            90,
        ),
        Download(
            ENCODER,
            "encoder",
            "encoder pretrained on ImageNet, for auto-shot networks, and to read photos with",
            "partly.models.zoo.efficientnet_weights",
            17,
        ),
        Download(
            INCEPTION,
            "feature network",
            "feature network of FID and KID, to measure generators with",
            "partly.models.zoo.inception_weights",
            81,
        ),
        Download(
            VGG16,
            "encoder",
            "network pretrained on ImageNet, to read photos with",
            "partly.models.zoo.vgg16_weights",
            64,
        ),
        Download(
            MOBILE_SAM,
            "encoder",
            "encoder of MobileSAM (TinyViT), to read photos with",
            "partly.models.zoo.mobile_sam_weights",
            38,
        ),
        Download(
            LPIPS,
            "distance",
            "how unlike people find two pictures: what photos are searched for in generators by",
            "partly.models.zoo.lpips_weights",
            64,
        ),
    )
}


@dataclass(frozen=True)
class Got:
    """Where a model is now.

    Attributes:
        folder: its model folder.
        was_there: nothing had to be done.
    """

    folder: Path
    was_there: bool


def shipped_generators() -> dict[str, Path]:
    """Model folders of the generators that are part of Partly itself, by name."""
    folder = Path(str(files("partly.data") / "shipped" / "generators"))
    return {card.parent.name: card.parent for card in sorted(folder.glob("*/model.json"))}


def download_named(name: str) -> Download:
    """The entry of that name.

    Raises:
        BadOption: there is none.
    """
    check_name(name)
    return DOWNLOADS[name]


def check_name(name: str) -> None:
    """Refuse names of nothing.

    Raises:
        BadOption: nothing of that name can be got, or is there.
    """
    if name not in DOWNLOADS and name not in shipped_generators():
        raise BadOption(
            f"there is nothing called {name!r} to get",
            expected=f"one of {', '.join(DOWNLOADS)}, or the file of a checkpoint",
        )


def generator_names() -> list[str]:
    """Names of the generators that can be got, and of those that need not."""
    got = [name for name, download in DOWNLOADS.items() if download.kind == "generator"]
    return [*got, *shipped_generators()]


def encoder_names() -> list[str]:
    """Names of the encoders that can be got."""
    return [name for name, download in DOWNLOADS.items() if download.kind == "encoder"]


def model_folder(name: str) -> Path:
    """Where the model of that name is kept, or would be."""
    return shipped_generators().get(name) or cache_folder() / "models" / name


def get(name: str, *, again: bool = False, local_file: Path | None = None) -> Got:
    """Get a model by name into the cache, unless it is there and sound.

    Args:
        name: a name of :data:`DOWNLOADS`.
        again: get it even so.
        local_file: the package's file, for machines without a network.

    Raises:
        BadOption: an unknown name.
        NotAvailable: it cannot be downloaded.
        BadModelFile: the download has another digest.
    """
    folder = model_folder(name)
    if name in shipped_generators():
        return Got(folder, was_there=True)
    download = download_named(name)
    if not again and is_sound(folder):
        return Got(folder, was_there=True)
    source = importlib.import_module(download.module)
    with fetched_members(source.PACKAGE, local_file) as members:
        source.convert(members, folder)
    return Got(folder, was_there=False)


def is_sound(folder: Path) -> bool:
    """Whether a model folder is there with undamaged weights."""
    from partly.storage import load_model

    try:
        load_model(folder)
    except BadModelFile:
        return False
    return True
