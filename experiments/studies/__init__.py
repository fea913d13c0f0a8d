"""The studies: one module each, listed in :mod:`experiments.catalogue`."""
