"""A teacher that reads photos to an auto-shot network, by the person's own photos; without a generator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from partly.data.labels import Annotation, Pictured
from partly.data.photos import PhotoSet, PhotoSource, Pixels, resize_pixels
from partly.errors import BadOption
from partly.fewshot.features import PhotoFeatures
from partly.fewshot.fitting import Teacher
from partly.machine import PROCESSOR, Machine
from partly.models import refined
from partly.models.networks import AutoShotNetwork
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.labelled_photos import (
    LabelledPhotos,
    label_photos,
    log_shares,
    painted_shares,
    shares_in_square,
)
from partly.synthesis.distil.own_photos import Painted
from partly.synthesis.distil.second_round import (
    SECOND_ROUND_FOLDER,
    SHARPENING_DIVISOR,
    network_logits,
    together,
    train_on,
)
from partly.synthesis.distil.squared_photos import painted_squares, unpainted_squares
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.synthesis_config import OnPicture, SynthesisConfig
from partly.training.segmentation import (
    AutoShotResult,
    hold_out,
    train_auto_shot,
)

_SAID_PX = 256
"""Side of the unit square on which the teacher labels a photo."""


def distil_from_photos(
    teacher: Teacher,
    place: Place,
    config: DistilConfig,
    network: AutoShotNetwork,
    reports: DistilReports | None = None,
    machine: Machine = PROCESSOR,
) -> AutoShotResult:
    """Label photos softly and train a network on them; after a stop, the same call goes on.

    It learns from the teacher's photos that nobody painted, ``config.n_pictures`` at most, chosen at random,
    and from the painted ones (see :func:`share_of_painted`): there what was painted counts, and elsewhere
    what the teacher says.

    Args:
        teacher: fitted on features of photos, with its annotations.
        place: where squares, labels, checkpoint, log and panels are kept.
        config: the choices.
        network: untrained.
        reports: who is told what.
        machine: what the network is trained on.

    Raises:
        BadOption: fewer than two photos that can be read, folders that hold something made with other
            choices, or a painted share above 0 without annotations.
        TrainingDiverged: the loss is no number.
    """
    reports = reports or DistilReports()
    ranks = machine.ranks
    photos = ranks.first_then_others(lambda: PhotosOfTeacher.of(teacher, config, place.pictures))
    labelled = ranks.first_then_others(lambda: photos.labelled(place.labels, reports.on_picture))
    painted = photos.painted(config)
    split = config.training()
    taught, held_out = hold_out(labelled, split.n_held_out_of(len(labelled)), split.seed)
    first = train_auto_shot(
        network,
        painted.among(taught),
        split,
        folder=place.training,
        held_out=held_out,
        on_step=reports.on_step,
        machine=machine,
    )
    training = config.second_training()
    if training is None:
        return first
    folder = place.training / SECOND_ROUND_FOLDER
    by_both = labelled_together(labelled, first.network, folder, reports, machine)
    relabelled = hold_out(by_both, len(held_out), split.seed)[0]
    return train_on(first, painted.among(relabelled), training, folder, held_out, reports, machine)


def share_of_painted(config: DistilConfig, n_painted: int) -> float:
    """Share of what a network learns from that is painted photos.

    It is ``config.painted_share``, but of ``n`` photos ``n / (n + 2)`` at most: then each of them is seen as
    often as half of the others together. A single photo that is seen more often is learned by heart.
    """
    return min(config.painted_share, n_painted / (n_painted + 2))


@dataclass(frozen=True, eq=False)
class PhotosOfTeacher:
    """Some photos of a teacher, in squares, and what the teacher says of them.

    Attributes:
        teacher: labels them.
        source: its features.
        squares: the photos.
        sizes: of squares and labels.
    """

    teacher: Teacher
    source: PhotoFeatures
    squares: PhotoSet
    sizes: SynthesisConfig

    @classmethod
    def of(cls, teacher: Teacher, config: DistilConfig, folder: Path) -> PhotosOfTeacher:
        """At most ``config.n_pictures`` photos, besides the painted ones; squares are kept in ``folder``.

        Raises:
            BadOption: the teacher reads no photos, or knows of none that were painted though the network is
                to learn from them; or there are fewer than two others.
        """
        source = teacher.source
        if not isinstance(source, PhotoFeatures):
            raise BadOption(
                "a teacher that reads no photos", expected="one that was fitted on features of photos"
            )
        if config.painted_share and not teacher.annotations:
            raise BadOption(
                "no labelled photos to learn from", expected="annotations, or a painted_share of 0"
            )
        # Whether a better network is made too changes nothing for the fast one.
        config = replace(config, best=False)
        squares = unpainted_squares(source, teacher.annotations, config, folder, config.n_pictures)
        return cls(teacher, source, squares, config.synthesis())

    def labelled(self, folder: Path, on_picture: OnPicture | None) -> LabelledPhotos:
        """All squares with the teacher's labels."""
        by_name = {photo.name: photo for photo in self.source.photos}

        def say(index: int) -> Tensor:
            return self._in_square(by_name[self.squares.names[index]])

        shape = (self.teacher.part_set.n_parts, self.sizes.label_px)
        made_from = {"segmenter": self.teacher.digest, "source": self.source.digest}
        return label_photos(self.squares, say, shape, folder, made_from, on_picture)

    def painted(self, config: DistilConfig) -> Painted:
        """The painted photos and their share: what was painted, and elsewhere what the teacher says."""
        share = share_of_painted(config, len(self.teacher.annotations))
        if not share:
            return Painted()

        def shares(annotation: Annotation, pixels: Pixels) -> Tensor:
            return painted_shares(annotation.label_map, self._said(annotation, pixels))

        photos = painted_squares(self.source, self.teacher.annotations, self.sizes, shares)
        return Painted(photos=photos, photo_share=share)

    def _in_square(self, photo: PhotoSource) -> Tensor:
        picture = self.source.picture(photo.name)
        pixels = self.source.pixels(picture)
        height, width = pixels.shape[:2]
        return log_shares(shares_in_square(self._said(picture, pixels), height, width, self.sizes.label_px))

    def _said(self, picture: Pictured, pixels: Pixels) -> Tensor:
        """Probabilities ``[k, s, s]`` of a photo's unit square: the teacher's, along the edges."""
        logits = self.teacher(picture, _SAID_PX)[0].cpu()
        if self.source.fit == "whole":
            logits = refined(logits, resize_pixels(pixels, _SAID_PX, _SAID_PX))
        return logits.softmax(0)


def labelled_together(
    labelled: LabelledPhotos,
    network: AutoShotNetwork,
    folder: Path,
    reports: DistilReports,
    machine: Machine = PROCESSOR,
) -> LabelledPhotos:
    """The photos with what their labels and a network say together, which is kept in ``folder``."""
    fast = network.for_inference()
    machine.place(fast)

    def say(index: int) -> Tensor:
        pixels, logits, _ = labelled.read([index])
        return together(logits.float(), network_logits(fast, pixels, logits.shape[-1]))[0]

    made_from = {"network": network.digest, "divisor": SHARPENING_DIVISOR}
    n_parts, side_px = labelled.logits.shape[1:3]
    shape, place = (n_parts, side_px), folder / "labels"
    return machine.ranks.first_then_others(
        lambda: label_photos(labelled.photos, say, shape, place, made_from, reports.on_picture)
    )
