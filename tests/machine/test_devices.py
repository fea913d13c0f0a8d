"""Devices by name, on machines that are played."""

import pytest
import torch

from partly.errors import BadOption
from partly.machine.devices import device_named, device_text, devices_here, dtype_for, fast_half
from partly.machine.machine import PROCESSOR, Machine
from partly.machine.machine_options import MachineOptions
from partly.machine.ranks import Ranks

CUDA = torch.device("cuda:1")


@pytest.fixture
def gpus(monkeypatch):
    """Plays a machine with two GPUs of one generation."""

    def play(capability=(9, 0), n=2):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: n > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: n)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: capability)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "Card")
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)

    return play


def test_a_machine_without_gpus_computes_on_its_processor(gpus):
    gpus(n=0)
    assert devices_here() == ("cpu",)
    assert Machine.for_inference() == PROCESSOR
    assert PROCESSOR.is_plain
    assert PROCESSOR.name == "cpu, float32"


def test_a_gpu_is_taken_where_there_is_one(gpus):
    gpus()
    assert device_named("auto") == device_named("cuda") == torch.device("cuda:0")
    assert device_named("auto", place=1) == device_named("cuda:1") == CUDA
    assert device_named("cpu") == torch.device("cpu")
    machine = Machine.for_inference()
    assert machine.name == "cuda:0 (Card), bfloat16"
    assert not machine.is_plain


def test_a_gpu_of_apple_is_taken_where_there_is_one(gpus, monkeypatch):
    gpus(n=0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert Machine.for_inference().name == "mps, float32"
    # Trainings take it only when they are told to.
    assert device_named("auto", training=True) == torch.device("cpu")
    assert device_named("mps", training=True) == torch.device("mps")


def test_a_device_that_is_not_there(gpus):
    gpus(n=0)
    with pytest.raises(BadOption, match=r"device cuda:0 is not there; expected one of cpu. This PyTorch was"):
        device_named("cuda")
    gpus(n=1)
    with pytest.raises(
        BadOption, match=r"device cuda:4 is not there; expected one of cpu, cuda, cuda:0. Leave --device out"
    ):
        device_named("cuda:4")
    with pytest.raises(BadOption, match=r"device 'gpu'; expected one of auto, cpu, cuda, cuda:0"):
        device_named("gpu")


@pytest.mark.parametrize(
    ("capability", "inference", "training"),
    [
        ((9, 0), torch.bfloat16, torch.bfloat16),
        ((7, 5), torch.float16, torch.float32),
        ((6, 1), torch.float32, torch.float32),
    ],
)
def test_half_precision_is_taken_where_it_is_fast(gpus, capability, inference, training):
    gpus(capability)
    assert dtype_for("auto", CUDA, training=False) == inference
    assert dtype_for("auto", CUDA, training=True) == training


def test_a_card_without_bfloat16(gpus):
    gpus((7, 5))
    with pytest.raises(BadOption, match=r"cuda:1 \(Card\) does not compute bfloat16; expected a GPU"):
        dtype_for("bfloat16", CUDA, training=False)
    assert fast_half(CUDA) == torch.float16


def test_trainings_compute_in_no_float16(gpus):
    gpus()
    with pytest.raises(BadOption, match=r"a training in float16, whose gradients vanish; expected float32"):
        dtype_for("float16", CUDA, training=True)


def test_a_processor_computes_halves_when_it_is_told_to():
    machine = Machine.for_inference(MachineOptions(device="cpu", precision="bfloat16"))
    with machine.precision():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    with PROCESSOR.precision():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    assert device_text(machine.device) == "cpu"


def test_what_is_kept_says_on_what_it_was_made(gpus):
    assert PROCESSOR.described == {}
    assert Machine(ranks=Ranks(1, 2)).described == {"made_on": "cpu, float32, 2 processes"}
    gpus()
    halves = Machine(CUDA, dtype=torch.bfloat16)
    assert halves.described == {"made_on": "cuda:1 (Card), bfloat16"}
    assert halves.has_fused_optimizers
    assert PROCESSOR.has_fused_optimizers
    assert not Machine(torch.device("meta")).has_fused_optimizers


def test_an_unknown_precision():
    with pytest.raises(BadOption, match="precision"):
        MachineOptions(precision="float8")
