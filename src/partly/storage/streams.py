"""Every random stream of Partly in one table, by purpose, seed and index, so that none is another.

A stream is a pure function of what it is for, of a seed and of an index (a picture's number, a step): nothing
depends on what was drawn before, so that whatever was stopped goes on with nothing to remember. Three sources
serve: NumPy's Philox for pictures, whose numbers are the same on every machine; NumPy's PCG64 for what is
shuffled or drawn on the CPU; torch's own generator for tensors. Here are their keys, and no tensors.

Version 0.1 had no table, and some purposes shared a stream. What was begun with it goes on with it
(:func:`streams_as_of`), and ``PARTLY_STREAMS=0.1`` brings it back, to compare; see docs/adr/0032.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from partly.errors import BadOption

Version = Literal["0.1", "0.2"]
FIRST_VERSION: Version = "0.1"
NEWEST_VERSION: Version = "0.2"
_VARIABLE = "PARTLY_STREAMS"

PicturePurpose = Literal[
    "proposals",
    "unsure proposals",
    "first picture",
    "asked pictures",
    "labelled pictures",
    "evaluation",
    "mean of w",
    "plain pictures",
    "wall",
    "previews",
    "demo",
    "training grids",
    "unseen pictures",
    "plain pictures of rivals",
    "built-in features",
    "imported noise",
    "starts of a search",
    "pictures of an encoder",
]
ShufflePurpose = Literal[
    "order",
    "hold out",
    "portrait",
    "portrait noise",
    "kernel distance",
    "counted photos",
    "export trials",
    "moved boundaries",
    "scribbles",
    "plain photos",
    "photos to learn from",
    "photos held out of a training",
    "permutations of a test",
    "halves of a test",
]
TensorPurpose = Literal[
    "first weights",
    "augmentation",
    "points of a fit",
    "dropout of a fit",
    "medoids",
    "pixels of proposals",
    "components of proposals",
    "components of superpixels",
    "dropout of a discriminator",
]
StepPurpose = Literal["photos", "latents", "noise", "penalty", "augmentation", "path length", "norms"]


@dataclass(frozen=True)
class PictureStream:
    """A stream of latents, each with its factor of truncation.

    Attributes:
        number: in the upper bits of Philox's key, an even number; the next one is that of the factors.
        seed: the only seed it has; None: whoever asks brings one.
        what: it is for.
    """

    number: int
    seed: int | None
    what: str


PICTURE_STREAMS: dict[PicturePurpose, PictureStream] = {
    "proposals": PictureStream(0, None, "candidates for labelling, and pictures that a caller asks for"),
    "mean of w": PictureStream(2, 0, "latents whose mean is that of w"),
    "labelled pictures": PictureStream(4, None, "what a teacher labels for an auto-shot network"),
    "unsure proposals": PictureStream(6, None, "candidates of which the segmenter may be unsure"),
    "first picture": PictureStream(8, 0, "what the studio opens with where there is no picture"),
    "asked pictures": PictureStream(10, None, "another picture, asked for in the studio"),
    "evaluation": PictureStream(12, None, "what measures compare with photos"),
    "imported noise": PictureStream(14, 0, "noise of layers that a foreign checkpoint does not hold"),
    "starts of a search": PictureStream(16, None, "latents from which photos are searched for"),
    "pictures of an encoder": PictureStream(18, None, "pictures from which latents are learned"),
    # One seed each on the stream of proposals, which keep away from it.
    "plain pictures": PictureStream(0, 20_210_619, "statistics and self-training of a fit"),
    "wall": PictureStream(0, 20_210_620, "the studio's fixed other pictures"),
    "built-in features": PictureStream(0, 20_210_621, "weights of the built-in feature network"),
    "previews": PictureStream(0, 77_000, "pictures on which a fit is shown"),
    "demo": PictureStream(0, 90_000, "pictures that the demo segments"),
    "training grids": PictureStream(0, 1_000_003, "pictures that show how a training stands"),
    "unseen pictures": PictureStream(0, 4711, "pictures on which experiments measure agreement"),
    "plain pictures of rivals": PictureStream(0, 4713, "pictures without labels that rivals learn from"),
}

_TAKEN = {stream.seed for stream in PICTURE_STREAMS.values() if stream.number == 0} - {None}
_AWAY = 1 << 62
_CLASSES = 1 << 12  # far above the numbers of all streams
_HOLD_OUT = 0x5EED
# The last word of newer keys: SeedSequence fills up with zeros, so that no older, shorter key is one of them.
_LAST_WORD = 0x9A127
# Their place in this list is in their keys: new purposes are added at its end.
_HASHED: tuple[ShufflePurpose | TensorPurpose, ...] = (
    "kernel distance",
    "counted photos",
    "export trials",
    "moved boundaries",
    "scribbles",
    "points of a fit",
    "dropout of a fit",
    "medoids",
    "pixels of proposals",
    "components of proposals",
    "components of superpixels",
    "dropout of a discriminator",
    "plain photos",
    "photos to learn from",
    "augmentation",
    "photos held out of a training",
    "permutations of a test",
    "halves of a test",
)

# Their place in this list is in their keys, too.
_OF_STEPS: tuple[str, ...] = get_args(StepPurpose)
_NAMED = 1 << 32  # above all purposes of the list

_begun_with: list[Version] = []


def streams_version() -> Version:
    """The version of the table that holds now.

    Raises:
        BadOption: ``PARTLY_STREAMS`` names none.
    """
    if _begun_with:
        return _begun_with[-1]
    chosen = os.environ.get(_VARIABLE, NEWEST_VERSION)
    for version in get_args(Version):
        if chosen == version:
            return version
    raise BadOption(f"{_VARIABLE} is {chosen!r}", expected=f"one of {', '.join(get_args(Version))}")


@contextmanager
def streams_as_of(version: object) -> Iterator[None]:
    """Go on with what was begun with a version of the table; None: before versions were written down.

    It holds for the whole process, threads that work beside included.

    Raises:
        BadOption: this version of Partly knows no such table.
    """
    version = FIRST_VERSION if version is None else version
    if version not in get_args(Version):
        raise BadOption(
            f"was begun with random streams of version {version}",
            expected=f"one of {', '.join(get_args(Version))}",
            remedy="Go on with the version of Partly that began it, or choose another folder",
        )
    _begun_with.append(version)  # type: ignore[arg-type]
    try:
        yield
    finally:
        _begun_with.pop()


def picture_seed(purpose: PicturePurpose) -> int:
    """The seed of a purpose that has only one."""
    seed = PICTURE_STREAMS[purpose].seed
    assert seed is not None, f"{purpose} has no seed of its own"
    return seed


def picture_stream(
    purpose: PicturePurpose, seed: int, index: int, *, factor: bool = False, version: Version | None = None
) -> np.random.Generator:
    """What picture ``index`` of a seed is drawn from.

    Args:
        purpose: what the picture is for.
        seed: 0 or more; of a purpose that has only one, that one.
        index: of the picture, 0 or more.
        factor: the stream of its factor of truncation, and not of its latent.
        version: of the table; None: the one that holds now.

    Raises:
        BadOption: a seed or index out of range.
    """
    if seed < 0 or index < 0:
        raise BadOption(f"seed {seed}, index {index}", expected="numbers from 0 up")
    if seed >= _AWAY or index >= 1 << 48:
        raise BadOption(f"seed {seed}, index {index}", expected="a seed below 2^62 and an index below 2^48")
    return _philox(purpose, seed, index, int(factor), version)


def class_stream(
    purpose: PicturePurpose, seed: int, turn: int, *, version: Version | None = None
) -> np.random.Generator:
    """What the order of the classes is drawn from, in which pictures of a generator with classes come.

    Args:
        purpose: what the pictures are for.
        seed: as that of :func:`picture_stream`.
        turn: which time all classes come, from 0.
        version: of the table; None: the one that holds now.
    """
    return _philox(purpose, seed, turn, _CLASSES, version)


def _philox(
    purpose: PicturePurpose, seed: int, index: int, what: int, version: Version | None
) -> np.random.Generator:
    stream, number = PICTURE_STREAMS[purpose], 0
    if (version or streams_version()) != FIRST_VERSION:
        number = stream.number
        assert stream.seed in (None, seed), f"the seed of {purpose} is {stream.seed}"
        if number == 0 and stream.seed is None and seed in _TAKEN:
            seed += _AWAY
    return np.random.Generator(np.random.Philox(key=[seed, (number + what) << 48 | index]))


def shuffle_stream(purpose: ShufflePurpose, seed: int, index: int = 0) -> np.random.Generator:
    """What is shuffled or drawn by NumPy.

    Args:
        purpose: what for.
        seed: 0 or more; of a portrait, its own.
        index: of an order, which of several rounds.
    """
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(_words(purpose, seed, index))))


def tensor_seed(purpose: TensorPurpose, seed: int, index: int = 0) -> int:
    """The seed of torch's generator, for ``torch.Generator().manual_seed`` and ``torch.manual_seed``.

    Args:
        purpose: what for.
        seed: 0 or more, below 2^31.
        index: a step, or a call.
    """
    is_first = streams_version() == FIRST_VERSION
    if purpose == "first weights":
        return seed
    if is_first and purpose == "augmentation":
        # Torch's generator takes the lower 32 bits alone, so that all seeds had the same changes.
        return (seed << 32) + index
    if is_first:
        return index if purpose == "dropout of a discriminator" else seed
    state = np.random.SeedSequence(_hashed(purpose, seed, index)).generate_state(1, np.uint64)[0]
    return int(state) >> 1


def step_seed(purpose: StepPurpose | str, seed: int, step: int, part: int = 0, rank: int = 0) -> int:
    """The seed of torch's generator for one purpose in one step of a training of a generator.

    Args:
        purpose: what for; one of :data:`StepPurpose`, or any other name, of an objective's own.
        seed: of the training.
        step: from 0.
        part: which of several draws for the same purpose in one step.
        rank: which of several processes that train together, where each draws for its own pictures.
    """
    listed = _OF_STEPS.index(purpose) if purpose in _OF_STEPS else _NAMED + zlib.crc32(purpose.encode())
    words = [seed, step, listed, part, *([rank] if rank else [])]
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]) >> 1


def _words(purpose: ShufflePurpose, seed: int, index: int) -> list[int]:
    if purpose == "hold out":
        return [seed, _HOLD_OUT]
    if purpose == "order":
        # One round is left out, that of what is held out.
        return [seed, index + (index >= _HOLD_OUT and streams_version() != FIRST_VERSION)]
    if purpose in ("portrait", "portrait noise"):
        # Of another kind than all others: a portrait's seed is its name, and it is drawn before anything
        # that could meet it. See docs/adr/0032.
        return [seed, int(purpose == "portrait noise")]
    return [seed] if streams_version() == FIRST_VERSION else _hashed(purpose, seed, index)


def _hashed(purpose: ShufflePurpose | TensorPurpose, seed: int, index: int) -> list[int]:
    return [seed, index, _HASHED.index(purpose), _LAST_WORD]
