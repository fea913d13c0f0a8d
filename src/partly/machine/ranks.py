"""Several processes that train one model together, each on a share of every batch.

Every process ("rank") has the same weights and draws the same random numbers for the whole batch, of which it
uses its share. Gradients are averaged over the ranks before every step of an optimiser, so weights stay the
same everywhere, and the training is that of one process with the whole batch. This is done by one sum of all
gradients instead of by DistributedDataParallel's hooks: a step has several backward passes, some of them
second derivatives, and hooks would sum after each (docs/adr/0018).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from partly.errors import BadOption

Result = TypeVar("Result")
# While the first process makes what all will learn from, the others wait for it.
_PATIENCE = timedelta(days=7)
_LETTING_GO_S = 5.0


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together.

    Attributes:
        index: of this process, from 0.
        n: how many there are.
    """

    index: int = 0
    n: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes files and tells people."""
        return self.index == 0

    def check(self, batch_size: int) -> None:
        """Refuse batches that cannot be shared evenly.

        Raises:
            BadOption: the batch cannot be divided by the number of processes.
        """
        if batch_size % self.n:
            raise BadOption(
                f"batches of {batch_size} for {self.n} processes",
                expected="a number of photos that the number of processes divides",
                remedy=f"Try batches of {self.n * max(1, batch_size // self.n)}",
            )

    def share(self, batch: Tensor) -> Tensor:
        """This process's part of a batch ``[b, ...]`` that all have: ``[b / n, ...]``."""
        return batch if self.n == 1 else batch.chunk(self.n)[self.index]

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes of a tensor of the same shape everywhere."""
        if self.n > 1:
            values = values.clone()
            _sum_in_place(values)
        return values

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes."""
        return self.total(values) / self.n if self.n > 1 else values

    def any(self, here: bool) -> bool:
        """Whether it is so in any process."""
        return here if self.n == 1 else bool(self.total(torch.tensor(float(here))).item())

    def average_gradients(self, module: nn.Module) -> None:
        """Replace the gradients of a module by their mean over all processes."""
        if self.n == 1:
            return
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        flat = self.mean(torch.cat([g.flatten() for g in gradients]))
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def wait(self) -> None:
        """Go on when all have come here."""
        self.total(torch.zeros(()))

    def first_then_others(self, work: Callable[[], Result]) -> Result:
        """Do what leaves something on disk: the first process alone, and when it is done, the others.

        Args:
            work: whoever does it a second time finds what is there, and makes nothing.
        """
        if not self.is_first:
            self.wait()
        result = work()
        if self.is_first:
            self.wait()
        return result


ALONE = Ranks()
"""One process that trains by itself."""


def _sum_in_place(values: Tensor) -> None:
    """Sum a tensor over all processes, and return when the thread that summed it has let go of it.

    That thread of gloo's takes Python's lock to let go. If the interpreter ends before it has the lock, the
    thread is stopped where C++ does not allow it, and the process aborts after all its work is done.
    """
    held = sys.getrefcount(values)
    dist.all_reduce(values)
    last = time.monotonic() + _LETTING_GO_S
    while sys.getrefcount(values) > held and time.monotonic() < last:
        time.sleep(0)  # lends the lock


@contextmanager
def ranks_of_environment(device: torch.device | None = None) -> Iterator[Ranks]:
    """The processes that ``torchrun`` started, which talk to each other while the block runs.

    Without ``torchrun`` there is one. Tensors on GPUs of NVIDIA travel by NCCL, all others by gloo.

    Args:
        device: where this process computes; None: the processor.
    """
    n = int(os.environ.get("WORLD_SIZE", "1"))
    if n == 1:
        yield ALONE
        return
    is_cuda = device is not None and device.type == "cuda"
    if is_cuda:
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if is_cuda else "gloo", timeout=_PATIENCE)
    try:
        yield Ranks(dist.get_rank(), n)
    finally:
        dist.destroy_process_group()
