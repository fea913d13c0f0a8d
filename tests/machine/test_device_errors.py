"""What people are told when a device cannot do something."""

import pytest
import torch

from partly.errors import TooLittleMemory
from partly.machine.device_errors import mendable

# As torch says it.
LACKING = "The operator 'aten::_upsample_bilinear2d_aa.out' is not currently implemented for the MPS device."


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotImplementedError(f"{LACKING}\nMore"), LACKING),
        (
            TypeError("Cannot convert a MPS Tensor to float64 as the MPS framework doesn't support float64"),
            "the MPS framework doesn't support float64",
        ),
        (RuntimeError("Adaptive pool MPS: input sizes must be divisible by output sizes."), "Adaptive pool"),
        (RuntimeError(f"a worker failed: NotImplementedError: {LACKING}"), LACKING),
    ],
)
def test_what_apples_gpus_cannot_do(error, said):
    told = str(mendable(error))
    assert told.startswith("Apple's GPU cannot compute something that this needs (")
    assert said in told
    assert "More" not in told
    assert told.endswith(
        "Compute on the processor: --device cpu. What is finished is kept: the same command goes on from "
        "there."
    )


@pytest.mark.parametrize("text", ["MPS backend out of memory (MPS allocated: 8 GB)", "CUDA out of memory."])
def test_memory_that_is_too_short(text):
    told = mendable(RuntimeError(text))
    assert isinstance(told, TooLittleMemory)
    assert f"memory is too short, even for one picture at a time ({text}). Close what" in str(told)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a defect"),
        TypeError("an argument is missing"),
        NotImplementedError("a method"),
        RuntimeError("the MPS backend met a defect"),
        RuntimeError("CUDA error: operation not supported by the MPS server"),
        ValueError(LACKING),
        torch.linalg.LinAlgError("singular"),
    ],
)
def test_other_errors_are_defects(error):
    assert mendable(error) is None
