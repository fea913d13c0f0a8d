"""Partly: label one picture, segment the rest.

What stands in ``__all__`` is the public API. It is imported when it is first used, so that ``import partly``
costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partly.api import Annotations, Teacher, distil, fit_few_shot, load_annotations, load_network
    from partly.data.labels import FACE_PARTS, Annotation, Part, PartSet
    from partly.errors import PartlyError
    from partly.fewshot.fitting import FewShotConfig
    from partly.inference.segment import Segmentation, segment_all, segment_photo
    from partly.models.networks import AutoShotNetwork
    from partly.models.zoo import load_generator
    from partly.synthesis.distil import DistilConfig, DistilReports

__version__: str

__all__ = [
    "FACE_PARTS",
    "Annotation",
    "Annotations",
    "AutoShotNetwork",
    "DistilConfig",
    "DistilReports",
    "FewShotConfig",
    "Part",
    "PartSet",
    "PartlyError",
    "Segmentation",
    "Teacher",
    "__version__",
    "distil",
    "fit_few_shot",
    "load_annotations",
    "load_generator",
    "load_network",
    "segment_all",
    "segment_photo",
]

_HOMES = {
    "partly.data.labels": ("FACE_PARTS", "Annotation", "Part", "PartSet"),
    "partly.api": (
        "Annotations",
        "Teacher",
        "distil",
        "fit_few_shot",
        "load_annotations",
        "load_generator",
        "load_network",
    ),
    "partly.models.networks": ("AutoShotNetwork",),
    "partly.synthesis.distil": ("DistilConfig", "DistilReports"),
    "partly.errors": ("PartlyError",),
    "partly.inference.segment": ("Segmentation", "segment_all", "segment_photo"),
    "partly.fewshot.fitting": ("FewShotConfig",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """A public name, imported from its home when it is first asked for (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("partly")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
