"""Which prediction, or photo, belongs to which truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from partly.data.photos import bare_name
from partly.errors import BadLabel, listed
from partly.storage import is_hidden


@dataclass(frozen=True)
class Matches:
    """Names that belong together.

    Attributes:
        pairs: name of the truth, name of the other; in the order of the truth.
        n_unused: number of others without truth.
    """

    pairs: tuple[tuple[str, str], ...]
    n_unused: int


def find_label_maps(folder: str | Path) -> dict[str, Path]:
    """The PNGs of a folder and its subfolders, sorted, by relative POSIX path; hidden ones are left out.

    Raises:
        BadLabel: it is no folder, or holds no PNG.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadLabel(
            "is no folder" if folder.exists() else "no such folder",
            expected="a folder of label maps",
            path=folder,
        )
    relative = sorted(
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.suffix.lower() == ".png" and path.is_file()
    )
    found = {path.as_posix(): folder / path for path in relative if not any(map(is_hidden, path.parts))}
    if not found:
        raise BadLabel("holds no label maps", expected="PNG files", path=folder)
    return found


def match_names(
    truths: Iterable[str], others: Iterable[str], *, kind: str, folder: str | Path, complete: bool = True
) -> Matches:
    """Match by path without suffix or, where no two agree, by the bare name without folder and suffix.

    Args:
        truths: names of label maps.
        others: names of predictions or photos; those without truth are passed over.
        kind: what the others are called in errors ("prediction").
        folder: where the truth is, for errors.
        complete: every truth needs its other.

    Raises:
        BadLabel: truths without their other, listed; or bare names that are not unique.
    """
    truths, others = list(truths), list(others)
    key = _path_key if {*map(_path_key, truths)} & {*map(_path_key, others)} else _stem_key
    named = {key(name): name for name in others}
    missing = [name for name in truths if key(name) not in named]
    if missing and complete:
        raise BadLabel(
            f"{len(missing)} of {len(truths)} label maps have no {kind}: {listed(missing)}",
            expected=f"a {kind} of the same name for every truth",
            remedy=f"Add each missing {kind}, or take its truth away",
            path=folder,
        )
    wanted = Counter(map(key, truths))
    doubtful = [name for name in others if wanted[key(name)] and named[key(name)] != name]
    doubtful += [name for name in truths if wanted[key(name)] > 1]
    if doubtful:
        raise BadLabel(
            f"several files of one name may belong together: {listed(doubtful)}",
            expected=f"one truth and one {kind} of a name",
            remedy="Give them distinct names, or the same folders on both sides",
            path=folder,
        )
    pairs = tuple((name, named[key(name)]) for name in truths if key(name) in named)
    return Matches(pairs, len(others) - len(pairs))


def _path_key(name: str) -> str:
    return bare_name(name)


def _stem_key(name: str) -> str:
    return PurePosixPath(bare_name(name)).name
