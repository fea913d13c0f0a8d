"""A project's photos segmented through their latents in its generator, by its few-shot segmenter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from partly.errors import BadOption, BadProject, counted
from partly.fewshot.fitting import load_segmenter
from partly.inference.engines import EngineFile
from partly.inference.invert import InvertOptions, chosen_distance
from partly.inference.segment import GeneratorNetwork
from partly.machine import Machine
from partly.models.generators import Generator
from partly.project.invert_verb import encoder_of
from partly.project.model_digests import fitted_on_photos, model_card
from partly.project.photo_segmenters import SegmentingLoader, SegmentingNetwork, segmenting_network
from partly.project.project_folder import Project, is_project, open_project
from partly.project.project_generator import load_project_generator
from partly.project.segment_choices import SegmentChoice
from partly.project.through_generator_options import ThroughGenerator


@dataclass(frozen=True)
class SegmentingThroughGenerator:
    """What segments photos through their latents; as :class:`SegmentingNetwork`.

    Attributes:
        network: it.
        note: how long a photo takes.
    """

    network: GeneratorNetwork
    note: str
    kind: str = "through generator"

    @property
    def made_of(self) -> dict[str, bool]:
        """Arguments of :meth:`SegmentOptions.view`: it looks once, and boundaries follow edges."""
        return {"with_encoder": True, "with_fast": False}

    @property
    def looking(self) -> dict[str, Any]:
        """As of :class:`SegmentingNetwork`: no objects are looked for."""
        return {}


def what_segments(
    folder: Path, choice: SegmentChoice, through: ThroughGenerator, machine: Machine
) -> SegmentingNetwork | SegmentingThroughGenerator:
    """What segments photos for a project or model folder, as a user chose.

    Args:
        folder: of the project or network.
        choice: among networks; see :func:`segmenting_network`.
        through: whether photos are segmented through their latents.
        machine: what computes; what searches is placed there, to see how long it takes.

    Raises:
        PartlyError: as :func:`segmenting_network` and :func:`network_through_generator`, or both are chosen.
    """
    through.check_with(choice)
    if not through.is_chosen:
        return segmenting_network(folder, choice)
    network = network_through_generator(folder, through)
    return SegmentingThroughGenerator(network, slow_note(network, machine))


def loader_of(
    folder: Path, choice: SegmentChoice, through: ThroughGenerator, engine: EngineFile | None
) -> SegmentingLoader | ThroughGeneratorLoader:
    """Gives the same in another process."""
    if through.is_chosen:
        return ThroughGeneratorLoader(folder, through)
    return SegmentingLoader(folder, choice, engine)


@dataclass(frozen=True)
class ThroughGeneratorLoader:
    """Gives in another process what segments photos through their latents.

    Attributes:
        folder: of the project.
        options: as for :func:`network_through_generator`.
    """

    folder: Path
    options: ThroughGenerator

    def __call__(self) -> GeneratorNetwork:
        """The network."""
        return network_through_generator(self.folder, self.options)


def network_through_generator(folder: Path, options: ThroughGenerator) -> GeneratorNetwork:
    """What segments photos by the few-shot segmenter of a project, at their latents in its generator.

    Searches begin where an encoder of ``partly invert --learn`` says, if there is one of this generator.

    Args:
        folder: of the project.
        options: how to search.

    Raises:
        BadOption: it is no project, or its few-shot segmenter was fitted on photos.
        BadProject: it has no generator or no few-shot segmenter, or one of another generator.
        BadModelFile: a model is damaged.
        NotAvailable: something must be got first.
    """
    if not is_project(folder):
        raise BadOption(
            "--through-generator without a project",
            expected="a project, with the generator that its labels are on",
            path=folder,
        )
    project = open_project(folder)
    generator = load_project_generator(project)
    _check_segmenter(project, generator)
    segmenter, part_set, _ = load_segmenter(project.few_shot)
    searching = InvertOptions(n_steps=options.n_steps, seed=options.seed)
    distance = chosen_distance(searching.distance, searching.compared_px).distance
    encoder = encoder_of(generator, searching)
    return GeneratorNetwork(generator, segmenter, part_set, searching, distance, encoder)


def slow_note(network: GeneratorNetwork, machine: Machine) -> str:
    """What the user is told before it begins: how long a photo takes, and what would make it shorter."""
    machine.place(network)
    time_s = network.time_of_photo_s()
    about = "" if time_s is None else f", about {timedelta(seconds=math.ceil(time_s))}"
    told = (
        f"Each photo is searched for in the generator, by {network.distance.name}: "
        f"{counted(network.n_steps, 'step')} a photo{about}."
    )
    if network.encoder is None:
        told += " An encoder makes it much shorter: partly invert --learn."
    return told


def _check_segmenter(project: Project, generator: Generator) -> None:
    """Refuse what does not segment pictures of this generator."""
    folder = project.few_shot
    if not (folder / "model.json").is_file():
        raise BadProject(
            "there is no few-shot segmenter yet", remedy=f"Run: partly fit {project.folder}", path=folder
        )
    if fitted_on_photos(folder):
        raise BadOption(
            "a few-shot segmenter that reads photos",
            expected="one that was fitted on pictures of the generator",
            remedy="Leave --through-generator out",
            path=folder,
        )
    parents = dict(model_card(folder).get("parents", {}))
    fitted_on = parents.get("generator_sha256", parents.get("source_sha256"))
    if fitted_on not in (None, generator.digest):
        raise BadProject(
            f"the few-shot segmenter was fitted with another generator (sha256 {str(fitted_on)[:12]}…)",
            expected=f"that of the project, sha256 {generator.digest[:12]}…",
            remedy=f"Run: partly fit {project.folder}",
            path=folder,
        )
