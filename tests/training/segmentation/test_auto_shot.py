import dataclasses
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from PIL import Image

from partly.data.labels.part_sets import PartSet
from partly.errors import BadOption
from partly.losses.label_losses import bias_correction
from partly.models.networks.architectures import UNet
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.training.augment.segmentation.augmentation import NO_AUGMENTATION, Augmentation
from partly.training.chassis.checkpoints import (
    Checkpoint,
    checkpoint_files,
    read_checkpoint,
    write_checkpoint,
)
from partly.training.segmentation.auto_shot_config import AutoShotConfig, Stage
from partly.training.segmentation.auto_shot_training import train_auto_shot
from partly.training.segmentation.labelled_pictures import ArrayPictures
from partly.training.segmentation.teacher_agreement import (
    agreement,
    best_bias_fraction,
    corrected_copy,
    part_frequencies,
)
from tests.training.contract import TrainingContract, same_weights
from tests.training.segmentation.conftest import PARTS, coloured_pictures

QUICK = AutoShotConfig(
    n_steps=8,
    batch_size=4,
    stages=(Stage(0.5, 32), Stage(0.5, 48)),
    evaluate_every=3,
    checkpoint_every_s=0.0,
    n_held_out=4,
)


def network_of(seed=0):
    torch.manual_seed(seed)
    network = AutoShotNetwork("unet-small", PARTS, 32)
    network.body = UNet(3, (4, 6, 8))
    return network


class TestContract(TrainingContract):
    n_steps = 8
    refused: ClassVar = {
        "rate": "learning_rate 0.004, not 0.5",
        "augmentation": "augmentation.noise",
        "number": "number of pictures 22, not 27",
        "choice": "choice of pictures",
        "start": "start ",
        "part set": "part set",
    }
    diverged = (
        "the loss is nan at step 3; expected a finite number. Train in another folder with a lower "
        "learning_rate (now 0.004); the last good checkpoint is kept"
    )

    @classmethod
    def train(cls, change="", **how):
        network, pictures, config = network_of(), coloured_pictures(24), QUICK
        if change == "rate":
            config = dataclasses.replace(config, learning_rate=0.5, evaluate_every=1)
        elif change == "augmentation":
            config = dataclasses.replace(config, augmentation=Augmentation(noise=0.5))
        elif change == "number":
            pictures = coloured_pictures(30)
        elif change == "choice":
            pictures = coloured_pictures(24, seed=1)
        elif change == "start":
            network = network_of(1)
        elif change == "part set":
            network.part_set = PartSet.from_names(network.part_set.names)
        elif change == "diverging":

            def poison(report):
                if report.step == 3:
                    with torch.no_grad():
                        network.body.head.bias.fill_(float("nan"))

            how["on_step"] = poison
        return [train_auto_shot(network, pictures, config, **how).network]


def test_learns_what_the_teacher_says(make_network, pictures):
    config = AutoShotConfig(
        n_steps=80, batch_size=8, stages=(Stage(1, 32),), learning_rate=0.02, augmentation=NO_AUGMENTATION
    )
    result = train_auto_shot(make_network(), pictures, config, held_out=coloured_pictures(6, seed=5))
    assert result.held_out_iou > 0.9
    assert not result.network.training
    assert result.network.size_px == 32


def test_log_panels_and_reports(make_network, pictures, tmp_path):
    reports = []
    result = train_auto_shot(make_network(), pictures, QUICK, folder=tmp_path, on_step=reports.append)
    assert [r.step for r in reports] == list(range(1, 9))
    assert [r.step for r in reports if r.evaluated] == [3, 6, 8]
    assert [r.size_px for r in reports] == [32] * 4 + [48] * 4
    assert reports[-1].time_left_s == 0
    assert reports[-1].held_out_iou == result.held_out_iou
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert logged == [dataclasses.asdict(r) for r in reports]
    panels = sorted(path.name for path in (tmp_path / "panels").iterdir())
    assert panels == ["step-000003.png", "step-000006.png", "step-000008.png"]
    with Image.open(tmp_path / "panels" / panels[0]) as panel:
        assert panel.width >= 3 * 48


KILLED_SCRIPT = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import torch
torch.set_num_threads(1)
from pathlib import Path
from tests.training.segmentation.conftest import PARTS, coloured_pictures
from tests.training.segmentation.test_auto_shot import QUICK
from partly.models.networks import AutoShotNetwork
from partly.models.networks.architectures import UNet
from partly.training.segmentation.auto_shot_training import train_auto_shot
torch.manual_seed(0)
network = AutoShotNetwork("unet-small", PARTS, 32)
network.body = UNet(3, (4, 6, 8))
def kill(report):
    if report.step == 6:
        os.kill(os.getpid(), signal.SIGKILL)
train_auto_shot(network, coloured_pictures(24), QUICK, folder=Path(sys.argv[2]), on_step=kill)
"""


@pytest.mark.slow
def test_kill_9_loses_no_finished_checkpoint(make_network, pictures, tmp_path):
    root = str(Path(__file__).parents[3])
    killed = subprocess.run([sys.executable, "-c", KILLED_SCRIPT, root, str(tmp_path / "two")], check=False)
    assert killed.returncode == -signal.SIGKILL
    straight = train_auto_shot(make_network(), pictures, QUICK)
    reports = []
    again = train_auto_shot(make_network(), pictures, QUICK, folder=tmp_path / "two", on_step=reports.append)
    assert reports[0].step == 6
    assert torch.allclose(straight.network.body.head.weight, again.network.body.head.weight, atol=1e-6)


def test_ctrl_c_leaves_a_checkpoint(make_network, pictures, tmp_path):
    def stop(report):
        if report.step == 4:
            signal.raise_signal(signal.SIGINT)

    slow_to_save = dataclasses.replace(QUICK, checkpoint_every_s=1e9)
    with pytest.raises(KeyboardInterrupt):
        train_auto_shot(make_network(), pictures, slow_to_save, folder=tmp_path, on_step=stop)
    reports = []
    train_auto_shot(make_network(), pictures, slow_to_save, folder=tmp_path, on_step=reports.append)
    assert reports[0].step == 5


def test_a_checkpoint_of_partly_0_1_goes_on(pictures, tmp_path):
    """One file without a number; the network's optimizer had no name."""
    whole = train_auto_shot(network_of(), pictures, QUICK)

    def stop(report):
        if report.step == 4:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_auto_shot(network_of(), pictures, QUICK, folder=tmp_path, on_step=stop)
    [file] = checkpoint_files(tmp_path)
    checkpoint = read_checkpoint(file)
    identity = dict(checkpoint.values["identity"])
    named = ("part set", "start", "number of pictures", "choice of pictures")
    beside = {name: identity.pop(name) for name in named}
    others = {name: checkpoint.values[name] for name in ("step", "time_s", "held_out_iou")}
    tensors = {
        name.replace("optimizer of network.", "optimizer."): t for name, t in checkpoint.tensors.items()
    }
    write_checkpoint(
        tmp_path / "checkpoint.safetensors", Checkpoint(tensors, {"config": identity, **beside, **others})
    )
    file.unlink()
    reports = []
    again = train_auto_shot(network_of(), pictures, QUICK, folder=tmp_path, on_step=reports.append)
    assert reports[0].step == 5
    assert same_weights(whole.network, again.network)
    assert [path.name for path in checkpoint_files(tmp_path)] == ["checkpoint-00000008.safetensors"]


def test_too_few_pictures(make_network):
    with pytest.raises(BadOption, match="there are 1 labelled pictures; expected 2 or more"):
        train_auto_shot(make_network(), coloured_pictures(1), QUICK)


def test_few_pictures_hold_none_out(make_network):
    result = train_auto_shot(make_network(), coloured_pictures(5), QUICK)
    assert result.held_out_iou is None


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"n_steps": 0}, "n_steps is 0; expected 1 or more"),
        ({"batch_size": -1}, "batch_size is -1; expected 2 or more"),
        ({"seed": 2**32}, "seed is 4294967296; expected 0 to 2147483647"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; expected more than 0"),
        ({"stages": ()}, "at least one, shares above 0, sizes of 32 px or more"),
        ({"stages": (Stage(1, 16),)}, r"stages are \[\(1, 16\)\]"),
    ],
)
def test_impossible_configs(wrong, text):
    with pytest.raises(BadOption, match=text):
        AutoShotConfig(**wrong)


def test_frequencies_of_parts(pictures):
    ids = pictures.logits.argmax(1)
    expected = torch.bincount(ids.flatten(), minlength=3) / ids.numel()
    assert torch.allclose(part_frequencies(pictures), expected, atol=0.01)
    none = ArrayPictures(pictures.images[:0], pictures.logits[:0])
    with pytest.raises(BadOption, match="there are no labelled pictures"):
        part_frequencies(none)


class Oracle(torch.nn.Module):
    """Reads the part off the colour, and leans towards each part by ``shift``."""

    n_parts = 3

    def __init__(self, shift=(0.0, 0.0, 0.0)):
        super().__init__()
        self.shift = torch.tensor(shift).view(1, 3, 1, 1)

    def forward(self, images):
        red, green = images[:, 0], images[:, 1]
        return torch.stack((-(red + green) - 1, red - green, green - red), 1) + self.shift


def test_the_fraction_is_chosen_that_undoes_the_bias(pictures):
    part_weights = torch.tensor([0.2, 4.0, 4.0])
    lean = -bias_correction(part_weights, 0.3)
    chosen = best_bias_fraction(Oracle(lean.tolist()), pictures, 32, part_weights)
    assert 0.1 <= chosen <= 0.5
    assert agreement(Oracle((lean * 3).tolist()), pictures, 32) < agreement(Oracle(), pictures, 32)


def test_the_fraction_may_be_chosen_by_the_training(make_network, pictures):
    free = dataclasses.replace(QUICK, bias_fraction=None)
    assert train_auto_shot(make_network(), pictures, free).held_out_iou is not None
    assert train_auto_shot(make_network(), coloured_pictures(5), free).held_out_iou is None


def test_agreement_of_a_network_that_is_always_right(make_network, pictures):
    assert agreement(Oracle(), pictures, 32) > 0.98
    assert agreement(make_network().eval(), pictures, 32) < 0.6


def test_corrected_copy_leaves_the_average_alone(make_network):
    network = make_network()
    bias = network.body.head.bias.clone()
    corrected = corrected_copy(network, torch.tensor([0.5, 2.0, 4.0]), 0.5)
    assert torch.equal(network.body.head.bias, bias)
    change = (corrected.body.head.bias - bias).tolist()
    assert change[0] - change[1] == pytest.approx(0.5 * torch.tensor(4.0).log().item(), abs=1e-6)
