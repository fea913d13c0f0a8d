from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from partly.errors import BadModelFile
from partly.models.encoders import inception_network as inception
from partly.models.encoders.feature_network import FeatureNetwork
from partly.models.encoders.inception_network import (
    KIND,
    Conv,
    InceptionFeatures,
    folded,
    load_inception,
    resized_as_tensorflow,
)
from partly.storage.model_folders import ModelCard, save_model

FILE = Path("default_1.pt")


@pytest.fixture
def on_paper():
    """The network with shapes only."""
    with torch.device("meta"):
        return InceptionFeatures()


@pytest.fixture
def graph(on_paper):
    """All tensors of the graph, of the right shapes; each is one number, which takes no memory."""
    tensors = {}
    for name, weight in on_paper.state_dict().items():
        layer, _, kind = name.rpartition(".")
        if kind == "weight":
            tensors[name] = torch.tensor(0.01).expand(weight.shape)
            for part, value in (("beta", 0.2), ("mean", 0.1), ("var", 0.249)):
                tensors[f"{layer}.{part}"] = torch.tensor(value).expand(weight.shape[0])
    return tensors


def test_the_shape_of_the_paper(on_paper):
    """Table 1 of the paper; 94 convolutions with 21.8 million weights and biases."""
    assert sum(isinstance(module, Conv) for module in on_paper.modules()) == 94
    assert sum(p.numel() for p in on_paper.parameters()) == 21_768_352
    assert isinstance(on_paper, FeatureNetwork)
    network = on_paper.to_empty(device="cpu").requires_grad_(False)
    for p in network.parameters():
        p.zero_()
    sizes = []
    x = torch.zeros(1, 3, 299, 299)
    for layer in network.layers:
        x = layer(x)
        sizes.append(tuple(x.shape[1:3]))
    assert sizes == [
        *[(32, 149), (32, 147), (64, 147), (64, 73), (80, 73), (192, 71), (192, 35)],
        *[(256, 35), (288, 35), (288, 35)],
        *[(768, 17)] * 5,
        (1280, 8),
        *[(2048, 8)] * 2,
    ]


def test_batch_norm_is_folded_in(graph):
    """``(w x - mean) / sqrt(var + 0.001) + beta``, by hand: sqrt(0.25) is a half."""
    weights = folded(graph, FILE)
    assert weights["layers.conv.weight"].unique().tolist() == pytest.approx([0.02])
    assert weights["layers.mixed_8.tower_1.conv_3.bias"].unique().tolist() == pytest.approx([0.0], abs=1e-7)
    assert len(weights) == 2 * 94


def test_other_networks_are_refused(graph):
    lacking = {name: tensor for name, tensor in graph.items() if name != "layers.mixed.conv.beta"}
    with pytest.raises(
        BadModelFile,
        match=r"default_1.pt: lacks the tensor layers.mixed.conv.beta; expected the Inception network of FID",
    ):
        folded(lacking, FILE)
    with pytest.raises(BadModelFile, match=r"has 1 tensors too many, such as fc.weight"):
        folded({**graph, "fc.weight": torch.zeros(1)}, FILE)
    with pytest.raises(
        BadModelFile, match=r"layers.conv has weights of shape \[32, 1, 3, 3\]; expected \[32, 3, 3, 3\]"
    ):
        folded({**graph, "layers.conv.weight": torch.zeros(32, 1, 3, 3)}, FILE)


@pytest.fixture
def tiny(monkeypatch):
    """Its networks have one layer."""
    whole = inception._empty

    def with_one_layer():
        network = whole()
        network.layers = nn.Sequential(OrderedDict(conv=Conv(3, 2, 1)))
        return network

    monkeypatch.setattr(inception, "_empty", with_one_layer)


def test_from_a_model_folder(tiny, tmp_path):
    tensors = {"layers.conv.weight": torch.zeros(2, 3, 1, 1), "layers.conv.bias": torch.tensor([0.5, -1])}
    card = save_model(tmp_path, ModelCard(KIND, {}), tensors)
    network = load_inception(tmp_path)
    assert network.digest == card.weights_sha256
    assert network.features(torch.zeros(3, 3, 16, 16)).tolist() == [[0.5, 0]] * 3
    save_model(tmp_path, ModelCard(KIND, {}), {"a": torch.zeros(1)})
    with pytest.raises(BadModelFile, match="its weights do not fit"):
        load_inception(tmp_path)
    save_model(tmp_path, ModelCard("encoder/x", {}), tensors)
    with pytest.raises(BadModelFile, match="is a model of kind 'encoder/x'"):
        load_inception(tmp_path)


def test_bytes_become_what_the_graph_takes(tiny, tmp_path):
    """0, 128 and 255 become -1, 0 and 127/128: a layer that adds 2 shows it, since all is above 0 then."""
    tensors = {
        "layers.conv.weight": torch.eye(3)[:2, :, None, None],
        "layers.conv.bias": torch.full((2,), 2.0),
    }
    save_model(tmp_path, ModelCard(KIND, {}), tensors)
    grey = torch.tensor([0, 128, 255.0])[:, None, None, None].expand(3, 3, 4, 4)
    rows = load_inception(tmp_path).features(grey / 127.5 - 1)
    torch.testing.assert_close(rows[:, 0], torch.tensor([1, 2, 2 + 127 / 128]))


@pytest.mark.parametrize("size", [2, 5, 7, 11])
def test_resizing_as_tensorflow_does(size):
    """Against ``tf.compat.v1.image.resize_bilinear`` written out: output i lies at i * n / size."""
    images = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 5, 7))).float()
    found = resized_as_tensorflow(images, size)
    for y, x in np.ndindex(size, size):
        top, left = y * 5 / size, x * 7 / size
        rows = (int(top), min(int(top) + 1, 4))
        columns = (int(left), min(int(left) + 1, 6))
        down, right = top - rows[0], left - columns[0]
        upper = (1 - right) * images[:, :, rows[0], columns[0]] + right * images[:, :, rows[0], columns[1]]
        lower = (1 - right) * images[:, :, rows[1], columns[0]] + right * images[:, :, rows[1], columns[1]]
        torch.testing.assert_close(found[:, :, y, x], (1 - down) * upper + down * lower)
