"""Which family is trained where nobody says it: one that gets somewhere on the machine at hand."""

from __future__ import annotations

from dataclasses import dataclass

from partly.errors import BadOption
from partly.machine import Machine, MachineOptions
from partly.training.recipes.recipe_table import recipe_of

_ON_CUDA, _ELSEWHERE = "stylegan2", "light"


@dataclass(frozen=True)
class ChosenFamily:
    """A family that was not asked for by name.

    Attributes:
        name: of the family.
        why: it is this one, as a clause that follows its name and a comma.
    """

    name: str
    why: str

    def __str__(self) -> str:
        return f"The family is {self.name}, {self.why}; --family chooses another."


def usual_family(size_px: int = 64, machine_options: MachineOptions | None = None) -> ChosenFamily:
    """StyleGAN2 where a training runs on a CUDA GPU, and the light family elsewhere.

    A processor core trains StyleGAN2 of 64 px on 3 photos a second, which is four days for its usual length,
    and the light family on 30 to 40. A size that the one cannot have falls back on the other.

    Args:
        size_px: side of the pictures.
        machine_options: where the training is to run.

    Raises:
        BadOption: there is no such device, or neither family has pictures of that size.
    """
    on_cuda = Machine.device_of_training(machine_options).type == "cuda"
    first, other = (_ON_CUDA, _ELSEWHERE) if on_cuda else (_ELSEWHERE, _ON_CUDA)
    refusal = _refusal(first, size_px)
    if refusal is None:
        why = "since it trains on a CUDA GPU" if on_cuda else "which gets somewhere without a CUDA GPU"
        return ChosenFamily(first, why)
    if _refusal(other, size_px) is None:
        slow = "" if on_cuda else ", and takes very long without a CUDA GPU"
        return ChosenFamily(other, f"since {first} has no {refusal.found} (but {refusal.expected}){slow}")
    raise BadOption(
        f"{refusal.found}, and no --family",
        expected=f"{refusal.expected}",
        remedy="Choose such a --size; or name a family that has other sizes, such as --family mlp",
    )


def _refusal(family: str, size_px: int) -> BadOption | None:
    """What a family says to a size that it cannot have; None: it can."""
    try:
        recipe_of(family).with_defaults(recipe_of(family).Options(size_px=size_px))
    except BadOption as error:
        return error
    return None
