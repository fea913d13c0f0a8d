"""A second stage on a generator that was trained before: small then large, as it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partly.errors import BadOption
from partly.storage import option
from partly.training.recipes.light_recipe import LightRecipe
from partly.training.recipes.recipe import AdversarialRecipe
from partly.training.recipes.training_choices import AdversarialChoices, WidthChoice

if TYPE_CHECKING:
    from torch import nn

    from partly.losses import Objective
    from partly.models.discriminators import ConditionWay
    from partly.models.generators import GeneratorFamily
    from partly.training.recipes.recipe_presets import AdversarialPreset
    from partly.training.recipes.training_plans import TrainingPlan


@dataclass(frozen=True)
class StackedChoices(WidthChoice, AdversarialChoices):
    """The options of the family stacked."""

    family: str = field(default="stacked", init=False)
    stack_on: str | None = option(
        None,
        "The small generator (model folder, of any family) whose pictures a second stage refines; it stays "
        "as it is.",
        metavar="GENERATOR",
    )
    keep_small: float = option(
        1.0,
        "Weight of what keeps pictures like the small ones (SGAN's conditional loss); 0 leaves it out.",
        at_least=0,
    )
    tell_latent: float = option(
        10.0,
        "Weight of telling the second stage's own latent from pictures (SGAN's entropy loss), without which "
        "it is left aside; 0 leaves it out.",
        at_least=0,
    )
    keep_condition: float = option(
        2.0,
        "Weight of the divergence of the second stage's condition from the normal distribution (StackGAN's "
        "conditioning augmentation); 0 leaves it out.",
        at_least=0,
    )


class StackedRecipe(AdversarialRecipe):
    """A second stage against the light family's discriminator, which also tells the stage's latent."""

    Options = StackedChoices
    can_clip = LightRecipe.can_clip

    def preset(self, size_px: int) -> AdversarialPreset:
        """That of the light family, whose discriminator plays; the shape is told by the small generator."""
        from partly.models.generators import StackedShape

        return replace(LightRecipe().preset(size_px), shape=StackedShape(size_px))

    def generator(self, shape: Any) -> nn.Module:
        """As :class:`AdversarialRecipe`."""
        from partly.models.generators import StackedGenerator

        return StackedGenerator(shape)

    def discriminator(self, shape: Any, *, norm: bool, way: ConditionWay = "projection") -> nn.Module:  # noqa: ARG002
        """As :class:`AdversarialRecipe`; its head for codes tells the second stage's latent."""
        from partly.models.discriminators import LightDiscriminator
        from partly.models.generators import LightShape

        return LightDiscriminator(
            LightShape(shape.image_size_px, n_continuous_codes=shape.z_dim), way="codes"
        )

    def penalty(self, discriminator: Any) -> Objective | None:
        """As the light family's."""
        return LightRecipe().penalty(discriminator)

    def with_defaults(self, choices: AdversarialChoices) -> AdversarialChoices:
        """As :class:`partly.training.recipes.recipe.Recipe`.

        Raises:
            BadOption: as for every family, or there is no generator to stack on.
        """
        full = super().with_defaults(choices)
        if getattr(full, "stack_on", None) is None:
            raise BadOption(
                "the family stacked, and no generator to stack a second stage on",
                expected="--stack-on with it",
                remedy="Train a small one first (partly train PHOTOS SMALL --family light --size 32), and "
                "name it: --stack-on SMALL",
            )
        return full

    def plan(self, choices: AdversarialChoices, classes: Sequence[str] = ()) -> TrainingPlan:
        """As :class:`partly.training.recipes.recipe.Recipe`.

        Raises:
            BadModelFile: the small generator is missing, damaged, or no generator.
            NotAvailable: it is one that ``partly get`` has to fetch first.
            BadOption: no second stage can be stacked on it; or the training is to start from a
                generator that is stacked on another one.
        """
        from partly.training.recipes.training_plans import adversarial_plan

        assert isinstance(choices, StackedChoices)
        small = _small_generator(choices)
        plan = adversarial_plan(choices, _OnSmall(small, choices), classes)
        stacked: Any = plan.players.generator
        if choices.start_from is not None and not _same(stacked.small, small):
            raise BadOption(
                f"is stacked on another generator than {choices.stack_on}",
                expected="one that is stacked on the same",
                remedy="Give the small generator that it was trained with, or start from nothing",
                path=Path(choices.start_from),
            )
        return plan


class _OnSmall(StackedRecipe):
    """The recipe with the generator that is stacked on."""

    def __init__(self, small: GeneratorFamily, choices: StackedChoices) -> None:
        self._small, self._choices = small, choices

    def preset(self, size_px: int) -> AdversarialPreset:
        from partly.models.generators import StackedShape

        return replace(super().preset(size_px), shape=StackedShape.on(self._small, size_px))

    def generator(self, shape: Any) -> nn.Module:
        stacked: Any = super().generator(shape)
        stacked.small.load_state_dict(self._small.state_dict())
        return stacked

    def terms(self, generator: Any) -> tuple[Objective, ...]:
        from partly.losses import ConditionKept, OwnLatentTold, SmallPictureKept

        weighted = (
            (SmallPictureKept, self._choices.keep_small),
            (OwnLatentTold, self._choices.tell_latent),
            (ConditionKept, self._choices.keep_condition),
        )
        return tuple(term(generator, weight) for term, weight in weighted if weight)


def _small_generator(choices: StackedChoices) -> GeneratorFamily:
    from partly.models.generators import GeneratorFamily, check_stackable
    from partly.models.zoo import generator_folder, load_generator

    assert choices.stack_on is not None, "as with_defaults has seen to"
    small = load_generator(choices.stack_on)
    assert isinstance(small, GeneratorFamily)
    check_stackable(small, choices.size_px, generator_folder(choices.stack_on))
    return small


def _same(one: nn.Module, other: nn.Module) -> bool:
    """Whether two networks have the same weights, kept as parameters or as buffers."""
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(ours[name].equal(theirs[name]) for name in ours)
