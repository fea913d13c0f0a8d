"""Generators without a discriminator, whose pictures have the moments of photos."""
