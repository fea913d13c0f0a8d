from __future__ import annotations

import pytest
import torch

from partly.errors import BadOption
from partly.models.generators.latent_sampling import (
    class_means_of_w,
    draw_classes,
    mean_of_w,
    pictures_digest,
    sample_class,
    sample_factor,
    sample_w,
    sample_z,
)
from partly.models.generators.stylegan2.stylegan2_generator import StyleGAN2
from partly.models.generators.stylegan2.stylegan2_shape import StyleGAN2Shape
from partly.models.generators.truncation import Truncation
from tests.fakes import tiny_generator


def test_a_latent_depends_on_seed_and_index_only() -> None:
    first = sample_z(16, 3, 5)
    torch.manual_seed(99)
    sample_z(16, 3, 4)
    assert torch.equal(sample_z(16, 3, 5), first)
    assert not torch.equal(sample_z(16, 3, 6), first)
    assert not torch.equal(sample_z(16, 4, 5), first)


def test_latents_are_what_they_were_in_the_first_version() -> None:
    # Shipped annotations and benchmarks name pictures by seed and index: these values must never change.
    expected = [-0.5473, -1.2001, 0.7726, 0.3385]
    torch.testing.assert_close(sample_z(4, 2026, 7)[0], torch.tensor(expected), rtol=0, atol=1e-4)


def test_latents_are_standard_normal() -> None:
    z = torch.cat([sample_z(64, 0, i) for i in range(200)])
    assert abs(float(z.mean())) < 0.03
    assert abs(float(z.std()) - 1) < 0.03


def test_factors_fill_the_range_evenly() -> None:
    factors = torch.tensor([sample_factor(Truncation(0.6, 0.8), 1, i) for i in range(400)])
    assert float(factors.min()) >= 0.6
    assert float(factors.max()) <= 0.8
    assert abs(float(factors.mean()) - 0.7) < 0.01


def test_without_truncation_nothing_is_pulled() -> None:
    generator = tiny_generator()
    assert torch.equal(sample_w(generator, 0, 0), generator.map(sample_z(8, 0, 0)))


@pytest.mark.parametrize(("low", "high"), [(0.9, 0.8), (-0.1, 1), (0, 2.5)])
def test_impossible_truncation_is_refused(low: float, high: float) -> None:
    with pytest.raises(BadOption, match=r"expected 0 <= low <= high <= 2\. Try 0\.7 to 1"):
        Truncation(low, high)


def test_negative_seed_is_refused() -> None:
    with pytest.raises(BadOption, match="seed -1, index 0; expected numbers from 0 up"):
        sample_z(4, -1, 0)


def test_the_mean_of_w_is_that_of_the_first_latents() -> None:
    generator = tiny_generator()
    first = torch.cat([sample_w(generator, 0, i, purpose="mean of w")[:, 0] for i in range(4)])
    torch.testing.assert_close(mean_of_w(generator, 4), first.mean(0))


def with_classes() -> StyleGAN2:
    """A generator of three classes with random weights, and the means of its classes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        shape = StyleGAN2Shape(32, 8, 6, 2, channel_base=64, most_channels=4, classes=("a", "b", "c"))
        generator = StyleGAN2(shape).eval().requires_grad_(False)
    generator.class_means.copy_(class_means_of_w(generator, 50))
    generator.digest = "d"
    return generator


def test_of_as_many_pictures_in_a_row_as_classes_each_shows_another() -> None:
    generator = with_classes()
    shown = [sample_class(generator, 5, index) for index in range(300)]
    assert all(set(shown[i : i + 3]) == {"a", "b", "c"} for i in range(0, 300, 3))
    # Not in one order, so that every third picture is not of one class.
    assert len(set(shown[::3])) == 3
    assert shown == [sample_class(generator, 5, index) for index in range(300)]
    assert shown != [sample_class(generator, 6, index) for index in range(300)]
    assert sample_class(tiny_generator(), 5, 0) is None


def test_only_the_classes_that_are_asked_for_are_drawn() -> None:
    generator = with_classes()
    whole = pictures_digest(generator)
    draw_classes(generator, ("c", "a"))
    assert {sample_class(generator, 0, index) for index in range(50)} == {"a", "c"}
    assert pictures_digest(generator) == "d, classes 'a', 'c'"
    draw_classes(generator, ())
    assert {sample_class(generator, 0, index) for index in range(50)} == {"a", "b", "c"}
    assert pictures_digest(generator) == whole == "d"
    with pytest.raises(BadOption, match="the generator knows no class 'x'; expected one of a, b, c"):
        draw_classes(generator, ("a", "x"))
    with pytest.raises(BadOption, match="the generator knows no class 'x'; expected none: it knows none"):
        draw_classes(tiny_generator(), ("x",))


def test_truncation_pulls_to_the_mean_of_the_class() -> None:
    generator = with_classes()
    for place, name in enumerate(generator.classes):
        latents = [sample_w(generator, 0, i, None, "mean of w", class_name=name) for i in range(50)]
        first = torch.cat(latents)[:, 0]
        torch.testing.assert_close(generator.class_means[place], first.mean(0))
        w = sample_w(generator, 1, 2, Truncation(0, 0), class_name=name)
        torch.testing.assert_close(w, generator.class_means[place].expand_as(w))
    torch.testing.assert_close(mean_of_w(generator, 50), generator.class_means.mean(0))
    for index in range(6):
        place = generator.classes.index(str(sample_class(generator, 3, index)))
        assert torch.equal(
            sample_w(generator, 3, index, Truncation(0, 0))[0, 0], generator.class_means[place]
        )
