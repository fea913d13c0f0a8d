"""A project's folder, and the paths in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from partly.data.labels import PartSet
from partly.errors import BadProject
from partly.project.project_settings import FILE_NAME, Settings, read_settings, write_settings

PREVIEW_NAME = "previews.png"
"""In the run folder of a fit: unseen pictures with their labels."""


@dataclass(frozen=True)
class Project:
    """One project on disk.

    Attributes:
        folder: where it is.
        settings: what its ``project.toml`` says.
    """

    folder: Path
    settings: Settings

    @property
    def part_set(self) -> PartSet:
        """The parts."""
        return self.settings.part_set

    @property
    def generator_source(self) -> str:
        """The generator's name, or the path of its model folder, seen from the project; "" is none."""
        return self._beside(self.settings.generator)

    @property
    def encoder_source(self) -> str:
        """The name of the network that reads photos, or the path of its model folder."""
        return self._beside(self.settings.photos.features)

    def _beside(self, model: str) -> str:
        """A model's name, or the path of its folder, seen from the project."""
        beside = self.folder / model
        return str(beside) if model and (beside / "model.json").is_file() else model

    @property
    def photo_folder(self) -> Path | None:
        """Folder or zip of photos; None where the project has none."""
        folder = self.settings.photos.folder
        return self.folder / folder if folder else None

    @property
    def added_photos(self) -> Path:
        """Photos that were put into the project itself: to be segmented, and labelled where photos are."""
        return self.folder / "photos"

    @property
    def pictures(self) -> Path:
        """Pictures proposed for labelling."""
        return self.folder / "pictures"

    @property
    def latents(self) -> Path:
        """For each of these pictures a JSON with its latent; apart, since label files lie beside pictures."""
        return self.folder / "latents"

    @property
    def annotations(self) -> Path:
        """Label maps with what they belong to."""
        return self.folder / "annotations"

    @property
    def features(self) -> Path:
        """Features of photos, which can be made again at any time."""
        return self.folder / "features"

    @property
    def runs(self) -> Path:
        """A folder for each run of a long verb."""
        return self.folder / "runs"

    @property
    def labelled(self) -> Path:
        """Generated pictures, and the labels that few-shot segmenters gave them, as shards."""
        return self.folder / "labelled"

    @property
    def few_shot(self) -> Path:
        """Model folder of the few-shot segmenter."""
        return self.folder / "models" / "few_shot"

    @property
    def auto_shot(self) -> Path:
        """Model folder of the auto-shot network."""
        return self.folder / "models" / "auto_shot"

    @property
    def best(self) -> Path:
        """Model folder of the slower, better network with an encoder inside."""
        return self.folder / "models" / "best"

    @property
    def finder(self) -> Path:
        """Model folder of the object finder."""
        return self.folder / "models" / "finder"

    @property
    def report(self) -> Path:
        """The page that ``partly report`` writes."""
        return self.folder / "report.html"


def is_project(folder: Path) -> bool:
    """Whether a folder holds a project."""
    return (folder / FILE_NAME).is_file()


def create_project(folder: str | Path, settings: Settings) -> Project:
    """Make a project.

    Raises:
        BadProject: there is one already, or the folder holds something else.
    """
    folder = Path(folder)
    if is_project(folder):
        raise BadProject(
            "is a project already",
            expected="a new or empty folder",
            remedy="Edit its project.toml, or choose another folder",
            path=folder,
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadProject(
            "is not empty" if folder.is_dir() else "is a file",
            expected="a new or empty folder",
            remedy="Choose another folder",
            path=folder,
        )
    write_settings(folder, settings)
    (folder / "annotations").mkdir(exist_ok=True)
    return Project(folder, settings)


def open_project(folder: str | Path) -> Project:
    """Open a project.

    Raises:
        BadProject: there is none, or its ``project.toml`` is wrong.
    """
    folder = Path(folder)
    return Project(folder, read_settings(folder))
