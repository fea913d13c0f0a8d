"""What the networks of a project learn from besides its teacher: photos beside a generator, an encoder."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from partly.fewshot.features import FeatureSource, FeatureStore, GeneratorFeatures
from partly.models.encoders import Representation
from partly.project.annotations_of_project import painted_photos_beside
from partly.project.model_digests import annotations_digest
from partly.project.project_features import project_photo_features
from partly.project.project_folder import Project
from partly.synthesis.distil import DistilConfig, OwnPhotos, PictureReader


@dataclass(frozen=True, eq=False)
class Beside:
    """Photos, and what reads pictures.

    Attributes:
        own: the project's photos, where its teacher is a generator's.
        reader: of what the teacher labels, for a head.
        parents: what both depend on besides the teacher, as cards say it.
    """

    own: OwnPhotos | None = None
    reader: PictureReader | None = None
    parents: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls, project: Project, source: FeatureSource, config: DistilConfig, encoder: Representation | None
    ) -> Beside:
        """Only what reads photos, in a project that is fitted on them."""
        reader = None if encoder is None else PictureReader(encoder, FeatureStore(project.features))
        if not isinstance(source, GeneratorFeatures):
            return cls(reader=reader)
        parents: dict[str, Any] = {}
        painted = painted_photos_beside(project) if config.painted_photo_share else []
        own = None
        if project.settings.photos.folder and (painted or encoder is not None):
            own = OwnPhotos(project_photo_features(project, encoder), painted)
            parents["painted_photos_sha256"] = annotations_digest(painted)
        if encoder is None:
            return cls(own, None, parents)
        parents |= {"photo_encoder_sha256": encoder.digest, "features_px": encoder.image_size_px}
        return cls(own, reader, parents)
