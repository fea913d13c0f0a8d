"""Where the features of a project come from: its generator, or a network that reads its photos."""

from __future__ import annotations

from partly.errors import BadOption, BadProject
from partly.fewshot.features import FeatureSource, FeatureStore, GeneratorFeatures, PhotoFeatures
from partly.machine import PROCESSOR, Machine
from partly.models.encoders import Representation
from partly.models.zoo import load_encoder
from partly.project.photo_options import USUAL_BESIDE_GENERATOR_PX, USUAL_FEATURES_PX
from partly.project.photos_of_project import project_photos
from partly.project.project_folder import Project
from partly.project.project_generator import load_project_generator
from partly.project.project_settings import FILE_NAME


def project_source(project: Project, machine: Machine = PROCESSOR) -> FeatureSource:
    """What the project labels and is fitted on: pictures of its generator, or its photos.

    Args:
        project: whose source.
        machine: makes the features.

    Raises:
        NotAvailable: generator or encoder are not on this machine.
        BadModelFile: it is damaged, or of another kind.
        BadProject: a setting cannot be: no such class, no photos, no such size.
    """
    if project.settings.fitted_on == "generator":
        return GeneratorFeatures(load_project_generator(project), machine)
    return project_photo_features(project, machine=machine)


def project_photo_features(
    project: Project, encoder: Representation | None = None, machine: Machine | None = None
) -> PhotoFeatures:
    """Features of the project's photos, kept in its folder.

    Args:
        project: whose photos.
        encoder: the project's, if it is loaded already.
        machine: makes the features; None: where the encoder is.

    Raises:
        NotAvailable: the encoder is not on this machine.
        BadModelFile: it is damaged, or of another kind.
        BadProject: there are no photos, or the encoder reads none of that size.
    """
    photos = project_photos(project)
    store = FeatureStore(project.features)
    return PhotoFeatures(encoder or project_encoder(project), photos, store=store, machine=machine)


def project_encoder(project: Project) -> Representation:
    """The network that reads the project's photos, at the size of its settings.

    Raises:
        NotAvailable: it is not on this machine.
        BadModelFile: it is damaged, or of another kind.
        BadProject: it reads no photos of that size.
    """
    encoder = load_encoder(project.encoder_source)
    size_px = project.settings.photos.features_px
    if size_px is None and encoder.multiple_px is not None:
        beside = project.settings.fitted_on == "generator"
        usual_px = USUAL_BESIDE_GENERATOR_PX if beside else USUAL_FEATURES_PX
        size_px = nearest_multiple(usual_px, encoder.multiple_px)
    if size_px is None or size_px == encoder.image_size_px:
        return encoder
    try:
        return encoder.at_size(size_px)
    except BadOption as error:
        raise BadProject(
            f"has features_px = {size_px} in [photos], which {project.settings.photos.features} cannot have",
            expected=error.expected,
            remedy="Mend it by hand; what is left out takes its default",
            path=project.folder / FILE_NAME,
        ) from error


def nearest_multiple(size_px: int, multiple_px: int) -> int:
    """The multiple of ``multiple_px`` that is nearest, and at least one."""
    return max(1, round(size_px / multiple_px)) * multiple_px
