"""What work runs on, found out once: device, precision, and the processes that share it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain

import torch
from torch import nn

from partly.machine.devices import (
    CPU,
    check_for_processes,
    device_named,
    device_text,
    dtype_for,
    names_a_card,
)
from partly.machine.machine_options import MachineOptions
from partly.machine.ranks import ALONE, Ranks, ranks_of_environment
from partly.machine.worker_numbers import worker_number


@dataclass(frozen=True)
class Machine:
    """What work runs on; chosen once, and handed to everything that computes.

    Attributes:
        device: where this process computes.
        ranks: this process among those that train together.
        dtype: what networks compute in; sums, losses and weights are float32 always.
        keeps_to_card: this GPU was named, so that workers take no other one.
    """

    device: torch.device = CPU
    ranks: Ranks = ALONE
    dtype: torch.dtype = torch.float32
    keeps_to_card: bool = False

    @staticmethod
    @contextmanager
    def for_training(options: MachineOptions | None = None) -> Iterator[Machine]:
        """The machine of a training, together with the processes that ``torchrun`` started.

        They talk to each other while the block runs, and each takes its own GPU.

        Raises:
            BadOption: the device is not there, cannot train in the precision that is asked for, or cannot be
                shared by so many processes.
        """
        options = options or MachineOptions()
        device = Machine.device_of_training(options)
        dtype = dtype_for(options.precision, device, training=True)
        with ranks_of_environment(device) as ranks:
            yield Machine(device, ranks, dtype, names_a_card(options.device))

    @staticmethod
    def device_of_training(options: MachineOptions | None = None) -> torch.device:
        """Where this process of a training computes.

        Raises:
            BadOption: the device is not there, or cannot be shared by so many processes.
        """
        options = options or MachineOptions()
        check_for_processes(options.device, _number("LOCAL_WORLD_SIZE", 1), _number("WORLD_SIZE", 1))
        return device_named(options.device, _number("LOCAL_RANK", 0), training=True)

    @staticmethod
    def for_inference(options: MachineOptions | None = None) -> Machine:
        """The machine of whatever takes no gradients.

        Raises:
            BadOption: the device is not there, or has not got the precision that is asked for.
        """
        options = options or MachineOptions()
        device = device_named(options.device)
        dtype = dtype_for(options.precision, device, training=False)
        return Machine(device, dtype=dtype, keeps_to_card=names_a_card(options.device))

    @staticmethod
    def of(model: object) -> Machine:
        """Where a model lies, computing in float32; the processor for what has no weights."""
        if not isinstance(model, nn.Module):
            return PROCESSOR
        tensor = next(chain(model.parameters(), model.buffers()), None)
        return PROCESSOR if tensor is None else Machine(tensor.device)

    def for_workers(self, n: int) -> list[Machine]:
        """The machines of ``n`` processes that work beside each other, or of fewer.

        Processors are shared by all. A GPU has one process: two would only wait for each other, and have
        half of its memory each. There are no more processes than GPUs, this machine's own first; where a
        card was named, that one works alone.
        """
        if self.device.type == "cpu":
            return [self] * n
        if self.device.type != "cuda" or self.keeps_to_card or torch.cuda.device_count() < 2:
            return [self]
        first = self.device.index or 0
        others = [i for i in range(torch.cuda.device_count()) if i != first]
        return [replace(self, device=torch.device("cuda", i)) for i in [first, *others][:n]]

    def of_worker(self) -> Machine:
        """The machine of this process, if it is one of several that work beside each other."""
        machines = self.for_workers(worker_number() + 1)
        return machines[worker_number() % len(machines)]

    @property
    def name(self) -> str:
        """As cards and messages say it: "cpu, float32", "cuda:0 (NVIDIA H200), bfloat16"."""
        return f"{device_text(self.device)}, {str(self.dtype).removeprefix('torch.')}"

    @property
    def is_plain(self) -> bool:
        """Whether it is the processor with float32, to whose results all others are compared."""
        return self.device.type == "cpu" and self.dtype == torch.float32

    @property
    def described(self) -> dict[str, str]:
        """What cards, runs and logs say of it: ``{"made_on": "cuda:0 (NVIDIA H200), bfloat16"}``.

        Nothing of the plain processor. It is information, and nothing that results are told apart by.
        """
        processes = f", {self.ranks.n} processes" if self.ranks.n > 1 else ""
        return {} if self.is_plain and not processes else {"made_on": f"{self.name}{processes}"}

    @property
    def has_fused_optimizers(self) -> bool:
        """Whether PyTorch has optimisers in one kernel for the device."""
        return self.device.type in ("cpu", "cuda", "mps")

    def place(self, *modules: nn.Module) -> None:
        """Move modules to the device (in place); their parameters stay the same objects."""
        for module in modules:
            module.to(device=self.device)

    def precision(self) -> AbstractContextManager[object]:
        """Networks compute in :attr:`dtype` while the block runs."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)


def _number(variable: str, usual: int) -> int:
    """What ``torchrun`` says in the environment; as usual without it."""
    return int(os.environ.get(variable, usual))


PROCESSOR = Machine()
"""The processor, one process, float32."""
