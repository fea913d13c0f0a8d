"""Families of generators with the settings that they are trained with, size by size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from partly.losses import DiscriminatorPenalty, EvidenceBound, LaplacePixels
from partly.models.discriminators import (
    DCGANDiscriminator,
    LightDiscriminator,
    MLPDiscriminator,
    SelfSupervision,
    StyleGAN2Discriminator,
)
from partly.models.encoders import VAEEncoder, VAEEncoderShape
from partly.models.generators import (
    DCGAN,
    DCGANShape,
    LightGenerator,
    LightShape,
    MLPGenerator,
    MLPShape,
    VAEDecoder,
    VAEShape,
)
from partly.models.generators.stylegan2 import StyleGAN2, StyleGAN2Shape


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
        penalty_every: steps between those that also count the penalty; an objective's own is counted always.
        path_length: whether the generator's path length is penalised.
        training: other values of :class:`partly.training.adversarial.GanConfig`.
    """

    shape: Any
    batch_size: int
    n_photos_shown: int
    objective: str = "non-saturating"
    augment: str = "none"
    gamma: float | None = None
    penalty_every: int = 16
    path_length: bool = False
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AdversarialFamily:
    """Networks that are trained against each other.

    Attributes:
        preset: settings for pictures of a size; a size that cannot be is refused.
        generator: of a shape.
        discriminator: of the same shape; with the second argument false, each picture is judged by itself.
        penalty: what the family adds to that of preset or objective.
    """

    preset: Callable[[int], AdversarialPreset]
    generator: Callable[[Any], nn.Module]
    discriminator: Callable[[Any, bool], nn.Module]
    penalty: Callable[[Any], DiscriminatorPenalty] | None = None


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
    objective: EvidenceBound
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AutoencoderFamily:
    """Networks that are trained together.

    Attributes:
        preset: settings for pictures of a size; a size that cannot be is refused.
        networks: decoder and encoder of a shape.
    """

    preset: Callable[[int], AutoencoderPreset]
    networks: Callable[[VAEShape], tuple[VAEDecoder, VAEEncoder]]


def _stylegan2(size_px: int) -> AdversarialPreset:
    """Rules of thumb of Karras et al. (NeurIPS 2020, released code, configuration "auto").

    Batches shrink and R1 grows with the size: ``gamma = 0.0002 size² / batch``. Path lengths are left out, as
    there: they slow training down, and figures are better without on small sets.
    """
    batch_size = max(8, min(32, 4096 // size_px))
    small = size_px <= 64
    return AdversarialPreset(
        StyleGAN2Shape(
            image_size_px=size_px,
            n_mapping_layers=2,
            channel_base=8192 if small else 16384 if size_px <= 256 else 32768,
            most_channels=256 if small else 512,
        ),
        batch_size=batch_size,
        n_photos_shown=1_000_000 if small else 5_000_000,
        augment="ada",
        gamma=0.0002 * size_px**2 / batch_size,
        training={"ema_half_life": 10_000.0 * batch_size / 32},
    )


def _light(size_px: int) -> AdversarialPreset:
    """R1 as in StyleGAN2 where Liu et al. (ICLR 2021) have a hinge and norms; the rest is theirs."""
    batch_size = 16
    return AdversarialPreset(
        LightShape(image_size_px=size_px),
        batch_size=batch_size,
        n_photos_shown=400_000,
        augment="diff",
        gamma=0.0002 * size_px**2 / batch_size,
        training={"generator_rate": 3e-4, "discriminator_rate": 1.2e-3, "betas": (0.0, 0.99)},
    )


def _dcgan(size_px: int) -> AdversarialPreset:
    """Rates and betas of Radford et al. (ICLR 2016, section 4)."""
    return AdversarialPreset(
        DCGANShape(image_size_px=size_px),
        batch_size=64,
        n_photos_shown=1_000_000,
        training={"generator_rate": 2e-4, "discriminator_rate": 2e-4, "betas": (0.5, 0.999)},
    )


def _mlp(size_px: int) -> AdversarialPreset:
    """For digits: 100 numbers to all pixels by one layer and a sigmoid; the critic has 100 hidden values."""
    return AdversarialPreset(
        MLPShape(image_size_px=size_px),
        batch_size=64,
        n_photos_shown=1_000_000,
        training={"generator_rate": 2e-4, "discriminator_rate": 2e-4, "betas": (0.5, 0.999)},
    )


def _vae(size_px: int) -> AutoencoderPreset:
    """Absolute differences, which give sharper edges than squares.

    At a scale of 0.1 latents know 300 nats of a drawn portrait, and random latents give mush (docs/lab.md).
    """
    return AutoencoderPreset(
        VAEShape(image_size_px=size_px),
        batch_size=32,
        n_photos_shown=400_000,
        objective=EvidenceBound(LaplacePixels(0.3)),
    )


def _autoencoder(shape: VAEShape) -> tuple[VAEDecoder, VAEEncoder]:
    """Decoder and encoder; the encoder has half as many channels, for speed."""
    encoder = VAEEncoderShape(shape.image_size_px, shape.z_dim, shape.channel_base // 2, shape.most_channels)
    return VAEDecoder(shape), VAEEncoder(encoder)


FAMILIES: dict[str, AdversarialFamily | AutoencoderFamily] = {
    "stylegan2": AdversarialFamily(_stylegan2, StyleGAN2, lambda shape, _norm: StyleGAN2Discriminator(shape)),
    "light": AdversarialFamily(
        _light,
        LightGenerator,
        lambda shape, _norm: LightDiscriminator(shape),
        lambda discriminator: SelfSupervision(discriminator),
    ),
    "dcgan": AdversarialFamily(_dcgan, DCGAN, lambda shape, norm: DCGANDiscriminator(shape, norm=norm)),
    "mlp": AdversarialFamily(_mlp, MLPGenerator, lambda shape, _norm: MLPDiscriminator(shape)),
    "vae": AutoencoderFamily(_vae, _autoencoder),
}
"""Families by name; a new one is a generator, what it is trained with, a preset, and a line here."""
