"""All few-shot methods by name. A new one is a file, and a line here; no torch is imported here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from partly.fewshot.fitting.few_shot_method import FewShotMethod
from partly.fewshot.fitting.network_methods import CNNMethod, MLPMethod
from partly.fewshot.fitting.ridge_methods import KernelMethod, PhotoRidgeMethod, RidgeMethod

if TYPE_CHECKING:
    from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter

METHODS: dict[str, FewShotMethod] = {
    "ridge": RidgeMethod(),
    "kernel": KernelMethod(),
    "photo-ridge": PhotoRidgeMethod(),
    "mlp-0": MLPMethod(()),
    "mlp-1": MLPMethod((2000,)),
    "mlp-2": MLPMethod((2000, 200)),
    "cnn-s": CNNMethod("S"),
    "cnn-m": CNNMethod("M"),
    "cnn-l": CNNMethod("L"),
}


def families() -> dict[str, type[FewShotSegmenter]]:
    """The classes of segmenters by the names that model folders give them."""
    from partly.fewshot.segmenters.head_segmenter import HeadSegmenter

    # A head is no few-shot method: it is trained on what a teacher says of many pictures.
    of_methods = {method.family: method.segmenter_class() for method in METHODS.values()}
    return {**of_methods, "head": HeadSegmenter}


def live_method(names: Iterable[str]) -> FewShotMethod:
    """The first method of ``names`` that can follow the brush; where none can, the first of the table."""
    live = {name: method for name, method in METHODS.items() if method.is_live}
    return next((live[name] for name in names if name in live), next(iter(live.values())))
