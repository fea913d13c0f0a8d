"""How discriminators take classes and codes into account: what all families do alike."""

from __future__ import annotations

from typing import Literal, Protocol

import torch
from torch import Tensor

from partly.losses import Judgement
from partly.models.discriminators.discriminator_layers import check_condition

ConditionWay = Literal["projection", "auxiliary", "concatenation", "codes"]
"""How classes or codes count.

- "projection": a score for the class is added (Miyato and Koyama, ICLR 2018, equation 3);
- "auxiliary": a second head names the class, and the score knows nothing of it (Odena et al., ICML 2017);
- "concatenation": planes of ones and zeros beside the colours (Mirza and Osindero, 2014, section 3.2);
- "codes": a second head tells the code that a picture was made of (Chen et al., NIPS 2016, section 6).
"""


class ConditionedShape(Protocol):
    """What of a generator's shape is about conditions."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, or of the values of the code."""


def n_planes(shape: ConditionedShape, way: ConditionWay) -> int:
    """Planes of the class beside those of colours."""
    return len(shape.classes) if way == "concatenation" else 0


def n_told(shape: ConditionedShape, way: ConditionWay) -> int:
    """Values of the class or codes that are told from features; 0: none."""
    if way == "concatenation":
        return 0
    n_continuous: int = getattr(shape, "n_continuous_codes", 0)
    return len(shape.classes) + (n_continuous if way == "codes" else 0)


def beside(images: Tensor, condition: Tensor | None, n: int) -> Tensor:
    """Images ``[b, k, h, w]`` with ``n`` planes, each of one number of ``condition [b, n]``.

    Raises:
        BadOption: there are planes, and the condition is none, or of another shape.
    """
    if not n:
        return images
    known = check_condition(condition, (len(images), n)).to(images)
    planes = known[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, planes], dim=1)


def judged(
    way: ConditionWay,
    scores: Tensor,
    told: Tensor | None,
    condition: Tensor | None,
    features: tuple[Tensor, ...] = (),
) -> Judgement:
    """What is said of images in all.

    Args:
        way: how classes or codes count.
        scores: without the class, ``[b]``; for "concatenation", with it.
        told: of classes or codes from features, ``[b, n]``; None: there are none.
        condition: ``[b, c]``.
        features: of the judgement.

    Raises:
        BadOption: for "projection", a condition that is none, or of another shape.
    """
    if told is None:
        return Judgement(scores, features)
    if way == "projection":
        # y' V phi(x) + psi(phi(x))
        known = check_condition(condition, tuple(told.shape))
        return Judgement(scores + (known * told).sum(dim=1), features)
    return Judgement(scores, features, {"class" if way == "auxiliary" else "code": told})
