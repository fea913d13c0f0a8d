"""Rivals of Partly on the same photos, from the same labels, by the same protocol (see ``protocol``)."""
