"""Procedures that train: each one visible loop, its mathematics elsewhere."""
