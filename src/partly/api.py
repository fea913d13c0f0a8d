"""The Python API: one label to a network in five lines, without a project on disk.

>>> import partly
>>> generator = partly.load_generator("ffhq")
>>> teacher = partly.fit_few_shot(generator, partly.load_annotations("faces"))
>>> network = partly.distil(generator, teacher)
>>> labels = network.segment("photo.jpg")
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

from partly.data.labels import (
    FACE_PARTS,
    SHIPPED_SETS,
    Annotation,
    PartSet,
    annotation_ids,
    list_annotations,
    shipped_set,
)
from partly.data.photos import PhotoSource, find_photos
from partly.errors import BadLabel, NotAvailable
from partly.fewshot.features import FeatureSource, FeatureStore, GeneratorFeatures, PhotoFeatures, PhotoFit
from partly.fewshot.fitting import FewShotConfig, LabelQuality, Teacher, fit_teacher, quality_of_labels
from partly.machine import Machine, MachineOptions, Precision
from partly.models.encoders import Representation
from partly.models.generators import Generator
from partly.models.networks import AutoShotNetwork
from partly.models.networks import load_network as load_network_folder
from partly.models.zoo import encoder_weights, load_encoder
from partly.models.zoo import load_generator as load_named_generator
from partly.storage import parsed_json
from partly.synthesis.distil import DistilConfig, DistilReports, OwnPhotos, usual_config
from partly.synthesis.distil import distil as distil_into
from partly.synthesis.shards import Place

__all__ = [
    "Annotations",
    "Teacher",
    "distil",
    "fit_few_shot",
    "how_good",
    "load_annotations",
    "load_encoder",
    "load_generator",
    "load_network",
    "photo_features",
]


@dataclass(frozen=True)
class Annotations(Sequence[Annotation]):
    """Annotations with the part set that their ids mean.

    Attributes:
        annotations: in order of their ids.
        part_set: the parts.
    """

    annotations: tuple[Annotation, ...]
    part_set: PartSet

    def __len__(self) -> int:
        return len(self.annotations)

    @overload
    def __getitem__(self, index: int) -> Annotation: ...
    @overload
    def __getitem__(self, index: slice) -> Annotations: ...
    def __getitem__(self, index: int | slice) -> Annotation | Annotations:
        """One annotation, or some of them with the same part set."""
        if isinstance(index, slice):
            return replace(self, annotations=self.annotations[index])
        return self.annotations[index]


def load_annotations(source: str | Path = "faces") -> Annotations:
    """The annotations of a folder, or of a set that ships with Partly.

    These are ``"faces"``, for the generator ``"ffhq"``, and ``"portraits"``, for the generator of that name.

    Raises:
        BadLabel: there are none, or one is damaged or has parts that the first one lacks.
    """
    if str(source) in SHIPPED_SETS and not Path(source).is_dir():
        return Annotations(tuple(shipped_set(str(source), FACE_PARTS)), FACE_PARTS)
    folder = Path(source)
    ids = annotation_ids(folder)
    if not ids:
        raise BadLabel(
            "holds no annotations",
            expected="<id>.png with <id>.json, as partly label writes them into a project's annotations",
            path=folder,
        )
    part_set = _part_set_of(folder / f"{ids[0]}.json")
    return Annotations(tuple(list_annotations(folder, part_set)), part_set)


def load_generator(source: str | Path, device: str = "cpu") -> Generator:
    """Read a generator by its name (``partly get``), or from its model folder.

    Whatever is given it works where it lies: :func:`fit_few_shot`, the teacher that comes of it, and
    :func:`distil`. There it computes in float32.

    Args:
        source: the name, or the folder.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" takes a GPU if there is one.

    Raises:
        NotAvailable: it must be got first.
        BadModelFile: it is damaged, or no generator.
        BadOption: there is no such device here.
    """
    machine = _machine(device, "float32")
    generator = load_named_generator(source)
    return GeneratorFeatures(generator, machine).generator


def fit_few_shot(
    source: Generator | FeatureSource,
    annotations: Sequence[Annotation],
    part_set: PartSet | None = None,
    config: FewShotConfig | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Teacher:
    """Fit a few-shot segmenter on annotated pictures of a generator, or on annotated photos.

    It is fitted on the device of the source.

    Args:
        source: the generator whose pictures were labelled, or features of photos; see :func:`photo_features`.
        annotations: one or more.
        part_set: the parts; None takes those that come with the annotations, else the parts of faces.
        config: which segmenter, how; the best known one by default.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadLabel: annotations are missing, or of another source, or a part has no pixel.
    """
    return fit_teacher(source, annotations, part_set or _own_parts(annotations), config, on_progress)


def how_good(
    source: Generator | FeatureSource,
    annotations: Sequence[Annotation],
    part_set: PartSet | None = None,
    config: FewShotConfig | None = None,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> LabelQuality:
    """How good the segmenter of these annotations is for each part, told from them alone; ``print`` shows it.

    Each picture is left out in turn, and what the others say of it is compared with its labels. What one
    picture alone shows has no such IoU; two halves of the features are compared for it instead, on pictures
    without labels. See :class:`partly.LabelQuality`.

    Args:
        source: as for :func:`fit_few_shot`.
        annotations: one or more; parts may be without a label.
        part_set: the parts; None takes those that come with the annotations, else the parts of faces.
        config: which segmenter, how; it is measured without self-training. Of networks (``mlp``, ``cnn``)
            nothing can be told.
        on_progress: told what is done, how much of it and of how much.

    Raises:
        BadLabel: annotations are missing, of another source, or have fewer than two parts.
    """
    return quality_of_labels(source, annotations, part_set or _own_parts(annotations), config, on_progress)


def photo_features(
    encoder: Representation | str | Path,
    photos: str | Path | Sequence[PhotoSource],
    fit: PhotoFit | None = None,
    store: str | Path | None = None,
    device: str = "cpu",
    precision: Precision = "auto",
) -> PhotoFeatures:
    """Features of photos, to fit a few-shot segmenter on without a generator.

    Annotations must name their photo as it is called within ``photos``; ``photo_features(...).picture(name)``
    gives name and digest.

    Args:
        encoder: a network that reads photos, its name ("dinov2-small"), or its model folder.
        photos: a folder or zip, or photos found; labelled ones and many plain ones, of which statistics come.
        fit: how the network sees a photo: at its own shape ("whole"), its middle ("crop"), or all of it in a
            square with its edges repeated ("pad"). None takes "whole" where the network reads any shape, and
            "crop" elsewhere.
        store: a folder that keeps the features, so that each photo is read once; None keeps nothing.
        device: where the network reads photos: "cpu", "cuda", "cuda:1", "mps"; "auto" takes a GPU if there is
            one. What is fitted on the features is fitted there.
        precision: of the network: "float32", "bfloat16", "float16"; "auto" takes halves on GPUs that are fast
            with them.

    Raises:
        BadOption: there is no such device here, or it has not got the precision.
        BadModelFile: the model folder is damaged, or of another kind.
        BadPhoto: there are no photos.
    """
    machine = _machine(device, precision)
    if isinstance(encoder, str | Path):
        encoder = load_encoder(encoder)
    found = find_photos(photos) if isinstance(photos, str | Path) else photos
    kept = None if store is None else FeatureStore(Path(store))
    return PhotoFeatures(encoder, found, fit, kept, machine)


def _machine(device: str, precision: Precision) -> Machine:
    return Machine.for_inference(MachineOptions(device, precision))


def distil(
    generator: Generator | FeatureSource,
    teacher: Teacher,
    config: DistilConfig | None = None,
    *,
    annotations: Sequence[Annotation] = (),
    own: OwnPhotos | None = None,
    folder: str | Path | None = None,
    n_workers: int = 1,
    reports: DistilReports | None = None,
    machine: MachineOptions | None = None,
) -> AutoShotNetwork:
    """Make a network for photos, which learns from pictures or photos that the teacher labels.

    Args:
        generator: makes the pictures; or features of photos, of which the network learns then.
        teacher: labels them; it was fitted on this generator, or on these features.
        config: how many pictures, which network, how long; None takes the best known choices for pictures or
            photos.
        annotations: what the teacher was fitted on, where it does not know: it was read from a folder, and
            ``config.painted_share`` is above 0 (of photos it is, unless said otherwise).
        own: painted photos of what a generator's pictures show, from which the network learns too:
            ``OwnPhotos(photo_features("dinov2-small", FOLDER), annotations)``.
        folder: keeps pictures, labels, checkpoint and panels, so that the same call goes on after a stop;
            None keeps nothing.
        n_workers: processes that make the pictures, whose number changes no picture. They import the script
            that calls this, so with more than one a script must call it below
            ``if __name__ == "__main__":``.
        reports: who is told what meanwhile.
        machine: where the network is trained, and how precisely: ``MachineOptions(device="cuda")``. None
            takes a GPU if there is one.

    Raises:
        NotAvailable: a pretrained encoder is wanted, and not on this machine.
        BadOption: the folder holds something made with other choices, or the generator cannot be given to
            more workers than one.
        TrainingDiverged: the loss is no number.
    """
    teacher = teacher.reading(generator)
    if annotations:
        teacher = replace(teacher, annotations=tuple(annotations))
    config = config or usual_config(teacher)
    weights = _encoder_weights() if config.pretrained else None
    with Machine.for_training(machine) as on, _folder_or_temporary(folder) as path:
        place = Place.within(path)
        return distil_into(
            teacher,
            place,
            config,
            reports,
            encoder_weights=weights,
            n_workers=n_workers,
            own=own,
            machine=on,
        ).network


def load_network(folder: str | Path) -> AutoShotNetwork:
    """Read an auto-shot network from its model folder (``models/auto_shot`` of a project).

    Raises:
        BadModelFile: files are missing or damaged, or it is another kind of model.
    """
    return load_network_folder(Path(folder))


def _own_parts(annotations: Sequence[Annotation]) -> PartSet:
    return annotations.part_set if isinstance(annotations, Annotations) else FACE_PARTS


def _encoder_weights() -> Path:
    try:
        return encoder_weights()
    except NotAvailable as error:
        raise NotAvailable(
            error.found,
            remedy=f"{error.remedy}, or give DistilConfig(architecture='unet-small', pretrained=False)",
            path=error.path,
        ) from None


@contextmanager
def _folder_or_temporary(folder: str | Path | None) -> Iterator[Path]:
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory(prefix="partly-") as name:
        yield Path(name)


def _part_set_of(path: Path) -> PartSet:
    try:
        return PartSet.from_json(parsed_json(path.read_bytes())["part_set"], path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadLabel(f"names no part set ({error})", remedy="Label the picture again", path=path) from error
