"""Everything that the next step of an auto-shot training depends on, saved and put back."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from torch.optim import Optimizer

from partly.errors import BadOption
from partly.models.networks import AutoShotNetwork
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
from partly.training.segmentation.auto_shot_config import AutoShotConfig
from partly.training.segmentation.labelled_pictures import LabelledPictures

# How often to measure and to save changes nothing in the result.
_FREE_TO_CHANGE = ("evaluate_every", "checkpoint_every_s")
_N_COMPARED = 16


class TrainingState:
    """A training between two steps.

    Batches and augmentation are functions of seed and step, so there is no state of random numbers to keep.

    Args:
        network: being trained.
        average: its moving average.
        optimizer: of the network's parameters.
        config: how it is trained.
        pictures: what it is trained on.
        path: where the checkpoint is; None keeps none.
    """

    def __init__(
        self,
        network: AutoShotNetwork,
        average: AutoShotNetwork,
        optimizer: Optimizer,
        config: AutoShotConfig,
        pictures: LabelledPictures,
        path: Path | None,
    ) -> None:
        self.network, self.average, self.optimizer = network, average, optimizer
        self.path = path
        self.step = 0
        self.time_s = 0.0
        self.held_out_iou: float | None = None
        self._config = _plain(config)
        self._identity = _identity(network, pictures) if path else {}
        self._every_s, self._saved_at = config.checkpoint_every_s, time.monotonic()

    def is_due(self) -> bool:
        """Whether the last checkpoint is old enough for another."""
        return time.monotonic() - self._saved_at >= self._every_s

    def save(self) -> None:
        """Write a checkpoint."""
        self._saved_at = time.monotonic()
        if self.path is None:
            return
        tensors = (
            with_prefix("network", self.network.state_dict())
            | with_prefix("average", self.average.state_dict())
            | with_prefix("optimizer", optimizer_tensors(self.optimizer))
        )
        values = {
            "config": self._config,
            **self._identity,
            "step": self.step,
            "time_s": self.time_s,
            "held_out_iou": self.held_out_iou,
        }
        write_checkpoint(self.path, Checkpoint(tensors, values))

    def resume(self) -> None:
        """Go back to the last checkpoint, if there is one.

        Raises:
            BadModelFile: it is damaged, or of another network.
            BadOption: it is of a training with another config, other first weights, parts or pictures.
        """
        checkpoint = read_checkpoint(self.path) if self.path else None
        if checkpoint is None or self.path is None:
            return
        if changed := self._changed(checkpoint):
            raise BadOption(
                f"is the checkpoint of a training with another {', '.join(changed)}",
                expected="the same, to go on with it",
                remedy="Train in another folder, or delete the file to start again",
                path=self.path,
            )
        restore_module(self.network, without_prefix("network", checkpoint.tensors), self.path)
        restore_module(self.average, without_prefix("average", checkpoint.tensors), self.path)
        restore_optimizer(self.optimizer, without_prefix("optimizer", checkpoint.tensors))
        self.step, self.time_s = int(checkpoint.values["step"]), float(checkpoint.values["time_s"])
        self.held_out_iou = checkpoint.values["held_out_iou"]

    def _changed(self, checkpoint: Checkpoint) -> list[str]:
        before = checkpoint.values.get("config", {})
        names = [name for name, value in self._config.items() if before.get(name) != value]
        names += [name for name, value in self._identity.items() if checkpoint.values.get(name) != value]
        return names


def _identity(network: AutoShotNetwork, pictures: LabelledPictures) -> dict[str, object]:
    """What a training depends on besides its config, by the words that errors use."""
    return {
        "part set": network.part_set.to_json(),
        "start": network.digest,
        "number of pictures": len(pictures),
        "choice of pictures": _labels_digest(pictures),
    }


def _labels_digest(pictures: LabelledPictures) -> str:
    """SHA-256 of the labels of a few pictures spread over all, which move when others are left out.

    Labels and not pictures: another version of a JPEG decoder may give other pixels.
    """
    digest = hashlib.sha256()
    spread = np.linspace(0, len(pictures) - 1, min(_N_COMPARED, len(pictures))).round().astype(int)
    for index in spread.tolist():
        digest.update(pictures.read([index])[1].float().numpy().tobytes())
    return digest.hexdigest()


def _plain(config: AutoShotConfig) -> dict[str, object]:
    """The config as JSON gives it back: lists for tuples."""
    plain: dict[str, object] = json.loads(json.dumps(asdict(config)))
    return {name: value for name, value in plain.items() if name not in _FREE_TO_CHANGE}
