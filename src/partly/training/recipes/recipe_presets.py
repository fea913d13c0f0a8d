"""What recipes are made of: settings that a family is trained with at one size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from partly.losses import ELBO
from partly.models.generators import MLPShape, VAEShape


@dataclass(frozen=True)
class AdversarialPreset:
    """What generator and discriminator are trained with at one size.

    Attributes:
        shape: constructor arguments of the generator.
        batch_size: photos in a step.
        n_photos_shown: length of the training, in photos.
        objective: name in the catalogue of objectives.
        augment: name in the catalogue of augmentations.
        gamma: weight of R1; None is no penalty, unless the objective or the family brings one.
        gamma_share: of ``size_px**2 / batch_size``, which is the weight of R1 then in place of ``gamma``.
        penalty_every: steps between those that also count R1; an objective's own penalty is counted always.
        family_penalty_every: the same of what the family adds, but for where the objective's own is counted.
        reuse_pictures: whether the generator learns from the pictures that the discriminator has just seen.
        path_length: whether the generator's path length is penalised.
        path_length_every: steps between those that count it.
        training: other values of :class:`partly.training.adversarial.GanConfig`.
        training_with_codes: those that are others where pictures tell codes.
    """

    shape: Any
    batch_size: int
    n_photos_shown: int
    objective: str = "non-saturating"
    augment: str = "none"
    gamma: float | None = None
    gamma_share: float | None = None
    penalty_every: int = 16
    family_penalty_every: int = 16
    reuse_pictures: bool = False
    path_length: bool = False
    path_length_every: int = 8
    training: Mapping[str, Any] = field(default_factory=dict)
    training_with_codes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AutoencoderPreset:
    """What encoder and decoder are trained with at one size.

    Attributes:
        shape: constructor arguments of the decoder.
        batch_size: photos in a step.
        n_photos_shown: length of the training, in photos.
        objective: the evidence lower bound.
        training: other values of :class:`partly.training.variational.VAEConfig`.
    """

    shape: VAEShape
    batch_size: int
    n_photos_shown: int
    objective: ELBO
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MatchingPreset:
    """What a generator without discriminator is trained with at one size.

    Attributes:
        shape: constructor arguments of the generator.
        batch_size: photos, and pictures, in a step.
        n_photos_shown: length of the training, in photos.
        autoencoder_share: of that, for the autoencoder, where codes are matched.
        training: other values of :class:`partly.training.matching.MatchingConfig`.
    """

    shape: MLPShape
    batch_size: int
    n_photos_shown: int
    autoencoder_share: float = 0.25
    training: Mapping[str, Any] = field(default_factory=dict)
