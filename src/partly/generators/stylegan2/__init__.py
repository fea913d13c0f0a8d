"""StyleGAN2 in plain torch: resampling, layers, generator."""

from partly.generators.stylegan2.generator import KIND, StyleGAN2, load_stylegan2
from partly.generators.stylegan2.shape import StyleGAN2Shape

__all__ = ["KIND", "StyleGAN2", "StyleGAN2Shape", "load_stylegan2"]
