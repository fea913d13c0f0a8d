"""Choices to a plan of training: networks with their first weights, and the loop that trains them."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from partly.losses import Lazy, Objective, PathLength, Together
from partly.machine import PROCESSOR, Machine
from partly.models.encoders import RepresentationFamily
from partly.storage import tensor_seed
from partly.training.adversarial.frozen_stages import check_frozen
from partly.training.adversarial.gan_batches import PhotoBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.adversarial.gan_play import GanPlayers
from partly.training.adversarial.gan_report import GanReport, gan_figures_text
from partly.training.augment.adversarial import NOTHING, AdaptiveAugmentation, Augmentation, DiffAugment
from partly.training.chassis.watching import Watch
from partly.training.matching.matching_config import (
    MatchingConfig,
    MatchingReport,
    matching_figures_text,
)
from partly.training.matching.matching_loop import train_by_matching
from partly.training.matching.matching_parts import MatchingParts
from partly.training.recipes.conditioned_plans import (
    condition_way,
    conditioned,
    conditioned_objective,
)
from partly.training.recipes.first_weights import start_discriminator, start_from
from partly.training.recipes.gmmn_recipe import GMMNChoices, GMMNRecipe
from partly.training.recipes.objective_table import OBJECTIVES, NamedObjective
from partly.training.recipes.recipe import AdversarialRecipe, AutoencoderRecipe
from partly.training.recipes.recipe_presets import AdversarialPreset, AutoencoderPreset, MatchingPreset
from partly.training.recipes.recipe_table import recipe_of
from partly.training.recipes.slope_choices import slope_penalties
from partly.training.recipes.training_choices import AdversarialChoices, TrainingChoices
from partly.training.variational.vae_config import VAEConfig, VAEReport, vae_figures_text
from partly.training.variational.vae_loop import VAEParts, train_vae

_N_CHECKPOINTS, _CHECKPOINT_EVERY = 50, (100, 1000)
AUGMENTATIONS: dict[str, Callable[[], Augmentation]] = {
    "ada": AdaptiveAugmentation,
    "diff": DiffAugment,
    "none": lambda: NOTHING,
}
"""What can be done to all that a discriminator sees, by name."""


@dataclass(frozen=True)
class PlanStep:
    """What is told of a step.

    Attributes:
        step: number of steps done.
        n_steps: number of steps in all.
        figures: of the step, in one line.
        values: all that is known of the step, by name; None where something does not apply.
    """

    step: int
    n_steps: int
    figures: str
    values: Mapping[str, float | None]


OnPlanStep = Callable[[PlanStep], None]
OnPlanCheckpoint = Callable[[nn.Module, int], None]


@dataclass(frozen=True)
class TrainedModels:
    """What a training gives.

    Attributes:
        generator: with averaged weights.
        time_s: of all sittings.
        n_steps: taken by all sittings; fewer than planned where a watch ended the training.
        representation: of photos, where the family has one.
        others: generators with averages of other lengths, by factors on the half-life, where such are kept.
    """

    generator: nn.Module
    time_s: float
    n_steps: int
    representation: RepresentationFamily | None = None
    others: Mapping[float, nn.Module] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """A few steps of a training, on copies.

    Attributes:
        plan: takes them.
        stands_for: how many steps of the training each stands for; none of those that only warm up.
    """

    plan: TrainingPlan
    stands_for: tuple[float, ...]


class TrainingPlan(ABC):
    """A training that is ready to begin, or to go on.

    Attributes:
        config: of the training.
    """

    config: GanConfig | VAEConfig | MatchingConfig

    @property
    def batch_size(self) -> int:
        """Photos in a batch."""
        return self.config.batch_size

    @property
    def n_steps(self) -> int:
        """Steps in all."""
        return self.config.n_steps

    @property
    def n_shown_a_step(self) -> int:
        """Photos shown in one step."""
        return self.config.batch_size

    @abstractmethod
    def run(
        self,
        photos: PhotoBatches,
        folder: Path | None,
        on_step: OnPlanStep,
        on_checkpoint: OnPlanCheckpoint | None,
        machine: Machine = PROCESSOR,
        watch: Watch | None = None,
    ) -> TrainedModels:
        """Train.

        Args:
            photos: what is learned from.
            folder: of checkpoints and log; None writes nothing.
            on_step: called after every step.
            on_checkpoint: given the generator with averaged weights, which it must not change, and the
                number of steps done; None: nobody is.
            machine: what it runs on.
            watch: of families with the option ``until``: looks at the generator, and may end the training.
        """

    @abstractmethod
    def trial(self, n_done: int, n_times: int) -> Trial:
        """A few steps on copies of the networks, by which the time of the rest can be told.

        Args:
            n_done: steps that the training has taken before.
            n_times: how often each kind of step is tried.
        """


@dataclass(frozen=True)
class AdversarialPlan(TrainingPlan):
    """Generator against discriminator."""

    players: GanPlayers
    config: GanConfig

    @property
    def n_shown_a_step(self) -> int:
        """Photos of all steps of the discriminator before one of the generator."""
        return self.config.batch_size * self.config.n_discriminator_steps

    def run(
        self,
        photos: PhotoBatches,
        folder: Path | None,
        on_step: OnPlanStep,
        on_checkpoint: OnPlanCheckpoint | None,
        machine: Machine = PROCESSOR,
        watch: Watch | None = None,
    ) -> TrainedModels:
        """As :class:`TrainingPlan`."""
        result = train_gan(
            self.players,
            photos,
            self.config,
            folder=folder,
            on_step=lambda report: on_step(_step(report, gan_figures_text(report))),
            on_checkpoint=on_checkpoint,
            watch=watch,
            machine=machine,
        )
        return TrainedModels(result.generator, result.time_s, result.n_steps, others=result.others)

    def trial(self, n_done: int, n_times: int) -> Trial:
        """As :class:`TrainingPlan`: penalties that are due now and then are due in every other step."""
        players = copy.deepcopy(self.players)
        penalties = (*players.discriminator_penalties, *players.generator_penalties)
        every = min((one.every for one in penalties if one.every > 1), default=2)
        tried = replace(
            self,
            players=replace(
                players,
                discriminator_penalties=_every_other(players.discriminator_penalties),
                generator_penalties=_every_other(players.generator_penalties),
            ),
            config=replace(self.config, n_steps=1 + 2 * n_times),
        )
        n = (self.n_steps - n_done) / n_times
        return Trial(tried, (0.0, *(n - n / every, n / every) * n_times))


@dataclass(frozen=True)
class AutoencoderPlan(TrainingPlan):
    """Encoder and decoder of a variational autoencoder; the decoder is the generator."""

    parts: VAEParts
    config: VAEConfig

    def run(
        self,
        photos: PhotoBatches,
        folder: Path | None,
        on_step: OnPlanStep,
        on_checkpoint: OnPlanCheckpoint | None,
        machine: Machine = PROCESSOR,
        watch: Watch | None = None,
    ) -> TrainedModels:
        """As :class:`TrainingPlan`."""
        assert watch is None, "the best decoder would need the encoder of the same moment"
        result = train_vae(
            self.parts,
            photos,
            self.config,
            folder=folder,
            on_step=lambda report: on_step(_step(report, vae_figures_text(report))),
            on_checkpoint=on_checkpoint,
            machine=machine,
        )
        return TrainedModels(result.decoder, result.time_s, self.n_steps, result.encoder)

    def trial(self, n_done: int, n_times: int) -> Trial:
        """As :class:`TrainingPlan`."""
        config = replace(self.config, n_steps=1 + n_times)
        n = (self.n_steps - n_done) / n_times
        return Trial(AutoencoderPlan(copy.deepcopy(self.parts), config), (0.0, *(n,) * n_times))


@dataclass(frozen=True)
class MatchingPlan(TrainingPlan):
    """A generator without discriminator."""

    parts: MatchingParts
    config: MatchingConfig

    def run(
        self,
        photos: PhotoBatches,
        folder: Path | None,
        on_step: OnPlanStep,
        on_checkpoint: OnPlanCheckpoint | None,
        machine: Machine = PROCESSOR,
        watch: Watch | None = None,
    ) -> TrainedModels:
        """As :class:`TrainingPlan`."""
        assert watch is None, "while the autoencoder is trained, pictures do not get better"
        result = train_by_matching(
            self.parts,
            photos,
            self.config,
            folder=folder,
            on_step=lambda report: on_step(_step(report, matching_figures_text(report))),
            on_checkpoint=on_checkpoint,
            machine=machine,
        )
        return TrainedModels(result.generator, result.time_s, self.n_steps)

    def trial(self, n_done: int, n_times: int) -> Trial:
        """As :class:`TrainingPlan`: of both stages, if there are two."""
        n_each = 1 + n_times
        config = replace(self.config, n_steps=2 * n_each, n_autoencoder_steps=n_each)
        of_all = [sum(map(self.config.is_autoencoder_step, range(n))) for n in (n_done, self.n_steps)]
        n_first = of_all[1] - of_all[0]
        n = [n_first / n_times, (self.n_steps - n_done - n_first) / n_times]
        stands_for = (0.0, *(n[0],) * n_times, 0.0, *(n[1],) * n_times)
        return Trial(MatchingPlan(copy.deepcopy(self.parts), config), stands_for)


def _every_other(penalties: tuple[Lazy, ...]) -> tuple[Lazy, ...]:
    """Those that are not counted in every step, as if they were in every other."""
    return tuple(replace(one, every=min(one.every, 2)) for one in penalties)


def _step(report: GanReport | VAEReport | MatchingReport, figures: str) -> PlanStep:
    values = asdict(report)
    values.pop("stage", None)
    for player in ("generator", "discriminator"):
        terms = values.pop(f"{player}_terms", {})
        values |= {f"{player}: {name}": figure for name, figure in terms.items()}
    return PlanStep(report.step, report.n_steps, figures, values)


def with_defaults(choices: TrainingChoices) -> TrainingChoices:
    """The choices with what was left open as the family's preset says.

    Raises:
        BadOption: an unknown family, choices that do not go together, or a size that the family cannot have.
    """
    return recipe_of(choices.family).with_defaults(choices)


def training_plan(choices: TrainingChoices, classes: Sequence[str] = ()) -> TrainingPlan:
    """The plan of a training.

    Args:
        choices: as :func:`with_defaults` gives them, or with all that the family needs.
        classes: names of the classes of the photos, for a family that learns classes.

    Raises:
        BadOption: as :func:`with_defaults`; or what is started from, or stacked on, is of another kind or
            shape, or has no discriminator where one is asked for.
        BadModelFile: what is started from, or stacked on, is missing or damaged.
        NotAvailable: a network that ``partly get`` has to fetch first.
    """
    return recipe_of(choices.family).plan(with_defaults(choices), classes)


def autoencoder_plan(choices: TrainingChoices, family: AutoencoderRecipe) -> AutoencoderPlan:
    """The plan of encoder and decoder, whose choices have all defaults."""
    preset = family.preset(choices.size_px)
    with _first_weights(choices):
        decoder, encoder = family.networks(_widened(preset.shape, choices))
        if choices.start_from is not None:
            start_from(decoder, Path(choices.start_from))
        parts = VAEParts(decoder, encoder, preset.objective)
    batch_size, n_shown = _length(choices)
    n_steps = max(1, round(n_shown / batch_size))
    return AutoencoderPlan(parts, VAEConfig(batch_size=batch_size, **_common(choices, preset, n_steps)))


def adversarial_plan(
    choices: AdversarialChoices, family: AdversarialRecipe, classes: Sequence[str] = ()
) -> AdversarialPlan:
    """The plan of generator and discriminator, whose choices have all defaults.

    Raises:
        BadOption: what is started from is of another kind or shape, or has no discriminator where one is
            asked for; or more stages are to be frozen than there are.
        BadModelFile: what is started from is missing or damaged.
    """
    preset = conditioned(family.preset(choices.size_px), choices, classes)
    objective = OBJECTIVES[choices.objective or ""]
    slopes = slope_penalties(choices, preset)
    with _first_weights(choices):
        generator = family.generator(_widened(preset.shape, choices))
        if choices.start_from is not None:
            start_from(generator, Path(choices.start_from))
        # Slopes at single pictures mean nothing where batch norm mixes them.
        by_itself = objective.by_itself or bool(slopes)
        way = condition_way(choices)
        discriminator = family.discriminator(preset.shape, norm=not by_itself, way=way)
        n_frozen = getattr(choices, "n_frozen", 0)
        check_frozen(discriminator, n_frozen)
        if choices.start_from is not None and choices.warm_discriminator:
            start_discriminator(discriminator, Path(choices.start_from))
    played = conditioned_objective(objective.make(), choices, classes)
    added = family.terms(generator)
    players = GanPlayers(
        generator,
        discriminator,
        Together((played, *added)) if added else played,
        discriminator_penalties=_with_that_of_family(
            slopes, objective, preset, family.penalty(discriminator)
        ),
        generator_penalties=(Lazy(PathLength(), preset.path_length_every),) if preset.path_length else (),
        augment=_augmentation(choices.augment),
    )
    batch_size, n_shown = _length(choices)
    n_discriminator_steps = choices.discriminator_steps or objective.n_discriminator_steps
    n_steps = max(1, round(n_shown / (batch_size * n_discriminator_steps)))
    config = GanConfig(
        batch_size=batch_size,
        n_discriminator_steps=n_discriminator_steps,
        n_generator_steps=choices.generator_steps or 1,
        averages=average_factors(choices.n_averages),
        n_frozen=n_frozen,
        reuse_pictures=bool(choices.reuse_pictures),
        **{**_common(choices, preset, n_steps), **objective.training},
    )
    return AdversarialPlan(players, config)


def matching_plan(choices: GMMNChoices, family: GMMNRecipe) -> MatchingPlan:
    """The plan of a generator without discriminator, whose choices have all defaults."""
    preset = family.preset(choices.size_px)
    batch_size, n_shown = _length(choices)
    with _first_weights(choices):
        generator = family.generator(preset.shape)
        if choices.start_from is not None:
            start_from(generator, Path(choices.start_from))
        parts = MatchingParts(generator)
    n_steps = max(1, round(n_shown / batch_size))
    # Of the usual length, so that a longer training goes on with this one.
    n_autoencoder_steps = max(1, round(preset.autoencoder_share * preset.n_photos_shown / batch_size))
    config = MatchingConfig(
        batch_size=batch_size,
        matched=choices.matched,
        n_autoencoder_steps=n_autoencoder_steps,
        **_common(choices, preset, n_steps),
    )
    return MatchingPlan(parts, config)


def average_factors(n: int) -> tuple[float, ...]:
    """Factors on the half-life of the family's average: powers of four, 1 in the middle or just before it."""
    return tuple(4.0 ** (i - (n - 1) // 2) for i in range(n))


@contextmanager
def _first_weights(choices: TrainingChoices) -> Iterator[None]:
    """Networks that are made within have the weights of the seed; what is drawn elsewhere stays as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(tensor_seed("first weights", choices.seed))
        yield


def _length(choices: TrainingChoices) -> tuple[int, int]:
    """Photos in a batch and photos shown, of choices that have all defaults."""
    assert choices.batch_size is not None
    assert choices.n_photos_shown is not None
    return choices.batch_size, choices.n_photos_shown


def _widened(shape: Any, choices: TrainingChoices) -> Any:
    """The preset's shape with as many more channels as were chosen, where that is an option."""
    width = getattr(choices, "width", None)
    return shape if width is None else replace(shape, channel_base=round(shape.channel_base * width))


def _with_that_of_family(
    slopes: tuple[Lazy, ...], objective: NamedObjective, preset: AdversarialPreset, added: Objective | None
) -> tuple[Lazy, ...]:
    """Penalties on slopes, and what the family adds, as often as the objective's own."""
    every = 1 if objective.penalties else preset.family_penalty_every
    return slopes if added is None else (*slopes, Lazy(added, every))


def _common(
    choices: TrainingChoices, preset: AdversarialPreset | AutoencoderPreset | MatchingPreset, n_steps: int
) -> dict[str, Any]:
    return {
        "n_steps": n_steps,
        "checkpoint_every": min(max(n_steps // _N_CHECKPOINTS, _CHECKPOINT_EVERY[0]), _CHECKPOINT_EVERY[1]),
        "seed": choices.seed,
        **preset.training,
    }


def _augmentation(name: str | None) -> Augmentation:
    return AUGMENTATIONS[name or "none"]()
