"""Everything that the next step of a training depends on, saved and put back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.optim import Optimizer

from partly.errors import BadOption
from partly.training.chassis.checkpoints import (
    Checkpoint,
    optimizer_tensors,
    read_checkpoint,
    restore_module,
    restore_optimizer,
    with_prefix,
    without_prefix,
    write_checkpoint,
)

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# How long to train, and how often to save, may change in between.
_FREE_TO_CHANGE = ("n_steps", "checkpoint_every", "n_checkpoints")


class TrainingState:
    """A training between two steps; a kind of training that has more to remember says so in a subclass.

    Args:
        modules: by name.
        optimizers: by name.
        config: how they are trained, a dataclass of plain values.
        n_checkpoints: how many checkpoints are kept.
        identity: what else the training depends on, by the words that errors use; plain JSON values.
        folder: where checkpoints are; None keeps none.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        optimizers: Mapping[str, Optimizer],
        config: DataclassInstance,
        n_checkpoints: int,
        identity: Mapping[str, Any],
        folder: Path | None,
    ) -> None:
        self._modules, self._optimizers = modules, optimizers
        plain: dict[str, Any] = json.loads(json.dumps(asdict(config) | dict(identity)))
        self._identity = {name: value for name, value in plain.items() if name not in _FREE_TO_CHANGE}
        self._folder, self._n_checkpoints = folder, n_checkpoints
        self.step = 0
        self.time_s = 0.0

    def more(self) -> Checkpoint:
        """What else to remember: tensors and values by names of their own."""
        return Checkpoint({}, {})

    def put_back(self, checkpoint: Checkpoint) -> None:
        """Put back what :meth:`more` gave."""

    def save(self) -> None:
        """Write a checkpoint, and delete all but the last few."""
        if self._folder is None:
            return
        more = self.more()
        tensors: dict[str, Tensor] = dict(more.tensors)
        for name, module in self._modules.items():
            tensors |= with_prefix(name, module.state_dict())
        for name, optimizer in self._optimizers.items():
            tensors |= with_prefix(f"optimizer of {name}", optimizer_tensors(optimizer))
        values = {"identity": self._identity, "step": self.step, "time_s": self.time_s, **more.values}
        write_checkpoint(self._folder / f"checkpoint-{self.step:08}.safetensors", Checkpoint(tensors, values))
        for old in checkpoint_files(self._folder)[: -self._n_checkpoints]:
            old.unlink()

    def resume(self) -> None:
        """Go back to the last checkpoint, if there is one.

        Raises:
            BadModelFile: it is damaged, or of another network.
            BadOption: it is of a training with other choices, photos or first weights.
        """
        files = checkpoint_files(self._folder) if self._folder else []
        if not files:
            return
        checkpoint = read_checkpoint(files[-1])
        assert checkpoint is not None
        before = checkpoint.values["identity"]
        names = before.keys() | self._identity.keys()
        if changed := sorted(name for name in names if before.get(name) != self._identity.get(name)):
            raise BadOption(
                f"is the checkpoint of a training with another {', '.join(changed)}",
                expected="the same, to go on with it",
                remedy="Train in another folder, or delete the checkpoints to start again",
                path=files[-1],
            )
        for name, module in self._modules.items():
            restore_module(module, without_prefix(name, checkpoint.tensors), files[-1])
        for name, optimizer in self._optimizers.items():
            restore_optimizer(optimizer, without_prefix(f"optimizer of {name}", checkpoint.tensors))
        self.step, self.time_s = int(checkpoint.values["step"]), float(checkpoint.values["time_s"])
        self.put_back(checkpoint)


def checkpoint_files(folder: Path) -> list[Path]:
    """The checkpoints in a folder, oldest first."""
    return sorted(folder.glob("checkpoint-*.safetensors"))
