import signal
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption, TooLittleMemory
from partly.losses.moment_matching import matching_loss, usual_distance
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from partly.training.adversarial.gan_batches import PhotoBatch, SquareBatches
from partly.training.matching.matching_config import MatchingConfig, MatchingReport, matching_figures_text
from partly.training.matching.matching_loop import train_by_matching
from partly.training.matching.matching_parts import MatchingParts
from tests.training.contract import TrainingContract, same_weights

SIZE_PX = 8
CONFIG = MatchingConfig(6, batch_size=4, n_autoencoder_steps=2, checkpoint_every=2, n_checkpoints=2, seed=3)


def parts(seed=0, hidden=(6, 5, 7)):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MatchingParts(MLPGenerator(MLPShape(SIZE_PX, z_dim=4, hidden=hidden)))


def batches(digest="0"):
    squares = np.random.default_rng(0).integers(0, 256, (6, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    return SquareBatches(PhotoSet(squares, tuple("abcdef"), (), digest), 4)


class Breaking(SquareBatches):
    """The fourth batch is no number."""

    def read(self, number):
        batch = super().read(number)
        return replace(batch, photos=batch.photos * float("nan")) if number == 3 else batch


class NoMemory(TorchDispatchMode):
    """Slopes of plain layers are too much."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.threshold_backward.default:
            raise torch.OutOfMemoryError("played: out of memory")
        return func(*args, **(kwargs or {}))


class TestContract(TrainingContract):
    refused: ClassVar = {
        "seed": "seed 3, not 9",
        "rate": "learning_rate 0.001, not 0.0001",
        "matched": "matched 'codes', not 'pixels'",
        "photos": "photos '0, 4 a batch, seed 0, mirrored', not '1",
        "first weights": "other first weights",
    }
    diverged = (
        "the loss is nan at step 3; expected a finite number. Train in another folder with a lower learning "
        "rate, or larger batches; the last checkpoint is kept"
    )

    @classmethod
    def train(cls, change="", **how):
        both, photos, config = parts(), batches(), CONFIG
        if change == "seed":
            config = replace(config, seed=9)
        elif change == "rate":
            config = replace(config, learning_rate=1e-4)
        elif change == "matched":
            config = replace(config, matched="pixels")
        elif change == "photos":
            photos = batches(digest="1")
        elif change == "first weights":
            both = parts(1)
        elif change == "diverging":
            photos.__class__ = Breaking
        return [train_by_matching(both, photos, config, **how).generator]

    def test_memory_too_short_for_a_batch(self, whole, tmp_path):
        def stop(report):
            if report.step == 2:
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            self.train(folder=tmp_path, on_step=stop)
        with NoMemory(), pytest.raises(TooLittleMemory, match="is too short for a step of 4 pictures"):
            self.train(folder=tmp_path)
        self.goes_on(tmp_path, whole, 3)


def test_the_loss_is_the_biased_discrepancy():
    torch.manual_seed(0)
    x, y = torch.randn(4, 3), torch.randn(5, 3) + 1
    bandwidths = (0.5, 2.0)

    def mean(one, other):
        pairs = [(a, b) for a in one for b in other]
        total = sum(torch.exp(-(a - b).square().sum() / (2 * s * s)) for a, b in pairs for s in bandwidths)
        return total / len(pairs)

    wanted = mean(x, x) + mean(y, y) - 2 * mean(x, y)
    torch.testing.assert_close(matching_loss(x, y, bandwidths).square(), wanted)
    assert matching_loss(x, x, bandwidths) < 1e-3
    y.requires_grad_(True)
    torch.autograd.gradcheck(lambda rows: matching_loss(x.double(), rows, bandwidths), y.double())


def test_the_usual_distance():
    torch.manual_seed(0)
    rows = torch.randn(7, 3)
    squared = [(a - b).square().sum() for i, a in enumerate(rows) for b in rows[i + 1 :]]
    torch.testing.assert_close(usual_distance(rows), torch.stack(squared).mean().sqrt())


class Toy:
    """Bright quarters on a dark ground, in one of four corners."""

    digest, condition_width = "toy", 0

    def __init__(self):
        self.photos = torch.full((4, 3, SIZE_PX, SIZE_PX), -0.8)
        for i in range(4):
            row, column = (i % 2) * 4, (i // 2) * 4
            self.photos[i, :, row : row + 4, column : column + 4] = 0.8

    def read(self, number):
        chosen = torch.randint(4, (64,), generator=torch.Generator().manual_seed(number))
        return PhotoBatch.without_condition(self.photos[chosen])


@pytest.mark.slow
@pytest.mark.parametrize("matched", ["pixels", "codes"])
def test_it_makes_pictures_of_all_corners(matched):
    toy, reports = Toy(), []
    config = MatchingConfig(
        700,
        64,
        matched,
        n_autoencoder_steps=200,
        learning_rate=5e-3,
        autoencoder_rate=5e-3,
        ema_half_life=2000,
    )
    result = train_by_matching(parts(hidden=(32, 8, 32)), toy, config, on_step=reports.append)
    generator = result.generator
    w = generator.map(torch.randn(200, 4, generator=torch.Generator().manual_seed(0)))
    made = generator.synthesise(w).images
    distances = torch.cdist(made.flatten(1), toy.photos.flatten(1))
    nearest = distances.argmin(1)
    assert torch.bincount(nearest, minlength=4).min() > 20
    apart = torch.pdist(toy.photos.flatten(1)).min()
    assert (distances.amin(1) < apart / 3).float().mean() > 0.6
    stages = [report.stage for report in reports]
    assert stages == ["autoencoder"] * (200 if matched == "codes" else 0) + ["matching"] * (
        500 if matched == "codes" else 700
    )
    matching = [report.discrepancy for report in reports if report.stage == "matching"]
    assert np.mean(matching[-20:]) < 0.5 * matching[0]


def test_the_decoder_stays_as_it_is_while_codes_are_matched():
    both = parts()
    train_by_matching(both, batches(), replace(CONFIG, n_steps=2))
    decoder = [p.clone() for p in both.decoder_parameters()]
    longer = parts()
    train_by_matching(longer, batches(), CONFIG)
    assert all(torch.equal(a, b) for a, b in zip(decoder, longer.decoder_parameters(), strict=True))
    assert not same_weights(both.generator.hidden[0], longer.generator.hidden[0])


def test_grey_values_and_colours():
    photos = torch.tensor([[[[-1.0, 1.0]] * 2] * 3]).expand(-1, 3, -1, -1)
    grey = MatchingParts(MLPGenerator(MLPShape(2, 2, (3, 3))))
    assert grey.values(photos).tolist() == [[0, 1, 0, 1]]
    coloured = MatchingParts(MLPGenerator(MLPShape(2, 2, (3, 3), is_grey=False)))
    assert coloured.values(photos).shape == (1, 12)
    with pytest.raises(BadOption, match=r"photos of shape \[1, 3, 2, 2\]; expected \[b, 3, 8, 8\]"):
        parts().values(photos)


def test_a_generator_of_too_few_layers():
    with pytest.raises(BadOption, match="a generator of 1 hidden layers; expected two or more"):
        parts(hidden=(4,))


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"n_steps": 0}, "n_steps is 0; expected 1 or more"),
        ({"batch_size": 1}, "batch_size is 1; expected 2 or more, since moments are those of a batch"),
        ({"learning_rate": 0.0}, r"learning_rate is 0\.0; expected more than 0"),
        ({"dropped": 1.0}, r"dropped is 1\.0; expected a share from 0 to below 1"),
        ({"seed": -1}, "seed is -1; expected 0 to"),
    ],
)
def test_choices_that_cannot_be(choice, text):
    with pytest.raises(BadOption, match=text):
        replace(CONFIG, **choice)


def test_figures_in_one_line():
    report = MatchingReport(3, 9, 12, "matching", 0.25, None, 0.25, 9.0, 60)
    assert matching_figures_text(report) == "12 photos seen  matching loss 0.2500  9.0 photos/s  0:01:00 left"
