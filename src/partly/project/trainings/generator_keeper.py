"""What a checkpoint is worth to people: the model, pictures, the page."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn

from partly.data.photos import PhotoSet, write_png
from partly.errors import BadModelFile
from partly.machine import Machine
from partly.models.generators import GeneratorFamily, class_means_of_w, mean_of_w
from partly.models.zoo import load_generator
from partly.project.trainings.no_better import NoBetter
from partly.project.trainings.stopping_text import outcome_text
from partly.project.trainings.training_folder import TrainingFolder
from partly.project.trainings.training_measures import Measures
from partly.project.trainings.training_page import write_training_page
from partly.project.trainings.training_samples import (
    class_grid,
    code_sweeps,
    interpolation_strip,
    picture_grid,
)
from partly.storage import load_card
from partly.training.recipes import TrainedModels, TrainingChoices, TrainingPlan

_N_FOR_MEAN = 4000


@dataclass(frozen=True)
class GeneratorKeeper:
    """Keeps the model of a training at every checkpoint, and the best one at the end.

    Attributes:
        place: of the training.
        choices: of it.
        photos: that are learned from.
        classes: how many photos each class has.
        ready: the plan.
        measures: figures of pictures.
        on_pictures: told the file of a new grid of pictures.
        machine: what the training runs on.
        watch: of a training that may end before its plan does.
    """

    place: TrainingFolder
    choices: TrainingChoices
    photos: PhotoSet
    classes: Mapping[str, int]
    ready: TrainingPlan
    measures: Measures
    on_pictures: Callable[[Path], None]
    machine: Machine
    watch: NoBetter | None = None

    def __call__(self, average: nn.Module, step: int) -> None:
        """Keep the generator with averaged weights after so many steps."""
        assert isinstance(average, GeneratorFamily)
        n_shown = step * self.ready.n_shown_a_step
        generator = _as_kept(average)
        grid = self.place.grid_file(n_shown)
        write_png(grid, _grid(generator))
        write_png(self.place.strip_file(n_shown), interpolation_strip(generator))
        if generator.n_continuous_codes:
            write_png(self.place.sweep_file(n_shown), code_sweeps(generator))
        generator.save(self.place.root, self._extra(step))
        self.place.thin_out()
        self.measures.take(average, n_shown, is_last=step == self.ready.n_steps)
        self._write_page()
        self.on_pictures(grid)

    def finish(self, trained: TrainedModels) -> str:
        """Keep what the training ended with, or the best of it.

        Returns:
            How a training ended that was watched; "" for all others.
        """
        best = None if self.watch is None else self.watch.best
        if self.watch is None or best is None:
            if self.last_kept() < trained.n_steps:
                # It was stopped between its last checkpoint and what is made of it.
                self(trained.generator, trained.n_steps)
            return "" if self.watch is None else outcome_text(self.watch.evaluations, is_over=False)
        text = outcome_text(self.watch.evaluations, is_over=self.watch.is_over)
        if self._finished_after() == trained.n_steps:
            return text
        assert isinstance(trained.generator, GeneratorFamily)
        self.measures.take(trained.generator, trained.n_steps * self.ready.n_shown_a_step, is_last=True)
        assert self.watch.best_folder is not None
        chosen = load_generator(str(self.watch.best_folder))
        generator = _as_kept(chosen)  # type: ignore[arg-type]
        write_png(self.place.best_grid, _grid(generator))
        stopping = {"outcome": text, "n_steps": trained.n_steps, "kernel_x_1000": best.kernel}
        generator.save(self.place.root, self._extra(best.step, stopping))
        self._write_page()
        return text

    def last_kept(self) -> int:
        """The step that the training had reached when the model in the folder was written; 0 without one."""
        return self._finished_after() or int(self._card().get("step", 0))

    def _finished_after(self) -> int:
        """The step after which the best generator was chosen; 0 where it was not."""
        return int(self._card().get("stopping", {}).get("n_steps", 0))

    def _card(self) -> Mapping[str, Any]:
        try:
            training: Mapping[str, Any] = load_card(self.place.root).extra["training"]
            return training if "step" in training else {}
        except (BadModelFile, KeyError, TypeError):
            return {}

    def _write_page(self) -> None:
        write_training_page(self.place, self.choices, self.photos, self.classes)

    def _extra(self, step: int, stopping: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return {
            "training": {
                **asdict(self.choices),
                "step": step,
                "n_photos_shown": step * self.ready.n_shown_a_step,
                "n_photos": len(self.photos),
                "photos_sha256": self.photos.digest,
                **({"photos_of_classes": dict(self.classes)} if self.classes else {}),
                **({"stopping": dict(stopping)} if stopping else {}),
            },
            **self.machine.described,
        }


def _as_kept(average: nn.Module) -> GeneratorFamily:
    """A copy on the processor, with its means of ``w``; nothing changes what the training goes on with."""
    assert isinstance(average, GeneratorFamily)
    generator = copy.deepcopy(average).cpu()
    if generator.classes:
        generator.class_means.copy_(class_means_of_w(generator, _N_FOR_MEAN))
        generator.w_mean.copy_(generator.class_means.mean(dim=0))
    else:
        generator.w_mean.copy_(mean_of_w(generator, _N_FOR_MEAN))
    return generator


def _grid(generator: GeneratorFamily) -> Any:
    return class_grid(generator) if generator.classes else picture_grid(generator)
