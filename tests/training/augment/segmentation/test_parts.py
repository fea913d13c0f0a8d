from __future__ import annotations

from dataclasses import replace

import torch

from partly.training.augment.segmentation import part_colours_changed as parts_module
from partly.training.augment.segmentation.augmentation import NO_AUGMENTATION, augment
from partly.training.augment.segmentation.part_colours_changed import recolour_parts

N_PARTS = 3


def _draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _images(n: int = 4) -> torch.Tensor:
    """Grey enough that nothing is clipped: values from 0.2 to 0.5 of [0, 1]."""
    return torch.rand(n, 3, 8, 8, generator=_draws(9)) * 0.6 - 0.6


def _shares(n: int = 4) -> torch.Tensor:
    """Three parts in columns of two, two and four pixels."""
    ids = torch.tensor([0, 0, 1, 1, 2, 2, 2, 2]).expand(n, 8, 8)
    return torch.nn.functional.one_hot(ids, N_PARTS).permute(0, 3, 1, 2).float()


def _line(before: torch.Tensor, after: torch.Tensor) -> tuple[float, float]:
    """Slope and offset of one channel of one part, by least squares in [0, 1], which must fit exactly."""
    x, y = (before.flatten() + 1) / 2, (after.flatten() + 1) / 2
    columns = torch.stack((x, torch.ones_like(x)), 1)
    solution = torch.linalg.lstsq(columns, y[:, None]).solution
    torch.testing.assert_close(columns @ solution, y[:, None], atol=1e-5, rtol=0)
    return round(float(solution[0]), 4), round(float(solution[1]), 4)


def test_every_part_of_every_picture_has_a_line_of_its_own() -> None:
    images, shares = _images(), _shares()
    changed = recolour_parts(images, shares, 1.0, _draws())
    slopes: list[float] = []
    for picture in range(4):
        for part in range(N_PARTS):
            inside = shares[picture, part].bool()
            channels = zip(images[picture], changed[picture], strict=True)
            lines = [_line(before[inside], after[inside]) for before, after in channels]
            assert len({slope for slope, _ in lines}) == 1, "a part is mixed with one colour"
            assert len({offset for _, offset in lines}) == 3
            assert all(offset >= 0 for _, offset in lines)
            slopes.append(lines[0][0])
    assert len(set(slopes)) == 12
    most = torch.tensor(parts_module._MOST_GAIN).exp()
    least = (1 - parts_module._MOST_BLENDED) / most
    assert all(least <= slope <= most for slope in slopes)


def test_between_parts_both_are_mixed() -> None:
    images, shares = _images(1), _shares(1)
    soft = shares.clone()
    soft[:, :, :, 3] = torch.tensor([0.0, 0.25, 0.75])[:, None]
    hard_left = recolour_parts(images, shares, 1.0, _draws())
    all_right = torch.zeros_like(shares)
    all_right[:, 2] = 1
    hard_right = recolour_parts(images, all_right, 1.0, _draws())
    mixed = recolour_parts(images, soft, 1.0, _draws())
    expected = 0.25 * hard_left[..., 3] + 0.75 * hard_right[..., 3]
    torch.testing.assert_close(mixed[..., 3], expected, atol=1e-6, rtol=0)


def test_the_probability_is_that_of_a_part() -> None:
    images, shares = _images(400), _shares(400)
    changed = (recolour_parts(images, shares, 0.3, _draws()) - images).abs()
    by_part = torch.stack([(changed * shares[:, [k]]).amax((1, 2, 3)) > 1e-4 for k in range(N_PARTS)])
    assert 0.25 < by_part.float().mean() < 0.35
    assert torch.equal(recolour_parts(images, shares, 0.0, _draws()), images)


def test_values_stay_in_range_and_seeds_repeat() -> None:
    images, shares = torch.rand(4, 3, 8, 8) * 2 - 1, _shares()
    changed = recolour_parts(images, shares, 1.0, _draws(3))
    assert -1 <= changed.min() < changed.max() <= 1
    assert torch.equal(changed, recolour_parts(images, shares, 1.0, _draws(3)))
    assert not torch.equal(changed, recolour_parts(images, shares, 1.0, _draws(4)))


def test_the_recipe_recolours_by_the_labels_and_leaves_them() -> None:
    images, logits = _images(), 20 * _shares()
    both = [
        augment(
            images,
            logits,
            size_px=8,
            augmentation=replace(NO_AUGMENTATION, part_probability=probability),
            mirror_permutation=(0, 1, 2),
            generator=_draws(),
        )
        for probability in (0.0, 1.0)
    ]
    (plain, labels, _), (changed, same_labels, _) = both
    torch.testing.assert_close(plain, images, atol=1e-5, rtol=0)
    assert torch.equal(labels, same_labels)
    assert (changed - plain).abs().mean() > 0.05
