import torch

from partly.training.inversion.photo_changes import photo_like


def pictures(n=16, grain_px=1):
    """Noise of squares of ``grain_px``."""
    side = 32 // grain_px
    noise = torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0)) * 1.4 - 0.7
    return noise.repeat_interleave(grain_px, 2).repeat_interleave(grain_px, 3)


def test_changes_follow_from_the_seed():
    first, same, other = (photo_like(pictures(), seed) for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_pictures_stay_pictures_and_what_they_show():
    before = pictures(grain_px=8)
    kept = before.clone()
    changed = photo_like(before, 3)
    assert torch.equal(before, kept)
    assert changed.shape == before.shape
    assert changed.abs().max() <= 1
    means = torch.nn.functional.avg_pool2d
    for one, other in zip(means(changed, 4).flatten(0, 1), means(before, 4).flatten(0, 1), strict=True):
        assert torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1] > 0.7


def test_some_are_blurred_and_some_not():
    before = pictures(64)
    changed = photo_like(before, 0)
    rough = (changed[..., 1:] - changed[..., :-1]).square().mean(dim=(1, 2, 3))
    usual = (before[..., 1:] - before[..., :-1]).square().mean(dim=(1, 2, 3))
    shares = rough / usual
    assert (shares < 0.5).sum() > 8
    assert (shares > 0.8).sum() > 8
