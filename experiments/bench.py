"""What cells need, made when first asked for, and kept on disk for the next cell, experiment or sitting."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from experiments.annotator import Annotator, load_annotator
from experiments.arrays import Array, load_arrays, save_arrays
from experiments.caching_generator import CachingGenerator
from experiments.photos import LabelledPhoto, photos, photos_file
from experiments.proposed import grown_labels, ids_of_picture, labels_with_most_parts, proposed_labels
from experiments.protocol import PROTOCOL, Half, Protocol
from experiments.training_study import TrainingStudy
from experiments.unseen_pictures import UnseenPicture, unseen_pictures
from partly.data.labels import FACE_PARTS, Annotation
from partly.errors import BadModelFile, NotAvailable
from partly.fewshot.features import GeneratorFeatures, latent_of
from partly.fewshot.fitting import FewShotConfig, Teacher, fit_few_shot
from partly.fewshot.segmenters import FewShotSegmenter
from partly.models.generators import Generator
from partly.models.networks import AutoShotNetwork, ObjectFinder, load_finder, load_network
from partly.models.zoo import encoder_weights, load_generator
from partly.storage import load_card

Tell = Callable[[str, int, int], None]


def _usual_generator() -> Generator:
    return load_generator(PROTOCOL.generator)


@dataclass
class Bench:
    """Generator, labels, unseen pictures, photos and few-shot segmenters of the experiments.

    Attributes:
        out: folder of results; what is kept between cells is in ``cache`` below it.
        data: folder with the photos; None: none.
        half: of the photos.
        protocol: seeds and sizes.
        n_workers: processes that make labelled pictures.
        network_folder: the model folder of an auto-shot network that is measured; None: none.
        finder_folder: the model folder of an object finder that is measured with it; None: none.
        n_photos: photos that compositions are made of.
        generator_folder: the model folder of a generator that is measured; None: none.
        trainings: which trainings a study of them has.
        tell: told what is done, how much of it and of how much.
        get_generator: gives the generator; picklable.
        get_annotator: gives the annotator, in place of a annotator.
        get_encoder: gives the file of the pretrained encoder.
    """

    out: Path
    data: Path | None = None
    half: Half = "choices"
    protocol: Protocol = PROTOCOL
    n_workers: int = 1
    network_folder: Path | None = None
    finder_folder: Path | None = None
    n_photos: int = 60
    generator_folder: Path | None = None
    trainings: TrainingStudy = field(default_factory=TrainingStudy)
    tell: Tell = lambda _what, _done, _total: None
    get_generator: Callable[[], Generator] = _usual_generator
    get_annotator: Callable[[], Annotator] = load_annotator
    get_encoder: Callable[[], Path] = encoder_weights
    _unseen: list[UnseenPicture] = field(default_factory=list)

    @cached_property
    def generator(self) -> Generator:
        """The generator of the protocol.

        Raises:
            NotAvailable: it is not on this machine yet.
        """
        return self.get_generator()

    def of_generator(self, folder: Path) -> Bench:
        """The same bench of another generator, which has labels, unseen pictures and a cache of its own."""
        return replace(self, get_generator=partial(load_generator, folder), _unseen=[])

    @cached_property
    def network(self) -> AutoShotNetwork:
        """The network that is measured, where an experiment measures one that is there.

        Raises:
            NotAvailable: none was named.
            BadModelFile: it cannot be used.
        """
        if self.network_folder is None:
            raise NotAvailable(
                "this measures a network, and none was named",
                expected="the model folder of an auto-shot network",
                remedy="Name it with --network FOLDER",
            )
        return load_network(self.network_folder)

    @cached_property
    def finder(self) -> ObjectFinder | None:
        """The object finder that is measured with the network, if there is one."""
        return None if self.finder_folder is None else load_finder(self.finder_folder).for_inference()

    @cached_property
    def caching_generator(self) -> CachingGenerator:
        """The same generator, with the features of the last pictures in memory; not for measuring times."""
        return CachingGenerator(self.generator)

    @cached_property
    def annotator(self) -> Annotator:
        """The annotator, in place of a annotator.

        Raises:
            NotAvailable: it cannot be fetched.
        """
        return self.get_annotator()

    @property
    def cache(self) -> Path:
        """Where things are kept that depend on generator and protocol."""
        return self.out / "cache" / f"{self.generator.digest[:12]}-{self.protocol.digest[:12]}"

    def unseen(self) -> list[UnseenPicture]:
        """The protocol's unseen pictures."""
        if not self._unseen:
            told = partial(self.tell, "labelling unseen pictures")
            file = self.cache / "unseen.npz"
            self._unseen = unseen_pictures(self.generator, self.annotator, self.protocol, file, told)
        return self._unseen

    def labels(self, n: int, draw: int, n_first: int | None = None) -> list[Annotation]:
        """The labels of one draw.

        Args:
            n: how many. One is a proposed picture that shows every part; more are proposed together.
            draw: for one label, which of the proposed pictures; for more, the seed of the proposals.
            n_first: only so many are proposed together, and each further one is what the segmenter fitted on
                those before is least sure of; None: all are proposed together.
        """
        if n_first is not None:
            return grown_labels(
                self.generator,
                self.annotator,
                n,
                self.cache / f"labels-grown-{n_first}-to-{n}-{draw}",
                first=self.labels(n_first, draw),
                seed=draw,
                protocol=self.protocol,
                on_progress=partial(self.tell, "looking for unsure pictures"),
            )
        together = n > 1
        n_kept = n if together else self.protocol.n_alone
        if not together and not 0 <= draw < n_kept:
            raise ValueError(f"draw {draw} of one label; there are {n_kept}")
        name = f"labels-together-{n}-{draw}" if together else "labels-alone"
        found = proposed_labels(
            self.generator,
            self.annotator,
            n_kept,
            self.cache / name,
            together=together,
            seed=draw if together else 0,
            protocol=self.protocol,
            on_progress=partial(self.tell, "proposing pictures"),
        )
        return found if together else found[draw : draw + 1]

    def labels_with_most_parts(self, n: int) -> list[Annotation]:
        """The labels of ``n`` proposed pictures in which the annotator sees most parts."""
        return labels_with_most_parts(
            self.generator,
            self.annotator,
            n,
            self.cache / f"labels-most-parts-{n}",
            protocol=self.protocol,
            on_progress=partial(self.tell, "proposing pictures"),
        )

    def label_ids(self, n: int, draw: int) -> list[Array]:
        """What the annotator sees in the pictures of :meth:`labels`, in the parser's 19 ids ``[s, s]``."""
        file = self.cache / f"label-ids-{n}-{draw}.npz"
        arrays = load_arrays(file, ("ids",))
        if arrays is None:
            latents = [latent_of(annotation, self.generator) for annotation in self.labels(n, draw)]
            size_px = self.protocol.label_px
            seen = [ids_of_picture(self.generator, self.annotator, w, size_px) for w in latents]
            arrays = {"ids": np.stack(seen)}
            save_arrays(file, arrays)
        return list(arrays["ids"])

    def fit(self, labels: list[Annotation], config: FewShotConfig | None = None) -> FewShotSegmenter:
        """A few-shot segmenter of the ten parts of a face, fitted now."""
        config = config or FewShotConfig()
        # Ridge regression is done before anybody asks.
        tell = None if config.methods == ("ridge",) else self.tell
        return fit_few_shot(GeneratorFeatures(self.caching_generator), labels, FACE_PARTS, config, tell)

    def teacher_name(self, n: int, draw: int, n_first: int | None = None) -> str:
        """A name of the default few-shot segmenter of one draw of labels; other defaults, another name."""
        defaults = json.dumps(FewShotConfig().described(), sort_keys=True)
        grown = "" if n_first is None else f"-grown-{n_first}"
        return f"{n}-{draw}{grown}-{hashlib.sha256(defaults.encode()).hexdigest()[:8]}"

    def teacher_folder(self, n: int, draw: int, n_first: int | None = None) -> Path:
        """The model folder of the default few-shot segmenter of one draw of labels, fitted once."""
        folder = self.cache / f"teacher-{self.teacher_name(n, draw, n_first)}"
        try:
            load_card(folder)
        except BadModelFile:
            labels = self.labels(n, draw, n_first)
            Teacher(self.fit(labels), FACE_PARTS, source_digest=self.generator.digest).save(folder)
        return folder

    def teacher(self, n: int, draw: int, n_first: int | None = None) -> Teacher:
        """The default teacher of one draw of labels, which it knows."""
        teacher = Teacher.load(self.teacher_folder(n, draw, n_first), self.generator)
        return replace(teacher, annotations=self.labels(n, draw, n_first))

    def check_photos(self) -> None:
        """Say now that there are no photos, and not after an hour.

        Raises:
            NotAvailable: no folder was named, or it lacks the file.
        """
        photos_file(self.data)

    def photos(self, n_most: int | None = None) -> Iterator[LabelledPhoto]:
        """The photos of the half that was chosen, or the first of them."""
        return photos(self.data, self.half, n_most)
