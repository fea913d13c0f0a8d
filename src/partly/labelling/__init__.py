"""The studio's session, without HTTP: what is painted, what follows from it, and the jobs that end it."""

from partly.labelling.desk import StudioChoices
from partly.labelling.session import Session

__all__ = ["Session", "StudioChoices"]
