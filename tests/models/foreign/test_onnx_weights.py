import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from partly.errors import BadModelFile
from partly.models.foreign.onnx_weights import OnnxNode, read_onnx

WEIGHT = np.random.default_rng(0).normal(size=(3, 4, 300)).astype(np.float32)


def model(*constants):
    nodes = [
        helper.make_node("Conv", ["x", "weight", "bias"], ["y"], name="/layer/Conv", kernel_shape=[3, 3]),
        helper.make_node("Relu", ["y"], ["z"]),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "n"]) for name in ("x", "z")]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], list(constants))
    return helper.make_model(graph, producer_name="tests").SerializeToString()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.onnx"
    path.write_bytes(
        model(
            numpy_helper.from_array(WEIGHT, "weight"),
            numpy_helper.from_array(np.float32(2), "scalar"),
            numpy_helper.from_array(np.arange(3), "integers"),
            helper.make_tensor("typed", TensorProto.FLOAT, [2], [1.0, 2.0]),
        )
    )
    return path


def test_constants_and_who_takes_them(path):
    graph = read_onnx(path)
    assert graph.nodes == (
        OnnxNode("/layer/Conv", "Conv", ("x", "weight", "bias"), ("y",)),
        OnnxNode("", "Relu", ("y",), ("z",)),
    )
    assert sorted(graph.constants) == ["scalar", "weight"]
    assert np.array_equal(graph.constants["weight"], WEIGHT)
    assert graph.constants["scalar"].shape == ()
    assert list(graph.taken_by(graph.nodes[0])) == ["weight"]
    assert graph.taken_by(graph.nodes[1]) == {}


def test_files_that_are_cut_off(path):
    """Wherever it ends: an error, or what was complete by then."""
    data = path.read_bytes()
    n_errors = 0
    for length in range(1, len(data), 97):
        path.write_bytes(data[:length])
        with pytest.raises(BadModelFile, match=r"cannot be read as ONNX|has no graph with constants"):
            read_onnx(path)
        n_errors += 1
    assert n_errors > 100


def test_other_files(path):
    path.write_bytes(b"")
    with pytest.raises(BadModelFile, match="has no graph with constants; expected an ONNX file with weights"):
        read_onnx(path)
    path.write_bytes(b"PK\x03\x04 a zip")
    with pytest.raises(BadModelFile, match=r"cannot be read as ONNX .*It may be cut off: download it again"):
        read_onnx(path)
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(BadModelFile, match="longer than 64 bits"):
        read_onnx(path)
    # Field 7, the graph, as a number.
    path.write_bytes(b"\x38\x01")
    with pytest.raises(BadModelFile, match="a number stands where bytes should"):
        read_onnx(path)


def test_a_constant_of_another_size(path):
    tensor = numpy_helper.from_array(WEIGHT, "weight")
    tensor.dims[0] = 4
    path.write_bytes(model(tensor))
    with pytest.raises(BadModelFile, match=r"weight has 14400 bytes for the shape \[4, 4, 300\]"):
        read_onnx(path)
