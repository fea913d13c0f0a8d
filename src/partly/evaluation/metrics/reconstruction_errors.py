"""How near a generator comes to photos at best: those that it was trained on, and others (MRE)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A photo and the picture that comes nearest to it, to look at.

    Attributes:
        name: of the photo.
        photo: uint8 ``[s, s, 3]``.
        picture: uint8 ``[s, s, 3]``.
        error: mean absolute difference per value, where values go from -1 to 1.
        distance: of both, as a network sees them.
    """

    name: str
    photo: Pixels
    picture: Pixels
    error: float
    distance: float


@dataclass(frozen=True, eq=False)
class ReconstructionErrors:
    """Errors of the photos of one set.

    Attributes:
        errors: float64 ``[n]``, each the least mean absolute difference per value that was found, where
            values go from -1 to 1.
        distances: float64 ``[n]``, of the same photos and pictures, as a network sees them.
        examples: some of them, the first ones.
    """

    errors: Numbers
    distances: Numbers
    examples: tuple[Reconstruction, ...] = ()

    @property
    def n_photos(self) -> int:
        """How many."""
        return len(self.errors)

    @property
    def mean(self) -> float:
        """Minimum reconstruction error."""
        return float(self.errors.mean())

    @property
    def standard_error(self) -> float:
        """Of the mean; NaN for a single photo."""
        n = len(self.errors)
        return float(self.errors.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan

    @property
    def distance(self) -> float:
        """Mean of the distances."""
        return float(self.distances.mean())

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the pictures."""
        spread = self.standard_error
        return {
            "n_photos": self.n_photos,
            "mean": self.mean,
            "standard_error": None if math.isnan(spread) else spread,
            "distance": self.distance,
            "errors": self.errors.tolist(),
        }


@dataclass(frozen=True, eq=False)
class MinimumReconstruction:
    """The minimum reconstruction error of a generator (MRE; Qi, Loss-Sensitive GAN, arXiv 1701.06264).

    Attributes:
        training: of photos that the generator was trained on.
        held_out: of photos that it was not trained on; None: there are none.
        space: what was searched in: "w", or "z".
        n_steps: of each search.
        n_starts: searches of each photo, the best of which counts.
        distance_name: what distances are: "LPIPS".
        seed: of the searches.
        n_shared: held-out photos that are among those that the generator was trained on, to the pixel.
    """

    training: ReconstructionErrors
    held_out: ReconstructionErrors | None
    space: str
    n_steps: int
    n_starts: int
    distance_name: str
    seed: int = 0
    n_shared: int = 0

    @property
    def gap(self) -> float | None:
        """How much larger the error of held-out photos is; None without any."""
        return None if self.held_out is None else self.held_out.mean - self.training.mean

    @property
    def gap_standard_error(self) -> float | None:
        """Of the gap; NaN for single photos, None without held-out ones."""
        if self.held_out is None:
            return None
        return math.hypot(self.held_out.standard_error, self.training.standard_error)

    def sets(self) -> list[tuple[str, ReconstructionErrors]]:
        """Each set with its name, the held-out one first: its error is the MRE."""
        held_out = [] if self.held_out is None else [("held-out photos", self.held_out)]
        return [*held_out, ("training photos", self.training)]

    def remarks(self) -> list[str]:
        """What a reader should know, one sentence each."""
        said = [
            f"The minimum reconstruction error depends on the search ({self.n_starts} of {self.n_steps} "
            f"steps each, in {self.space}): compare it only with figures of the same search and the same "
            f"photos. Blurred pictures do well by it; {self.distance_name} beside it sees them."
        ]
        if self.n_shared:
            said.append(
                f"{self.n_shared} of the held-out photos that were searched for are training photos, too: "
                "the gap is smaller than it should be."
            )
        gap, spread = self.gap, self.gap_standard_error
        if gap is None or spread is None:
            return [*said, "Without held-out photos, it cannot tell what was learned by heart."]
        if math.isnan(spread):
            return [*said, "A single photo of a set says nothing of the gap between the sets."]
        if gap > 2 * spread:
            verdict = "the generator makes photos that it was trained on better than others: it memorises"
        elif gap < -2 * spread:
            verdict = "the held-out photos are easier ones: they should be of the same kind as the others"
        else:
            verdict = "the sets cannot be told apart, so there is no sign of memorising"
        return [*said, f"Held-out less training photos: {gap:.4f} ± {spread:.4f}; {verdict}."]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without the pictures."""
        spread = self.gap_standard_error
        return {
            "training": self.training.to_json(),
            "held_out": None if self.held_out is None else self.held_out.to_json(),
            "gap": self.gap,
            "n_shared": self.n_shared,
            "gap_standard_error": None if spread is None or math.isnan(spread) else spread,
            "space": self.space,
            "n_steps": self.n_steps,
            "n_starts": self.n_starts,
            "distance": self.distance_name,
            "seed": self.seed,
        }
