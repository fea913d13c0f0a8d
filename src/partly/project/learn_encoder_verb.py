"""An encoder of a generator, learned from the generator's own pictures, and kept where searches find it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from partly.errors import BadModelFile
from partly.inference.invert import chosen_distance
from partly.machine import PROCESSOR, Machine
from partly.models.encoders import LatentEncoder, load_latent_encoder
from partly.models.generators import Generator
from partly.project.evaluate_generator_verb import generator_of
from partly.project.invert_verb import encoder_folder_of
from partly.storage import Provenance, load_card, only_writer
from partly.training.inversion import (
    EncoderOptions,
    EncoderReport,
    is_pretrained_there,
    learning_time_s,
    make_pictures,
    new_encoder,
    train_latent_encoder,
)

_WORK = ".training"
_LEARNED_WITH = "learned_with"


@dataclass(frozen=True)
class LearnedFolder:
    """An encoder on disk.

    Attributes:
        folder: its model folder.
        known: share of the variance of latents of held-out pictures that it knows.
        was_there: an earlier run had done it all.
    """

    folder: Path
    known: float
    was_there: bool

    def to_json(self) -> dict[str, Any]:
        """What a script is told."""
        return {"folder": str(self.folder), "known": self.known, "was_there": self.was_there}


def learn_encoder(
    what: str,
    folder: Path | None,
    options: EncoderOptions,
    *,
    machine: Machine = PROCESSOR,
    on_note: Callable[[str], None] | None = None,
    on_picture: Callable[[int, int], None] | None = None,
    on_step: Callable[[EncoderReport], None] | None = None,
) -> LearnedFolder:
    """Make pictures, learn from them which latent makes which, and keep the encoder; goes on after a stop.

    Args:
        what: the generator: a project's, one that ``partly get`` knows, or a model folder.
        folder: the encoder's model folder; None: where ``partly invert`` finds it.
        options: how to learn.
        machine: what computes.
        on_note: told, before it begins, how long it takes.
        on_picture: told how many pictures are made, of how many.
        on_step: given the report of every step.

    Raises:
        BadModelFile: there is no such generator, or it is damaged.
        BadOption: the folder holds an encoder, or a training, of something else.
        FolderBusy: another command writes there.
        TrainingDiverged: the loss is no number.
    """
    generator = generator_of(what)
    folder = folder or encoder_folder_of(generator)
    depends = Provenance({**asdict(options), "generator": generator.digest})
    with only_writer(folder):
        if (folder / "model.json").is_file():
            return _learned_before(folder, depends)
        machine.place(*(model for model in (generator,) if isinstance(model, nn.Module)))
        encoder = new_encoder(generator, options)
        if on_note and options.pretrained and not is_pretrained_there():
            on_note(
                "EfficientNet-lite0 is not on this machine, so that the encoder begins with random "
                "weights and learns more slowly: partly get efficientnet-lite0."
            )
        if on_note:
            on_note(_lies_ahead(encoder, generator, options, folder / _WORK, machine))
        pictures = make_pictures(
            generator,
            folder / _WORK,
            options.n_pictures,
            options.size_px,
            options.learn_seed,
            machine=machine,
            on_picture=on_picture,
        )
        learned = train_latent_encoder(
            encoder,
            generator,
            pictures,
            options,
            compare=_compare(options, machine),
            folder=folder / _WORK,
            machine=machine,
            on_step=on_step,
        )
        known = round(learned.known, 4)
        extra = {
            "title": f"Encoder of {Path(what).name}: photos to its latents",
            "parents": {"generator_sha256": generator.digest},
            _LEARNED_WITH: depends.to_json(),
            "known": known,
            "time_s": round(learned.time_s, 1),
            **machine.described,
        }
        learned.encoder.save(folder, extra)
        # Hundreds of megabytes, which nobody needs any more.
        shutil.rmtree(folder / _WORK, ignore_errors=True)
    return LearnedFolder(folder, known, was_there=False)


def _learned_before(folder: Path, depends: Provenance) -> LearnedFolder:
    """What is there, if it was learned in the same way.

    Raises:
        BadOption: it was learned in another way, or of another generator.
    """
    load_latent_encoder(folder)
    card = load_card(folder)
    held = card.extra.get(_LEARNED_WITH)
    if not isinstance(held, dict):
        raise BadModelFile(
            "does not say how it was learned", remedy="Choose another --out", path=folder / "model.json"
        )
    depends.check(held, folder, what="an encoder", remedy="Choose another --out, or delete it to learn anew")
    return LearnedFolder(folder, float(card.extra.get("known", math.nan)), was_there=True)


def _lies_ahead(
    encoder: LatentEncoder, generator: Generator, options: EncoderOptions, work: Path, machine: Machine
) -> str:
    """How much, and about how long it takes."""
    made = work / "pictures.u8"
    n_there = made.stat().st_size // (3 * options.size_px**2) if made.is_file() else 0
    n_missing = max(0, options.n_pictures - n_there)
    time_s = math.ceil(learning_time_s(encoder, generator, options, n_missing, machine))
    return (
        f"{n_missing} pictures to make, then {options.n_learning_steps} steps of {options.batch_size} "
        f"pictures: at most about {timedelta(seconds=time_s)} on {machine.name}. After a stop, the "
        "same command goes on."
    )


def _compare(options: EncoderOptions, machine: Machine) -> Callable[[Tensor, Tensor], Tensor] | None:
    """Distances of pictures from pictures, where they count."""
    if not options.picture_weight:
        return None
    distance = chosen_distance(compared_px=options.size_px).distance
    distance.place(machine)
    return lambda made, wanted: distance.between(distance.read(made), distance.read(wanted))
