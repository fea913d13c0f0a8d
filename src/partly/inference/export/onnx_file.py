"""Writing the file, once it is known to be right."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from partly.errors import BadOption, NotAvailable, PartlyError
from partly.inference.export.export_trials import largest_difference, trials_of
from partly.inference.export.network_facts import facts_of, metadata_of
from partly.inference.export.onnx_model import OPSET, encoder_onnx_model, onnx_model
from partly.inference.export.sized_encoder import exportable_encoder
from partly.inference.segment import EncoderNetwork
from partly.models.networks import AutoShotNetwork
from partly.storage import write_bytes

PACKAGES = ("onnx", "onnxruntime")
"""What writes the graph, and what runs it."""


def require_packages() -> None:
    """Import what an export needs, before any work is done.

    Raises:
        NotAvailable: a package is not installed.
    """
    for name in PACKAGES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise NotAvailable(
                f"the package {name} is not installed, which an export needs",
                remedy="Install it: pip install 'partly[export]'",
            ) from error


TOLERANCE = 1e-4
"""Logits may differ by less than this; they are some units apart where a network is sure."""

ENCODER_TOLERANCE = 1e-3
"""Of a network with an encoder of photos inside, which is several times as deep."""


@dataclass(frozen=True)
class OnnxFile:
    """An exported network.

    Attributes:
        path: where it is.
        n_bytes: its size.
        opset: the version of ONNX's operations that it needs.
        largest_difference: of a logit from that of the network in torch, over the images that were tried.
    """

    path: Path
    n_bytes: int
    opset: int
    largest_difference: float


def export_onnx(
    network: AutoShotNetwork | EncoderNetwork,
    path: str | Path,
    *,
    size: tuple[int, int] | None = None,
    extra: Mapping[str, str] | None = None,
) -> OnnxFile:
    """Write a network as one ONNX file that needs neither Partly nor torch; atomically, and only if right.

    The input ``images`` is uint8 RGB ``[b, h, w, 3]``, of any number and size. The outputs are ``logits``,
    float32 ``[b, k, h, w]``, and ``label_map``, the part ids uint8 ``[b, h, w]``. Preprocessing is inside,
    norms are folded, and :func:`read_onnx_facts` tells the parts. Before anything is written, onnxruntime
    runs it on images of several sizes, and the logits are compared with torch's. Takes some seconds.

    The file of a network with an encoder of photos inside reads photos of one size only: positions of
    patches, which depend on it, are constants there.

    Args:
        network: stays as it is.
        path: the file.
        size: height and width of the photos that the file will read, for a network with an encoder inside;
            None: squares of its ``size_px``.
        extra: more metadata, such as a licence; names that begin with ``partly.`` are Partly's own.

    Raises:
        NotAvailable: a package that this needs is not installed.
        BadModelFile: the network's logits are not finite.
        BadOption: there is no export of the encoder or segmenter inside, the encoder does not read photos of
            that size, or a size is given where the file reads any.
        PartlyError: what came out differs by :data:`TOLERANCE` or more, or by :data:`ENCODER_TOLERANCE`.
    """
    require_packages()
    path = Path(path)
    size = _only_size(network, size)
    tolerance = TOLERANCE if size is None else ENCODER_TOLERANCE
    trials = trials_of(network, size)
    model = _described(network, size, extra or {})
    difference = largest_difference(model, trials)
    if not difference < tolerance:
        raise PartlyError(
            f"the exported network differs from the original by {difference:.2g}, and was not kept",
            expected=f"less than {tolerance:g}",
            remedy="Install the versions of constraints.txt, or report this with yours",
            path=path,
        )
    write_bytes(path, model)
    return OnnxFile(path, len(model), OPSET, difference)


def _only_size(
    network: AutoShotNetwork | EncoderNetwork, size: tuple[int, int] | None
) -> tuple[int, int] | None:
    """The only height and width that the file will read; None: any."""
    if isinstance(network, EncoderNetwork):
        exportable_encoder(network.encoder, network.segmenter)
        height, width = size or (network.size_px, network.size_px)
        multiple_px = network.multiple_px or network.size_px
        if min(height, width) < multiple_px or height % multiple_px or width % multiple_px:
            raise BadOption(
                f"photos of {height} x {width} px",
                expected=f"height and width that are multiples of {multiple_px}, which the encoder reads",
            )
        return height, width
    if size is not None:
        raise BadOption(
            "a size of photos for the auto-shot network, whose file reads photos of any size",
            remedy="Leave the size out, or export the network with an encoder inside",
        )
    return None


def _described(
    network: AutoShotNetwork | EncoderNetwork, size: tuple[int, int] | None, extra: Mapping[str, str]
) -> bytes:
    """The bytes of the file: the graph, with what it says about itself."""
    from onnx.checker import check_model
    from onnx.helper import set_model_props

    if isinstance(network, AutoShotNetwork):
        model = onnx_model(network)
    else:
        model = encoder_onnx_model(network, size or (network.size_px, network.size_px))
    set_model_props(model, {**extra, **metadata_of(facts_of(network, size))})
    check_model(model)
    return model.SerializeToString(deterministic=True)
