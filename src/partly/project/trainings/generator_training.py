"""One training on disk: photos in, a model folder out; what was stopped goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from partly.data.photos import (
    PhotoClasses,
    PhotoSet,
    PhotoSources,
    classes_of,
    find_photos,
    make_photo_set,
    read_classes,
)
from partly.data.portraits import portrait_sources
from partly.errors import BadOption
from partly.machine import Machine, MachineOptions, Ranks
from partly.models.zoo import load_feature_network
from partly.project.trainings.forecasts import TrainingForecast, training_forecast
from partly.project.trainings.generator_keeper import GeneratorKeeper
from partly.project.trainings.held_out_photos import hold_out, n_held_out
from partly.project.trainings.no_better import Looks, NoBetter, n_pictures_beside
from partly.project.trainings.stopping_text import before_text
from partly.project.trainings.training_folder import TrainingFolder
from partly.project.trainings.training_measures import Measures, tell_nobody
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

_ASSUMED = {
    "streams": FIRST_VERSION,
    "warm_discriminator": False,
    "reuse_pictures": False,
    "gamma_share": 0.0002,
}
_KEPT_OPEN = ("warm_discriminator", "batch_size", "reuse_pictures", "gamma_share")
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
        on_forecast: how long the training takes, before it begins; a few steps are tried for it.
    """

    on_note: Callable[[str], None] = tell_nobody
    on_photo: Callable[[int, int], None] = tell_nobody
    on_step: Callable[[PlanStep], None] = tell_nobody
    on_pictures: Callable[[Path], None] = tell_nobody
    on_measuring: Callable[[str, int, int], None] = tell_nobody
    on_forecast: Callable[[TrainingForecast], None] = tell_nobody


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
        outcome: of a training that stops when pictures no longer get better: how it ended, and which
            generator was chosen; "" of all others.
    """

    folder: Path
    page: Path
    n_photos: int
    failed: tuple[tuple[str, str], ...]
    time_s: float
    classes: dict[str, int]
    notes: tuple[str, ...] = ()
    outcome: str = ""


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

    With ``until`` among the choices, some photos are held out, and the best generator by the kernel distance
    to these is what the folder holds at the end.

    Args:
        photos: files, folders, zips; or "portraits:5000", so many drawings of :mod:`partly.data.portraits`.
        folder: where all is written.
        choices: how to train.
        reports: who is told what.
        machine_options: where it is computed, and how precisely; nothing that the training is told apart by.

    Raises:
        BadPhoto: there is no photo.
        BadLabel: a photo without class, a class of one photo, or a file of classes that is damaged.
        BadOption: no photo can be read, there are fewer than a batch, or too few to hold some out, or the
            folder holds another training; or there is no such device, or the processes cannot share a batch
            evenly.
        BadModelFile: a model or checkpoint that is started from, stacked on or gone on with is damaged.
        NotAvailable: the training needs a network that ``partly get`` has to fetch first.
        FolderBusy: another training is writing to the folder.
        TrainingDiverged: a loss is no number; the last checkpoint is kept.
        TooLittleMemory: the device has too little for a step; the last checkpoint is kept.
        KeyboardInterrupt: the user stopped it; a checkpoint was written.
    """
    reports = reports or TrainingReports()
    place = TrainingFolder(Path(folder))
    choices = with_defaults(_as_begun(place, choices))
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
        ranks.check(ready.batch_size)

        def squares() -> PhotoSet:
            return make_photo_set(sources, place.photos, choices.size_px, choices.fit, reports.on_photo)

        # The others read what the first has made.
        photo_set = ranks.first_then_others(squares)
        classes = None if of_photo is None else classes_of(photo_set.names, of_photo)
        failed = photo_set.failed
        watch = None
        if getattr(choices, "until", None) is not None:
            photo_set, classes, watch = _watched(photo_set, classes, choices, ready, place, reports, ranks)
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
        keeper = GeneratorKeeper(
            place, choices, photo_set, counts, ready, measures, reports.on_pictures, machine, watch
        )
        if reports.on_forecast is not tell_nobody:
            forecast = training_forecast(
                ready,
                batches,
                place.training,
                machine,
                is_most=watch is not None,
                on_trial=reports.on_measuring,
            )
            if forecast and ranks.is_first:
                reports.on_forecast(forecast)
        trained = ready.run(batches, place.training, reports.on_step, keeper, machine, watch)
        outcome = keeper.finish(trained) if ranks.is_first else ""
        if ranks.is_first and trained.representation is not None:
            parents = {"generator_sha256": load_card(place.root).weights_sha256}
            trained.representation.save(place.encoder, {"parents": parents, **machine.described})
    return TrainedGenerator(
        place.root, place.page, len(photo_set), failed, trained.time_s, counts, sources.told(), outcome
    )


def _watched(
    photos: PhotoSet,
    classes: PhotoClasses | None,
    choices: Any,
    ready: TrainingPlan,
    place: TrainingFolder,
    reports: TrainingReports,
    ranks: Ranks,
) -> tuple[PhotoSet, PhotoClasses | None, NoBetter]:
    """Photos to learn from, with their classes, and who compares pictures with those that are held out.

    Raises:
        BadOption: there are too few photos to hold some out.
    """
    n = n_held_out(len(photos), choices.n_held_out)
    learned, held_out, classes = hold_out(photos, n, choices.seed, classes, mirror=choices.mirror)
    every = max(1, round(choices.evaluate_every / ready.n_shown_a_step))
    if ranks.is_first:
        for note in before_text(
            len(held_out), len(learned), every * ready.n_shown_a_step, ready.n_steps * ready.n_shown_a_step
        ):
            reports.on_note(note)
    looks = Looks(every, ready.n_shown_a_step, choices.seed, n_pictures_beside(len(held_out)))
    network = load_feature_network("builtin")
    watch = NoBetter(held_out, network, looks, place.training, on_progress=reports.on_measuring)
    return learned, classes, watch


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


def _as_begun(place: TrainingFolder, choices: TrainingChoices) -> TrainingChoices:
    """With what was left open as it was when the training was begun.

    Presets change, and what is found where a discriminator starts from may be another thing now, or nothing.
    A projected discriminator never had R1, and refuses a share of it.
    """
    known = place.choices()
    if known is None or not checkpoint_files(place.training):
        return choices
    begun = _ASSUMED | ({"gamma_share": None} if known.get("discriminator") == "projected" else {}) | known
    left_open = {name for name in _KEPT_OPEN if getattr(choices, name, False) is None and name in begun}
    return replace(choices, **{name: begun[name] for name in left_open})


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
