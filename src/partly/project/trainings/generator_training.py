"""One training on disk: photos in, a model folder out; what was stopped goes on."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from torch import nn

from partly.data.photos import (
    PhotoSet,
    PhotoSources,
    classes_of,
    find_photos,
    make_photo_set,
    read_classes,
    write_png,
)
from partly.data.portraits import portrait_sources
from partly.errors import BadModelFile, BadOption
from partly.machine import Machine, MachineOptions, Ranks
from partly.models.generators import GeneratorFamily, class_means_of_w, mean_of_w
from partly.project.trainings.training_folder import TrainingFolder
from partly.project.trainings.training_measures import Measures, tell_nobody
from partly.project.trainings.training_page import write_training_page
from partly.project.trainings.training_samples import (
    class_grid,
    code_sweeps,
    interpolation_strip,
    picture_grid,
)
from partly.storage import (
    FIRST_VERSION,
    Provenance,
    load_card,
    only_writer,
    remove_leftovers,
    streams_as_of,
    streams_version,
    write_json,
)
from partly.training.adversarial import SquareBatches
from partly.training.chassis import checkpoint_files
from partly.training.recipes import (
    PlanStep,
    TrainingChoices,
    TrainingPlan,
    condition_batches,
    training_plan,
    with_defaults,
)

_N_FOR_MEAN = 4000
_ASSUMED = {"streams": FIRST_VERSION}
_N_PORTRAITS = 20_000
_PORTRAITS = re.compile(r"portraits(?::(\d+))?")


@dataclass(frozen=True)
class TrainingReports:
    """Who is told what.

    Attributes:
        on_note: what is to be told of the photos that were found, before any is read.
        on_photo: photos squared so far, and of how many.
        on_step: every step.
        on_pictures: the file of a new grid of pictures.
        on_measuring: what is looked at to measure, how many are done, and of how many.
    """

    on_note: Callable[[str], None] = tell_nobody
    on_photo: Callable[[int, int], None] = tell_nobody
    on_step: Callable[[PlanStep], None] = tell_nobody
    on_pictures: Callable[[Path], None] = tell_nobody
    on_measuring: Callable[[str, int, int], None] = tell_nobody


@dataclass(frozen=True)
class TrainedGenerator:
    """A finished training.

    Attributes:
        folder: the model folder.
        page: about the training.
        n_photos: how many were learned from.
        failed: photos that cannot be read, each with the reason.
        time_s: of all sittings.
        classes: how many photos each class has, if there are classes.
        notes: what else is to be told of the photos that were found, such as what was passed over.
    """

    folder: Path
    page: Path
    n_photos: int
    failed: tuple[tuple[str, str], ...]
    time_s: float
    classes: dict[str, int]
    notes: tuple[str, ...] = ()


def train_generator(
    photos: str | Path | Sequence[str | Path],
    folder: str | Path,
    choices: TrainingChoices,
    reports: TrainingReports | None = None,
    machine_options: MachineOptions | None = None,
) -> TrainedGenerator:
    """Train a generator on photos of one kind of object; after a stop, the same call goes on.

    Processes that ``torchrun`` started train together, each on a GPU of its own where there are some.

    The folder becomes a model folder at the first checkpoint, and holds the newest averaged weights from then
    on; beside them are pictures, a page about the training, and what is needed to go on.

    Args:
        photos: files, folders, zips; or "portraits:5000", so many drawings of :mod:`partly.data.portraits`.
        folder: where all is written.
        choices: how to train.
        reports: who is told what.
        machine_options: where it is computed, and how precisely; nothing that the training is told apart by.

    Raises:
        BadPhoto: there is no photo.
        BadLabel: a photo without class, a class of one photo, or a file of classes that is damaged.
        BadOption: no photo can be read, there are fewer than a batch, or the folder holds another training;
            or there is no such device.
        FolderBusy: another training is writing to the folder.
        TrainingDiverged: a loss is no number; the last checkpoint is kept.
        TooLittleMemory: the device has too little for a step; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    reports = reports or TrainingReports()
    place, choices = TrainingFolder(Path(folder)), with_defaults(choices)
    with (
        Machine.for_training(machine_options) as machine,
        _claimed(place, choices, machine.ranks),
        streams_as_of(_streams_of(place)),
    ):
        ranks = machine.ranks
        sources = _sources(photos, place.root, choices)
        if ranks.is_first:
            for note in sources.told():
                reports.on_note(note)
        told: str | None = getattr(choices, "classes", None)
        of_photo = None if told is None else read_classes(told, sources)
        # What it refuses is refused before photos are read, which may take long.
        names = () if of_photo is None else classes_of([*of_photo], of_photo).names
        ready = training_plan(choices, names)

        def squares() -> PhotoSet:
            return make_photo_set(sources, place.photos, choices.size_px, choices.fit, reports.on_photo)

        # The others read what the first has made.
        photo_set = ranks.first_then_others(squares)
        classes = None if of_photo is None else classes_of(photo_set.names, of_photo)
        batches = SquareBatches(
            photo_set,
            ready.batch_size,
            choices.seed,
            mirror=choices.mirror,
            classes=classes,
            **condition_batches(choices),
        )
        measures = Measures(place, photo_set, on_progress=reports.on_measuring)
        counts = classes.counts() if classes else {}
        keeper = _Keeper(place, choices, photo_set, counts, ready, measures, reports, machine)
        trained = ready.run(batches, place.training, reports.on_step, keeper, machine)
        if ranks.is_first and keeper.last_kept() < ready.n_steps:
            # It was stopped between its last checkpoint and what is made of it.
            keeper(trained.generator, ready.n_steps)
        if ranks.is_first and trained.representation is not None:
            parents = {"generator_sha256": load_card(place.root).weights_sha256}
            trained.representation.save(place.encoder, {"parents": parents, **machine.described})
    return TrainedGenerator(
        place.root, place.page, len(photo_set), photo_set.failed, trained.time_s, counts, sources.told()
    )


@contextmanager
def _claimed(place: TrainingFolder, choices: TrainingChoices, ranks: Ranks) -> Iterator[None]:
    """Hold the folder for this training; of several processes, the first does."""
    if not ranks.is_first:
        yield
        return
    with only_writer(place.root):
        remove_leftovers(place.root)
        _claim(place, choices)
        yield


def _claim(place: TrainingFolder, choices: TrainingChoices) -> None:
    """Write down what is trained here; refuse a folder that holds something else.

    Raises:
        BadOption: another training, or something that is no training, is there.
    """
    known = place.choices()
    if known is None and any(path.name[:1] != "." for path in place.root.iterdir()):
        raise BadOption(
            "is not empty, and holds no training",
            expected="a new or empty folder",
            remedy="Choose another folder",
            path=place.root,
        )
    wanted = asdict(choices) | {"streams": _streams_of(place)}
    # What an earlier version did not ask was as it is by default now.
    defaults = {option.name: option.default for option in fields(choices)}
    provenance = Provenance(wanted, free=frozenset({"n_photos_shown"}), assumed=defaults | _ASSUMED)
    # Without a checkpoint there is nothing yet to go on with, nor to lose.
    if known is not None and checkpoint_files(place.training):
        # Earlier versions wrote the options of all families down.
        held = {name: value for name, value in known.items() if name in wanted}
        provenance.check(held, place.root, what="a training")
    write_json(place.choices_file, provenance.to_json())


def _streams_of(place: TrainingFolder) -> object:
    """The version of the random streams that a training was begun with, and goes on with."""
    known = place.choices()
    if known is None or not checkpoint_files(place.training):
        return streams_version()
    return (_ASSUMED | known)["streams"]


def _sources(photos: str | Path | Sequence[str | Path], root: Path, choices: TrainingChoices) -> PhotoSources:
    """Drawn portraits where "portraits" or "portraits:5000" is asked for and no such file is there."""
    asked = _PORTRAITS.fullmatch(str(photos))
    if asked and not Path(str(photos)).exists():
        return portrait_sources(int(asked[1] or _N_PORTRAITS), choices.size_px)
    return find_photos(photos, leave_out=[root], max_pages=choices.max_pages)


@dataclass(frozen=True)
class _Keeper:
    """Keeps what a checkpoint is worth to people: the model, pictures, the page."""

    place: TrainingFolder
    choices: TrainingChoices
    photos: PhotoSet
    classes: dict[str, int]
    ready: TrainingPlan
    measures: Measures
    reports: TrainingReports
    machine: Machine

    def __call__(self, average: nn.Module, step: int) -> None:
        n_shown = step * self.ready.n_shown_a_step
        # A copy, where files are written from: nothing here may change what the training goes on with.
        assert isinstance(average, GeneratorFamily)
        generator = copy.deepcopy(average).cpu()
        if generator.classes:
            generator.class_means.copy_(class_means_of_w(generator, _N_FOR_MEAN))
            generator.w_mean.copy_(generator.class_means.mean(dim=0))
        else:
            generator.w_mean.copy_(mean_of_w(generator, _N_FOR_MEAN))
        grid = self.place.grid_file(n_shown)
        write_png(grid, class_grid(generator) if generator.classes else picture_grid(generator))
        write_png(self.place.strip_file(n_shown), interpolation_strip(generator))
        if generator.n_continuous_codes:
            write_png(self.place.sweep_file(n_shown), code_sweeps(generator))
        generator.save(self.place.root, self._extra(step, n_shown))
        self.place.thin_out()
        self.measures.take(average, n_shown, is_last=step == self.ready.n_steps)
        write_training_page(self.place, self.choices, self.photos, self.classes)
        self.reports.on_pictures(grid)

    def last_kept(self) -> int:
        """The step that the model in the folder is of; 0 where there is none."""
        try:
            step = load_card(self.place.root).extra["training"]["step"]
        except (BadModelFile, KeyError, TypeError):
            return 0
        return int(step)

    def _extra(self, step: int, n_shown: int) -> dict[str, Any]:
        return {
            "training": {
                **asdict(self.choices),
                "step": step,
                "n_photos_shown": n_shown,
                "n_photos": len(self.photos),
                "photos_sha256": self.photos.digest,
                **({"photos_of_classes": self.classes} if self.classes else {}),
            },
            **self.machine.described,
        }
