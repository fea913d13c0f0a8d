"""Errors of devices that a user can mend: memory that is too short, and what Apple's GPUs cannot do."""

from __future__ import annotations

from partly.errors import PartlyError, TooLittleMemory
from partly.machine.fitting_batches import is_out_of_memory
from partly.machine.limits_of_mps import is_limit_of_mps


def mendable(error: BaseException) -> PartlyError | None:
    """What a user is told of an error of torch; None: it says anything else, and is a defect.

    Args:
        error: of torch, or of a worker that met one.
    """
    said = str(error).partition("\n")[0]
    if is_out_of_memory(error):
        return TooLittleMemory(
            f"memory is too short, even for one picture at a time ({said or 'out of memory'})",
            remedy="Close what else takes memory, or leave the GPU alone: --device cpu. What is finished is "
            "kept: the same command goes on from there",
        )
    if is_limit_of_mps(error):
        return PartlyError(
            f"Apple's GPU cannot compute something that this needs ({said})",
            remedy="Compute on the processor: --device cpu. What is finished is kept: the same command goes "
            "on from there",
        )
    return None
