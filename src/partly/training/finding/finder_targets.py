"""What a finder shall say of scenes: where centres are, and how objects stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from partly.machine import Ranks
from partly.models.networks import STRIDE_PX, USUAL_SIDE_PX
from partly.training.finding.scenes import Scene

_SPREAD = 0.07  # standard deviation of the heat around a centre, as a share of the side
_LEAST_SPREAD = 0.7  # and at least so many places
_NEAR = 0.25  # heat from which a place says how the object stands
_DOUBTFUL = 0.3  # so near the centre of a hardly visible object, as a share of its side, nothing counts


@dataclass(frozen=True)
class FinderTargets:
    """For a batch of ``b`` scenes, on maps of ``h`` x ``w`` places.

    Attributes:
        heat: ``[b, h, w]``: 1 at centres, less around them.
        counts: ``[b, h, w]``: 0 where it does not count whether a centre is there.
        placement: ``[b, 5, h, w]``: right and down to the centre in places; logarithm to the base 2 of the
            side, from the usual one; cosine and sine of the angle.
        weights: ``[b, h, w]``: of the placement; 0 where no centre is near.
        n_objects: in all scenes, a scalar.
    """

    heat: Tensor
    counts: Tensor
    placement: Tensor
    weights: Tensor
    n_objects: Tensor

    def share(self, ranks: Ranks) -> FinderTargets:
        """Those of this process's scenes; numbers and weights of objects stay those of all."""
        return FinderTargets(
            ranks.share(self.heat),
            ranks.share(self.counts),
            ranks.share(self.placement),
            ranks.share(self.weights),
            self.n_objects,
        )


def finder_targets(scenes: Sequence[Scene]) -> FinderTargets:
    """The targets of scenes of one size."""
    size_px = scenes[0].image.shape[-1]
    n = -(-size_px // STRIDE_PX)
    heat, counts = torch.zeros(len(scenes), n, n), torch.ones(len(scenes), n, n)
    placement = torch.zeros(len(scenes), 5, n, n)
    at = torch.arange(n) + 0.5
    for i, scene in enumerate(scenes):
        for x, y, side, _ in scene.hardly.tolist():
            far = (at[None] * STRIDE_PX - x).hypot(at[:, None] * STRIDE_PX - y)
            counts[i] = torch.where(far < _DOUBTFUL * side, 0.0, counts[i])
        for x, y, side, angle in scene.objects.tolist():
            right, down = x / STRIDE_PX - at[None], y / STRIDE_PX - at[:, None]
            spread = max(_LEAST_SPREAD, _SPREAD * side / STRIDE_PX)
            here = torch.exp(-(right**2 + down**2) / (2 * spread**2))
            row, column = min(n - 1, int(y / STRIDE_PX)), min(n - 1, int(x / STRIDE_PX))
            here[row, column] = 1
            wins = here > heat[i]
            stands = torch.tensor([side / USUAL_SIDE_PX]).log2().item()
            direction = torch.tensor([angle]).cos().item(), torch.tensor([angle]).sin().item()
            values = [right.expand(n, n), down.expand(n, n), stands, *direction]
            for channel, value in enumerate(values):
                placement[i, channel] = torch.where(wins, torch.as_tensor(value), placement[i, channel])
            heat[i] = torch.maximum(heat[i], here)
            counts[i][row, column] = 1
    weights = torch.where(heat > _NEAR, heat, 0.0)
    n_objects = torch.tensor(float(sum(len(scene.objects) for scene in scenes)))
    return FinderTargets(heat, counts, placement, weights, n_objects)
