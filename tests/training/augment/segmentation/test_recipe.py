import dataclasses

import pytest
import torch

from partly.training.augment.segmentation.augmentation import NO_AUGMENTATION, Augmentation, augment

SWAP = (0, 2, 1)


def run(augmentation, *, seed=0, n=6, size_px=24, mirror=SWAP, source_px=24, label_px=24):
    made = torch.Generator().manual_seed(9)
    images = torch.rand(n, 3, source_px, source_px, generator=made) * 2 - 1
    labels = torch.randn(n, 3, label_px, label_px, generator=made)
    generator = torch.Generator().manual_seed(seed)
    changed = augment(
        images,
        labels,
        size_px=size_px,
        augmentation=augmentation,
        mirror_permutation=mirror,
        generator=generator,
    )
    return images, labels, changed


def test_no_augmentation_changes_nothing():
    images, labels, (new_images, new_labels, weights) = run(NO_AUGMENTATION)
    assert torch.allclose(new_images, images, atol=1e-4)
    assert torch.allclose(new_labels, labels, atol=1e-4)
    assert (weights == 1).all()


def test_same_seed_same_result_another_seed_another():
    _, _, first = run(Augmentation(occlusion_probability=0.5))
    _, _, again = run(Augmentation(occlusion_probability=0.5))
    _, _, other = run(Augmentation(occlusion_probability=0.5), seed=1)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_pictures_and_labels_come_out_at_the_wanted_size():
    _, _, (images, labels, weights) = run(Augmentation(), source_px=48, label_px=12, size_px=32)
    assert images.shape == (6, 3, 32, 32)
    assert labels.shape == (6, 3, 32, 32)
    assert weights.shape == (6, 1, 32, 32)
    assert images.abs().max() <= 1


def test_mirrored_pictures_swap_left_and_right():
    always = dataclasses.replace(NO_AUGMENTATION, flip_probability=1)
    images, labels, (new_images, new_labels, _) = run(always)
    assert torch.allclose(new_images, images.flip(3), atol=1e-4)
    assert torch.allclose(new_labels, labels[:, list(SWAP)].flip(3), atol=1e-4)


def test_labels_move_with_the_picture():
    # A picture that is its own label: after any move, the two still agree.
    made = torch.Generator().manual_seed(0)
    coarse = torch.rand(8, 3, 6, 6, generator=made) * 2 - 1
    images = torch.nn.functional.interpolate(coarse, (48, 48), mode="bilinear")
    only_geometry = dataclasses.replace(NO_AUGMENTATION, geometry_probability=1, flip_probability=0.5)
    moved, labels, weights = augment(
        images,
        images.clone(),
        size_px=32,
        augmentation=only_geometry,
        mirror_permutation=(0, 1, 2),
        generator=made,
    )
    assert torch.allclose(moved, labels, atol=1e-4)
    assert 0.1 < weights.mean() < 1


def test_pixels_from_outside_weigh_what_is_asked_for():
    smaller = dataclasses.replace(
        NO_AUGMENTATION,
        geometry_probability=1,
        scale=(0.5, 0.5),
        rotation_deg=0,
        translation=0,
        outside_weight=0.25,
    )
    _, _, (_, _, weights) = run(smaller)
    assert weights.unique().tolist() == [0.25, 1.0]
    assert weights.mean().item() == pytest.approx(0.25 + 0.75 * 0.25)


def test_hidden_pixels_do_not_count():
    hiding = dataclasses.replace(NO_AUGMENTATION, occlusion_probability=1)
    images, _, (new_images, _, weights) = run(hiding)
    hidden = (weights == 0).expand_as(images)
    assert hidden.any()
    assert torch.allclose(new_images[~hidden], images[~hidden], atol=1e-4)


@pytest.mark.parametrize(
    "strength",
    [
        {"colour_probability": 1.0},
        {"grey_probability": 1.0},
        {"blur_probability": 1.0, "blur_sigma": 0.1},
        {"low_resolution_probability": 1.0},
        {"noise_probability": 1.0},
        {"jpeg_probability": 1.0},
    ],
)
def test_each_change_of_look_leaves_the_labels(strength):
    images, labels, (new_images, new_labels, weights) = run(dataclasses.replace(NO_AUGMENTATION, **strength))
    assert (new_images - images).abs().mean() > 0.01
    assert torch.allclose(new_labels, labels, atol=1e-4)
    assert (weights == 1).all()


def test_grey_pictures_are_grey():
    _, _, (images, _, _) = run(Augmentation(grey_probability=1, noise_probability=0, jpeg_probability=0))
    assert torch.allclose(images[:, 0], images[:, 1], atol=1e-4)
