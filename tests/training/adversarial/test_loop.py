import json
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.augment.adversarial.ada import AdaptiveAugmentation
from partly.augment.adversarial.diff_augment import DiffAugment
from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadModelFile, BadOption, TrainingDiverged
from partly.losses.adversarial_losses import NonSaturating
from partly.losses.slope_penalties import R1, PathLength
from partly.models.discriminators.stylegan2_discriminator import StyleGAN2Discriminator
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_loop import GanPlayers, train_gan
from partly.training.chassis.training_state import checkpoint_files

TINY = StyleGAN2Shape(32, z_dim=8, w_dim=6, n_mapping_layers=2, channel_base=256, most_channels=8)
CONFIG = GanConfig(
    6, batch_size=4, penalty_every=2, path_length_every=3, checkpoint_every=2, n_checkpoints=2, seed=3
)


def players(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return GanPlayers(
            StyleGAN2(TINY), StyleGAN2Discriminator(TINY), NonSaturating(), R1(1.0), PathLength()
        )


# Moves at once, and a lot, so that few steps show it.
ADA = AdaptiveAugmentation(target=-0.9, every=2, n_photos=20, first_p=0.2)


def batches(digest="0"):
    squares = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    return SquareBatches(PhotoSet(squares, tuple("abcdef"), (), digest), 4)


def same(one, other):
    return all(
        torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


def test_a_stopped_training_ends_where_one_that_was_not_stopped_does(tmp_path):
    reports = []
    whole = train_gan(players(), batches(), CONFIG, on_step=reports.append)

    def stop(report):
        if report.step == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_gan(players(), batches(), CONFIG, folder=tmp_path, on_step=stop)
    after = []
    parts = train_gan(players(), batches(), CONFIG, folder=tmp_path, on_step=after.append)
    assert same(whole.generator, parts.generator)
    assert [report.step for report in after] == [4, 5, 6]
    for one, other in zip(reports[3:], after, strict=True):
        assert one.generator_loss == other.generator_loss
        assert one.discriminator_loss == other.discriminator_loss
        assert one.penalty == other.penalty
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [1, 2, 3, 4, 5, 6]


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
    assert same(whole.generator, parts.generator)
    found = [report.augment_p for report in reports]
    assert found[0] == 0.2
    assert len(set(found)) > 2
    assert [report.augment_p for report in after] == found[3:]
    assert [report.discriminator_loss for report in after] == [r.discriminator_loss for r in reports[3:]]
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["augment_p"] for line in log] == found
    with pytest.raises(BadOption, match="is the checkpoint of a training with another objective"):
        train_gan(replace(adaptive(), augment=replace(ADA, every=3)), batches(), CONFIG, folder=tmp_path)


def test_an_adaptive_augmentation_follows_the_scores_of_photos_at_every_discriminator_step():
    watched, reports = [], []
    two = replace(players(), augment=AdaptiveAugmentation(every=1, n_photos=100, first_p=0.5))
    # Photos and pictures take turns; only scores of photos count, of 4 at a time.
    two.discriminator.register_forward_hook(
        lambda _m, _i, scores: watched.append(scores.sign().mean().item())
    )
    config = replace(CONFIG, n_steps=4, n_discriminator_steps=2, penalty_every=99)
    train_gan(replace(two, penalty=None), batches(), config, on_step=reports.append)
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


def test_killed_between_checkpoints_it_ends_there_too(tmp_path):
    class KilledError(Exception):
        pass

    def kill(report):
        if report.step == 5:
            raise KilledError

    with pytest.raises(KilledError):
        train_gan(players(), batches(), CONFIG, folder=tmp_path, on_step=kill)
    after = []
    parts = train_gan(players(), batches(), CONFIG, folder=tmp_path, on_step=after.append)
    assert [report.step for report in after] == [5, 6]
    assert same(train_gan(players(), batches(), CONFIG).generator, parts.generator)


def test_the_last_few_checkpoints_are_kept(tmp_path):
    train_gan(players(), batches(), CONFIG, folder=tmp_path)
    assert [path.name for path in checkpoint_files(tmp_path)] == [
        "checkpoint-00000004.safetensors",
        "checkpoint-00000006.safetensors",
    ]


def test_a_finished_training_can_be_made_longer(tmp_path):
    train_gan(players(), batches(), replace(CONFIG, n_steps=4), folder=tmp_path)
    longer = train_gan(players(), batches(), CONFIG, folder=tmp_path)
    assert same(train_gan(players(), batches(), CONFIG).generator, longer.generator)


def test_both_players_and_the_average_move():
    two, before = players(), players()
    result = train_gan(two, batches(), CONFIG)
    assert not same(two.generator, before.generator)
    assert not same(two.discriminator, before.discriminator)
    assert not same(result.generator, two.generator)
    assert not result.generator.training
    assert result.generator.w_mean.abs().max() > 0
    assert all(p.requires_grad for p in two.discriminator.parameters())


def test_the_average_follows_the_generator_closely_at_first():
    """Half-lives grow with the pictures seen (Karras et al. 2020, training with adaptive augmentation)."""
    two = players()
    result = train_gan(two, batches(), replace(CONFIG, ema_half_life=1e9, ema_ramp_up=1e-9))
    assert same(result.generator, two.generator)


def test_the_discriminator_may_take_more_steps():
    reports = []
    train_gan(
        players(), batches(), replace(CONFIG, n_steps=2, n_discriminator_steps=3), on_step=reports.append
    )
    assert [report.n_seen for report in reports] == [12, 24]


def test_the_generator_may_take_more_steps():
    def after(n_generator_steps):
        playing = replace(players(), path_length=None)
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
        def __call__(self, discriminator, photos, pictures, random):
            calls.append(len(photos))
            return super().__call__(discriminator, photos, pictures, random)

    reports = []
    train_gan(replace(players(), penalty=Counting(1.0)), batches(), CONFIG, on_step=reports.append)
    assert calls == [4, 4, 4]
    assert reports[0].penalty == reports[1].penalty != reports[2].penalty


def test_without_penalties():
    bare = replace(players(), penalty=None, path_length=None)
    reports = []
    train_gan(bare, batches(), replace(CONFIG, n_steps=2), on_step=reports.append)
    assert [report.penalty for report in reports] == [None, None]


def test_all_that_the_discriminator_sees_is_augmented():
    """Photos and pictures differently, but the penalty of photos as their scores."""
    seen, changed = [], []

    def augment(images, random):
        changed.append(torch.rand(1, generator=random).item())
        return images * 0

    two = replace(players(), augment=augment)
    two.discriminator.register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0].abs().max().item()))
    train_gan(two, batches(), replace(CONFIG, n_steps=1))
    assert seen == [0.0] * 4
    real, fake, penalty, generator = changed
    assert real == penalty
    assert len({real, fake, generator}) == 3


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda p, s, c: (p, s, replace(c, seed=9)), "seed"),
        (lambda p, s, c: (p, s, replace(c, generator_rate=1e-3)), "generator_rate"),
        (lambda p, s, c: (p, batches(digest="1"), c), "photos"),
        (lambda p, s, c: (replace(p, penalty=R1(2.0)), s, c), "objective"),
        (lambda p, s, c: (players(1), s, c), "first weights"),
    ],
)
def test_a_checkpoint_of_another_training(tmp_path, change, named):
    train_gan(players(), batches(), replace(CONFIG, n_steps=2), folder=tmp_path)
    changed = change(players(), batches(), replace(CONFIG, n_steps=2))
    with pytest.raises(BadOption, match=f"is the checkpoint of a training with another {named}"):
        train_gan(*changed, folder=tmp_path)


def test_a_damaged_checkpoint(tmp_path):
    train_gan(players(), batches(), replace(CONFIG, n_steps=2), folder=tmp_path)
    checkpoint_files(tmp_path)[-1].write_bytes(b"damaged")
    with pytest.raises(BadModelFile, match="is no checkpoint"):
        train_gan(players(), batches(), replace(CONFIG, n_steps=2), folder=tmp_path)


@pytest.mark.parametrize("what", ["generator", "discriminator"])
def test_a_loss_that_is_no_number(tmp_path, what):
    class Broken(NonSaturating):
        n = 0

        def generator_loss(self, fake_scores):
            return super().generator_loss(fake_scores) * self._factor("generator")

        def discriminator_loss(self, real_scores, fake_scores):
            return super().discriminator_loss(real_scores, fake_scores) * self._factor("discriminator")

        def _factor(self, player):
            Broken.n += player == what
            return float("nan") if Broken.n == 4 else 1.0

    with pytest.raises(
        TrainingDiverged, match=f"the loss of the {what} is nan at step 3; expected a finite number"
    ):
        train_gan(replace(players(), objective=Broken()), batches(), CONFIG, folder=tmp_path)
    assert [path.name for path in checkpoint_files(tmp_path)] == ["checkpoint-00000002.safetensors"]


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"n_steps": 0}, "n_steps is 0; expected 1 or more"),
        ({"batch_size": 0}, "batch_size is 0; expected 1 or more"),
        ({"generator_rate": 0.0}, "generator_rate is 0.0; expected more than 0"),
        ({"style_mixing": 1.5}, "style_mixing is 1.5; expected a share from 0 to 1"),
        ({"seed": -1}, "seed is -1; expected 0 to"),
    ],
)
def test_choices_that_cannot_be(choice, text):
    with pytest.raises(BadOption, match=text):
        replace(CONFIG, **choice)
