"""What can be chosen about segmenting photos. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from partly.data.label_formats import FORMAT_NAMES
from partly.data.photos import max_pages_option
from partly.errors import BadOption
from partly.storage import check_options, option

THOROUGH = (5 / 6, 1.0, 7 / 6, 4 / 3)
"""Scales of a thorough segmentation: 160, 192, 224 and 256 px for a network of 192 px."""


AreasFormat = Literal["json", "csv"]
ProbabilityFormat = Literal["png", "npz"]


@dataclass(frozen=True)
class OutputOptions:
    """What is written of each photo beside its label map."""

    overlay: bool | None = option(
        None,
        "Also write the parts' colours over the photo. By default in folders, and not in tars.",
        flag="--overlay/--no-overlay",
    )
    masks: bool = option(False, "Also write a mask of each part: an 8-bit PNG of 0 and 255.")
    probabilities: ProbabilityFormat | None = option(
        None,
        "Also write how probable each part is in each pixel: a 16-bit PNG a part (png), or one NumPy file a "
        "photo with all parts (npz).",
    )
    cutout: tuple[str, ...] = option(
        (),
        "Also cut this part out of the photo: a PNG that is transparent elsewhere, with soft edges. Given "
        "several times, of all these parts together.",
        metavar="PART",
    )
    objects: bool = option(
        False,
        "Also write which object each pixel belongs to: a 16-bit PNG of the objects' numbers. Objects must "
        "be looked for.",
    )
    crops: bool = option(
        False,
        "Also cut each object out of the photo, with a margin: a JPEG, and its label map. Objects must be "
        "looked for.",
    )
    upright: bool = option(False, "Turn what --crops cuts out upright, by the frames of the objects.")

    def __post_init__(self) -> None:
        check_options(self)
        if self.upright and not self.crops:
            raise BadOption("--upright without --crops", expected="both, or --crops alone")

    def check_objects(self, *, looks_for_objects: bool) -> None:
        """Refuse what is of objects where nobody looks for them.

        Raises:
            BadOption: such is asked for.
        """
        asked_for = [f"--{name}" for name in ("objects", "crops") if getattr(self, name)]
        if asked_for and not looks_for_objects:
            needs = "needs" if len(asked_for) == 1 else "need"
            raise BadOption(
                f"{' and '.join(asked_for)} {needs} objects, and photos are taken for one object each",
                expected="objects that are looked for",
                remedy="Give --anywhere",
            )


@dataclass(frozen=True)
class PageOptions:
    """What is written of all photos together."""

    page: bool = option(
        False, "Also write a page, index.html, that shows what was found in each photo; not with tars."
    )

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class TarOptions:
    """Whether results go into tars."""

    tars: bool | None = option(
        None,
        "Write results into tars: one for each tar or Parquet file of photos, of the same name, with a PNG "
        "and a JSON a photo. By default where all photos are in such files.",
        flag="--tars/--no-tars",
    )
    per_tar: int = option(1000, "Photos of a tar, where they come from folders or zips.", at_least=1)

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True)
class ViewOptions:
    """How a network looks at photos."""

    size_px: int | None = option(
        None, "Input size of the network in pixels; by default its training size.", flag="--size", at_least=1
    )
    mirror: bool | None = option(
        None,
        "Average with the mirrored photo: slower, and more accurate where the labels show objects from both "
        "sides. By default with the network, not with `best` and `teacher`.",
        flag="--mirror/--no-mirror",
    )
    thorough: bool = option(
        False,
        "Average over several sizes and refine boundaries along the photo's edges: slower, slightly better.",
        in_form=True,
    )

    def __post_init__(self) -> None:
        check_options(self)

    def view(self, *, with_encoder: bool = False, with_fast: bool = True) -> dict[str, Any]:
        """How a photo is looked at: arguments of :func:`partly.inference.segment.segment_photo`.

        Args:
            with_encoder: a network with an encoder of photos inside segments. Its features lie on a coarse
                grid, so that its boundaries follow the photo's edges always.
            with_fast: an auto-shot network segments, alone or beside the encoder, and sees the mirrored photo
                too. An encoder alone takes a second, and few labels show objects from one side, so that it
                looks once (docs/lab.md).
        """
        return {
            "size_px": self.size_px,
            "mirror_average": with_fast if self.mirror is None else self.mirror,
            "scales": THOROUGH if self.thorough else (1.0,),
            "refine": self.thorough or with_encoder,
        }


@dataclass(frozen=True)
class SegmentOptions(ViewOptions):
    """How photos are segmented."""

    areas: AreasFormat = option("json", "File format of the parts' areas and confidences.")
    max_pages: int = max_pages_option()
    draft_format: str | None = option(
        None,
        "Also write the label maps as first drafts for a labelling program, in its format.",
        flag="--as",
        choices=FORMAT_NAMES,
    )

    def arguments(self, *, with_encoder: bool = False, with_fast: bool = True) -> dict[str, Any]:
        """Arguments of :func:`partly.inference.segment.segment_all`; see :meth:`view`."""
        view = self.view(with_encoder=with_encoder, with_fast=with_fast)
        return {**view, "areas": self.areas, "draft_format": self.draft_format}
