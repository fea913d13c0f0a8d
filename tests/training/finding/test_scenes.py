"""Scenes, against what they are said to show."""

import math

import pytest
import torch

from partly.training.finding.finder_targets import finder_targets
from partly.training.finding.scene_backgrounds import backgrounds
from partly.training.finding.scenes import Scene, SceneOptions, compose_scenes

N_PARTS = 3


def pictures(n=6, size_px=64):
    """Discs of part 1 with a part 2 above their middle, red and blue on grey."""
    at = torch.linspace(-1, 1, size_px)
    disc = (at[None] ** 2 + at[:, None] ** 2 < 0.6).float()
    dot = (at[None] ** 2 + (at[:, None] + 0.4) ** 2 < 0.05).float()
    shares = torch.stack([1 - disc, disc - dot, dot]).expand(n, -1, -1, -1)
    colours = torch.tensor([[0.1, 0.1, 0.1], [0.9, -0.9, -0.9], [-0.9, -0.9, 0.9]])
    return torch.einsum("bkhw,kc->bchw", shares, colours), shares.clone()


def scenes(seed=0, n=6, **options):
    random = torch.Generator().manual_seed(seed)
    return compose_scenes(*pictures(n), SceneOptions(size_px=96, **options), random)


def test_scenes_are_a_function_of_their_seed():
    for one, same in zip(scenes(3), scenes(3), strict=True):
        assert torch.equal(one.image, same.image)
        assert torch.equal(one.objects, same.objects)
    assert not torch.equal(scenes(3)[0].image, scenes(4)[0].image)


def test_empty_scenes_have_no_object_and_no_part():
    for scene in scenes(empty=1.0, filling=0.0):
        assert scene.objects.shape == (0, 4)
        assert torch.equal(scene.shares[0], torch.ones(96, 96))


@pytest.mark.parametrize("seed", range(4))
def test_where_an_object_is_said_to_stand_its_parts_stand(seed):
    for scene in scenes(seed, filling=0.0, empty=0.0, single=1.0, hidden=0.0, smallest=0.3, largest=0.8):
        [(x, y, side, angle)] = scene.objects.tolist()
        ys, xs = (scene.shares[2] > 0.5).nonzero(as_tuple=True)
        dot_x, dot_y = float(xs.float().mean()) + 0.5, float(ys.float().mean()) + 0.5
        # The dot is a fifth of the side above the middle of an upright object.
        up = 0.2 * side
        expected = x - up * math.sin(angle), y - up * math.cos(angle)
        if 8 < expected[0] < 88 and 8 < expected[1] < 88:
            assert (dot_x, dot_y) == pytest.approx(expected, abs=2)


def test_shares_are_probabilities_and_images_are_in_range():
    for scene in scenes(1, n=6):
        assert scene.shares.sum(0) == pytest.approx(torch.ones(96, 96), abs=1e-4)
        assert scene.image.abs().max() <= 1.0001


def test_of_several_none_covers_the_middle_of_another():
    for scene in scenes(2, filling=0.0, empty=0.0, single=0.0):
        objects = torch.cat([scene.objects, scene.hardly])
        for i, one in enumerate(objects):
            for other in objects[i + 1 :]:
                assert (one[:2] - other[:2]).norm() > 0.42 * (one[2] + other[2]) - 1e-3


def test_hidden_objects_are_not_asked_for():
    visible = sum(len(s.objects) for seed in range(6) for s in scenes(seed, hidden=0.0, least_visible=0.99))
    all_of_them = sum(
        len(s.objects) for seed in range(6) for s in scenes(seed, hidden=0.0, least_visible=0.1)
    )
    assert visible < all_of_them


def test_photos_without_an_object_are_put_behind():
    others = torch.full((2, 3, 40, 40), 0.77)
    images, shares = pictures(12)
    random = torch.Generator().manual_seed(0)
    behind = backgrounds(images, 1 - shares[:, :1], 48, random, others)
    n = sum(bool(torch.allclose(one, torch.tensor(0.77))) for one in behind)
    assert 2 <= n <= 10


def test_targets_are_high_at_centres_and_say_how_objects_stand():
    scene = Scene(
        torch.zeros(3, 96, 96),
        torch.zeros(N_PARTS, 96, 96),
        torch.tensor([[20.0, 28.0, 32.0, math.pi / 2], [70.0, 60.0, 64.0, 0.0]]),
        torch.tensor([[90.0, 10.0, 20.0, 0.0]]),
    )
    targets = finder_targets([scene])
    assert targets.n_objects == 2
    assert (targets.heat[0] == 1).nonzero().tolist() == [[3, 2], [7, 8]]
    right, down, size, cosine, sine = targets.placement[0, :, 3, 2].tolist()
    assert (right, down) == pytest.approx((20 / 8 - 2.5, 28 / 8 - 3.5))
    assert (size, cosine, sine) == pytest.approx((-1, 0, 1), abs=1e-6)
    assert targets.placement[0, 2, 7, 8] == 0
    assert targets.counts[0, 1, 11] == 0  # what is hardly seen may be found or not
    assert targets.counts[0, 3, 2] == 1
    assert targets.weights[0, 0, 0] == 0
