from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.photos.photo_classes import PhotoClasses
from partly.data.photos.photo_sets import PhotoSet
from partly.errors import BadOption
from partly.training.adversarial.gan_batches import SquareBatches, mixed_latents, random_of
from partly.training.adversarial.gan_report import GanReport, gan_figures_text


class Rows:
    """A generator whose latents are told apart by their first value."""

    z_dim, n_layers = 2, 6

    def map(self, z, condition=None):
        return z[:, None].expand(-1, self.n_layers, -1)


class OneRow(Rows):
    n_layers = 1


def test_purposes_steps_and_parts_draw_apart():
    drawn = [
        torch.rand(4, generator=random_of(seed, step, purpose, part)).tolist()
        for seed in (0, 1)
        for step in (0, 7)
        for purpose in ("photos", "noise")
        for part in (0, 1)
    ]
    assert len({tuple(values) for values in drawn}) == 16
    again = torch.rand(4, generator=random_of(1, 7, "noise", 1)).tolist()
    assert again == drawn[-1]


def test_latents_change_at_one_layer():
    w = mixed_latents(Rows(), 500, 1.0, torch.Generator().manual_seed(0))
    assert w.shape == (500, 6, 2)
    changes = (w[:, 1:] != w[:, :-1]).any(2)
    assert (changes.sum(1) == 1).all()
    # Every layer but the first, about as often as any other.
    assert changes.float().mean(0).sub(0.2).abs().max() < 0.06


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_share_of_latents_is_mixed(share):
    w = mixed_latents(Rows(), 1000, share, torch.Generator().manual_seed(0))
    mixed = (w[:, 0] != w[:, -1]).any(1).float().mean().item()
    assert mixed == pytest.approx(share, abs=0.05)


def test_families_without_styles_are_not_mixed():
    assert mixed_latents(OneRow(), 5, 1.0, torch.Generator()).shape == (5, 1, 2)


def test_photos_come_in_range_all_once_a_round_and_half_of_them_mirrored():
    squares = np.zeros((40, 2, 2, 3), np.uint8)
    squares[:, :, 0, 0] = np.arange(40)[:, None]
    squares[:, :, 1, 1] = 255
    photos = PhotoSet(squares, ("",) * 40, (), "")
    plain, mirrored = (SquareBatches(photos, 8, 0, mirror=mirror) for mirror in (False, True))
    seen = torch.cat([plain.read(i).photos for i in range(5)])
    assert seen.shape == (40, 3, 2, 2)
    assert sorted(((seen[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()) == list(range(40))
    assert (seen[:, 1, :, 1] == 1).all()
    turned = torch.cat([mirrored.read(i).photos for i in range(25)])[:, 1, 0, 0] == 1
    assert 0.4 < turned.float().mean() < 0.6
    assert torch.equal(mirrored.read(3).photos, mirrored.read(3).photos)
    assert mirrored.read(3).condition.shape == (8, mirrored.condition_width) == (8, 0)


def test_every_photo_brings_its_class():
    squares = np.zeros((6, 2, 2, 3), np.uint8)
    squares[:, 0, 0, 0] = range(6)
    photos = PhotoSet(squares, tuple("abcdef"), (), "p")
    classes = PhotoClasses(("x", "y", "z"), np.array([2, 0, 1, 2, 0, 1]))
    batches = SquareBatches(photos, 3, 0, classes=classes)
    assert batches.condition_width == 3
    for number in range(4):
        batch = batches.read(number)
        shown = ((batch.photos[:, 0] + 1) * 127.5).amax((1, 2)).round().long()
        assert batch.condition.dtype == torch.float32
        assert torch.equal(batch.condition, torch.eye(3)[torch.from_numpy(classes.indexes)[shown]])
    other = PhotoClasses(("x", "y", "z"), classes.indexes[::-1].copy())
    digests = {SquareBatches(photos, 3, 0, classes=c).digest for c in (None, classes, other)}
    assert len(digests) == 3


def test_fewer_photos_than_a_batch():
    photos = PhotoSet(np.zeros((3, 2, 2, 3), np.uint8), ("",) * 3, (), "")
    with pytest.raises(BadOption, match="there are 3 photos, and 4 in a batch; expected as many photos"):
        SquareBatches(photos, 4)


def test_digests_tell_batches_apart():
    photos = PhotoSet(np.zeros((3, 2, 2, 3), np.uint8), ("",) * 3, (), "abc")
    made = [SquareBatches(photos, 2), SquareBatches(photos, 3), SquareBatches(photos, 2, 1)]
    made.append(SquareBatches(photos, 2, mirror=False))
    assert len({batches.digest for batches in made}) == 4


def test_figures_in_one_line():
    report = GanReport(2, 10, 64, 0.5, 1.25, None, 0.75, -0.5, 31.4, 3600)
    assert gan_figures_text(report) == (
        "64 photos seen  G 0.500  D 1.250  scores +0.75 real -0.50 fake  31.4 photos/s  1:00:00 left"
    )
    assert "  augment p 0.125  31.4 photos/s" in gan_figures_text(replace(report, augment_p=0.125))
