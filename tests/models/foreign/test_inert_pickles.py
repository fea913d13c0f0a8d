"""Files that would run code, or hold what no checkpoint needs, are refused by name, and run nothing."""

import builtins
import io
import os
import pickle
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest
import torch

from partly.errors import BadModelFile
from partly.models.foreign.containers import read_content
from partly.models.foreign.inert_names import PERSISTENT
from partly.models.foreign.inert_pickles import Record, read_inert
from partly.models.foreign.inert_tensors import plain_of, tensor_of
from tests.models.foreign import nvidia_look_alike as look_alike


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.pkl"


class Calls:
    """Pickled as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def refusal(path, data):
    path.write_bytes(data)
    with pytest.raises(BadModelFile) as caught:
        read_content(path)
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_code_is_refused_by_name_and_not_run(path, tmp_path, protocol):
    trace = tmp_path / "trace"
    for function, args, name in (
        (os.system, (f"touch {trace}",), f"{os.system.__module__}.system"),
        (builtins.eval, (f"open({str(trace)!r}, 'w')",), "eval"),
        (builtins.getattr, (os, "system"), "getattr"),
    ):
        if function is builtins.getattr:
            args = ("os", "system")
        data = pickle.dumps({"G_ema": Calls(function, *args)}, protocol)
        said = refusal(path, data)
        assert f"{name}; it was refused, and nothing of the file was run; expected tensors, num" in said
        assert said.endswith("Do not open it in other programs unless you trust where it comes from.")
        assert not trace.exists()


def test_another_class_of_torch_utils(path, monkeypatch):
    look_alike.fake_packages(monkeypatch)
    module = sys.modules["torch_utils.persistence"]
    module.Other = type("Other", (), {"__module__": "torch_utils.persistence", "__qualname__": "Other"})
    data = pickle.dumps({"G_ema": module.Other()}, 3)
    assert refusal(path, data).startswith("asks for torch_utils.persistence.Other; it was refused")


def test_pickles_of_tensorflow_say_what_to_do(path, monkeypatch):
    module = types.ModuleType("dnnlib.tflib.network")
    qualities = {"__module__": "dnnlib.tflib.network", "__qualname__": "Network"}
    module.Network = type("Network", (), qualities)
    for name in ("dnnlib", "dnnlib.tflib"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, "dnnlib.tflib.network", module)
    said = refusal(path, pickle.dumps((module.Network(),) * 3, 3))
    assert said.startswith("asks for dnnlib.tflib.network.Network; it was refused")
    assert said.endswith(
        "take the pickle of the PyTorch version, which NVIDIA publishes of all its networks."
    )


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_files_of_torch(path, tmp_path, zipped):
    trace = tmp_path / "trace"
    content = {"g_ema": Calls(os.system, f"touch {trace}")}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    name = f"{os.system.__module__}.system"
    assert refusal(path, path.read_bytes()).startswith(f"asks for {name}; it was refused, and nothing of")
    assert not trace.exists()


def test_code_within_the_bytes_of_a_tensor(path, tmp_path):
    trace, inner = tmp_path / "trace", io.BytesIO()
    torch.save(Calls(os.system, f"touch {trace}"), inner, _use_new_zipfile_serialization=False)
    storage = Record("torch.storage._load_from_bytes", inner.getvalue())
    record = Record("torch._utils._rebuild_tensor_v2", storage, 0, (1,), (1,), False, {})
    with pytest.raises(BadModelFile, match=rf"asks for {os.system.__module__}\.system; it was refused"):
        tensor_of(record, "weight", path)
    assert not trace.exists()


def test_what_is_allowed_becomes_records_and_containers(path, monkeypatch):
    look_alike.fake_packages(monkeypatch)
    easy = sys.modules["dnnlib.util"].EasyDict(a=1)
    ordered = OrderedDict(b=2)
    ordered.attribute = "dropped"
    holder = Calls(sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, {"state": {}})
    path.write_bytes(pickle.dumps([easy, ordered, {1, 2}, np.arange(3), holder], 3))
    found = read_inert(path)
    assert found[:3] == [{"a": 1}, {"b": 2}, {1, 2}]
    assert all(isinstance(value, Record) for value in found[3:])
    assert found[3].state[1] == (3,)
    assert (found[4].name, found[4].args) == (PERSISTENT, ({"state": {}},))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        np.float64(2.5),
        np.float32(2.5),
        np.float16(2.5),
        np.int64(-3),
        np.int32(7),
        np.uint8(200),
        np.bool_(1),
    ],
    ids=lambda value: value.dtype.name,
)
def test_numbers_of_numpy(path, value, protocol):
    path.write_bytes(pickle.dumps(value, protocol))
    found = plain_of(read_inert(path))
    assert found == value.item()
    assert type(found) is type(value.item())


def test_numbers_that_are_none():
    number = "numpy.core.multiarray.scalar"
    double = Record("numpy.dtype", "f8", False, True)
    for record in (
        Record(number, double, b"123"),
        Record(number, Record("numpy.dtype"), b"12345678"),
        Record(number, Record("numpy.dtype", ["f8"]), b"12345678"),
        Record(number, "f8", b"12345678"),
        Record("numpy.ndarray"),
        "text",
    ):
        assert plain_of(record) is record
    big = Record("numpy.dtype", "f8", False, True)
    big.__setstate__((3, ">", None, None, None, -1, -1, 0))
    assert plain_of(Record(number, big, b"\x3f\xf0" + bytes(6))) == 1.0


def test_tensors_of_pickles(path):
    wide = torch.arange(12.0).view(3, 4)
    for tensor in (wide, wide.T, wide[1:, ::2], wide.double(), torch.tensor(3.0), wide.half()):
        path.write_bytes(pickle.dumps([tensor, torch.nn.Parameter(tensor)], 3))
        for record in read_inert(path):
            assert torch.equal(tensor_of(record, "x", path), tensor)


def test_tensors_that_are_none(path):
    path.write_bytes(pickle.dumps(torch.arange(4.0), 3))
    storage = read_inert(path).args[0]
    rebuild = "torch._utils._rebuild_tensor_v2"
    other = io.BytesIO()
    torch.save([1], other, _use_new_zipfile_serialization=False)

    for record, said in (
        (3, "w is of type int; expected a tensor."),
        (Record("numpy.ndarray"), "w is numpy.ndarray; expected a tensor."),
        (Record(rebuild, 1, 2), f"w is {rebuild}; expected a tensor."),
        (
            Record(rebuild, storage, 2, (3,), (1,)),
            "w has size (3,), strides (1,) and offset 2 in 4 numbers; ex",
        ),
        (Record(rebuild, storage, 0, (-1,), (1,)), "w has size (-1,), strides (1,)"),
        (Record(rebuild, storage, 0, "no", (1,)), "w has size 'no', strides (1,)"),
        (Record(rebuild, "no", 0, (1,), (1,)), "w is stored as of type str; expected bytes of torch."),
        (Record(rebuild, Record(storage.name, 5), 0, (1,), (1,)), "w is stored as of type int; expected b"),
        (
            Record(rebuild, Record(storage.name, other.getvalue()), 0, (1,), (1,)),
            "stored as of type list; ex",
        ),
        (Record(rebuild, Record(storage.name, storage.args[0][:-9]), 0, (1,), (1,)), "cannot be read ("),
    ):
        with pytest.raises(BadModelFile) as caught:
            tensor_of(record, "w", path)
        assert said in str(caught.value)


@pytest.mark.parametrize("container", ["pickle", "zip", "old"])
def test_truncated_files(path, monkeypatch, container):
    look_alike.fake_packages(monkeypatch)
    if container == "pickle":
        data = look_alike.pickled(look_alike.random_generator())
    else:
        torch.save(
            {"g_ema": {"x": torch.arange(100.0)}}, path, _use_new_zipfile_serialization=container == "zip"
        )
        data = path.read_bytes()
    step = max(1, len(data) // 40)
    for length in (*range(1, 40), *range(40, len(data), step), len(data) - 1):
        said = refusal(path, data[:length])
        # Cut within its mark it is nothing known, within a name it asks for the rest of the name.
        is_known = said.startswith(("is no checkpoint that Partly knows", "asks for "))
        assert "; expected a whole checkpoint. It may be cut off" in said or is_known, length


def test_damaged_pickles_never_run(path):
    """Whatever the bytes (here MARK, REDUCE, BUILD, NEWOBJ), there is an error for people or plain values."""
    data = bytearray(pickle.dumps({"a": [1, (2.0, "x")], "b": OrderedDict(c={3})}, 3))
    for place in range(2, len(data), 2):
        for value in (0x28, 0x52, 0x62, 0x81):
            changed = bytes(data[:place]) + bytes([value]) + bytes(data[place + 1 :])
            path.write_bytes(changed)
            try:
                read_inert(path)
            except BadModelFile:
                continue


def test_files_that_are_no_checkpoints(path):
    assert refusal(path, b"\1\2\3\xff\xfe") == (
        "is no checkpoint that Partly knows (it begins with b'\\x01\\x02\\x03\\xff'); "
        "expected a file of torch.save, a safetensors file, or a pickle."
    )
    assert "cannot be read" in refusal(path, b"PK\x03\x04 no zip")


def test_a_number_of_numpy_as_python_2_wrote_it(path):
    path.write_bytes(
        b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(S'f8'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb"
        b"S'\\x9a\\x99\\x99\\x99\\x99\\x99\\xb9?'\ntR."
    )
    assert plain_of(read_content(path)) == 0.1


def test_a_file_cannot_change_what_stands_in_for_names(path):
    """BUILD on the stand-in itself, not on something made of it."""
    for name in (b"argparse\nNamespace", b"collections\nOrderedDict", b"__builtin__\nset", b"numpy\ndtype"):
        path.write_bytes(b"\x80\x02c" + name + b"\nN}X\x04\x00\x00\x00nameK\x01s\x86b.")
        assert refusal(path, path.read_bytes()).startswith("cannot be read (")
    assert Record("a").name == "a"
