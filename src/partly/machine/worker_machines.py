"""What the workers of a large work compute on, whoever they are."""

from __future__ import annotations

from dataclasses import replace

from partly.errors import BadOption
from partly.machine.machine import Machine
from partly.machine.machine_options import MachineOptions
from partly.machine.work_options import SpreadOptions


def machine_of_workers(options: MachineOptions | None, spread: SpreadOptions) -> Machine:
    """The machine of workers: this one's, or on a cluster of Ray the processor.

    An actor of Ray has one processor, and which GPUs other machines have is not known here.

    Args:
        options: where networks are to compute; None: as is usual.
        spread: who does the work.

    Raises:
        BadOption: the device is not there, cannot compute so, or is a GPU for workers of Ray.
    """
    options = options or MachineOptions()
    if spread.ray is None:
        return Machine.for_inference(options)
    if options.device not in ("auto", "cpu"):
        raise BadOption(
            f"--device {options.device} with --ray",
            expected="auto or cpu: each worker of Ray has one processor",
            remedy="Leave --device out; or, to use GPUs, leave --ray out, and start a share of the work on "
            "each machine that has some: --share 1/2, --share 2/2",
        )
    return Machine.for_inference(replace(options, device="cpu"))
