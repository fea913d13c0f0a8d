"""What exported files say, beside the networks that they were made from."""

import copy
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from partly.data.labels.part_sets import PartSet
from partly.inference.export.network_facts import read_onnx_facts
from partly.inference.export.onnx_file import export_onnx
from partly.inference.export.onnx_metadata import read_metadata
from partly.inference.export.onnx_model import OPSET
from partly.models.networks.architectures import ARCHITECTURES
from tests.inference.export.networks import PARTS, SIZE_PX

LARGE = ("unet-medium", "unet-paper")
EACH = [pytest.param(name, marks=pytest.mark.slow if name in LARGE else ()) for name in ARCHITECTURES]
SHAPES = [(1, 64, 64), (3, 33, 50), (1, 70, 31), (1, 1, 1), (2, 1, 37)]


def bytes_of(shape, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


def logits_of(network, images):
    with torch.inference_mode():
        return network(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1).numpy()


def outputs_of(file, images):
    session = onnxruntime.InferenceSession(file.path, providers=["CPUExecutionProvider"])
    return session.run(["logits", "label_map"], {"images": images})


@pytest.mark.parametrize("architecture", EACH)
def test_the_file_says_what_the_network_says(export, architecture):
    exported = export(architecture)
    n_labels = set()
    for shape in SHAPES:
        images = bytes_of(shape)
        expected = logits_of(exported.network, images)
        logits, label_map = outputs_of(exported.file, images)
        assert logits.dtype == np.float32
        assert logits.shape == expected.shape == (shape[0], PARTS.n_parts, *shape[1:])
        assert np.abs(logits - expected).max() < 1e-4
        assert label_map.dtype == np.uint8
        assert np.array_equal(label_map, logits.argmax(1))
        n_labels |= set(label_map.ravel())
    assert len(n_labels) > 1
    assert 0 < exported.file.largest_difference < 1e-4


@pytest.mark.parametrize("architecture", EACH)
def test_the_file_is_hardly_larger_than_its_weights(export, architecture):
    exported = export(architecture)
    n_weights = sum(p.numel() for p in exported.network.parameters())
    assert exported.file.n_bytes == exported.file.path.stat().st_size
    assert exported.file.n_bytes < 4 * n_weights + 40_000


@pytest.mark.parametrize("architecture", ["unet-small", "lite0-unet"])
def test_the_file_is_plain(export, architecture):
    model = onnx.load(export(architecture).file.path)
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", OPSET)]
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    assert all(i.data_location == onnx.TensorProto.DEFAULT for i in model.graph.initializer)
    assert ".py" not in str(model.graph.node)
    dims = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in model.graph.output]
    assert dims == [["batch", PARTS.n_parts, "height", "width"], ["batch", "height", "width"]]


def test_facts(export):
    exported = export("lite0-unet")
    facts = read_onnx_facts(exported.file.path)
    assert PartSet.from_json(facts["part_set"]) == PARTS
    assert json.loads(json.dumps(facts)) == facts
    assert {name: value for name, value in facts.items() if name != "part_set"} == {
        "schema_version": 1,
        "architecture": "lite0-unet",
        "digest": exported.network.digest,
        "size_px": SIZE_PX,
        "preprocessing": {"channels": "RGB", "layout": "NHWC", "range": [0, 255]},
    }


def test_metadata_that_other_programs_read(small):
    session = onnxruntime.InferenceSession(small.file.path)
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["partly.part_set"]) == PARTS.to_json()
    assert metadata["partly.size_px"] == str(SIZE_PX)
    assert metadata["partly.digest"] == small.network.digest
    assert metadata["partly.schema_version"] == "1"


def test_more_metadata_does_not_displace_partlys(small, tmp_path, monkeypatch):
    model = onnx.load(small.file.path)
    monkeypatch.setattr("partly.inference.export.onnx_file.onnx_model", lambda _network: model)
    network = copy.deepcopy(small.network).train()
    extra = {"licence": "CC0", "partly.size_px": "1"}
    again = export_onnx(network, tmp_path / "new" / "network.onnx", extra=extra)
    assert read_metadata(again.path)["licence"] == "CC0"
    assert read_onnx_facts(again.path) == read_onnx_facts(small.file.path)
    assert [path.name for path in again.path.parent.iterdir()] == ["network.onnx"]
    assert network.training
    assert network.digest == small.network.digest
