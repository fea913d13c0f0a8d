"""What a test found of how pictures differ from photos, for the page and for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Differences:
    """Whether pictures can be told from photos, and by what.

    Attributes:
        p: of a permutation test, with the kernel that was chosen on other pictures and photos.
        t_statistic: of the chosen kernel, on the pictures and photos of the test.
        plain_p, plain_t_statistic: the same of a Gaussian kernel with the median distance as bandwidth.
        n_tested: pictures, and photos, of the test.
        weights: ``[s, s]``, how much each cell of a picture counts in the chosen kernel, up to 1.
        mean_photo, mean_picture: grey, uint8 ``[s, s]``.
        oddest_pictures: uint8 ``[s, s, 3]``, pictures unlike photos, the most unlike first.
        missed_photos: the same, photos that are unlike pictures.
    """

    p: float
    t_statistic: float
    plain_p: float
    plain_t_statistic: float
    n_tested: int
    weights: NDArray[np.float64]
    mean_photo: Pixels
    mean_picture: Pixels
    oddest_pictures: tuple[Pixels, ...]
    missed_photos: tuple[Pixels, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, without pictures."""
        return {
            "p": self.p,
            "t_statistic": self.t_statistic,
            "plain_p": self.plain_p,
            "plain_t_statistic": self.plain_t_statistic,
            "n_tested": self.n_tested,
            "weights": [[round(value, 4) for value in row] for row in self.weights.tolist()],
        }
