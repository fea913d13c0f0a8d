"""Gradients of a batch that does not fit into memory: summed over portions of it (gradient accumulation)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from partly.machine import is_out_of_memory


class GradientsInPortions:
    """Takes gradients of whole batches, and where memory is too short, of halves of them, and so on.

    That is exact where a loss is a sum over pictures, and no picture's part in it depends on the others. A
    network with batch statistics is none of these.

    Attributes:
        n_portions: that a batch is taken in now; once raised, it stays.
    """

    def __init__(self) -> None:
        self.n_portions = 1

    def take(self, optimizer: Optimizer, batch: Sequence[Tensor], learn: Callable[..., Tensor]) -> Tensor:
        """Fill the gradients of what an optimizer trains, which are forgotten first.

        Args:
            optimizer: of a step.
            batch: tensors ``[b, ...]``, of this process's share of the batch.
            learn: is given some pictures of each of these tensors, takes the gradients of their part in the
                loss, and gives figures ``[m]``: their part in those of the batch.

        Returns:
            The figures of the batch ``[m]``.

        Raises:
            torch.OutOfMemoryError: one picture alone is too much; on the processor, MemoryError.
        """
        n = len(batch[0])
        while True:
            # Forgotten whenever it begins anew: a portion that failed may have left some.
            optimizer.zero_grad(set_to_none=True)
            try:
                portions = zip(*(self._portions_of(tensor) for tensor in batch), strict=True)
                return torch.stack([learn(*portion) for portion in portions]).sum(0)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error) or self.n_portions >= n:
                    raise
            # Outside of the clause, whose error holds on to what the failed portion has in memory.
            self.n_portions = min(2 * self.n_portions, n)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _portions_of(self, tensor: Tensor) -> list[Tensor]:
        return [tensor] if self.n_portions == 1 else list(tensor.tensor_split(self.n_portions))
