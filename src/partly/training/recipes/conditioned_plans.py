"""What classes and codes change about a training: shapes of networks, objective, what batches bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from partly.losses import AuxiliaryClassifier, InformationBound, InformationOfChanged, Objective, Together
from partly.models.discriminators import ConditionWay
from partly.training.adversarial.gan_batches import ConditionRamp
from partly.training.augment.adversarial import ShapeChanges
from partly.training.recipes.recipe_presets import AdversarialPreset


def code_names(n_codes: int) -> tuple[str, ...]:
    """Names of the values of a code, which a generator has in place of classes: "code 1" and so on."""
    return tuple(f"code {number}" for number in range(1, n_codes + 1))


def condition_way(choices: Any) -> ConditionWay:
    """How the discriminator takes classes or codes into account; of no consequence where there are none."""
    if _n_codes(choices) or _n_continuous(choices):
        return "codes"
    way: ConditionWay = getattr(choices, "condition", "projection")
    return way


def conditioned(preset: AdversarialPreset, choices: Any, classes: Sequence[str]) -> AdversarialPreset:
    """The preset with classes or codes in its shape, and trained as they need.

    Args:
        preset: of the family.
        choices: of a family, with all defaults.
        classes: names of the classes of the photos; none where there are none.
    """
    if classes:
        return replace(preset, shape=replace(preset.shape, classes=tuple(classes)))
    if condition_way(choices) != "codes":
        return preset
    shape = replace(
        preset.shape,
        classes=code_names(_n_codes(choices)),
        n_continuous_codes=_n_continuous(choices),
    )
    return replace(preset, shape=shape, training={**preset.training, **preset.training_with_codes})


def conditioned_objective(objective: Objective, choices: Any, classes: Sequence[str]) -> Objective:
    """The objective, with a term for classes or codes where one is needed.

    Arguments are those of :func:`conditioned`.
    """
    way = condition_way(choices)
    if way == "codes":
        of_codes = _n_codes(choices), _n_continuous(choices), choices.information
        if choices.codes_of_shapes:
            bound: InformationBound = InformationOfChanged(*of_codes, changes=ShapeChanges())
        else:
            bound = InformationBound(*of_codes)
        return Together((objective, bound))
    if way == "auxiliary" and classes:
        return Together((objective, AuxiliaryClassifier()))
    return objective


def condition_ramp(choices: Any) -> ConditionRamp | None:
    """How classes come in; None: they count in full from the first step on."""
    first, last = getattr(choices, "condition_from", None), getattr(choices, "condition_until", None)
    return None if first is None or last is None else ConditionRamp(first, last)


def condition_batches(choices: Any) -> dict[str, Any]:
    """What the choices say of the conditions of :class:`partly.training.adversarial.SquareBatches`."""
    return {"n_codes": _n_codes(choices), "ramp": condition_ramp(choices)}


def _n_codes(choices: Any) -> int:
    return getattr(choices, "codes", None) or 0


def _n_continuous(choices: Any) -> int:
    return getattr(choices, "continuous_codes", None) or 0
