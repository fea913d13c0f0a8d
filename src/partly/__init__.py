"""Partly: label one picture, segment the rest.

What the stub beside this file names is the public API. It is imported when it is first used, so that
``import partly`` costs nothing.
"""

from typing import Any

import lazy_loader

<<<<<<< HEAD
_public, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
=======
if TYPE_CHECKING:
    from partly.api import Annotations, distil, fit_few_shot, load_annotations, load_network, photo_features
    from partly.data.labels import FACE_PARTS, Annotation, Part, PartSet
    from partly.errors import PartlyError
    from partly.fewshot.fitting import FewShotConfig, Teacher
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
    "photo_features",
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
        "photo_features",
    ),
    "partly.models.networks": ("AutoShotNetwork",),
    "partly.synthesis.distil": ("DistilConfig", "DistilReports"),
    "partly.errors": ("PartlyError",),
    "partly.inference.segment": ("Segmentation", "segment_all", "segment_photo"),
    "partly.fewshot.fitting": ("FewShotConfig",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
>>>>>>> house


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("partly")
    return _public(name)
