"""Trainings of equal processor time, each done once: a stopped one goes on, a finished one is only read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from benchmarks.processor_time import StepClock, photos_of_budget
from benchmarks.trained_digits import LearnedFrom

from experiments.experiment import Figures
from experiments.training_study import Material, Variant
from partly.data.photos import PhotoSet, find_photos, make_photo_set
from partly.errors import TrainingDiverged
from partly.models.generators import GeneratorFamily
from partly.storage import read_json_or_none, write_json
from partly.training.adversarial import SquareBatches
from partly.training.recipes import (
    PlanStep,
    TrainingPlan,
    choices_for,
    condition_batches,
    training_plan,
    with_defaults,
)

OnStep = Callable[[PlanStep], None]
_TIMES, _FIGURES = "seconds-a-step.json", "training.json"


@dataclass(frozen=True)
class TrainedVariant:
    """What a training gave.

    Attributes:
        folder: the generator's model folder; None where the training diverged.
        figures: photos shown, steps, processor seconds; or why it diverged.
    """

    folder: Path | None
    figures: Figures


@dataclass(frozen=True)
class AdversarialTrainings:
    """All trainings on one material.

    Attributes:
        material: what they learn from.
        source: where its photos are.
        folder: of everything that is made.
    """

    material: Material
    source: Path
    folder: Path

    @cached_property
    def digits(self) -> LearnedFrom:
        """Squares and classes, of a material with classes."""
        return LearnedFrom.read(self.source, self.folder, self.material.size_px)

    @cached_property
    def photos(self) -> PhotoSet:
        """The squares."""
        if self.material.has_classes:
            return self.digits.photos
        return make_photo_set(find_photos(self.source), self.folder / "photos", self.material.size_px)

    def trained(
        self, variant: Variant, seed: int, minutes: float, on_step: OnStep = lambda _: None
    ) -> TrainedVariant:
        """Train for so many processor minutes, or go on.

        Raises:
            BadOption: choices that do not go together.
        """
        n_shown = self._n_shown(variant, minutes)
        folder = self.folder / f"{variant.key}-seed-{seed}-{n_shown}"
        generator = folder / "generator"
        known = read_json_or_none(folder / _FIGURES)
        if known is None:
            known = self._train(variant, seed, n_shown, folder, on_step)
            write_json(folder / _FIGURES, known)
        return TrainedVariant(None if "diverged" in known else generator, known)

    def _train(self, variant: Variant, seed: int, n_shown: int, folder: Path, on_step: OnStep) -> Figures:
        plan, batches = self._plan(variant, seed, n_shown)
        clock = StepClock(folder / "clock.json")

        def noted(step: PlanStep) -> None:
            clock(step)
            on_step(step)

        figures: Figures = {"shown": n_shown, "steps": plan.n_steps}
        try:
            trained = plan.run(batches, folder / "training", noted, lambda *_: None).generator
            assert isinstance(trained, GeneratorFamily)
            trained.save(folder / "generator", {})
        except TrainingDiverged as error:
            figures["diverged"] = str(error)
        seconds = clock.seconds_a_step
        return figures | {
            "seconds_a_step": None if seconds is None else round(seconds, 4),
            "processor_minutes": round(clock.seconds / 60, 2),
        }

    def _plan(self, variant: Variant, seed: int, n_shown: int) -> tuple[TrainingPlan, SquareBatches]:
        given = {
            "family": self.material.family,
            "size_px": self.material.size_px,
            "mirror": self.material.mirror,
            **variant.options,
        }
        choices = with_defaults(
            choices_for(objective=variant.objective, n_photos_shown=n_shown, seed=seed, **given)
        )
        plan = training_plan(choices)
        more = condition_batches(choices)
        return plan, SquareBatches(self.photos, plan.batch_size, seed, mirror=choices.mirror, **more)

    def _n_shown(self, variant: Variant, minutes: float) -> int:
        """Photos that the budget shows, by a timing that all trainings of the variant share."""
        plan_of = partial(self._plan, variant, 0)
        return photos_of_budget(self.folder / _TIMES, variant.text, minutes, plan_of)
