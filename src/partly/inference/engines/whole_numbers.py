"""A network in whole numbers of 8 bits, calibrated on a person's photos, with what that costs told.

Weights get a scale for each channel, activations one for each map, from the smallest and largest values that
occur on the photos (Jacob et al., CVPR 2018, section 2; Krishnamoorthi, arXiv 1806.08342, section 3).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from partly.data.labels import PartSet
from partly.data.photos import PhotoSource, padded_square
from partly.errors import BadPhoto, NotAvailable, counted
from partly.inference.engines.engine_network import EngineFile, Pixels, open_engine
from partly.inference.export import read_onnx_facts, silent_runtime
from partly.inference.export.onnx_metadata import read_metadata
from partly.storage import atomic_path, read_json_or_none, sha256_of, write_json

_N_PHOTOS = 64
_HELD_OUT = 4
"""One photo of so many is not calibrated on, but compared on."""

_SURE = 0.95
"""With less agreement than that, weights of 7 bits are tried, too: see :func:`_written`."""


@dataclass(frozen=True)
class Agreement:
    """How well label maps in whole numbers agree with those of the network itself.

    Attributes:
        n_photos: compared, none of which was calibrated on.
        n_calibrated: photos that were.
        mean_iou: mean over parts of the IoU pooled over these photos, 0 to 1; None: nothing was compared.
        worst_part: the part with the lowest.
        worst_iou: its IoU.
    """

    n_photos: int
    n_calibrated: int
    mean_iou: float | None = None
    worst_part: str = ""
    worst_iou: float = 1.0

    def __str__(self) -> str:
        """As people are told it."""
        begin = f"int8, calibrated on {counted(self.n_calibrated, 'photo')}"
        if self.mean_iou is None:
            return f"{begin}: there is no other photo to tell what it costs on"
        return (
            f"{begin}: on {counted(self.n_photos, 'other photo')} its masks agree with those of the network "
            f"to {100 * self.mean_iou:.1f} % IoU, mean over parts ({self.worst_part} least, "
            f"{100 * self.worst_iou:.1f} %)"
        )


def int8_file(
    exact: Path, photos: Callable[[], Sequence[PhotoSource]], folder: Path, on_note: Callable[[str], None]
) -> EngineFile:
    """The network of a file in whole numbers, as it is in a folder already, or made now.

    Args:
        exact: an ONNX file that Partly wrote.
        photos: gives photos, of which up to 64, spread over all, are calibrated or compared on.
        folder: of results; ``.partly/int8-….onnx`` is kept in it, so that photos that come later, and other
            commands that share the work, are segmented with the same numbers.
        on_note: told of the agreement.

    Raises:
        NotAvailable: a package that this needs is not installed.
        BadPhoto: no photo can be read.
    """
    digest = str(read_onnx_facts(exact)["digest"])
    path, card, lock = (
        folder / ".partly" / f"int8-{digest[:16]}{suffix}" for suffix in (".onnx", ".json", ".lock")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of several commands that begin at once, one calibrates, and the others wait for it.
    with FileLock(lock):
        known = read_json_or_none(card) or {}
        if not path.is_file() or known.get("file") != sha256_of(path):
            agreement = _made(exact, path, _shown(photos(), exact))
            known = {"network": digest, "file": sha256_of(path), "agreement": asdict(agreement)}
            write_json(card, known)
    on_note(str(Agreement(**known["agreement"])))
    return EngineFile("onnxruntime", path, f"{digest}+int8 {known['file']}", str(known["file"]))


def _shown(photos: Sequence[PhotoSource], exact: Path) -> list[Pixels]:
    """Photos as the network sees them, ``[1, s, s, 3]``; those that cannot be read are told elsewhere."""
    size_px = int(read_onnx_facts(exact)["size_px"])
    places = np.unique(np.linspace(0, len(photos) - 1, min(len(photos), _N_PHOTOS)).round().astype(int))
    shown, error = list[Pixels](), BadPhoto("there is no photo to calibrate on")
    for place in places:
        try:
            shown.append(padded_square(photos[place].read().pixels, size_px)[0][None])
        except BadPhoto as one:
            error = one
    if not shown:
        raise error
    return shown


def _made(exact: Path, path: Path, shown: Sequence[Pixels]) -> Agreement:
    """Write the file, and compare."""
    held_out = shown[_HELD_OUT - 1 :: _HELD_OUT]
    calibrated = [one for i, one in enumerate(shown) if i % _HELD_OUT != _HELD_OUT - 1]
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".int8-") as scratch:
        tried: list[tuple[float, Path, Agreement]] = []
        for n_bits in (8, 7):
            file = Path(scratch) / f"{n_bits}.onnx"
            _written(exact, file, calibrated, n_bits)
            agreement = _compared(exact, file, held_out, len(calibrated))
            tried.append((agreement.mean_iou or 0.0, file, agreement))
            if agreement.mean_iou is None or agreement.mean_iou >= _SURE:
                break
        _, best, agreement = max(tried, key=lambda one: one[0])
        with atomic_path(path) as temporary:
            temporary.write_bytes(best.read_bytes())
    return agreement


def _written(exact: Path, file: Path, shown: Sequence[Pixels], n_bits: int) -> None:
    """Write a network with rounded numbers.

    Processors before VNNI add two products of 8 bits in 16, which overflow, unless weights have 7 bits.
    """
    try:
        import onnx
        from onnx.helper import set_model_props
        from onnxruntime import quantization
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise NotAvailable(
            f"the package {error.name} is not installed, which rounding a network to whole numbers needs",
            remedy="Install it: pip install 'partly[engines]', or leave --engine out",
        ) from error

    class _Photos(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = iter(shown)

        def get_next(self) -> dict[str, Pixels] | None:
            one = next(self._left, None)
            return None if one is None else {"images": one}

    prepared = file.with_suffix(".prepared.onnx")
    with _quiet():
        quant_pre_process(str(exact), str(prepared), skip_symbolic_shape=True)
        quantization.quantize_static(
            str(prepared),
            str(file),
            _Photos(),
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            reduce_range=n_bits == 7,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )
    model = onnx.load(str(file))
    set_model_props(model, read_metadata(exact))
    onnx.save(model, str(file))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the quantiser logs: advice to its developers."""
    silent_runtime()
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _compared(exact: Path, file: Path, shown: Sequence[Pixels], n_calibrated: int) -> Agreement:
    networks = [open_engine(EngineFile("onnxruntime", path, "")) for path in (exact, file)]
    part_set = networks[0].part_set
    counts = np.zeros((2, part_set.n_parts), np.int64)
    for one in shown:
        ids, rounded = (network.of_pixels(one).argmax(1) for network in networks)
        counts += _counts(ids, rounded, part_set)
    there = counts[1] > 0
    if not there.any():
        return Agreement(0, n_calibrated)
    iou = counts[0][there] / counts[1][there]
    worst = int(iou.argmin())
    names = [name for name, is_there in zip(part_set.names, there, strict=True) if is_there]
    return Agreement(len(shown), n_calibrated, float(iou.mean()), names[worst], float(iou[worst]))


def _counts(exact: np.ndarray, rounded: np.ndarray, part_set: PartSet) -> np.ndarray:
    """Pixels in both, and in one or both, for each part: ``[2, k]``."""
    pairs = np.bincount((exact * part_set.n_parts + rounded).ravel(), minlength=part_set.n_parts**2)
    table = pairs.reshape(part_set.n_parts, part_set.n_parts)
    both = table.diagonal()
    return np.stack([both, table.sum(0) + table.sum(1) - both])
