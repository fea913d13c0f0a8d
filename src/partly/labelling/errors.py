"""Errors that only a session has; whoever serves it tells them apart."""

from __future__ import annotations

from partly.errors import PartlyError


class Unknown(PartlyError):
    """Something asked for by a name that nothing has."""


class NotReady(PartlyError):
    """Something that is still being made, or that needs another step first."""


class Held(PartlyError):
    """A picture that another tab paints on."""


class Busy(PartlyError):
    """A job while another one runs."""
