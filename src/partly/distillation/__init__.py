"""From a generator and a few-shot segmenter to an auto-shot network: synthesis, then training."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partly.distillation.distil import distil
    from partly.distillation.distil_options import DistilConfig
    from partly.distillation.reports import DistilReports

__all__ = ["DistilConfig", "DistilReports", "distil"]

_HOMES = {"DistilConfig": "distil_options", "DistilReports": "reports", "distil": "distil"}


def __getattr__(name: str) -> Any:
    """A name, imported from its home when it is first asked for: choices need no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
