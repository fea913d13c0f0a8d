"""What is not exported, and files that no export wrote."""

import re
import sys

import onnx
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from partly.errors import BadModelFile, NotAvailable, PartlyError
from partly.inference.export.export_trials import largest_difference, trials_of
from partly.inference.export.network_facts import read_onnx_facts
from partly.inference.export.onnx_file import PACKAGES, export_onnx
from partly.inference.export.onnx_graph import OnnxGraph
from partly.inference.export.onnx_translation import translate
from tests.inference.export.networks import lively_network


@pytest.fixture
def network():
    return lively_network("unet-small")


def with_metadata(path, metadata):
    model = onnx.ModelProto()
    model.graph.initializer.append(onnx.helper.make_tensor("weights", 1, [2], [1.0, 2.0]))
    onnx.helper.set_model_props(model, metadata)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("name", PACKAGES)
def test_missing_packages_are_named(name, network, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NotAvailable) as caught:
        export_onnx(network, tmp_path / "network.onnx")
    assert str(caught.value) == (
        f"the package {name} is not installed, which an export needs. "
        "Install it: pip install 'partly[export]'."
    )
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("difference", "said"), [(2e-4, "0.0002"), (float("inf"), "inf"), (float("nan"), "nan")]
)
def test_what_came_out_different_is_not_kept(difference, said, small, network, tmp_path, monkeypatch):
    model = onnx.load(small.file.path)
    monkeypatch.setattr("partly.inference.export.onnx_file.onnx_model", lambda _network: model)
    monkeypatch.setattr(
        "partly.inference.export.onnx_file.largest_difference", lambda _model, _trials: difference
    )
    path = tmp_path / "network.onnx"
    path.write_bytes(b"the one before")
    with pytest.raises(PartlyError) as caught:
        export_onnx(network, path)
    assert str(caught.value) == (
        f"{path}: the exported network differs from the original by {said}, and was not kept; "
        "expected less than 0.0001. Install the versions of constraints.txt, or report this with yours."
    )
    assert [p.read_bytes() for p in tmp_path.iterdir()] == [b"the one before"]


def test_the_comparison_notices_other_weights_and_other_labels(small):
    model = small.file.path.read_bytes()
    assert largest_difference(model, trials_of(small.network)) == small.file.largest_difference
    assert largest_difference(model, trials_of(lively_network("unet-small", seed=1))) > 0.1
    wrong = onnx.load_from_string(model)
    (last,) = (node for node in wrong.graph.node if node.op_type == "ArgMax")
    last.op_type = "ArgMin"
    assert largest_difference(wrong.SerializeToString(), trials_of(small.network)) == float("inf")


def test_logits_that_are_not_finite(network, tmp_path):
    with torch.no_grad():
        network.body.head.bias[1] = float("nan")
    with pytest.raises(BadModelFile, match=r"^the network's logits are not finite. Train it again.$"):
        export_onnx(network, tmp_path / "network.onnx")


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (nn.Tanh(), "of Tanh: add it in partly.inference.export.onnx_translation"),
        (nn.Conv2d(3, 4, 3, padding="same"), "of the padding of 0: zeros, same"),
        (nn.Conv2d(3, 4, 3, padding_mode="circular"), "of the padding of 0: circular, (0, 0)"),
    ],
)
def test_layers_without_a_translation_are_defects(layer, what):
    with pytest.raises(TypeError, match=f"^no translation to ONNX {re.escape(what)}$"):
        translate(nn.Sequential(layer), "images", OnnxGraph())


@pytest.mark.parametrize(
    ("forward", "what"),
    [
        (torch.sigmoid, "of sigmoid: add it in partly.inference.export.onnx_translation"),
        (lambda maps: F.pad(maps, (1, 1, 1, 1), mode="reflect"), "of padding by reflect None, (1, 1, 1, 1)"),
        (lambda maps: F.max_pool2d(maps, 3, stride=2), "of max_pool2d but with its own defaults"),
    ],
)
def test_functions_without_a_translation_are_defects(forward, what):
    class Body(nn.Module):
        def forward(self, maps):
            return forward(maps)

    with pytest.raises(TypeError, match=f"^no translation to ONNX {re.escape(what)}$"):
        translate(Body(), "images", OnnxGraph())


def test_files_that_are_not_there_or_no_onnx(small, tmp_path):
    path = tmp_path / "network.onnx"
    with pytest.raises(BadModelFile, match=r"no such file; expected a network that partly export wrote.$"):
        read_onnx_facts(path)
    whole = small.file.path.read_bytes()
    for data in (whole[:1000], whole[:-3], b"\xff" * 40, b"\x0b", b"\x08", b"PK\x03\x04", b"<html></html>"):
        path.write_bytes(data)
        with pytest.raises(BadModelFile, match=r"is no ONNX file \(it .*\). Export the network again.$"):
            read_onnx_facts(path)


def test_onnx_files_of_others(tmp_path):
    for path in (with_metadata(tmp_path / "a.onnx", {}), with_metadata(tmp_path / "b.onnx", {"size": "3"})):
        with pytest.raises(BadModelFile, match=r"says nothing about parts; expected a network that partly"):
            read_onnx_facts(path)


def test_another_schema_version_and_damaged_facts(tmp_path):
    path = with_metadata(tmp_path / "a.onnx", {"partly.schema_version": "2"})
    with pytest.raises(
        BadModelFile, match=r"has schema version '2'; expected version 1. Use the version of Partly"
    ):
        read_onnx_facts(path)
    facts = {"schema_version": "1", "architecture": "a", "digest": "d", "size_px": "8", "preprocessing": "{}"}
    for part_set in ("[", "[]", "[" * 100_000, None):
        metadata = facts if part_set is None else {**facts, "part_set": part_set}
        with_metadata(path, {f"partly.{name}": value for name, value in metadata.items()})
        with pytest.raises(BadModelFile, match=r"its metadata is damaged \(.*\). Export the network again.$"):
            read_onnx_facts(path)
