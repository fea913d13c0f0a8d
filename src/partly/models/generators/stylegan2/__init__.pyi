"""StyleGAN2 in plain convolutions."""

from .stylegan2_generator import StyleGAN2 as StyleGAN2
from .stylegan2_shape import StyleGAN2Shape as StyleGAN2Shape
