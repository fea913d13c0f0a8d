"""One sitting of a training: everything around the algorithm, which is the same for all trainings.

A sitting goes on where the last one stopped, writes log and checkpoints, notes Ctrl-C between two steps,
tells speed and time left, checks that losses are numbers, and keeps averaged weights::

    with Sitting(trained, plan, claims, remedy, folder, machine, on_step, on_checkpoint) as run:
        for step in run.steps():
            ...  # the algorithm
            run.tell(Report, loss=loss.item())
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from partly.errors import TooLittleMemory, TrainingDiverged, counted
from partly.machine import PROCESSOR, Machine, is_out_of_memory
from partly.storage import Provenance
from partly.training.chassis.averaged_weights import update_ema
from partly.training.chassis.checkpoints import (
    Checkpoint,
    checkpoint_file,
    checkpoint_files,
    optimizer_tensors,
    read_checkpoint,
    restore_module,
    restore_optimizer,
    with_prefix,
    without_prefix,
    write_checkpoint,
)
from partly.training.chassis.clock import Clock
from partly.training.chassis.interruption import noticed_interruption
from partly.training.chassis.step_log import JsonLog
from partly.training.chassis.watching import Verdict, Watched

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Report = TypeVar("Report", bound="DataclassInstance")
_WATCH = "watch"
OnSaved = Callable[[Mapping[str, nn.Module], int], None]


@dataclass(frozen=True)
class Trained:
    """What steps change.

    Attributes:
        modules: by name.
        optimizers: by name.
        averages: names of averaged copies, each with the name of the module that it follows.
    """

    modules: Mapping[str, nn.Module]
    optimizers: Mapping[str, Optimizer]
    averages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """How long a training is, and when it is saved.

    Attributes:
        n_steps: steps in all.
        batch_size: pictures in a step, of all processes together.
        every: steps between checkpoints; None does not count steps.
        every_s: seconds between checkpoints; None does not look at the time.
        n_kept: how many checkpoints are kept.
        size_at: side in pixels of the pictures of a step, where it changes; the cost of a step goes with it.
    """

    n_steps: int
    batch_size: int
    every: int | None = None
    every_s: float | None = None
    n_kept: int = 1
    size_at: Callable[[int], int] = lambda _step: 1


class Sitting(Generic[Report]):
    """Goes on with a training, or begins it; to be used as a context.

    Checkpoints hold modules, averages, optimizers, and what a loop keeps in :attr:`memory` and
    :attr:`values`. Batches and random numbers are functions of seed and step, so that there is no state of
    theirs to keep.

    Args:
        trained: what steps change. Averages begin as copies of their modules.
        plan: how long, and when to save.
        claims: what the training depends on; behind it, as versions before wrote the same down.
        remedy: what to do about a loss that is no number, as an imperative sentence.
        folder: where checkpoints and ``log.jsonl`` are written; None writes nothing.
        machine: what it runs on; of several processes, the first writes files and tells.
        on_step: given the report of every step.
        on_checkpoint: given the averages by name, which it must not change, and the number of steps done,
            after every checkpoint.
        watched: who looks at the training, and at what of it; learning rates and the end follow. The first
            process looks, and all obey.

    Attributes:
        step: number of steps done.
        time_s: time of all sittings, when last told.
        averages: averaged copies by name, in eval mode.
        memory: tensors to go on with, by names without dots; empty at first.
        values: plain JSON values to go on with; empty at first.
    """

    def __init__(
        self,
        trained: Trained,
        plan: Plan,
        claims: Sequence[Provenance],
        remedy: str,
        folder: Path | None = None,
        machine: Machine = PROCESSOR,
        on_step: Callable[[Report], None] | None = None,
        on_checkpoint: OnSaved | None = None,
        watched: Watched | None = None,
    ) -> None:
        self._trained, self._plan, self._remedy, self._watched = trained, plan, remedy, watched
        self._claims = [*claims] if watched is None else [_with_watch(claim, watched) for claim in claims]
        self._rates = {
            name: [group["lr"] for group in optimizer.param_groups]
            for name, optimizer in trained.optimizers.items()
        }
        self._is_over = False
        self._folder, self._machine = folder, machine
        self._on_step, self._on_checkpoint = on_step, on_checkpoint
        self.averages = {
            name: copy.deepcopy(trained.modules[of]).eval().requires_grad_(False)
            for name, of in trained.averages.items()
        }
        self.memory: dict[str, Tensor] = {}
        self.values: dict[str, Any] = {}
        self.step, self.time_s = 0, 0.0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Go back to the last checkpoint, if there is one, and open the log.

        Raises:
            BadModelFile: the checkpoint is damaged, or of other networks.
            BadOption: it is of a training that depends on something else.
        """
        self._resume()
        self._saved_at = time.monotonic()
        first = self._folder is not None and self._machine.ranks.is_first
        self._log = JsonLog(self._folder / "log.jsonl", self.step) if first and self._folder else None
        plan = self._plan
        self._clock = Clock(plan.n_steps, plan.batch_size, plan.size_at, self.time_s)
        self._interruption = self._stack.enter_context(noticed_interruption())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of Ctrl-C.

        Raises:
            TooLittleMemory: the sitting ended because memory was too short for a step.
        """
        self._stack.close()
        if error is not None and is_out_of_memory(error):
            raise self._too_little_memory(error) from error

    def steps(self) -> Iterator[int]:
        """The steps that are left, from 0; each ends when the next is asked for, with a checkpoint if due.

        There are fewer where a watch ends the training.

        Raises:
            KeyboardInterrupt: the user stopped it; a checkpoint was written.
        """
        for step in range(self.step, self._plan.n_steps):
            if self._is_over:
                return
            yield step
            self.step = step + 1
            self._look()
            self.time_s = self._clock.time_s
            asked = self._machine.ranks.any(self._interruption.asked)
            if asked or self._is_due():
                self._save()
            if asked:
                raise KeyboardInterrupt

    def checked(self, loss: Tensor, step: int, what: str = "") -> Tensor:
        """The mean of a loss over all processes, detached.

        Args:
            loss: a scalar.
            step: from 0.
            what: whose loss it is, as errors say it; "" where there is one.

        Raises:
            TrainingDiverged: it is no finite number.
        """
        mean = self._machine.ranks.mean(loss.detach())
        if not torch.isfinite(mean):
            of = f" of the {what}" if what else ""
            raise TrainingDiverged(
                f"the loss{of} is {mean.item()} at step {step}",
                expected="a finite number",
                remedy=self._remedy,
                path=self._folder,
            )
        return mean

    def average(self, decay: float | Mapping[str, float]) -> None:
        """Move the averages towards their modules: ``decay`` of each average, or that of its name, stays."""
        for name, of in self._trained.averages.items():
            stays = decay[name] if isinstance(decay, Mapping) else decay
            update_ema(self.averages[name], self._trained.modules[of], stays)

    def tell(self, report: Callable[..., Report], **figures: Any) -> None:
        """Write a line of the log, and tell of the step; once in each.

        Args:
            report: a dataclass with the fields ``step``, ``n_steps``, ``pictures_per_s`` and ``time_left_s``,
                which are filled in here.
            figures: its other fields.
        """
        done = self.step + 1
        pictures_per_s, time_left_s = self._clock.tick(done)
        if not self._machine.ranks.is_first:
            return
        told = report(
            step=done,
            n_steps=self._plan.n_steps,
            pictures_per_s=pictures_per_s,
            time_left_s=time_left_s,
            **figures,
        )
        if self._log:
            self._log.write(told, self._machine.described)
        if self._on_step:
            self._on_step(told)

    def _too_little_memory(self, error: BaseException) -> TooLittleMemory:
        """What to do about it: the pictures of a step are a part of what a training is, and stay as many."""
        n, size_px, ranks = self._plan.batch_size, self._plan.size_at(self.step), self._machine.ranks
        pictures = counted(n, "picture") + (f" of {size_px} px" if size_px > 1 else "")
        shared = f" shared by {ranks.n} processes" if ranks.n > 1 else ""
        return TooLittleMemory(
            f"memory of {self._machine.name} is too short for a step of {pictures}{shared} "
            f"({str(error).partition(chr(10))[0] or type(error).__name__})",
            expected="a device with more memory, or a training that takes less",
            remedy="Close what else uses the memory and give the same command again, which goes on from the "
            "last checkpoint; or share the steps among more GPUs with torchrun; or train in another folder "
            "with fewer or smaller pictures in a step",
            path=self._folder,
        )

    def _look(self) -> None:
        """Let the watch look, if it is time, and obey."""
        if self._watched is None or self.step % self._watched.watch.every:
            return
        ranks, verdict = self._machine.ranks, Verdict(0.0)
        if ranks.is_first:
            verdict = self._watched.look(self.averages, self.step)
        rate, ends = ranks.total(torch.tensor([verdict.rate, verdict.ends], dtype=torch.float64)).tolist()
        self._obey(Verdict(rate, bool(ends)))

    def _obey(self, verdict: Verdict) -> None:
        self._is_over = verdict.ends
        for name, optimizer in self._trained.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self._rates[name], strict=True):
                group["lr"] = rate * verdict.rate

    def _is_due(self) -> bool:
        plan = self._plan
        return (
            self._is_over
            or self.step == plan.n_steps
            or (plan.every is not None and self.step % plan.every == 0)
            or (plan.every_s is not None and time.monotonic() - self._saved_at >= plan.every_s)
        )

    def _save(self) -> None:
        """Write a checkpoint, delete all but the last few, and tell of it."""
        self._saved_at = time.monotonic()
        if not self._machine.ranks.is_first:
            return
        if self._folder is not None:
            write_checkpoint(checkpoint_file(self._folder, self.step), self._checkpoint())
            for old in checkpoint_files(self._folder)[: -self._plan.n_kept]:
                old.unlink()
        if self._on_checkpoint:
            self._on_checkpoint(self.averages, self.step)

    def _checkpoint(self) -> Checkpoint:
        tensors = dict(self.memory)
        for name, module in self._modules().items():
            tensors |= with_prefix(name, module.state_dict())
        for name, optimizer in self._trained.optimizers.items():
            tensors |= with_prefix(f"optimizer of {name}", optimizer_tensors(optimizer))
        values = dict(self.values)
        if self._watched is not None:
            values[_WATCH], of_watch = self._watched.watch.state()
            tensors |= with_prefix(_WATCH, of_watch)
        claim = self._claims[0]
        identity = {name: value for name, value in claim.to_json().items() if name not in claim.free}
        return Checkpoint(tensors, {"identity": identity, "step": self.step, "time_s": self.time_s, **values})

    def _resume(self) -> None:
        files = checkpoint_files(self._folder) if self._folder else []
        checkpoint = read_checkpoint(files[-1]) if files else None
        if checkpoint is None:
            return
        path, held = files[-1], checkpoint.values["identity"]
        if not any(claim.matches(held) for claim in self._claims):
            self._claims[0].check(
                held,
                path,
                what="a training",
                remedy="Train in another folder, or delete the checkpoints to start again",
            )
        for name, module in self._modules().items():
            restore_module(module, without_prefix(name, checkpoint.tensors), path)
        for name, optimizer in self._trained.optimizers.items():
            restore_optimizer(optimizer, without_prefix(f"optimizer of {name}", checkpoint.tensors))
        self.step, self.time_s = int(checkpoint.values["step"]), float(checkpoint.values["time_s"])
        # Tensors of modules and optimizers have the name of theirs, and a dot, before them.
        self.memory = {name: tensor for name, tensor in checkpoint.tensors.items() if "." not in name}
        own = ("identity", "step", "time_s", _WATCH)
        self.values = {name: value for name, value in checkpoint.values.items() if name not in own}
        if self._watched is not None:
            of_watch = without_prefix(_WATCH, checkpoint.tensors)
            self._obey(self._watched.watch.go_on(checkpoint.values[_WATCH], of_watch))

    def _modules(self) -> dict[str, nn.Module]:
        return {**self._trained.modules, **self.averages}


def _with_watch(claim: Provenance, watched: Watched) -> Provenance:
    """A training that is watched is another one, since its rates may change."""
    return replace(claim, values={**claim.values, _WATCH: dict(watched.watch.identity)})
