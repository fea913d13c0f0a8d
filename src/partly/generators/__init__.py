"""Generators: latents to pictures and feature pyramids. One file a family, one line in the catalogue."""
