"""Generators that a second stage can be stacked on, made of what a model card says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from partly.errors import BadOption
from partly.models.generators import dcgan_generator as dcgan
from partly.models.generators import light_generator as light
from partly.models.generators import mlp_generator as mlp
from partly.models.generators import mobile_stylegan as mobile
from partly.models.generators import vae_decoder as vae
from partly.models.generators.generator_base import GeneratorFamily
from partly.models.generators.stylegan2 import stylegan2_generator as stylegan2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.models.generators.stylegan3 import stylegan3_generator as stylegan3
from partly.models.generators.stylegan3.stylegan3_shape import StyleGAN3Shape
from partly.models.model_families import constructor_arguments

STACKABLE: dict[str, tuple[Callable[[Any], GeneratorFamily], Callable[..., Any]]] = {
    mobile.KIND: (mobile.MobileStyleGAN, mobile.MobileStyleGANShape),
    stylegan2.KIND: (stylegan2.StyleGAN2, StyleGAN2Shape),
    stylegan3.KIND: (stylegan3.StyleGAN3, StyleGAN3Shape),
    dcgan.KIND: (dcgan.DCGAN, dcgan.DCGANShape),
    mlp.KIND: (mlp.MLPGenerator, mlp.MLPShape),
    light.KIND: (light.LightGenerator, light.LightShape),
    vae.KIND: (vae.VAEDecoder, vae.VAEShape),
}
"""By kind, the family and its shape; a stacked generator, which can be stacked on too, is not among them."""


def unfilled_generator(kind: str, arguments: Mapping[str, Any]) -> GeneratorFamily:
    """A generator of a family other than the stacked ones, with weights that mean nothing yet.

    Args:
        kind: of the family.
        arguments: of its shape, as ``model.json`` has them.

    Raises:
        BadOption: there is no such family.
        TypeError, ValueError: the arguments build none.
    """
    if kind not in STACKABLE:
        raise BadOption(f"a generator of kind {kind!r}", expected=f"one of {', '.join(STACKABLE)}")
    family, shape = STACKABLE[kind]
    return family(shape(**constructor_arguments(arguments)))
