"""The table of random streams: no two purposes have the same numbers; version 0.1 comes back to the bit."""

from __future__ import annotations

from itertools import combinations, product
from typing import get_args

import numpy as np
import pytest
import torch

from partly.errors import BadOption
from partly.storage.streams import (
    PICTURE_STREAMS,
    PicturePurpose,
    ShufflePurpose,
    StepPurpose,
    TensorPurpose,
    picture_seed,
    picture_stream,
    shuffle_stream,
    step_seed,
    streams_as_of,
    streams_version,
    tensor_seed,
)

PORTRAITS = ("portrait", "portrait noise")
SHUFFLES = [purpose for purpose in get_args(ShufflePurpose) if purpose not in PORTRAITS]
FIXED = [stream.seed for stream in PICTURE_STREAMS.values() if stream.seed is not None]
SEEDS = sorted({0, 1, 2, 2026, 2**31 - 1, *FIXED})
INDEXES = [0, 1, 2, 3, 4, 17, 0x5EED, 0x5EED + 1, 2**20]


def picture_draws() -> dict[tuple[object, ...], int]:
    """First 64 bits of every stream of pictures, of a few seeds and indexes."""
    found = {}
    for purpose in get_args(PicturePurpose):
        own = PICTURE_STREAMS[purpose].seed
        for seed, index, factor in product([own] if own is not None else SEEDS, INDEXES, (False, True)):
            stream = picture_stream(purpose, seed, index, factor=factor)
            found[purpose, seed, index, factor] = int(stream.bit_generator.random_raw())
    return found


def shuffle_draws() -> dict[tuple[object, ...], int]:
    """The same of what NumPy shuffles; what is held out has no index."""
    return {
        (purpose, seed, index): int(shuffle_stream(purpose, seed, index).bit_generator.random_raw())
        for purpose, seed, index in product(SHUFFLES, SEEDS, INDEXES)
        if purpose != "hold out" or index == 0
    }


def tensor_seeds() -> dict[tuple[object, ...], int]:
    """What torch's generators make of their seeds, those of steps too; first weights have no index.

    On the processor they take the lower 32 bits of a seed.
    """
    steps = {
        (purpose, seed, step, part, rank): step_seed(purpose, seed, step, part, rank) % 2**32
        for purpose in (*get_args(StepPurpose), "an objective's own")
        for seed, step, part, rank in product(SEEDS, INDEXES, (0, 1, 2), (0, 1))
    }
    return steps | {
        (purpose, seed, index): tensor_seed(purpose, seed, index) % 2**32
        for purpose, seed, index in product(get_args(TensorPurpose), SEEDS, INDEXES)
        if purpose != "first weights" or index == 0
    }


def test_every_purpose_has_its_stream() -> None:
    assert set(PICTURE_STREAMS) == set(get_args(PicturePurpose))
    assert all(stream.number % 2 == 0 and stream.what for stream in PICTURE_STREAMS.values())


@pytest.mark.parametrize("draws_of", [picture_draws, shuffle_draws, tensor_seeds])
def test_no_two_purposes_seeds_or_indexes_have_the_same_numbers(draws_of) -> None:  # type: ignore[no-untyped-def]
    draws = draws_of()
    known: dict[int, tuple[object, ...]] = {}
    for key, value in draws.items():
        assert value not in known, f"{key} draws what {known.get(value)} draws"
        known[value] = key
    assert len(draws) > 200


def test_portraits_are_those_of_the_first_version() -> None:
    for number, purpose in enumerate(PORTRAITS):
        expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence([7, number]))).random(3)
        assert shuffle_stream(purpose, 7).random(3).tolist() == expected.tolist()  # type: ignore[arg-type]


def test_what_was_distinct_keeps_its_numbers() -> None:
    kept = [
        lambda: picture_stream("proposals", 3, 5).random(),
        lambda: picture_stream("proposals", 3, 5, factor=True).random(),
        lambda: picture_stream("plain pictures", picture_seed("plain pictures"), 5).random(),
        lambda: shuffle_stream("order", 3, 5).random(),
        lambda: shuffle_stream("hold out", 3).random(),
        lambda: tensor_seed("first weights", 3),
    ]
    now = [draw() for draw in kept]
    with streams_as_of("0.1"):
        assert now == [draw() for draw in kept]


def test_the_first_version_comes_back_to_the_bit(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PARTLY_STREAMS", "0.1")
    philox = np.random.Generator(np.random.Philox(key=[4, 9])).standard_normal(5)
    for purpose, stream in PICTURE_STREAMS.items():
        if stream.seed is None:
            assert picture_stream(purpose, 4, 9).standard_normal(5).tolist() == philox.tolist()
    factor = np.random.Generator(np.random.Philox(key=[4, (1 << 48) | 9])).random()
    assert picture_stream("labelled pictures", 4, 9, factor=True).random() == factor
    for purpose in ("kernel distance", "counted photos", "moved boundaries", "scribbles"):
        expected = np.random.default_rng(6).random(4).tolist()
        assert shuffle_stream(purpose, 6).random(4).tolist() == expected  # type: ignore[arg-type]
    assert shuffle_stream("hold out", 6).random() == np.random.default_rng([6, 0x5EED]).random()
    assert shuffle_stream("order", 6, 0x5EED).random() == np.random.default_rng([6, 0x5EED]).random()
    assert tensor_seed("augmentation", 0, 8) == 8
    assert tensor_seed("augmentation", 2, 8) == (2 << 32) + 8
    assert {tensor_seed(p, 6) for p in ("medoids", "points of a fit", "dropout of a fit")} == {6}
    assert tensor_seed("dropout of a discriminator", 0, 11) == 11


def test_a_version_can_be_named_where_threads_and_processes_differ() -> None:
    now = picture_stream("labelled pictures", 4, 9).random()
    before = picture_stream("labelled pictures", 4, 9, version="0.1").random()
    assert now != before
    with streams_as_of("0.1"):
        assert picture_stream("labelled pictures", 4, 9).random() == before
        assert picture_stream("labelled pictures", 4, 9, version="0.2").random() == now


def test_what_was_begun_goes_on_with_its_version(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    assert streams_version() == "0.2"
    monkeypatch.setenv("PARTLY_STREAMS", "0.1")
    with streams_as_of("0.2"):
        assert streams_version() == "0.2"
        with streams_as_of(None):
            assert streams_version() == "0.1"
        assert streams_version() == "0.2"
    assert streams_version() == "0.1"


def test_unknown_versions_are_refused(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PARTLY_STREAMS", "7")
    with pytest.raises(BadOption, match=r"^PARTLY_STREAMS is '7'; expected one of 0.1, 0.2\.$"):
        streams_version()
    with (
        pytest.raises(BadOption, match=r"was begun with random streams of version 0.9; .* version of Partly"),
        streams_as_of("0.9"),
    ):
        pass


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (0, -1), (1 << 62, 0), (0, 1 << 48)])
def test_seeds_and_indexes_out_of_range_are_refused(seed: int, index: int) -> None:
    with pytest.raises(BadOption, match=f"seed {seed}, index {index}"):
        picture_stream("proposals", seed, index)


def test_torch_takes_all_seeds() -> None:
    draws = [
        torch.rand(3, generator=torch.Generator().manual_seed(tensor_seed(purpose, 2**31 - 1, 9)))
        for purpose in get_args(TensorPurpose)
    ]
    assert all(not torch.equal(one, other) for one, other in combinations(draws, 2))
