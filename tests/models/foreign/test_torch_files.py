"""Files of ``torch.save`` of every kind and protocol, with whatever a training keeps beside the weights."""

import argparse
import collections
import datetime
import io
import pathlib
import types
import warnings
import zipfile

import numpy as np
import pytest
import torch

from partly.errors import BadModelFile
from partly.models.foreign.containers import read_content
from partly.models.foreign.inert_pickles import Record
from partly.models.foreign.inert_tensors import plain_of, tensor_of, tensors_of
from partly.models.foreign.torch_files import read_torch_bytes, read_torch_file

ZIPPED = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "iter-1000.pt"


def kept(content, path, zipped=True, protocol=2):
    torch.save(content, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    return read_content(path)


def refusal(path):
    with pytest.raises(BadModelFile) as caught:
        read_content(path)
    return str(caught.value).removeprefix(f"{path}: ")


@ZIPPED
@pytest.mark.parametrize("protocol", range(6))
def test_tensors_of_every_protocol(path, zipped, protocol):
    wide = torch.arange(12.0).view(3, 4)
    state = {"wide": wide, "turned": wide.T, "part": wide[1:, ::2], "scale": torch.tensor(3.0)}
    state |= {"learned": torch.nn.Parameter(wide), "none": torch.empty(0, 4)}
    found = tensors_of(kept(state, path, zipped, protocol), path)
    assert list(found) == list(state)
    for name, tensor in state.items():
        assert torch.equal(found[name], tensor)


@ZIPPED
@pytest.mark.parametrize(
    "dtype",
    [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool, torch.complex64],
    ids=str,
)
def test_types_of_tensors(path, zipped, dtype):
    state = {"odd": torch.zeros(3, dtype=torch.uint8), "x": torch.tensor([0, 1, 3]).to(dtype)}
    found = tensor_of(kept(state, path, zipped)["x"], "x", path)
    assert found.dtype == dtype
    assert torch.equal(found, state["x"])


BESIDE = {
    "ada_aug_p": np.float64(0.1),
    "lr": np.float32(0.5),
    "seen": np.int64(25),
    "array": np.arange(3.0),
    "args": argparse.Namespace(lr=np.float32(0.5), out=pathlib.PurePosixPath("/data/run")),
    "simple": types.SimpleNamespace(a=1),
    "path": pathlib.Path("/data"),
    "windows": pathlib.PureWindowsPath("C:/data"),
    "counter": collections.Counter("abca"),
    "by_name": collections.defaultdict(list, {"a": [1.0]}),
    "last": collections.deque([1, 2], maxlen=5),
    "ordered": collections.OrderedDict(a=1),
    "size": torch.Size([1, 2]),
    "device": torch.device("cpu"),
    "dtype": torch.float32,
    "when": datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC),
    "span": datetime.timedelta(1),
    "random": np.random.RandomState(1).get_state(),
    "generator": np.random.default_rng(1),
    "sparse": torch.eye(2).to_sparse(),
    "optimiser": {
        "state": {0: {"step": torch.tensor(3.0)}},
        "param_groups": [{"lr": 0.002, "betas": (0, 0.99)}],
    },
    "torch_random": torch.get_rng_state(),
    "set": {1, 2},
    "frozen": frozenset({1}),
    "bytes": b"\x00\xff",
    "nothing": b"",
    "complex": 1 + 2j,
    "range": range(3),
}


@ZIPPED
@pytest.mark.parametrize("protocol", range(6))
def test_what_a_training_keeps_beside_the_weights(path, zipped, protocol):
    found = kept({"x": torch.ones(2), **BESIDE}, path, zipped, protocol)
    assert list(found) == ["x", *BESIDE]
    assert plain_of(found["ada_aug_p"]) == 0.1
    assert plain_of(found["seen"]) == 25
    assert plain_of(found["args"].state["lr"]) == 0.5
    assert found["args"].name == "argparse.Namespace" or protocol < 2
    assert isinstance(found["path"], Record)
    assert found["counter"] == {"a": 2, "b": 1, "c": 1}
    assert found["by_name"] == {"a": [1.0]}
    assert (found["set"], found["frozen"]) == ({1, 2}, {1})
    assert (found["bytes"], found["nothing"]) == (b"\x00\xff", b"")
    assert torch.equal(tensor_of(found["x"], "x", path), torch.ones(2))


def test_paths_of_newer_pythons(path):
    kept({"path": pathlib.PurePosixPath("/data")}, path)
    data = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member.replace(b"cpathlib\n", b"cpathlib._local\n"))
    assert read_content(path)["path"].name == "pathlib._local.PurePosixPath"


def test_a_zip_that_was_packed_again(path):
    kept({"x": torch.arange(100.0)}, path)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    assert torch.equal(tensor_of(read_content(path)["x"], "x", path), torch.arange(100.0))


def test_objects_of_other_programs_are_refused_calmly(path):
    torch.save({"x": Thing()}, path)
    assert refusal(path) == (
        f"asks for {__name__}.Thing; it was refused, and nothing of the file was run; expected tensors, "
        f"numbers "
        "and plain containers only. It may be harmless, an object that a training kept beside the weights, "
        "but "
        "Partly makes no objects of other programs: ask whoever wrote the file for the weights alone."
    )


class Thing:
    """Of a program that is not there."""


def test_a_torchscript_archive(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(2, 2)).save(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = refusal(path)
    assert said == (
        "is a TorchScript archive, a program with its weights; expected a checkpoint, the weights by their "
        "names. Take the checkpoint that it was made from: Partly runs no foreign programs."
    )
    assert "weights_only" not in said


def test_other_zips(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "x")
        archive.writestr("models/g.pkl", "x")
    assert refusal(path) == (
        "is a zip of readme.txt, models/g.pkl; expected a file of torch.save, which has a data.pkl in it. "
        "Unpack it, and give models/g.pkl."
    )
    with zipfile.ZipFile(path, "w"):
        pass
    path.write_bytes(b"PK\x03\x04" + path.read_bytes())
    assert refusal(path).startswith("is a zip of nothing; expected a file of torch.save")


def test_damaged_storages(path):
    kept({"x": torch.arange(8.0)}, path, zipped=False)
    data = path.read_bytes()
    for changed, said in (
        (data[:-1], "cannot be read (a storage is cut off); expected a whole checkpoint. It may be cut"),
        (data.replace(b"FloatStorage", b"Other_Storag"), "asks for torch.Other_Storag; it was refused"),
        (
            data.replace(b"M\xe9\x03.", b"M\xe9\x04."),
            "cannot be read (no magic number of torch at its beginni",
        ),
    ):
        assert changed != data
        path.write_bytes(changed)
        assert refusal(path).startswith(said)
    with pytest.raises(BadModelFile, match=r"cannot be read \(no magic number of torch at its beginning\)"):
        read_torch_bytes(b"\x80\x02N." * 3, path)


def test_another_byte_order(path):
    kept({"x": torch.arange(8.0)}, path)
    path.write_bytes(path.read_bytes().replace(b"little", b"bigger"))
    assert "cannot be read" in refusal(path)


def test_tensors_may_be_changed_and_the_file_stays(path):
    found = tensor_of(kept({"x": torch.arange(8.0)}, path)["x"], "x", path)
    found += 1
    assert torch.equal(tensor_of(read_torch_file(path)["x"], "x", path), torch.arange(8.0))
