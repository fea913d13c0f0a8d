"""How a family of generators is trained: which options it has, and what comes of them. Without torch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from partly.errors import BadOption
from partly.training.recipes.condition_choices import check_conditions
from partly.training.recipes.training_choices import AdversarialChoices, StoppingChoice, TrainingChoices

if TYPE_CHECKING:
    from torch import nn

    from partly.losses import Objective
    from partly.models.discriminators import ConditionWay
    from partly.models.encoders import VAEEncoder
    from partly.models.generators import VAEDecoder, VAEShape
    from partly.training.recipes.recipe_presets import AdversarialPreset, AutoencoderPreset
    from partly.training.recipes.training_plans import TrainingPlan


ChoicesT = TypeVar("ChoicesT", bound=TrainingChoices)
StoppingT = TypeVar("StoppingT", bound=StoppingChoice)
WarmT = TypeVar("WarmT", bound=AdversarialChoices)
# In the usual length of a family: the rule needs 33 of them at the least.
_N_EVALUATIONS = 100


class Recipe(Protocol):
    """A family as it is trained. A new one is a file, and a line in ``recipe_table.RECIPES``."""

    @property
    def Options(self) -> type[TrainingChoices]:  # noqa: N802
        """The dataclass of its options, whose fields have help, range and default."""

    def with_defaults(self, choices: Any) -> TrainingChoices:
        """The choices with what was left open as the preset says.

        Raises:
            BadOption: choices that do not go together, or a size that the family cannot have.
        """

    def plan(self, choices: Any, classes: Sequence[str] = ()) -> TrainingPlan:
        """The training, ready to begin.

        Args:
            choices: as :meth:`with_defaults` gives them.
            classes: names of the classes of the photos; none but for a family with the option ``classes``.
        """


class AdversarialRecipe(ABC):
    """Networks that are trained against each other."""

    Options: type[AdversarialChoices]
    can_clip: ClassVar[bool] = True
    """Scores keep a slope where all weights of the discriminator are clipped to a hundredth."""
    has_dropout: ClassVar[bool] = False
    """The discriminator leaves out values at random, so that it never says the same twice."""

    @abstractmethod
    def preset(self, size_px: int) -> AdversarialPreset:
        """Settings for pictures of a size; a size that cannot be is refused."""

    @abstractmethod
    def generator(self, shape: Any) -> nn.Module:
        """A generator with new weights."""

    @abstractmethod
    def discriminator(self, shape: Any, *, norm: bool, way: ConditionWay = "projection") -> nn.Module:
        """A discriminator for the same shape.

        Args:
            shape: of the generator.
            norm: batch norm, where the family has any; without, each picture is judged by itself.
            way: how classes or codes count, if the shape has any.
        """

    def penalty(self, discriminator: Any) -> Objective | None:  # noqa: ARG002
        """What the family adds to the penalty of preset or objective."""
        return None

    def terms(self, generator: Any) -> tuple[Objective, ...]:  # noqa: ARG002
        """What the family adds to every objective."""
        return ()

    def with_defaults(self, choices: AdversarialChoices) -> AdversarialChoices:
        """As :class:`Recipe`."""
        from partly.training.recipes.objective_table import OBJECTIVES
        from partly.training.recipes.unfitting_choices import refuse_unfitting

        check_conditions(choices)
        names = ("batch_size", "n_photos_shown", "objective", "augment", "reuse_pictures", "gamma_share")
        preset = self.preset(choices.size_px)
        full = with_stopping(with_preset(choices, preset, names), preset)
        refuse_unfitting(full, preset, self)
        full = with_warm_start(full)
        if full.augment == "ada" and not OBJECTIVES[full.objective or ""].has_zero:
            if choices.augment is not None:
                raise BadOption(
                    f"augmentation 'ada' with the objective {full.objective!r}",
                    expected="an objective whose scores say by their sign what is a photo",
                    remedy="Augment by 'diff', or not at all",
                )
            full = replace(full, augment="diff")
        return full

    def plan(self, choices: AdversarialChoices, classes: Sequence[str] = ()) -> TrainingPlan:
        """As :class:`Recipe`."""
        from partly.training.recipes.training_plans import adversarial_plan

        return adversarial_plan(choices, self, classes)


class AutoencoderRecipe(ABC):
    """Encoder and decoder that are trained together; the decoder is the generator."""

    Options: type[TrainingChoices]

    @abstractmethod
    def preset(self, size_px: int) -> AutoencoderPreset:
        """Settings for pictures of a size; a size that cannot be is refused."""

    @abstractmethod
    def networks(self, shape: VAEShape) -> tuple[VAEDecoder, VAEEncoder]:
        """Decoder and encoder with new weights."""

    def with_defaults(self, choices: TrainingChoices) -> TrainingChoices:
        """As :class:`Recipe`."""
        return with_preset(choices, self.preset(choices.size_px), ("batch_size", "n_photos_shown"))

    def plan(self, choices: TrainingChoices, classes: Sequence[str] = ()) -> TrainingPlan:  # noqa: ARG002
        """As :class:`Recipe`."""
        from partly.training.recipes.training_plans import autoencoder_plan

        return autoencoder_plan(choices, self)


def with_preset(choices: ChoicesT, preset: Any, names: Sequence[str]) -> ChoicesT:
    """The choices with those of ``names`` that it has, and that were left open, as a preset says."""
    left_open: Mapping[str, Any] = {
        n: getattr(preset, n) for n in names if getattr(choices, n, False) is None
    }
    return replace(choices, **left_open)


def with_warm_start(choices: WarmT) -> WarmT:
    """The choices with whether the discriminator starts from another, too.

    Raises:
        BadOption: it is to start from another, or to be frozen in part, in a training that starts from
            nothing; or a new one is to be frozen in part.
    """
    n_frozen = getattr(choices, "n_frozen", 0)
    asked = [
        *(["--warm-discriminator"] if choices.warm_discriminator else []),
        *([f"--freeze-discriminator {n_frozen}"] if n_frozen else []),
    ]
    if choices.start_from is None:
        if asked:
            raise BadOption(
                f"{' and '.join(asked)} in a training that starts from nothing",
                expected="--start-from with it, the folder of a training",
                remedy=f"Add --start-from, or leave out {' and '.join(asked)}",
            )
        return replace(choices, warm_discriminator=False)
    if n_frozen and choices.warm_discriminator is False:
        raise BadOption(
            f"{asked[-1]} of a new discriminator",
            expected="the discriminator of a training that was trained before",
            remedy=f"Leave out --new-discriminator, or {asked[-1]}",
        )
    if choices.warm_discriminator is not None:
        return choices
    from partly.training.recipes.first_weights import discriminator_checkpoint

    is_there = bool(n_frozen) or discriminator_checkpoint(Path(choices.start_from)) is not None
    return replace(choices, warm_discriminator=is_there)


def with_stopping(choices: StoppingT, preset: Any) -> StoppingT:
    """The choices with the rest of what ``--until`` needs.

    Raises:
        BadOption: options that mean nothing without it.
    """
    if choices.until is not None:
        every = choices.evaluate_every or max(1, preset.n_photos_shown // _N_EVALUATIONS)
        return replace(choices, evaluate_every=every)
    for flag, value in (("--hold-out", choices.n_held_out), ("--evaluate-every", choices.evaluate_every)):
        if value is not None:
            raise BadOption(
                f"{flag} {value} in a training of fixed length",
                expected="--until no-better beside it",
                remedy=f"Leave out {flag}, or add --until no-better",
            )
    return choices
