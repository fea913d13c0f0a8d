"""What can be chosen about the photos of a project. Without torch and NumPy."""

from __future__ import annotations

from dataclasses import dataclass

from partly.data.photos import max_pages_option
from partly.storage import check_options, option

USUAL_FEATURES_PX = 560
"""Of networks that read photos of any size, where segmenters are fitted on them: docs/lab.md."""
USUAL_BESIDE_GENERATOR_PX = 448
"""Of the same where a head learns from a generator's pictures: each of a thousand is read."""


@dataclass(frozen=True)
class PhotoOptions:
    """The photos of a project, and the network whose features of them are used."""

    folder: str = option(
        "",
        "Folder or zip of photos of the object; `project.toml` says it as seen from the project.",
        flag="--photos",
        metavar="FOLDER",
        in_project=True,
    )
    features: str = option(
        "dinov2-small",
        "Network that reads photos: a name that `partly get` knows, or a model folder.",
        metavar="ENCODER",
        in_project=True,
    )
    features_px: int | None = option(
        None,
        "Side of a square with as many pixels as that network is shown of a photo: a larger one takes "
        f"longer, and shows smaller parts. By default {USUAL_FEATURES_PX}, beside a generator "
        f"{USUAL_BESIDE_GENERATOR_PX}, or the only size that it reads.",
        at_least=1,
        in_project=True,
    )
    fit_on_photos: bool = option(
        False,
        "In a project with a generator, too: label photos, and fit on features of photos, not on the "
        "generator's.",
        in_project=True,
    )

    max_pages: int = max_pages_option(in_project=True)

    def __post_init__(self) -> None:
        check_options(self)
