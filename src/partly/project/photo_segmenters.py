"""What segments photos: a project's auto-shot network, or its few-shot segmenter if that reads photos."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from partly.errors import BadOption, BadProject
from partly.fewshot.features import FeatureStore
from partly.fewshot.fitting import load_segmenter
from partly.inference.engines import EngineFile, EngineNetwork, open_engine
from partly.inference.segment import EncoderNetwork, load_part_network
from partly.models.networks import AutoShotNetwork, ObjectFinder
from partly.project.chosen_network import network_of
from partly.project.finder_of_project import finder_of
from partly.project.model_digests import fitted_on_photos, model_card
from partly.project.project_features import project_encoder
from partly.project.project_folder import Project, is_project, open_project
from partly.project.project_state import ProjectState, state_of
from partly.project.segment_choices import SegmentChoice


@dataclass(frozen=True)
class SegmentingNetwork:
    """What segments photos.

    Attributes:
        network: it.
        kind: "network", "best" or "teacher".
        note: what the user should know of the choice; "" is nothing.
        finder: looks for objects, where they are looked for.
    """

    network: AutoShotNetwork | EncoderNetwork
    kind: str = "network"
    note: str = ""
    finder: ObjectFinder | None = None

    @property
    def made_of(self) -> dict[str, bool]:
        """Arguments of :meth:`SegmentOptions.view`: what it is made of."""
        if isinstance(self.network, EncoderNetwork):
            return {"with_encoder": True, "with_fast": self.network.fast is not None}
        return {"with_encoder": False, "with_fast": True}

    @property
    def looking(self) -> dict[str, Any]:
        """Arguments of :func:`segment_all`: how objects are looked for, where they are."""
        return {} if self.finder is None else {"finder": self.finder, "looks_for_objects": True}


@dataclass(frozen=True)
class SegmentingLoader:
    """Gives what segments photos in another process.

    Attributes:
        folder: of a project or model.
        choice: as for :func:`segmenting_network`.
        engine: what computes the network, if it is not torch.
    """

    folder: Path
    choice: SegmentChoice | None = None
    engine: EngineFile | None = None

    def __call__(self) -> AutoShotNetwork | EncoderNetwork | EngineNetwork:
        """The network."""
        if self.engine is not None:
            return open_engine(self.engine)
        return segmenting_network(self.folder, self.choice).network


def segmenting_network(folder: Path, choice: SegmentChoice | None = None) -> SegmentingNetwork:
    """What segments photos for a project or model folder.

    Args:
        folder: of the project, or of a network of either kind.
        choice: by default the network, if there is one that is not outdated, and else the teacher, if that
            reads photos.

    Raises:
        BadModelFile: the folder is neither, or a model is damaged.
        BadProject: the project has not got what is chosen, or has neither; or no object finder.
        BadOption: a teacher is chosen that cannot read photos, or something else than the model in a folder.
        NotAvailable: the network that reads photos for the teacher is not on this machine.
    """
    segmenting = _segmenting(folder, choice.segmenter if choice else None)
    if choice is None or not choice.anywhere:
        return segmenting
    return replace(segmenting, finder=finder_of(folder))


def _segmenting(folder: Path, chosen: str | None) -> SegmentingNetwork:
    """As :func:`segmenting_network`, without a finder."""
    if not is_project(folder):
        if chosen is not None:
            raise BadOption(
                f"a model folder, and --with {chosen}", expected="a project, or the folder without --with"
            )
        # network_of says what is wrong where there is no model.
        is_model = (folder / "model.json").is_file()
        network = load_part_network(folder) if is_model else network_of(folder)
        return SegmentingNetwork(network, "best" if isinstance(network, EncoderNetwork) else "network")
    project = open_project(folder)
    if chosen == "best":
        return SegmentingNetwork(_best_network(project), "best")
    if chosen == "teacher":
        return SegmentingNetwork(teacher_network(project), "teacher")
    state = state_of(project)
    if chosen == "network" or state.auto_shot == "ready" or not fitted_on_photos(project.few_shot):
        return SegmentingNetwork(network_of(folder))
    return SegmentingNetwork(teacher_network(project), "teacher", _why_the_teacher(state))


def _best_network(project: Project) -> AutoShotNetwork | EncoderNetwork:
    if not (project.best / "model.json").is_file():
        raise BadProject(
            "has no best network yet",
            remedy=f"Run: partly distil {project.folder} --best",
            path=project.folder,
        )
    network = load_part_network(project.best)
    if isinstance(network, EncoderNetwork):
        network.store = FeatureStore(project.features)
    return network


def teacher_network(project: Project) -> EncoderNetwork:
    """The few-shot segmenter of a project with the network that reads its photos.

    The photos that it learned from need not be there.

    Raises:
        BadOption: it reads the pictures of a generator.
        BadProject: there is none, or it was fitted with another network that reads photos.
        BadModelFile: a model is damaged.
        NotAvailable: the network that reads photos is not on this machine.
    """
    if not (project.few_shot / "model.json").is_file():
        raise BadProject(
            "there is no few-shot segmenter yet",
            remedy=f"Run: partly fit {project.folder}",
            path=project.few_shot,
        )
    parents = dict(model_card(project.few_shot).get("parents", {}))
    if not fitted_on_photos(project.few_shot):
        raise BadOption(
            "a few-shot segmenter that reads the pictures of a generator",
            expected="one that was fitted on photos, or the network: --with network",
            path=project.few_shot,
        )
    encoder = project_encoder(project)
    if (encoder.digest, encoder.image_size_px) != (parents["encoder_sha256"], parents["features_px"]):
        raise BadProject(
            "the few-shot segmenter was fitted with another network that reads photos, or at another size",
            expected=f"{project.settings.photos.features} at {encoder.image_size_px} px, as in project.toml",
            remedy=f"Run: partly fit {project.folder}",
            path=project.few_shot,
        )
    segmenter, part_set, _ = load_segmenter(project.few_shot)
    return EncoderNetwork(encoder, segmenter, part_set, store=FeatureStore(project.features))


def _why_the_teacher(state: ProjectState) -> str:
    if state.few_shot == "outdated":
        return (
            "With the few-shot segmenter, fitted before labels or settings changed: partly fit "
            f"{state.folder} fits it anew"
        )
    if state.auto_shot == "missing":
        return "With the few-shot segmenter, as there is no network yet: it takes a second or more a photo"
    return "With the few-shot segmenter, as the network is older than it: --with network takes that one"
