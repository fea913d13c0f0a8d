"""What every discriminator must do; a family's tests inherit it and give ``discriminator``."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import partial
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from partly.errors import BadOption
from partly.losses.rounds import Ask, Round, total
from partly.losses.slope_penalties import R1
from tests.device_with_values import device_with_values


class DiscriminatorContract(ABC):
    """What holds of every discriminator.

    Attributes:
        size_px: side of its images.
        n_classes: how many classes it tells apart; 0: none.
        not_of_scores: its modules that learn from something else than its scores.
        penalised: whether it is trained with penalties on its slopes.
        places: what the scores of one image are a map of; of most, there is one score.
    """

    size_px: ClassVar[int]
    n_classes: ClassVar[int] = 0
    not_of_scores: ClassVar[frozenset[str]] = frozenset()
    penalised: ClassVar[bool] = True
    places: ClassVar[tuple[int, ...]] = ()

    @pytest.fixture
    @abstractmethod
    def discriminator(self) -> nn.Module: ...

    @pytest.fixture(autouse=True)
    def seed(self) -> Iterator[None]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            yield

    def images(self, n: int) -> Tensor:
        return torch.randn(n, 3, self.size_px, self.size_px)

    def condition(self, n: int) -> Tensor | None:
        return torch.eye(self.n_classes)[torch.arange(n) % self.n_classes] if self.n_classes else None

    def test_scores_of_each_image(self, discriminator: nn.Module) -> None:
        scores = discriminator(self.images(3), self.condition(3)).scores
        assert scores.shape == (3, *self.places)
        assert scores.isfinite().all()
        assert scores.reshape(3, -1).unique(dim=0).shape[0] == 3

    def test_the_last_features_are_of_each_image_and_can_be_learned_from(
        self, discriminator: nn.Module
    ) -> None:
        images = self.images(3).requires_grad_(True)
        last = discriminator(images, self.condition(3)).features[-1]
        assert last.shape[0] == 3
        assert last.flatten(1).shape[1] > 1
        [slopes] = torch.autograd.grad(last.flatten(1).mean(0).abs().sum(), images)
        assert (slopes.flatten(1).abs().sum(1) > 0).all()

    def test_all_that_makes_scores_is_learned(self, discriminator: nn.Module) -> None:
        torch.autograd.backward(discriminator(self.images(4), self.condition(4)).scores.sum())
        unlearned = {name.split(".")[0] for name, p in discriminator.named_parameters() if p.grad is None}
        assert unlearned == self.not_of_scores

    def test_slopes_of_slopes(self, discriminator: nn.Module) -> None:
        """R1 needs second derivatives through every layer."""
        photos, condition = self.images(4), self.condition(4)
        ask = Ask(lambda images: discriminator(images, condition))
        torch.autograd.backward(total(R1().discriminator_terms(Round(photos, photos, ask=ask))))
        slopes = [p.grad for p in discriminator.parameters() if p.grad is not None]
        assert all(slope.isfinite().all() for slope in slopes)
        assert slopes[0].abs().max() > 0

    def test_another_device_judges_and_learns_the_same(self, discriminator: nn.Module) -> None:
        """The penalty of slopes too, whose backward pass is a second one."""
        photos, condition = self.images(4), self.condition(4)
        with device_with_values() as device:
            there = copy.deepcopy(discriminator).to(device)
            asked = None if condition is None else condition.to(device)
            scores = []
            for judge, images, shown in (
                (discriminator, photos, condition),
                (there, photos.to(device), asked),
            ):
                ask = Ask(partial(judge, condition=shown))
                scores.append(judge(images, shown).scores)
                loss = scores[-1].sum()
                if self.penalised:
                    loss = loss + total(R1().discriminator_terms(Round(images, images, ask=ask)))
                torch.autograd.backward(loss)
            assert scores[1].device == device
            torch.testing.assert_close(scores[1].detach().cpu(), scores[0].detach())
            for one, other in zip(discriminator.parameters(), there.parameters(), strict=True):
                if one.grad is not None:
                    assert other.grad is not None
                    torch.testing.assert_close(other.grad.cpu(), one.grad)

    def test_images_of_another_size_are_refused(self, discriminator: nn.Module) -> None:
        half = self.size_px // 2
        said = rf"images of shape \[1, 3, {half}, {half}\]; expected \[b, 3, {self.size_px}, {self.size_px}\]"
        with pytest.raises(BadOption, match=said):
            discriminator(torch.zeros(1, 3, half, half), self.condition(1))

    def test_the_class_of_each_image_is_asked_for(self, discriminator: nn.Module) -> None:
        if not self.n_classes:
            pytest.skip("a discriminator of no classes")
        n = self.n_classes
        with pytest.raises(BadOption, match=rf"no condition; expected \[2, {n}\]: the class of each image"):
            discriminator(self.images(2))
        with pytest.raises(BadOption, match=rf"a condition of shape \[2, {n + 1}\]; expected \[2, {n}\]"):
            discriminator(self.images(2), torch.zeros(2, n + 1))

    def test_only_the_class_of_an_image_moves_its_score(self, discriminator: nn.Module) -> None:
        if not self.n_classes:
            pytest.skip("a discriminator of no classes")
        images, condition = self.images(3), self.condition(3)
        assert condition is not None
        other = condition.clone()
        other[0] = condition[0].roll(1)
        moved = discriminator(images, other).scores - discriminator(images, condition).scores
        assert (moved.abs() > 1e-6).tolist() == [True, False, False]
