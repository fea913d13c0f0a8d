"""The studies: one module each, listed in :mod:`partly.experiments.catalogue`."""
