from __future__ import annotations

from pathlib import Path

import pytest
import torch

from partly.errors import BadModelFile
from partly.models.foreign.openvino_ir import read_ir
from partly.models.foreign.random_face import import_random_face
from tests.fakes import TINY, tiny_generator
from tests.models.foreign.openvino_look_alike import write_random_face


def test_imports_what_the_graphs_hold(tmp_path: Path) -> None:
    original = tiny_generator()
    write_random_face(tmp_path, original)
    imported = import_random_face(tmp_path, TINY)
    w = original.map(torch.randn(2, 8))
    a, b = original.synthesise(w).images, imported.synthesise(w).images
    assert a is not None
    assert b is not None
    torch.testing.assert_close(a, b)
    mean = original.mapping(torch.randn(20_000, 8)).mean(0)
    assert (imported.w_mean - mean).abs().max() < 0.05


def test_a_graph_of_another_network_is_refused(tmp_path: Path) -> None:
    write_random_face(tmp_path, tiny_generator())
    text = (tmp_path / "SynthesisNetwork.xml").read_text()
    (tmp_path / "SynthesisNetwork.xml").write_text(text.replace("m.conv1.bias", "m.conv9.bias"))
    with pytest.raises(BadModelFile, match=r"the graph has 0 layers named 'm\.conv1\.bias'; expected one"):
        import_random_face(tmp_path, TINY)


def test_a_graph_of_another_shape_is_refused(tmp_path: Path) -> None:
    write_random_face(tmp_path, tiny_generator())
    with pytest.raises(BadModelFile, match="the graph"):
        import_random_face(tmp_path)


def test_truncated_weights_are_refused(tmp_path: Path) -> None:
    write_random_face(tmp_path, tiny_generator())
    weights = tmp_path / "SynthesisNetwork.bin"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(
        BadModelFile, match=r"SynthesisNetwork\.bin: constant .* needs .* truncated or changed"
    ):
        import_random_face(tmp_path, TINY)


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<!DOCTYPE x><net/>", "declares a document type; expected plain XML"),
        ("<net>", "is no XML"),
        ("<net/>", "has no layers and edges; expected an OpenVINO IR graph"),
        (
            '<net><layers><layer id="0" name="c" type="Const"><data element_type="u1"/></layer></layers>'
            "<edges/></net>",
            "constant 'c' is not understood",
        ),
    ],
)
def test_bad_graphs_are_refused(tmp_path: Path, xml: str, text: str) -> None:
    (tmp_path / "g.xml").write_text(xml)
    (tmp_path / "g.bin").write_bytes(b"0000")
    with pytest.raises(BadModelFile, match=text):
        read_ir(tmp_path / "g.xml", tmp_path / "g.bin")


def test_ambiguous_readers_are_refused(tmp_path: Path) -> None:
    write_random_face(tmp_path, tiny_generator())
    graph = read_ir(tmp_path / "SynthesisNetwork.xml", tmp_path / "SynthesisNetwork.bin")
    with pytest.raises(BadModelFile, match="layers of type MatMul read 'style'; expected one"):
        graph.consumer(graph.named("style"), "MatMul")
    with pytest.raises(BadModelFile, match="0 inputs of 'style' are constants; expected one"):
        graph.constant_of(graph.named("style"))
