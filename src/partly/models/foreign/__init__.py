"""Weights of other programs' generators, read without running their code."""
