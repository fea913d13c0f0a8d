from __future__ import annotations

import torch

from partly.training.augment.segmentation.augmentation import NO_AUGMENTATION, Augmentation, augment
from partly.training.augment.segmentation.backdrop_and_occlusion import backdrops, paste_behind


def test_only_background_is_replaced() -> None:
    images, behind = torch.zeros(1, 3, 16, 16), torch.ones(1, 3, 16, 16)
    background = torch.zeros(1, 1, 16, 16)
    background[..., 8:] = 1.0
    pasted = paste_behind(images, background, behind)
    assert torch.equal(pasted[..., :7], images[..., :7])
    assert torch.equal(pasted[..., 9:], behind[..., 9:])


def test_doubtful_pixels_are_blended() -> None:
    images, behind = torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)
    pasted = paste_behind(images, torch.full((1, 1, 8, 8), 0.55), behind)
    torch.testing.assert_close(pasted, torch.full((1, 3, 8, 8), 0.5))


def test_backdrops_come_from_the_other_pictures() -> None:
    images = torch.stack([torch.full((3, 16, 16), v) for v in (-1.0, 0.0, 1.0)])
    made = backdrops(images, torch.Generator().manual_seed(0))
    assert made.shape == images.shape
    for own, other in zip(images, made, strict=True):
        assert (other - own).abs().min() > 0.5


def test_labels_stay_what_they_were() -> None:
    draws = torch.Generator().manual_seed(0)
    images = torch.rand(4, 3, 32, 32, generator=draws) * 2 - 1
    labels = torch.zeros(4, 2, 32, 32)
    labels[:, 0] = 20.0
    labels[:, :, 8:24, 8:24] = labels[:, :, 8:24, 8:24].flip(1)
    only_backdrops = Augmentation(
        **{**vars(NO_AUGMENTATION), "backdrop_probability": 1.0}  # everything else stays off
    )
    changed, same_labels, _ = augment(
        images,
        labels,
        size_px=32,
        augmentation=only_backdrops,
        mirror_permutation=(0, 1),
        generator=torch.Generator().manual_seed(1),
    )
    torch.testing.assert_close(same_labels, labels, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(changed[..., 10:22, 10:22], images[..., 10:22, 10:22], rtol=1e-4, atol=1e-3)
    assert (changed - images)[..., :6, :].abs().mean() > 0.2
