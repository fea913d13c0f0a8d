"""The ceiling: the parser that annotates in place of a person, trained on more than 27,000 labels.

``bisenet`` sees photos at their 512 px, ``bisenet-256`` only what is left of them at 256 px, which is the
size of the generated pictures that Partly and its rivals learn from.
"""

from __future__ import annotations

from experiments.annotator import load_annotator as parser

from benchmarks.rivals.protocol import PICTURE_PX, Fitted, LabelMap, Pixels, Rival, Task
from benchmarks.rivals.tensors import images_of
from partly.data.labels import FACE_PARTS, UNLABELLED


def _fit(seen_px: int | None) -> Fitted:
    annotator = parser()

    def predict(pixels: Pixels) -> LabelMap:
        label_map: LabelMap = annotator.parse(images_of(pixels, seen_px), len(pixels))[0]
        # Where it sees eyeglasses it must still name a part: skin lies beneath them.
        label_map[label_map == UNLABELLED] = FACE_PARTS.index("skin")
        return label_map

    return Fitted(predict)


def fit(_: Task) -> Fitted:
    """The parser at the photo's own size."""
    return _fit(None)


def fit_256(_: Task) -> Fitted:
    """The parser on a photo reduced to 256 px."""
    return _fit(PICTURE_PX)


RIVALS = {"bisenet": Rival(fit), "bisenet-256": Rival(fit_256)}
