"""The second round: its labels, and that nothing that stops it changes what comes out."""

import json
import shutil
import signal
from dataclasses import dataclass, replace

import pytest
import torch

from partly.data.labels.part_sets import Part, PartSet
from partly.errors import BadOption
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.distillation import distil, new_network
from partly.synthesis.distil.second_round import network_logits, together
from partly.synthesis.shards.labelled_shards import LabelledShards
from partly.synthesis.shards.place import Place
from partly.training.segmentation.auto_shot_config import AutoShotConfig
from partly.training.segmentation.auto_shot_training import train_auto_shot
from tests.synthesis import tiny

PARTS = PartSet(
    (Part("background", (0, 0, 0)), Part("left", (255, 0, 0), "right"), Part("right", (0, 255, 0), "left"))
)
LABEL_PX = 16


@dataclass(frozen=True)
class SmallConfig(DistilConfig):
    """With small pictures in small shards."""

    def synthesis(self):
        return replace(super().synthesis(), size_px=64, label_px=LABEL_PX, pictures_per_shard=6)


ONE_ROUND = SmallConfig(
    n_pictures=20, size_px=32, architecture="unet-small", pretrained=False, n_steps=3, batch_size=2
)
TWO_ROUNDS = replace(ONE_ROUND, second_round=1.0)


def run(folder, config=TWO_ROUNDS, on_picture=None, on_step=None):
    teacher = tiny.teacher(part_set=PARTS)
    return distil(teacher, Place.within(folder), config, DistilReports(on_picture, on_step))


def predictions_of(folder):
    return LabelledShards(folder / "pictures", folder / "training/second-round/opinions")


def shard_bytes(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.tar")}


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The folder of one round in one go, then of two, and both results."""
    folder = tmp_path_factory.mktemp("straight")
    return folder, run(folder, ONE_ROUND), run(folder)


@pytest.fixture
def copied(straight, tmp_path):
    shutil.copytree(straight[0], tmp_path / "copy")
    return tmp_path / "copy"


def test_without_a_second_round_nothing_is_done(tmp_path, straight):
    first = run(tmp_path, ONE_ROUND)
    assert {path.name for path in (tmp_path / "training").iterdir()} <= {
        "checkpoint-00000003.safetensors",
        "log.jsonl",
        "panels",
    }
    pictures = LabelledShards(tmp_path / "pictures", tmp_path / "labels")
    alone = train_auto_shot(new_network(PARTS, ONE_ROUND, None), pictures, ONE_ROUND.training())
    assert first.network.digest == alone.network.digest == straight[1].network.digest
    assert ONE_ROUND.second_training() is None


def test_the_second_round_trains_the_first_network_further(straight):
    folder, first, second = straight
    assert second.network.digest != first.network.digest
    assert not second.network.training
    assert second.time_s > first.time_s
    logs = [folder / "training" / name / "log.jsonl" for name in (".", "second-round")]
    lines = [[json.loads(line) for line in log.read_text().splitlines()] for log in logs]
    assert [line["step"] for line in lines[1]] == [1, 2, 3]
    rates = [max(line["learning_rate"] for line in log) for log in lines]
    assert rates[1] == pytest.approx(0.6 * rates[0])


def test_soft_predictions_are_what_the_formula_says(straight):
    folder, first, _ = straight
    pixels, given, _ = predictions_of(folder).read([7])
    teacher = LabelledShards(folder / "pictures", folder / "labels").read([7])[1].double()
    # The long way: one picture at a time, areas of 64 px to 32 px and of 32 px to 16 px.
    images = torch.nn.functional.interpolate(pixels.float() / 127.5 - 1, (32, 32), mode="area")
    with torch.no_grad():
        straight_on = first.network(images)
        mirrored = first.network(images.flip(-1)).flip(-1)[:, [0, 2, 1]]
    mean = (straight_on + mirrored).double() / 2
    small = torch.nn.functional.interpolate(mean, (LABEL_PX, LABEL_PX), mode="area")
    logs = [logits - logits.exp().sum(1, keepdim=True).log() for logits in (teacher, small)]
    assert torch.allclose(given.double(), (logs[0] + logs[1]) / 1.5, atol=5e-3)
    assert not torch.allclose(mirrored, straight_on, atol=1e-2)


def test_together_is_sharper_than_the_mean():
    teacher = torch.tensor([2.0, 0.0, -1.0]).view(1, 3, 1, 1)
    shares = together(teacher, teacher + 5).softmax(1)
    assert torch.allclose(shares, (teacher * 2 / 1.5).softmax(1))
    # Where one says nothing, the other is believed, though less than alone.
    shares = together(teacher, torch.zeros_like(teacher)).softmax(1)
    assert torch.allclose(shares, (teacher / 1.5).softmax(1))


def test_soft_predictions_of_a_network_whose_size_does_not_divide(straight):
    network = straight[1].network
    assert network_logits(network, torch.zeros(2, 3, 64, 64, dtype=torch.uint8), 24).shape == (2, 3, 24, 24)


def test_soft_predictions_are_as_sure_as_the_teacher_and_leave_out_the_same(straight):
    folder = straight[0]
    by_teacher = LabelledShards(folder / "pictures", folder / "labels", drop_uncertain=0.4)
    predictions = LabelledShards(
        folder / "pictures", predictions_of(folder).labels_folder, drop_uncertain=0.4
    )
    assert predictions.numbers == by_teacher.numbers
    assert predictions.record(3) == by_teacher.record(3)


class KilledError(BaseException):
    pass


def kill():
    raise KilledError


def ctrl_c():
    # Not os.kill: on a busy machine another thread may take that one, and take its time.
    signal.raise_signal(signal.SIGINT)


def at_report(number, stop):
    seen = []

    def on_report(report):
        seen.append(report)
        if len(seen) == number:
            stop()

    return on_report


# 20 pictures are labelled, then labelled anew; 3 steps are taken, then 3 more.
@pytest.mark.parametrize(
    ("report", "number", "stop"),
    [
        ("on_picture", 8, kill),
        ("on_step", 2, ctrl_c),
        ("on_picture", 21, kill),
        ("on_picture", 40, ctrl_c),
        ("on_step", 5, ctrl_c),
        ("on_step", 6, kill),
    ],
)
def test_stopped_anywhere_it_ends_at_the_same_network(report, number, stop, straight, tmp_path):
    with pytest.raises((KilledError, KeyboardInterrupt)):
        run(tmp_path, **{report: at_report(number, stop)})
    again = run(tmp_path)
    assert again.network.digest == straight[2].network.digest
    assert again.held_out_iou == straight[2].held_out_iou
    assert shard_bytes(tmp_path) == shard_bytes(straight[0])
    assert not list(tmp_path.rglob(".*.part"))


def test_what_is_done_is_not_done_again(copied, straight):
    pictures, steps = [], []
    assert run(copied, on_picture=pictures.append, on_step=steps.append).network.digest == (
        straight[2].network.digest
    )
    assert (pictures, steps) == ([], [])


def test_lost_soft_predictions_are_made_again_and_reported(copied, straight):
    (copied / "training/second-round/opinions/labels-000006-000011.tar").unlink()
    pictures, steps = [], []
    again = run(copied, on_picture=pictures.append, on_step=steps.append)
    assert again.network.digest == straight[2].network.digest
    assert [report.n_done for report in pictures] == list(range(15, 21))
    assert pictures[-1].time_left_s == 0
    assert steps == []
    assert shard_bytes(copied) == shard_bytes(straight[0])


def test_soft_predictions_of_another_network_are_refused(copied):
    claim = copied / "training/second-round/opinions/synthesis.json"
    said = json.loads(claim.read_text())
    assert said.keys() >= {"segmenter_digest", "generator_digest", "label_px", "network_px"}
    claim.write_text(json.dumps(said | {"network_digest": "0"}))
    with pytest.raises(BadOption, match=r"second-round/opinions: holds something made with network_d"):
        run(copied)


def test_uncertain_pictures_and_held_out_ones_stay_out(tmp_path, monkeypatch):
    from partly.synthesis.distil import second_round

    given = {}

    def noted(network, data, config, *, held_out, **others):
        given.update(data=data, held_out=held_out)
        return train_auto_shot(network, data, config, held_out=held_out, **others)

    monkeypatch.setattr(second_round, "train_auto_shot", noted)
    run(tmp_path, replace(TWO_ROUNDS, n_pictures=24, drop_uncertain=0.15, n_steps=1))
    data, held_out = given["data"], given["held_out"]
    assert (len(data), len(held_out)) == (18, 2)
    assert set(data.indexes).isdisjoint(held_out.indexes)
    # Trained on soft predictions, measured on what the teacher says, as in the first round.
    assert data.data.labels_folder == tmp_path / "training/second-round/opinions"
    assert held_out.data.labels_folder == tmp_path / "labels"
    assert data.data.numbers == held_out.data.numbers


def test_how_the_second_round_is_trained():
    config = DistilConfig(size_px=256, n_steps=900, second_round=0.35, seed=2**31 - 1)
    second = config.second_training()
    assert (second.n_steps, second.seed) == (315, 0)
    assert [(stage.share, stage.size_px) for stage in second.stages] == [(1.0, 256)]
    usual = AutoShotConfig()
    assert second.learning_rate == pytest.approx(0.6 * usual.learning_rate)
    same = {name: getattr(usual, name) for name in ("n_steps", "stages", "learning_rate", "seed")}
    assert replace(second, **same) == usual
    assert DistilConfig(n_steps=2, second_round=0.01).second_training().n_steps == 1


@pytest.mark.parametrize("share", [-0.1, float("nan"), float("inf")])
def test_shares_that_cannot_be(share):
    with pytest.raises(BadOption, match=rf"second_round is {share}; expected a share of n_steps, 0 or more"):
        DistilConfig(second_round=share)
