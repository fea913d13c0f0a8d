import pytest
import torch

from partly.training.augment.adversarial.diff_augment import DiffAugment


@pytest.fixture
def images():
    return torch.rand(64, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def random(seed=1):
    return torch.Generator().manual_seed(seed)


NOTHING = DiffAugment(colour=False, translation=0, cutout=0)


def test_nothing_asked_for_changes_nothing(images):
    assert torch.equal(NOTHING(images, random()), images)


def test_the_same_numbers_give_the_same_images(images):
    assert torch.equal(DiffAugment()(images, random()), DiffAugment()(images, random()))
    assert not torch.equal(DiffAugment()(images, random()), DiffAugment()(images, random(2)))


def test_colour_is_affine_in_each_picture_and_keeps_places(images):
    changed = DiffAugment(translation=0, cutout=0)(images, random())
    assert changed.shape == images.shape
    for before, after in zip(images[:8], changed[:8], strict=True):
        # Differences of grey values are scaled by contrast alone, between 0.5 and 1.5.
        grey, grey_after = before.mean(0), after.mean(0)
        ratio = (grey_after - grey_after.mean()).norm() / (grey - grey.mean()).norm()
        assert 0.5 - 1e-4 <= ratio <= 1.5 + 1e-4
        assert torch.corrcoef(torch.stack([grey.flatten(), grey_after.flatten()]))[0, 1] > 0.999


def test_translation_moves_by_whole_pixels_and_fills_with_zeros(images):
    moved = DiffAugment(colour=False, translation=0.125, cutout=0)(images, random())
    shifts = set()
    for before, after in zip(images, moved, strict=True):
        found = []
        for dy in range(-2, 3):
            for dx in range(-2, 3):
                wanted = torch.zeros_like(before)
                rows = slice(max(0, dy), 16 + min(0, dy)), slice(max(0, -dy), 16 + min(0, -dy))
                columns = slice(max(0, dx), 16 + min(0, dx)), slice(max(0, -dx), 16 + min(0, -dx))
                wanted[:, rows[0], columns[0]] = before[:, rows[1], columns[1]]
                if torch.equal(wanted, after):
                    found.append((dy, dx))
        assert len(found) == 1
        shifts.update(found)
    assert len(shifts) > 15


def test_cutout_blanks_one_rectangle_of_at_most_half_the_side(images):
    cut = DiffAugment(colour=False, translation=0, cutout=0.5)(images + 3, random())
    gone = (cut == 0).all(1)
    assert gone.any((1, 2)).all()
    for one in gone:
        rows, columns = one.any(1), one.any(0)
        assert torch.equal(one, rows[:, None] & columns[None, :])
        assert 4 <= rows.sum() <= 8
        assert 4 <= columns.sum() <= 8
    assert torch.equal(cut[~gone[:, None].expand_as(cut)], (images + 3)[~gone[:, None].expand_as(cut)])


def test_gradients_go_through(images):
    images.requires_grad_(True)
    [gradient] = torch.autograd.grad(DiffAugment()(images, random()).square().sum(), images)
    assert gradient.isfinite().all()
    assert (gradient != 0).float().mean() > 0.5
