"""Variational autoencoders."""

from .vae_config import VAEConfig as VAEConfig
