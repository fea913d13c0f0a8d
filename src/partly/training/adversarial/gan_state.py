"""Everything that the next step of an adversarial training depends on, saved and put back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from partly.training.adversarial.gan_config import GanConfig
from partly.training.chassis.checkpoints import Checkpoint
from partly.training.chassis.training_state import TrainingState


class GanState(TrainingState):
    """An adversarial training between two steps; see :class:`partly.training.chassis.TrainingState`.

    Attributes:
        penalty: the discriminator's, when last computed; None before.
        mean_path_length: running mean of the path-length penalty.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        optimizers: Mapping[str, Optimizer],
        config: GanConfig,
        identity: Mapping[str, Any],
        folder: Path | None,
    ) -> None:
        super().__init__(modules, optimizers, config, config.n_checkpoints, identity, folder)
        self.penalty: float | None = None
        self.mean_path_length = torch.zeros(())

    def more(self) -> Checkpoint:
        """The penalties' figures."""
        return Checkpoint({"mean_path_length": self.mean_path_length}, {"penalty": self.penalty})

    def put_back(self, checkpoint: Checkpoint) -> None:
        """Put back what :meth:`more` gave."""
        self.mean_path_length = checkpoint.tensors["mean_path_length"]
        self.penalty = checkpoint.values["penalty"]
