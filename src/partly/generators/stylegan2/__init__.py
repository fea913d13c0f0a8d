"""StyleGAN2 in plain torch: resampling, layers, generator."""

from partly.generators.stylegan2.generator import KIND, StyleGAN2, StyleGAN2Shape, load_stylegan2

__all__ = ["KIND", "StyleGAN2", "StyleGAN2Shape", "load_stylegan2"]
