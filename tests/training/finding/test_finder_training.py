"""Training of the object finder keeps to what all trainings keep to, and learns where objects are."""

import dataclasses
from typing import ClassVar

import pytest
import torch

from partly.errors import BadOption
from partly.models.networks.object_finder import FinderShape, ObjectFinder, load_finder
from partly.training.finding.finder_training import FinderConfig, train_finder
from partly.training.finding.scenes import SceneOptions
from partly.training.segmentation.labelled_pictures import ArrayPictures
from tests.training.contract import TrainingContract
from tests.training.finding.test_scenes import pictures

QUICK = FinderConfig(
    n_steps=6, batch_size=4, scenes=SceneOptions(size_px=64, smallest=0.3, most=2), checkpoint_every_s=0.0
)


def finder_of(seed=0):
    torch.manual_seed(seed)
    finder = ObjectFinder(FinderShape(64, widths=(8, 8)))
    return finder


def data(n=8):
    images, shares = pictures(n)
    bytes_of = ((images + 1) * 127.5).byte()
    return ArrayPictures(bytes_of, shares.clamp_min(1e-4).log())


class TestContract(TrainingContract):
    refused: ClassVar = {
        "rate": "learning_rate 0.002, not 0.5",
        "scenes": "scenes.empty 0.2, not 0.6",
        "number": "number of pictures 8, not 9",
        "start": "first weights",
        "others": "number of photos without an object 0, not 2",
    }
    diverged = (
        "the loss is nan at step 3; expected a finite number. Train with a lower learning rate (now 0.002); "
        "the last good checkpoint is kept"
    )

    @classmethod
    def train(cls, change="", **how):
        finder, config, taught = finder_of(), QUICK, data()
        if change == "rate":
            config = dataclasses.replace(config, learning_rate=0.5)
        elif change == "scenes":
            config = dataclasses.replace(config, scenes=dataclasses.replace(config.scenes, empty=0.6))
        elif change == "number":
            taught = data(9)
        elif change == "start":
            finder = finder_of(1)
        elif change == "others":
            how["others"] = torch.zeros(2, 3, 40, 40, dtype=torch.uint8)
        elif change == "diverging":

            def poison(report):
                if report.step == 3:
                    with torch.no_grad():
                        finder.head.bias.fill_(float("nan"))

            how["on_step"] = poison
        return [train_finder(finder, taught, config, **how)]


def test_too_few_pictures():
    with pytest.raises(BadOption, match="there are 1 labelled pictures; expected 2 or more"):
        train_finder(finder_of(), data(1), QUICK)


def test_held_layers_stay_as_they_are_statistics_too():
    finder = finder_of()
    before = {name: tensor.clone() for name, tensor in finder.state_dict().items()}
    trained = train_finder(finder, data(), dataclasses.replace(QUICK, hold_first_layers=True)).state_dict()
    held = [name for name in before if name.startswith(("encoder.stem.", "encoder.blocks.0."))]
    assert held
    assert all(torch.equal(trained[name], before[name]) for name in held)
    assert not torch.equal(trained["head.weight"], before["head.weight"])


def test_without_holding_all_layers_learn():
    finder = finder_of()
    before = finder.encoder.stem.conv.weight.detach().clone()
    train_finder(finder, data(), QUICK)
    assert not torch.equal(finder.encoder.stem.conv.weight, before)


def test_a_finder_is_read_as_it_was_saved(tmp_path):
    finder = train_finder(finder_of(), data(), QUICK)
    finder.check.learn(torch.rand(20, 3, generator=torch.Generator().manual_seed(0)))
    finder.save(tmp_path / "finder", {})
    again = load_finder(tmp_path / "finder")
    images = torch.randn(2, 3, 72, 50, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(again(images), finder(images), atol=1e-5, rtol=1e-5)
        assert again(images).shape == (2, 6, 9, 7)
        fast = again.for_inference()
        torch.testing.assert_close(fast(images), again(images), atol=1e-4, rtol=1e-3)
    assert torch.equal(again.check.limit, finder.check.limit)
    assert again.shape == finder.shape
    assert again.digest == finder.digest == fast.digest
