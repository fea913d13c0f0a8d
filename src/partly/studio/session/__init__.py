"""The studio's session, without HTTP: what is painted, what follows from it, and the jobs that end it."""

from partly.studio.session.session import Session
from partly.studio.session.workspace import StudioChoices

__all__ = ["Session", "StudioChoices"]
