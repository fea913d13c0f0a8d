"""An exported file as a network: bytes of photos to logits, by onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from partly.data.labels import PartSet
from partly.errors import BadModelFile, NotAvailable
from partly.inference.export import read_onnx_facts, silent_runtime
from partly.machine import usable_processors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_MOST_SIDE_PX = 4096
_AGAIN = "Export the network again: partly export"


@dataclass(frozen=True, eq=False)
class ExportedNetwork:
    """A network from one ONNX file. Several threads may call it at once.

    Attributes:
        path: the file.
        n_bytes: its size.
        part_set: what the ``k`` logits mean.
        size_px: size that photos are best resized to.
        only_size: height and width that images must have; None: any.
        architecture: what it is made of.
        digest: SHA-256 of the network that the file was made from.
    """

    path: Path
    n_bytes: int
    part_set: PartSet
    size_px: int
    only_size: tuple[int, int] | None
    architecture: str
    digest: str
    _session: InferenceSession = field(repr=False)

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Images uint8 ``[b, h, w, 3]``, RGB, to logits ``[b, k, h, w]``.

        Raises:
            BadModelFile: the file cannot be run, or its logits are not finite or of another shape.
        """
        try:
            (logits,) = self._session.run(["logits"], {"images": images})
        # onnxruntime's errors have no base of their own.
        except Exception as error:
            raise BadModelFile(
                f"cannot be run ({_first_line(error)})", remedy=_AGAIN, path=self.path
            ) from error
        expected = (len(images), self.part_set.n_parts, *images.shape[1:3])
        if logits.shape != expected or logits.dtype != np.float32:
            raise BadModelFile(
                f"gives logits {list(logits.shape)}",
                expected=str(list(expected)),
                remedy=_AGAIN,
                path=self.path,
            )
        # What is no number, or infinite, is among the ends.
        if not np.isfinite([logits.min(), logits.max()]).all():
            raise BadModelFile("its logits are not finite", remedy=_AGAIN, path=self.path)
        return np.asarray(logits)


def load_exported(path: str | Path, *, n_threads: int | None = None) -> ExportedNetwork:
    """Read an exported network, and try it on one grey image.

    Args:
        path: what ``partly export`` wrote.
        n_threads: that one call works with; None: as many as there are cores.

    Raises:
        NotAvailable: onnxruntime is not installed.
        BadModelFile: the file is missing, damaged, or not one that Partly exported.
    """
    path = Path(path)
    facts = read_onnx_facts(path)
    size_px, only_size = _sizes_of(facts, path)
    data = path.read_bytes()
    network = ExportedNetwork(
        path,
        len(data),
        PartSet.from_json(facts["part_set"], path),
        size_px,
        only_size,
        facts["architecture"],
        facts["digest"],
        _session_of(data, path, n_threads or usable_processors()),
    )
    network(np.full((1, *(only_size or (size_px, size_px)), 3), 127, np.uint8))
    return network


def _sizes_of(facts: dict[str, Any], path: Path) -> tuple[int, tuple[int, int] | None]:
    """The size to resize photos to, and the only height and width, where there is one."""
    only = facts.get("only_size_px")
    sides = [facts["size_px"], *(only if isinstance(only, list) else [])]
    is_pair = isinstance(only, list) and len(only) == 2
    if not all(type(side) is int and 0 < side <= _MOST_SIDE_PX for side in sides) or not (
        only is None or is_pair
    ):
        raise BadModelFile(
            f"says that photos have the size {facts['size_px']}, {only}",
            expected=f"sides of 1 to {_MOST_SIDE_PX} px",
            remedy=_AGAIN,
            path=path,
        )
    return sides[0], (sides[1], sides[2]) if is_pair else None


def _session_of(data: bytes, path: Path, n_threads: int) -> InferenceSession:
    try:
        onnxruntime = silent_runtime()
    except ImportError as error:
        raise NotAvailable(
            "the package onnxruntime is not installed, which runs exported networks",
            remedy="Install it: pip install 'partly[serve]'",
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    # Threads that wait for work busily would starve those that decode photos.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        # Without the fallback, which prints.
        session = onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
        names = [one.name for one in session.get_inputs()], {one.name for one in session.get_outputs()}
    # onnxruntime's errors have no base of their own.
    except Exception as error:
        raise BadModelFile(
            f"is no network that can be run ({_first_line(error)})", remedy=_AGAIN, path=path
        ) from error
    if names[0] != ["images"] or "logits" not in names[1]:
        raise BadModelFile(
            f"reads {', '.join(names[0])} and gives {', '.join(sorted(names[1]))}",
            expected="images and logits",
            remedy=_AGAIN,
            path=path,
        )
    return session


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
