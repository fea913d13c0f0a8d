"""Objectives of training, as pure functions."""
