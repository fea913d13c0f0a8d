"""Representations: photos to feature pyramids, for models that read photos directly."""
