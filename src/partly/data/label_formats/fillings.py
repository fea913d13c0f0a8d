"""What pixels are that no shape covers."""

from __future__ import annotations

from typing import Literal

from partly.data.labels.part_sets import UNLABELLED

Fill = Literal["background", "unlabelled"]
"""What pixels are that no shape covers."""

FILL_IDS: dict[Fill, int] = {"background": 0, "unlabelled": UNLABELLED}
