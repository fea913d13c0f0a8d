"""Devices by name, on machines that are played."""

import re

import pytest
import torch

from partly.errors import BadOption
from partly.machine.devices import device_named, device_text, devices_here, dtype_for, fast_half
from partly.machine.machine import PROCESSOR, Machine
from partly.machine.machine_options import MachineOptions
from partly.machine.ranks import Ranks
from partly.machine.work_options import SpreadOptions
from partly.machine.worker_machines import machine_of_workers

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


def test_more_processes_than_gpus(gpus):
    gpus(n=1)
    text = (
        "device cuda:1 is not there; expected one of cpu, cuda, cuda:0. Start a process for each GPU: "
        "torchrun --nproc-per-node 1; or give --device cpu."
    )
    for name in ("auto", "cuda"):
        with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
            device_named(name, place=1, training=True)
    with pytest.raises(BadOption, match="Leave --device out"):
        device_named("cuda:1", place=1)
    assert device_named("cpu", place=1) == torch.device("cpu")


@pytest.mark.parametrize(
    ("device", "n_here", "text"),
    [
        (
            "mps",
            2,
            "device mps for 2 processes that train together; expected GPUs of NVIDIA, or processors. Run the "
            "command without torchrun, or give --device cpu.",
        ),
        (
            "cuda:1",
            2,
            "device cuda:1 for 2 processes that train together; expected a GPU for each. Give --device cuda, "
            "and each takes its own; or run the command without torchrun.",
        ),
        ("mps", 1, "device mps for 2 processes that train together"),
    ],
)
def test_one_device_for_several_processes(gpus, monkeypatch, device, n_here, text):
    gpus()
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(n_here))
    options = MachineOptions(device=device)
    with pytest.raises(BadOption, match=f"^{re.escape(text)}"), Machine.for_training(options):
        pass


def test_a_card_that_is_named_works_alone(gpus):
    gpus(n=3)

    def workers(device):
        return [str(one.device) for one in Machine.for_inference(MachineOptions(device)).for_workers(4)]

    assert workers("cuda:1") == ["cuda:1"]
    assert workers("cuda") == workers("auto") == ["cuda:0", "cuda:1", "cuda:2"]
    assert workers("cpu") == ["cpu"] * 4
    with Machine.for_training(MachineOptions("cuda:1")) as machine:
        assert len(machine.for_workers(4)) == 1
    assert Machine.for_inference(MachineOptions("cpu")) == PROCESSOR


def test_workers_of_ray_compute_on_processors(gpus):
    gpus()
    ray, share = SpreadOptions(ray="10.0.0.1:6379"), SpreadOptions(share="1/2")
    assert machine_of_workers(None, ray) == machine_of_workers(MachineOptions("cpu"), ray) == PROCESSOR
    assert machine_of_workers(MachineOptions(precision="bfloat16"), ray).name == "cpu, bfloat16"
    assert machine_of_workers(None, share).name == "cuda:0 (Card), bfloat16"
    assert machine_of_workers(MachineOptions("cuda:1"), share).device == CUDA
    text = (
        "--device cuda:1 with --ray; expected auto or cpu: each worker of Ray has one processor. Leave "
        "--device out; or, to use GPUs, leave --ray out, and start a share of the work on each machine that "
        "has some: --share 1/2, --share 2/2."
    )
    with pytest.raises(BadOption, match=f"^{re.escape(text)}$"):
        machine_of_workers(MachineOptions("cuda:1"), ray)


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
