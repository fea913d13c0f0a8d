"""Discriminators: pictures to scores, one of each."""
