"""Training of variational autoencoders."""

from partly.training.vae.config import VAEConfig
from partly.training.vae.loop import VAEParts, VAEResult, train_vae
from partly.training.vae.report import VAEReport, vae_figures_text

__all__ = ["VAEConfig", "VAEParts", "VAEReport", "VAEResult", "train_vae", "vae_figures_text"]
