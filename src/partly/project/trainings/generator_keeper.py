"""What a checkpoint is worth to people: the model, pictures, the page."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from torch import nn

from partly.data.photos import PhotoSet, write_png
from partly.errors import BadModelFile
from partly.machine import Machine
from partly.models.generators import GeneratorFamily, class_means_of_w, mean_of_w
from partly.models.zoo import load_generator
from partly.project.trainings.kept_averages import AverageChoice, average_choice, average_name
from partly.project.trainings.no_better import NoBetter, average_folder
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
        # Of an end that is none any more.
        shutil.rmtree(self.place.averages, ignore_errors=True)
        self.place.best_grid.unlink(missing_ok=True)
        self.measures.take(average, n_shown, is_last=step == self.ready.n_steps)
        self._write_page()
        self.on_pictures(grid)

    def finish(self, trained: TrainedModels) -> str:
        """Keep what the training ended with, or the best of it.

        Returns:
            How a training ended that was watched, and which of several averages was chosen; "" of all others.
        """
        best = None if self.watch is None else self.watch.best
        if self.watch is None or best is None:
            if self.last_kept() < trained.n_steps:
                # It was stopped between its last checkpoint and what is made of it.
                self(trained.generator, trained.n_steps)
            text = "" if self.watch is None else outcome_text(self.watch.evaluations, is_over=False)
            if trained.others and self._n_steps_of("averages") < trained.n_steps:
                self._keep_best({1.0: trained.generator, **trained.others}, trained.n_steps, trained.n_steps)
            return self._with_averages(text)
        text = outcome_text(self.watch.evaluations, is_over=self.watch.is_over)
        if self._n_steps_of("stopping") == trained.n_steps:
            return self._with_averages(text)
        assert isinstance(trained.generator, GeneratorFamily)
        self.measures.take(trained.generator, trained.n_steps * self.ready.n_shown_a_step, is_last=True)
        folder = self.watch.best_folder
        assert folder is not None
        places = {1.0: folder, **{factor: average_folder(folder, factor) for factor in trained.others}}
        stopping = {"outcome": text, "n_steps": trained.n_steps, "kernel_x_1000": best.kernel}
        generators = {factor: load_generator(str(place)) for factor, place in places.items()}
        self._keep_best(generators, best.step, trained.n_steps, {"stopping": stopping})  # type: ignore[arg-type]
        return self._with_averages(text)

    def _keep_best(
        self,
        averages: Mapping[float, nn.Module],
        step: int,
        n_steps: int,
        told: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Keep the best of the averages of a step as the generator, and all of them beside it.

        Args:
            averages: of one step, by factors on the half-life; a single one is not compared.
            step: whose they are.
            n_steps: taken by the training.
            told: what else the card says of the training.
        """
        kept = {factor: _as_kept(one) for factor, one in averages.items()}
        factor = 1.0
        if len(kept) > 1:
            photos = (self.watch or self.measures).photo_rows()
            half_life = self._half_life(step)
            # Thousands of pictures, which a GPU makes sooner.
            there = {factor: one.to(self.machine.device) for factor, one in kept.items()}
            choice = average_choice(there, half_life, n_steps, photos, self.measures.on_progress)
            kept = {factor: one.cpu() for factor, one in there.items()}
            for other, one in kept.items():
                one.save(self.place.averages / average_name(other), self._extra(step))
            told, factor = {**told, "averages": choice.to_json()}, choice.chosen.factor
        write_png(self.place.best_grid, _grid(kept[factor]))
        kept[factor].save(self.place.root, self._extra(step, told))
        self._write_page()

    def _half_life(self, step: int) -> float:
        """Of the family's average after so many steps, in photos."""
        config = self.ready.config
        return min(config.ema_half_life, config.ema_ramp_up * step * self.ready.n_shown_a_step)

    def _with_averages(self, text: str) -> str:
        choice = self._average_choice()
        return " ".join(filter(None, [text, str(choice or "")]))

    def _average_choice(self) -> AverageChoice | None:
        found = self._card().get("averages")
        return AverageChoice.of_json(found) if found else None

    def last_kept(self) -> int:
        """The step that the training had reached when the model in the folder was written; 0 without one."""
        ends = [self._n_steps_of(choice) for choice in ("stopping", "averages")]
        return max(ends) or int(self._card().get("step", 0))

    def _n_steps_of(self, choice: str) -> int:
        """The step after which the best generator was chosen, or the best average; 0 where it was not."""
        return int(self._card().get(choice, {}).get("n_steps", 0))

    def _card(self) -> Mapping[str, Any]:
        try:
            training: Mapping[str, Any] = load_card(self.place.root).extra["training"]
            return training if "step" in training else {}
        except (BadModelFile, KeyError, TypeError):
            return {}

    def _write_page(self) -> None:
        write_training_page(self.place, self.choices, self.photos, self.classes, self._average_choice())

    def _extra(self, step: int, told: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
        return {
            "training": {
                **asdict(self.choices),
                "step": step,
                "n_photos_shown": step * self.ready.n_shown_a_step,
                "n_photos": len(self.photos),
                "photos_sha256": self.photos.digest,
                **({"photos_of_classes": dict(self.classes)} if self.classes else {}),
                **told,
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
