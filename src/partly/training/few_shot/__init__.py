"""Fitting few-shot segmenters on annotated pictures."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partly.training.few_shot.fit import check_annotations, fit_few_shot
    from partly.training.few_shot.fit_options import FewShotConfig
    from partly.training.few_shot.ridge import RidgeFit

__all__ = ["FewShotConfig", "RidgeFit", "check_annotations", "fit_few_shot"]

_HOMES = {
    "FewShotConfig": "fit_options",
    "RidgeFit": "ridge",
    "check_annotations": "fit",
    "fit_few_shot": "fit",
}


def __getattr__(name: str) -> Any:
    """A name, imported from its home when it is first asked for: choices need no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
