"""The tensors of a checkpoint by name: each of the shape that it must have, and none left over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from partly.errors import BadModelFile
from partly.models.foreign.inert_tensors import numbers_of
from partly.models.generators.stylegan2.fir_resampling import TAPS

_N_NAMED = 3


class NamedTensors:
    """Tensors by the names that the checkpoint gives them.

    Args:
        tensors: all of them.
        path: the file, for errors.
        kind: of which network they must be, for errors.
    """

    def __init__(self, tensors: Mapping[str, Tensor], path: Path, kind: str = "StyleGAN2") -> None:
        self._tensors, self._path, self._kind = tensors, path, kind
        self._left = set(tensors)

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def sizes(self, name: str, n_axes: int) -> tuple[int, ...]:
        """Shape of a tensor of which only the number of axes is known.

        Raises:
            BadModelFile: it is missing, or has another number of axes.
        """
        found = tuple(self._get(name).shape)
        if len(found) != n_axes:
            raise BadModelFile(f"{name} has shape {list(found)}", expected=f"{n_axes} axes", path=self._path)
        return found

    def take(self, name: str, *sizes: int) -> Tensor:
        """A tensor of that shape, as float32.

        Raises:
            BadModelFile: it is missing, of another shape, or holds something else than finite numbers.
        """
        tensor = self._get(name)
        self._left.discard(name)
        if tuple(tensor.shape) != sizes:
            raise BadModelFile(
                f"{name} has shape {list(tensor.shape)}",
                expected=f"{list(sizes)}, by the shapes of the other tensors",
                remedy=f"Partly knows the {self._kind} of the paper only, not networks derived from it",
                path=self._path,
            )
        tensor = tensor.detach().float()
        if not tensor.isfinite().all():
            raise BadModelFile(
                f"{name} holds numbers that are not finite",
                remedy="The training had failed: take an earlier checkpoint",
                path=self._path,
            )
        return tensor

    def take_mean(self, name: str, w_dim: int) -> Tensor:
        """The mean of ``w``; see :func:`mean_row`.

        Raises:
            BadModelFile: it is missing, of another length, or has rows that differ.
        """
        self._left.discard(name)
        return mean_row(self._get(name), name, w_dim, self._path)

    def take_filter(self, name: str, gain: float = 1.0) -> None:
        """Take the low-pass filter of a resampling, which must be that of StyleGAN2.

        Raises:
            BadModelFile: it is missing, or another one.
        """
        kernel = self.take(name, *self.sizes(name, 2))
        taps = torch.tensor(TAPS) / sum(TAPS)
        wanted = torch.outer(taps, taps) * gain
        if kernel.shape != wanted.shape or not torch.allclose(kernel, wanted, atol=1e-6):
            raise BadModelFile(
                f"{name} is a filter of {' x '.join(map(str, kernel.shape))} numbers with the sum "
                f"{kernel.sum():g}",
                expected=f"that of the taps {', '.join(f'{tap:g}' for tap in TAPS)} with the sum {gain:g}",
                remedy="Partly knows no other filter",
                path=self._path,
            )

    def refuse_others(self) -> None:
        """Make sure that nothing is left.

        Raises:
            BadModelFile: there are tensors that nobody took.
        """
        if self._left:
            some = sorted(self._left)
            more = f" and {len(some) - _N_NAMED} more" if len(some) > _N_NAMED else ""
            raise BadModelFile(
                f"has tensors that no {self._kind} has: {', '.join(some[:_N_NAMED])}{more}",
                expected="a generator of the paper"
                + (", with skip connections" if self._kind == "StyleGAN2" else ""),
                remedy="Partly does not know networks derived from it",
                path=self._path,
            )

    def _get(self, name: str) -> Tensor:
        if name not in self._tensors:
            raise BadModelFile(
                f"lacks the tensor {name}",
                expected=f"all tensors of a {self._kind} generator",
                remedy="It is incomplete, or of another network",
                path=self._path,
            )
        return self._tensors[name]


def mean_row(value: Any, name: str, w_dim: int, path: Path) -> Tensor:
    """The mean of ``w``, ``[w_dim]``; some programs repeat it for all layers.

    Args:
        value: a tensor, or an array of NumPy: ``[w_dim]``, or ``[..., w_dim]`` with equal rows.
        name: whose it is, for errors.
        w_dim: how long it must be.
        path: the file, for errors.

    Raises:
        BadModelFile: it is none, of another length, or has rows that differ.
    """
    found = numbers_of(value, name, path)
    rows = found.reshape(-1, w_dim) if found.ndim and found.shape[-1] == w_dim else found[None]
    if len(rows) == 0 or not torch.equal(rows, rows[:1].expand_as(rows)):
        raise BadModelFile(
            f"{name} has shape {list(found.shape)}, and its rows are not the same",
            expected=f"[{w_dim}], or that row repeated for all layers",
            remedy="Partly knows one mean of w for all layers",
            path=path,
        )
    if rows[0].shape != (w_dim,):
        raise BadModelFile(
            f"{name} has shape {list(found.shape)}",
            expected=f"[{w_dim}], as long as w, or that row repeated for all layers",
            remedy="It belongs to another generator: take the checkpoint as it was published",
            path=path,
        )
    return NamedTensors({name: rows[0]}, path).take(name, w_dim)
