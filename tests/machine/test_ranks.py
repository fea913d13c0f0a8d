"""Two processes, each with half of every batch, train as one with the whole."""

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch

from partly.data.photos.photo_classes import PhotoClasses
from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption
from partly.losses.adversarial_losses import NonSaturating
from partly.losses.approximate_slopes import ApproximateR1, ApproximateR2
from partly.losses.condition_terms import AuxiliaryClassifier, InformationBound
from partly.losses.rounds import Lazy, Objective, OfDiscriminator, Together
from partly.losses.slope_penalties import R1
from partly.machine.machine import Machine
from partly.machine.ranks import ALONE, Ranks, ranks_of_environment
from partly.models.discriminators.dcgan_discriminator import DCGANDiscriminator
from partly.models.discriminators.mlp_discriminator import MLPDiscriminator
from partly.models.generators.dcgan_generator import DCGANShape
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from partly.training.adversarial.gan_batches import SquareBatches, turn_random
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.adversarial.gan_play import GanPlayers
from partly.training.augment.adversarial.ada import AdaptiveAugmentation, AdaTransforms
from partly.training.chassis.checkpoints import checkpoint_files
from partly.training.recipes.objective_table import OBJECTIVES, NamedObjective
from tests.two_processes import run_two_processes

SHAPE = MLPShape(image_size_px=8, z_dim=6, hidden=(12,))
KINDS = ("plain", "auxiliary", "codes", "frozen")
N_STEPS = 8
# Draws nothing, so that halves of a batch see what the whole sees, but counts signs.
COUNTING = AdaptiveAugmentation(AdaTransforms(None, None), target=-0.9, every=2, n_photos=100)


def training(folder: Path | None, ranks: Ranks = ALONE, kind: str = "plain"):
    """A training whose result depends on nothing but the batch: no noise, norm or dropout."""
    torch.manual_seed(0)
    shape = SHAPE if kind in ("plain", "frozen") else replace(SHAPE, classes=("one", "other"))
    objective, conditions = NonSaturating(), {}
    if kind == "auxiliary":
        objective = Together((objective, AuxiliaryClassifier()))
        conditions = {"classes": PhotoClasses(shape.classes, np.arange(16) % 2)}
    elif kind == "codes":
        shape = replace(shape, n_continuous_codes=2)
        objective, conditions = Together((objective, InformationBound(2, 2))), {"n_codes": 2}
    way = kind if kind in ("auxiliary", "codes") else "projection"
    discriminator = MLPDiscriminator(shape, dropout=0.0, way=way)
    if kind == "frozen":
        shape = replace(shape, image_size_px=16)
        discriminator = DCGANDiscriminator(DCGANShape(16, last_channels=4), norm=False)
    players = GanPlayers(
        MLPGenerator(shape),
        discriminator,
        objective,
        (Lazy(R1(1.0), 2),),
        augment=COUNTING,
    )
    squares = np.random.default_rng(0).integers(0, 256, (16, *[shape.image_size_px] * 2, 3), dtype=np.uint8)
    photos = PhotoSet(squares, tuple(map(str, range(16))), (), "digest")
    config = GanConfig(N_STEPS, batch_size=8, checkpoint_every=4)
    if kind == "frozen":
        config = replace(config, n_frozen=1, averages=(0.25, 1.0, 4.0))
    reports = []
    result = train_gan(
        players,
        SquareBatches(photos, 8, **conditions),
        config,
        folder=folder,
        on_step=reports.append,
        machine=Machine(ranks=ranks),
    )
    assert sorted(result.others) == ([0.25, 4.0] if kind == "frozen" else [])
    return torch.nn.ModuleList([result.generator, *result.others.values()]), reports


@dataclass(frozen=True)
class InHalves(OfDiscriminator):
    """A penalty of each half of a batch, by the same random numbers: what two processes compute."""

    penalty: Objective

    def discriminator_terms(self, seen):
        random = seen.ask.random("penalty")
        state, halves = random.get_state(), []
        for photos, pictures in zip(seen.photos.chunk(2), seen.pictures.chunk(2), strict=True):
            random.set_state(state)
            half = replace(seen, photos=photos, pictures=pictures)
            halves.append(self.penalty.discriminator_terms(half))
        return {name: (halves[0][name] + halves[1][name]) / 2 for name in halves[0]}


BY_DIFFERENCES = replace(OBJECTIVES["relativistic"], penalties=(ApproximateR1(1.0), ApproximateR2(1.0)))
NAMED = OBJECTIVES | {"relativistic, finite differences": BY_DIFFERENCES}


def training_for(named: NamedObjective, ranks: Ranks = ALONE):
    """A short training for an objective; the random numbers of its penalties are those of either process."""
    torch.manual_seed(0)
    penalties = [InHalves(one) if ranks is ALONE else one for one in named.penalties]
    players = GanPlayers(
        MLPGenerator(SHAPE),
        MLPDiscriminator(SHAPE, dropout=0.0),
        named.make(),
        tuple(Lazy(one) for one in penalties),
    )
    squares = np.random.default_rng(0).integers(0, 256, (16, 8, 8, 3), dtype=np.uint8)
    photos = SquareBatches(PhotoSet(squares, tuple(map(str, range(16))), (), "digest"), 8)
    config = GanConfig(3, batch_size=8, n_discriminator_steps=2, **named.training)

    def of_the_first(config, turn, purpose, _rank=0):
        return turn_random(config, turn, purpose)

    reports = []
    with patch("partly.training.adversarial.gan_play.turn_random", of_the_first):
        train_gan(players, photos, config, on_step=reports.append, machine=Machine(ranks=ranks))
    losses = [(one.generator_terms, one.discriminator_terms) for one in reports]
    weights = [*players.generator.state_dict().values(), *players.discriminator.state_dict().values()]
    return weights, losses


def main(folder: str) -> None:
    """What each of the two processes does."""
    torch.set_num_threads(1)
    with ranks_of_environment() as ranks:
        for kind in KINDS:
            generator, reports = training(Path(folder) / kind, ranks, kind)
            assert len(reports) == (N_STEPS if ranks.is_first else 0)
            torch.save(generator.state_dict(), Path(folder) / f"{kind}-{ranks.index}.pt")
        assert ranks.any(ranks.index == 1)
        assert not ranks.any(False)
        order = Path(folder) / "order"
        found = ranks.first_then_others(lambda: order.exists() or order.touch() or ranks.index)
        assert found == (0 if ranks.is_first else True)
        found = {name: training_for(named, ranks) for name, named in NAMED.items()}
        torch.save(found, Path(folder) / f"objectives-{ranks.index}.pt")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which two processes trained together."""
    folder = tmp_path_factory.mktemp("two")
    run_two_processes(__name__, folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_both_have_the_same_weights_and_they_are_those_of_one_process_with_the_whole_batch(two, kind):
    first, second = (torch.load(two / f"{kind}-{rank}.pt") for rank in (0, 1))
    alone = training(None, kind=kind)[0].state_dict()
    for name, weights in alone.items():
        assert torch.equal(first[name], second[name])
        torch.testing.assert_close(first[name], weights, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
def test_two_processes_play_for_every_objective_as_one_does(two, name):
    (first, told), (second, _) = (torch.load(two / f"objectives-{rank}.pt")[name] for rank in (0, 1))
    alone, wanted = training_for(NAMED[name])
    for ours, theirs, weights in zip(first, second, alone, strict=True):
        assert torch.equal(ours, theirs)
        # In the mean: where a slope is all but 0, a first step is as long as any other, either way.
        assert (ours - weights).abs().float().mean() <= 1e-5
    assert len(told) == 3
    for found, of_one in zip(told, wanted, strict=True):
        for of_player, of_player_alone in zip(found, of_one, strict=True):
            assert of_player == pytest.approx(of_player_alone, rel=1e-4, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_writes_the_log_and_the_losses_are_those_of_one_process(two, tmp_path, kind):
    import json

    def log(folder):
        lines = (folder / "log.jsonl").read_text().splitlines()
        keys = (
            "step",
            "n_seen",
            "generator_loss",
            "discriminator_loss",
            "penalty",
            "real_score",
            "augment_p",
            *(["information"] if kind == "codes" else []),
        )
        return [[json.loads(line)[key] for key in keys] for line in lines]

    training(tmp_path, kind=kind)
    np.testing.assert_allclose(
        np.array(log(two / kind), float), np.array(log(tmp_path), float), rtol=1e-4, atol=1e-6
    )
    assert len(checkpoint_files(two / kind)) == 2


def test_one_process_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with Machine.for_training() as machine:
        ranks = machine.ranks
        assert ranks == ALONE
        ranks.wait()
        assert machine.device.type in ("cpu", "cuda")
    batch = torch.randn(3, 2)
    assert torch.equal(ranks.share(batch), batch)


def test_batches_that_cannot_be_shared():
    with pytest.raises(
        BadOption, match=r"batches of 9 for 2 processes; expected a number of photos.*Try batches of 8"
    ):
        Ranks(0, 2).check(9)


def test_shares_are_the_whole():
    batch = torch.arange(6)[:, None]
    assert torch.equal(torch.cat([Ranks(i, 3).share(batch) for i in range(3)]), batch)


def test_a_sum_comes_back_when_the_thread_that_made_it_has_let_go(monkeypatch):
    # As gloo's thread does: an interpreter that ended before it has let go would abort.
    let_go = threading.Event()

    def sum_elsewhere(values: torch.Tensor) -> None:
        def hold(held: list[torch.Tensor]) -> None:
            time.sleep(0.2)
            let_go.set()
            held.clear()

        threading.Thread(target=hold, args=([values],)).start()

    monkeypatch.setattr("torch.distributed.all_reduce", sum_elsewhere)
    assert Ranks(0, 2).total(torch.ones(3)).tolist() == [1, 1, 1]
    assert let_go.is_set()
