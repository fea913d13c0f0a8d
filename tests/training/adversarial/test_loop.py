import json
import signal
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar
from unittest.mock import patch

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption, TrainingDiverged
from partly.losses.adversarial_losses import Hinge, NonSaturating
from partly.losses.rounds import Lazy, Together
from partly.losses.slope_penalties import R1, PathLength
from partly.models.discriminators.stylegan2_discriminator import StyleGAN2Discriminator
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.storage.provenance import Provenance
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import train_gan
from partly.training.adversarial.gan_play import GanPlayers
from partly.training.augment.adversarial.ada import AdaptiveAugmentation
from partly.training.augment.adversarial.diff_augment import DiffAugment
from partly.training.augment.adversarial.discriminator_augmentation import AugmentationInUse
from partly.training.chassis.checkpoints import checkpoint_files, read_checkpoint
from tests.training.contract import TrainingContract, same_weights

TINY = StyleGAN2Shape(32, z_dim=8, w_dim=6, n_mapping_layers=2, channel_base=256, most_channels=8)
CONFIG = GanConfig(6, batch_size=4, checkpoint_every=2, n_checkpoints=2, seed=3)


def players(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return GanPlayers(
            StyleGAN2(TINY),
            StyleGAN2Discriminator(TINY),
            NonSaturating(),
            (Lazy(R1(1.0), 2),),
            (Lazy(PathLength(), 3),),
        )


# Moves at once, and a lot, so that few steps show it.
ADA = AdaptiveAugmentation(target=-0.9, every=2, n_photos=20, first_p=0.2)


def batches(digest="0"):
    squares = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    return SquareBatches(PhotoSet(squares, tuple("abcdef"), (), digest), 4)


class Breaking(NonSaturating):
    """The loss of one player is no number when it is asked for the fourth time."""

    def __init__(self, player):
        super().__init__()
        self.__dict__.update(player=player, n=0)

    def generator_loss(self, fake_scores):
        return super().generator_loss(fake_scores) * self._factor("generator")

    def discriminator_loss(self, real_scores, fake_scores):
        return super().discriminator_loss(real_scores, fake_scores) * self._factor("discriminator")

    def _factor(self, player):
        self.__dict__["n"] += player == self.player
        return float("nan") if self.n == 4 else 1.0


class TestContract(TrainingContract):
    refused: ClassVar = {
        "seed": "seed 3, not 9",
        "rate": "generator_rate 0.0025, not 0.001",
        "photos": "photos '0, 4 a batch, seed 0, mirrored', not '1",
        "penalty": "other penalties",
        "objective": "objective 'NonSaturating()', not 'Hinge()'",
        "augmentation": "another augmentation",
        "first weights": "other first weights",
        "optimizer": "optimizer 'adam', not 'rmsprop'",
        "weights clipped": "weight_bound None, not 0.01",
    }
    diverged = (
        "the loss of the discriminator is nan at step 3; expected a finite number. Train in another folder "
        "with lower learning rates, or a larger penalty; the last checkpoint is kept"
    )

    @classmethod
    def train(cls, change="", **how):
        two, photos, config = players(), batches(), CONFIG
        if change == "seed":
            config = replace(config, seed=9)
        elif change == "rate":
            config = replace(config, generator_rate=1e-3)
        elif change == "photos":
            photos = batches(digest="1")
        elif change == "penalty":
            two = replace(two, discriminator_penalties=(Lazy(R1(2.0), 2),))
        elif change == "objective":
            two = replace(two, objective=Hinge())
        elif change == "augmentation":
            two = replace(two, augment=DiffAugment())
        elif change == "optimizer":
            config = replace(config, optimizer="rmsprop")
        elif change == "weights clipped":
            config = replace(config, weight_bound=0.01)
        elif change == "first weights":
            two = players(1)
        elif change == "diverging":
            two = replace(two, objective=Breaking("discriminator"))
        return [train_gan(two, photos, config, **how).generator]


def test_the_generators_loss_is_looked_at_too():
    with pytest.raises(TrainingDiverged, match="the loss of the generator is nan at step 3"):
        train_gan(replace(players(), objective=Breaking("generator")), batches(), CONFIG)


def test_a_penalty_that_is_no_number_is_named():
    broken = replace(players(), discriminator_penalties=(Lazy(R1(float("nan")), 2),))
    with pytest.raises(TrainingDiverged, match="the loss of the R1 penalty is nan at step 0"):
        train_gan(broken, batches(), CONFIG)


def test_a_stopped_adaptive_augmentation_goes_on_as_if_it_had_not_been(tmp_path):
    def adaptive():
        return replace(players(), augment=ADA)

    reports, after = [], []
    whole = train_gan(adaptive(), batches(), CONFIG, on_step=reports.append)

    def stop(report):
        # Between two changes of p.
        if report.step == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_gan(adaptive(), batches(), CONFIG, folder=tmp_path, on_step=stop)
    parts = train_gan(adaptive(), batches(), CONFIG, folder=tmp_path, on_step=after.append)
    assert same_weights(whole.generator, parts.generator)
    found = [report.augment_p for report in reports]
    assert found[0] == 0.2
    assert len(set(found)) > 2
    assert [report.augment_p for report in after] == found[3:]
    assert [report.discriminator_loss for report in after] == [r.discriminator_loss for r in reports[3:]]
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["augment_p"] for line in log] == found
    with pytest.raises(BadOption, match="holds a training with another augmentation"):
        train_gan(replace(adaptive(), augment=replace(ADA, every=3)), batches(), CONFIG, folder=tmp_path)


def test_an_adaptive_augmentation_follows_the_scores_of_photos_at_every_discriminator_step():
    watched, reports = [], []
    two = replace(players(), augment=AdaptiveAugmentation(every=1, n_photos=100, first_p=0.5))
    # Photos and pictures take turns; only scores of photos count, of 4 at a time.
    two.discriminator.register_forward_hook(
        lambda _m, _i, said: watched.append(said.scores.sign().mean().item())
    )
    config = replace(CONFIG, n_steps=4, n_discriminator_steps=2)
    train_gan(replace(two, discriminator_penalties=()), batches(), config, on_step=reports.append)
    p, wanted = 0.5, []
    for real, _fake, again, _fake_again, _generator in zip(*[iter(watched)] * 5, strict=True):
        for r_t in (real, again):
            p += 0.04 if r_t > 0.6 else -0.04
        wanted.append(p)
    assert [report.augment_p for report in reports] == pytest.approx(wanted)


def test_an_augmentation_that_does_not_adapt_has_no_p():
    reports = []
    config = replace(CONFIG, n_steps=1)
    train_gan(replace(players(), augment=DiffAugment()), batches(), config, on_step=reports.append)
    assert reports[0].augment_p is None


def test_the_last_few_checkpoints_are_kept(tmp_path):
    train_gan(players(), batches(), CONFIG, folder=tmp_path)
    assert [path.name for path in checkpoint_files(tmp_path)] == [
        "checkpoint-00000004.safetensors",
        "checkpoint-00000006.safetensors",
    ]


def test_a_finished_training_can_be_made_longer(tmp_path):
    train_gan(players(), batches(), replace(CONFIG, n_steps=4), folder=tmp_path)
    longer = train_gan(players(), batches(), CONFIG, folder=tmp_path)
    assert same_weights(train_gan(players(), batches(), CONFIG).generator, longer.generator)


def test_both_players_and_the_average_move():
    two, before = players(), players()
    result = train_gan(two, batches(), CONFIG)
    assert not same_weights(two.generator, before.generator)
    assert not same_weights(two.discriminator, before.discriminator)
    assert not same_weights(result.generator, two.generator)
    assert not result.generator.training
    assert result.generator.w_mean.abs().max() > 0
    assert all(p.requires_grad for p in two.discriminator.parameters())


def test_the_average_follows_the_generator_closely_at_first():
    """Half-lives grow with the pictures seen (Karras et al. 2020, training with adaptive augmentation)."""
    two = players()
    result = train_gan(two, batches(), replace(CONFIG, ema_half_life=1e9, ema_ramp_up=1e-9))
    assert same_weights(result.generator, two.generator)


def test_the_discriminator_may_take_more_steps():
    reports = []
    train_gan(
        players(), batches(), replace(CONFIG, n_steps=2, n_discriminator_steps=3), on_step=reports.append
    )
    assert [report.n_seen for report in reports] == [12, 24]


def test_the_generator_may_take_more_steps():
    def after(n_generator_steps):
        playing = replace(players(), generator_penalties=())
        train_gan(playing, batches(), replace(CONFIG, n_steps=1, n_generator_steps=n_generator_steps))
        return torch.cat([p.detach().flatten() for p in playing.generator.parameters()])

    start = torch.cat([p.detach().flatten() for p in players().generator.parameters()])
    once, often = after(1), after(3)
    assert torch.equal(once, after(1))
    # Adam's steps are about as long as its rate, and partly cancel.
    assert (often - start).norm() > 1.2 * (once - start).norm()


def test_penalties_are_counted_as_often_as_asked_for():
    calls = []

    class Counting(R1):
        def discriminator_terms(self, seen):
            calls.append((self.gamma, len(seen.photos)))
            return {f"R1 of {self.gamma}": super().discriminator_terms(seen)["R1 penalty"]}

    penalties = (Lazy(Counting(1.0), 2), Lazy(Counting(2.0), 3))
    reports = []
    train_gan(
        replace(players(), discriminator_penalties=penalties), batches(), CONFIG, on_step=reports.append
    )
    assert [gamma for gamma, _ in calls] == [1.0, 2.0, 1.0, 2.0, 1.0]
    assert {n_photos for _, n_photos in calls} == {4}
    terms = [report.discriminator_terms for report in reports]
    assert [len({told[name] for told in terms}) for name in ("R1 of 1.0", "R1 of 2.0")] == [3, 2]
    for report in reports:
        assert report.penalty == pytest.approx(
            report.discriminator_terms["R1 of 1.0"] + report.discriminator_terms["R1 of 2.0"]
        )
        assert report.discriminator_terms["adversarial"] == report.discriminator_loss
        assert report.generator_terms["adversarial"] == report.generator_loss
        assert report.generator_terms["path length"] >= 0


def test_without_penalties():
    bare = replace(players(), discriminator_penalties=(), generator_penalties=())
    reports = []
    train_gan(bare, batches(), replace(CONFIG, n_steps=2), on_step=reports.append)
    assert [report.penalty for report in reports] == [None, None]


def test_all_that_the_discriminator_sees_is_augmented():
    """Photos and pictures differently, but the penalty of photos as their scores."""
    seen, changed = [], []

    class Blanking:
        def begin(self):
            return AugmentationInUse(self)

        def __call__(self, images, random):
            changed.append(torch.rand(1, generator=random).item())
            return images * 0

    two = replace(players(), augment=Blanking())
    two.discriminator.register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0].abs().max().item()))
    train_gan(two, batches(), replace(CONFIG, n_steps=1))
    assert seen == [0.0] * 4
    real, fake, penalty, generator = changed
    assert real == penalty
    assert len({real, fake, generator}) == 3


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"n_steps": 0}, "n_steps is 0; expected 1 or more"),
        ({"batch_size": 0}, "batch_size is 0; expected 1 or more"),
        ({"generator_rate": 0.0}, "generator_rate is 0.0; expected more than 0"),
        ({"style_mixing": 1.5}, "style_mixing is 1.5; expected a share from 0 to 1"),
        ({"seed": -1}, "seed is -1; expected 0 to"),
        ({"optimizer": "sgd"}, "optimizer is 'sgd'; expected adam or rmsprop"),
        ({"weight_bound": 0.0}, "weight_bound is 0.0; expected more than 0, or None"),
        ({"averages": (0.25, 4.0)}, r"averages are \(0.25, 4.0\); expected factors above 0, 1.0 among them"),
        ({"averages": (0.0, 1.0)}, r"averages are \(0.0, 1.0\); expected factors above 0, 1.0 among them"),
        ({"n_frozen": -1}, "n_frozen is -1; expected 0 or more"),
    ],
)
def test_choices_that_cannot_be(choice, text):
    with pytest.raises(BadOption, match=text):
        replace(CONFIG, **choice)


def test_an_objective_needs_nothing_but_its_terms():
    """Feature matching with a running mean and random numbers of its own, which goes on after a stop."""

    @dataclass(frozen=True)
    class Matching:
        def generator_terms(self, seen):
            mean = seen.ask.memory.get("mean_of_photos", torch.zeros(()))
            seen.ask.memory["mean_of_photos"] = mean.lerp(seen.photos.mean(), 0.5)
            noise = torch.rand(1, generator=seen.ask.random("matching")).item()
            return {"matching": (seen.pictures.mean() - mean - 0.01 * noise).square()}

        def discriminator_terms(self, seen):
            return {}

    def three(folder, stop=99):
        def on_step(report):
            told.append(report.generator_terms["matching"])
            if report.step == stop:
                signal.raise_signal(signal.SIGINT)

        told = []
        both = replace(players(), objective=Together((NonSaturating(), Matching())))
        try:
            generator = train_gan(both, batches(), CONFIG, folder=folder, on_step=on_step).generator
        except KeyboardInterrupt:
            return None, told
        return generator, told

    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        whole, told = three(Path(one))
        _, before = three(Path(other), stop=3)
        again, after = three(Path(other))
    assert same_weights(whole, again)
    assert before + after == told
    assert len(set(told)) == 6


def test_a_checkpoint_from_before_optimizers_were_chosen_goes_on(tmp_path):
    def without(values):
        later = ("optimizer", "weight_bound", "averages", "n_frozen")
        return {name: value for name, value in values.items() if name not in later}

    half = replace(CONFIG, n_steps=4)
    with patch.object(Provenance, "to_json", lambda claim: without(claim.values)):
        train_gan(players(), batches(), half, folder=tmp_path)
    held = read_checkpoint(checkpoint_files(tmp_path)[-1]).values["identity"]
    assert not {"optimizer", "averages", "n_frozen"} & set(held)
    longer = train_gan(players(), batches(), CONFIG, folder=tmp_path)
    assert same_weights(train_gan(players(), batches(), CONFIG).generator, longer.generator)
    with pytest.raises(BadOption, match=r"holds a training with weight_bound None, not 0\.01"):
        train_gan(players(), batches(), replace(CONFIG, weight_bound=0.01), folder=tmp_path)
    with pytest.raises(BadOption, match=r"averages \[1\.0\], not \[0\.25, 1\.0\], n_frozen 0, not 1"):
        train_gan(players(), batches(), replace(CONFIG, averages=(0.25, 1.0), n_frozen=1), folder=tmp_path)
