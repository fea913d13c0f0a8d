"""What every generator must do; a family's tests inherit it and give ``generator``."""

from __future__ import annotations

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from partly.errors import BadModelFile, BadOption
from partly.machine import Machine
from partly.models.generators.generator_protocol import Generator
from partly.models.generators.generator_table import load_generator
from partly.models.generators.latent_sampling import one_hot, sample_class, sample_w, truncate
from partly.models.generators.synthesis_on_machine import synthesise_on
from partly.models.generators.truncation import Truncation
from tests.device_with_values import device_with_values


class GeneratorContract(ABC):
    """What holds of every generator.

    Attributes:
        name: as errors of its model folder have it; None: it has no folder of its own.
        impossible: changes of the arguments in its model folder that build nothing.
    """

    name: ClassVar[str | None] = None
    impossible: ClassVar[tuple[Mapping[str, Any], ...]] = ({"surprise": 1}, {"image_size_px": 20})

    @pytest.fixture
    @abstractmethod
    def generator(self) -> Generator: ...

    def test_follows_the_protocol(self, generator: Generator) -> None:
        assert isinstance(generator, Generator)
        assert generator.w_mean.shape == (generator.w_dim,)
        assert len(generator.digest) == 64
        assert generator.class_means.shape == (len(generator.classes), generator.w_dim)
        assert generator.drawn_classes == tuple(range(len(generator.classes)))

    def test_maps_to_one_row_for_each_layer(self, generator: Generator) -> None:
        conditions = one_hot(generator, (sample_class(generator, 0, i) for i in range(3)))
        w = generator.map(torch.randn(3, generator.z_dim), conditions)
        assert w.shape == (3, generator.n_layers, generator.w_dim)

    def test_pyramid_is_what_levels_say_coarse_to_fine(self, generator: Generator) -> None:
        synthesis = generator.synthesise(sample_w(generator, 0, 0))
        found = [(m.shape[1], m.shape[2], m.shape[3]) for m in synthesis.pyramid.maps]
        assert found == [(level.n_channels, level.size_px, level.size_px) for level in generator.levels]
        sizes = [level.size_px for level in generator.levels]
        assert sizes == sorted(sizes)

    def test_pictures_are_square_finite_floats(self, generator: Generator) -> None:
        images = generator.synthesise(sample_w(generator, 0, 0)).images
        assert images is not None
        assert images.shape == (1, 3, generator.image_size_px, generator.image_size_px)
        assert images.dtype == torch.float32
        assert images.isfinite().all()

    def test_is_deterministic(self, generator: Generator) -> None:
        w = sample_w(generator, 0, 1)
        first, second = generator.synthesise(w), generator.synthesise(w)
        assert first.images is not None
        assert second.images is not None
        assert torch.equal(first.images, second.images)

    def test_a_batch_is_its_pictures(self, generator: Generator) -> None:
        w = torch.cat([sample_w(generator, 0, i) for i in range(3)])
        batch = generator.synthesise(w)
        for i in range(3):
            alone = generator.synthesise(w[i : i + 1])
            assert batch.images is not None
            assert alone.images is not None
            torch.testing.assert_close(batch.images[i : i + 1], alone.images, rtol=1e-4, atol=1e-4)
            for whole, one in zip(batch.pyramid.maps, alone.pyramid.maps, strict=True):
                torch.testing.assert_close(whole[i : i + 1], one, rtol=1e-4, atol=1e-4)

    def test_stops_early_with_the_same_features(self, generator: Generator) -> None:
        w = sample_w(generator, 0, 2)
        whole = generator.synthesise(w)
        for size_px in sorted({level.size_px for level in generator.levels}):
            early = generator.synthesise(w, features_px=size_px, images=False)
            assert early.images is None
            expected = [m for m in whole.pyramid.maps if m.shape[-1] <= size_px]
            assert len(early.pyramid) == len(expected)
            for a, b in zip(early.pyramid.maps, expected, strict=True):
                assert torch.equal(a, b)

    def test_different_latents_give_different_pictures(self, generator: Generator) -> None:
        first = generator.synthesise(sample_w(generator, 0, 3)).images
        second = generator.synthesise(sample_w(generator, 0, 4)).images
        assert first is not None
        assert second is not None
        assert (first - second).abs().max() > 1e-3

    def test_w_plus_rows_reach_their_layers(self, generator: Generator) -> None:
        if generator.n_layers == 1:
            pytest.skip("a family without styles")
        w = sample_w(generator, 0, 5).clone()
        before = generator.synthesise(w)
        w[:, -1] = sample_w(generator, 0, 6)[:, -1]
        after = generator.synthesise(w)
        assert torch.equal(before.pyramid.maps[0], after.pyramid.maps[0])
        assert before.images is not None
        assert after.images is not None
        assert not torch.equal(before.images, after.images)

    def test_truncation_pulls_to_the_mean(self, generator: Generator) -> None:
        w = sample_w(generator, 0, 7)
        shown = one_hot(generator, [sample_class(generator, 0, 7)])
        mean = (shown @ generator.class_means)[0] if generator.classes else generator.w_mean
        assert torch.allclose(truncate(w, mean, 0.0), mean.expand_as(w))
        assert torch.allclose(truncate(w, mean, 1.0), w, atol=1e-5)
        half = sample_w(generator, 0, 7, Truncation(0.5, 0.5))
        assert torch.allclose(half, (w + mean) / 2, atol=1e-5)

    def test_latents_of_another_shape_are_refused(self, generator: Generator) -> None:
        wanted = rf"expected \[b, {generator.n_layers}, {generator.w_dim}\]"
        for shape in ((2, generator.w_dim), (1, generator.n_layers + 1, generator.w_dim)):
            with pytest.raises(
                BadOption, match=rf"latents of shape \[{', '.join(map(str, shape))}\]; {wanted}"
            ):
                generator.synthesise(torch.zeros(shape))

    def test_features_below_the_first_level_are_refused(self, generator: Generator) -> None:
        first_px = generator.levels[0].size_px
        text = f"features up to {first_px - 1} px; expected {first_px} px or more"
        with pytest.raises(BadOption, match=text):
            generator.synthesise(sample_w(generator, 0, 0), features_px=first_px - 1)

    def test_another_device_makes_the_same(self, generator: Generator) -> None:
        if not isinstance(generator, nn.Module):
            pytest.skip("a generator that cannot be moved")
        w = sample_w(generator, 0, 0, Truncation(0.7, 0.7))
        here = generator.synthesise(w)
        with device_with_values() as device:
            there = copy.deepcopy(generator).to(device)
            latent = sample_w(there, 0, 0, Truncation(0.7, 0.7))
            assert torch.equal(latent.cpu(), w)
            made = there.synthesise(latent)
            assert {m.device for m in (made.images, *made.pyramid.maps)} == {device}
            found = made.cpu()
        assert here.images is not None
        assert found.images is not None
        assert torch.equal(found.images, here.images)
        for one, other in zip(found.pyramid.maps, here.pyramid.maps, strict=True):
            assert torch.equal(one, other)

    def test_halves_make_nearly_the_same(self, generator: Generator) -> None:
        w = sample_w(generator, 0, 0)
        whole = generator.synthesise(w)
        halves = synthesise_on(Machine(dtype=torch.bfloat16), generator, w)
        assert whole.images is not None
        assert halves.images is not None
        pairs = [(halves.images, whole.images), *zip(halves.pyramid.maps, whole.pyramid.maps, strict=True)]
        for half, one in pairs:
            assert half.dtype == torch.float32
            assert (half - one).abs().max() < 0.05 * one.abs().max()

    def test_saved_and_read_is_the_same(self, generator: Generator, tmp_path: Path) -> None:
        if self.name is None:
            pytest.skip("a generator without a model folder of its own")
        generator.save(tmp_path / "g", {"title": "tiny"})  # type: ignore[attr-defined]
        again = load_generator(tmp_path / "g")
        w = sample_w(generator, 0, 0)
        before, after = generator.synthesise(w).images, again.synthesise(w).images
        assert before is not None
        assert after is not None
        assert torch.equal(before, after)
        assert again.digest == generator.digest != "0" * 64
        assert again.folder == (tmp_path / "g").absolute()  # type: ignore[attr-defined]
        assert not any(p.requires_grad for p in again.parameters())  # type: ignore[attr-defined]
        assert torch.equal(again.class_means, generator.class_means)

    def test_arguments_that_build_nothing_are_refused(self, generator: Generator, tmp_path: Path) -> None:
        if self.name is None:
            pytest.skip("a generator without a model folder of its own")
        generator.save(tmp_path, {})  # type: ignore[attr-defined]
        card = json.loads((tmp_path / "model.json").read_text())
        for change in self.impossible:
            changed = card | {"arguments": card["arguments"] | change}
            (tmp_path / "model.json").write_text(json.dumps(changed))
            with pytest.raises(BadModelFile, match=rf"model\.json: its arguments build no {self.name}"):
                load_generator(tmp_path)


class TrainedGeneratorContract(GeneratorContract):
    """What also holds of a generator that can be trained."""

    def test_the_call_is_the_picture(self, generator: Generator) -> None:
        w = sample_w(generator, 0, 0)
        images = generator(w)  # type: ignore[operator]
        torch.testing.assert_close(images, generator.synthesise(w).images)
        assert images.isfinite().all()

    def test_all_parameters_are_learned(self, generator: Generator) -> None:
        generator.requires_grad_(True)  # type: ignore[attr-defined]
        conditions = one_hot(generator, (sample_class(generator, 0, i) for i in range(3)))
        w = generator.map(torch.randn(3, generator.z_dim), conditions)
        loss = generator(w, torch.Generator()).square().sum()  # type: ignore[operator]
        torch.autograd.backward(loss)
        parameters = generator.named_parameters()  # type: ignore[attr-defined]
        assert [name for name, p in parameters if p.grad is None] == []

    def test_another_device_learns_the_same(self, generator: Generator) -> None:
        assert isinstance(generator, nn.Module)
        generator.train().requires_grad_(True)
        w = torch.cat([sample_w(generator, 0, i) for i in range(3)])
        with device_with_values() as device:
            there = copy.deepcopy(generator).to(device)
            for network, latents in ((generator, w), (there, w.to(device))):
                network(latents, torch.Generator().manual_seed(0)).square().sum().backward()
            gradients = [
                (p.grad, q.grad) for p, q in zip(generator.parameters(), there.parameters(), strict=True)
            ]
            for one, other in gradients:
                assert (one is None) == (other is None)
                if one is not None and other is not None:
                    assert other.device == device
                    torch.testing.assert_close(other.cpu(), one)

    def test_random_noise_is_for_training_only(self, generator: Generator) -> None:
        noisy = [m for m in generator.modules() if hasattr(m, "strength")]  # type: ignore[attr-defined]
        if not noisy:
            pytest.skip("a family without noise")
        for module in noisy:
            module.strength.fill_(0.5)
        w = sample_w(generator, 0, 0)
        plain = generator(w)  # type: ignore[operator]
        torch.testing.assert_close(plain, generator.synthesise(w).images)
        one, same = (generator(w, torch.Generator().manual_seed(0)) for _ in range(2))  # type: ignore[operator]
        assert torch.equal(one, same)
        assert not torch.equal(one, plain)
