"""The study of adversarial trainings, on a few photos and digits, with steps that can be counted."""

import io
import json
import math
import signal
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from experiments.adversarial_trainings import AdversarialTrainings
from experiments.catalogue import EXPERIMENTS
from experiments.collect import collect
from experiments.experiment import Cell, Row
from experiments.generator_scores import class_figures, figures_beside_photos
from experiments.runner import run_experiment
from experiments.segmentation_by_generator import segmentation_figures
from experiments.studies import adversarial, adversarial_labels
from experiments.training_study import MATERIALS, Material, TrainingStudy, Variant
from PIL import Image
from torch import nn

from benchmarks import processor_time
from experiments import adversarial_trainings, generator_scores, segmentation_by_generator
from partly.errors import BadOption, NotAvailable, TrainingDiverged
from partly.fewshot.fitting import FewShotConfig
from partly.inference.invert.picture_distances import ChosenDistance, PyramidDistance
from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from partly.models.zoo.installed_feature_networks import load_feature_network
from partly.synthesis.distil import DistilConfig
from tests.benchmarks.mnist_files import write_mnist
from tests.fakes import tiny_generator

TINY = DistilConfig(n_pictures=20, size_px=32, architecture="unet-small", pretrained=False, n_steps=2)
PLAIN = Material("photos.zip", "mlp", 16, mirror=True)


@pytest.fixture
def photos(tmp_path):
    """A zip of twenty photos in another folder than the truth."""
    file = tmp_path / "photos.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for i in range(20):
            pixels = np.random.default_rng(i).integers(0, 255, (16, 16, 3), np.uint8)
            kept = io.BytesIO()
            Image.fromarray(pixels).save(kept, "PNG")
            archive.writestr(f"{i:02}.png", kept.getvalue())
    return file


@pytest.fixture
def one_second(monkeypatch):
    """Steps take a second each, as far as budgets know."""
    timed = []
    monkeypatch.setattr(processor_time, "seconds_of_a_step", lambda plan, _: timed.append(plan) or 1.0)
    return timed


def test_variants_are_objectives_with_choices():
    variant = Variant.parse("relativistic:slopes=finite-differences,augment=none,batch-size=8,mirror=false")
    assert variant.objective == "relativistic"
    assert variant.options == {
        "slopes": "finite-differences",
        "augment": "none",
        "batch_size": 8,
        "mirror": False,
    }
    assert variant.key == "relativistic-slopes-finite-differences-augment-none-batch-size-8-mirror-false"
    assert Variant.parse("hinge").options == {}


def test_variants_that_cannot_be():
    with pytest.raises(BadOption) as error:
        Variant.parse("hing")
    assert str(error.value).startswith("there is no objective 'hing'; expected one of non-saturating, ")
    with pytest.raises(BadOption) as error:
        Variant.parse("hinge:augment")
    assert str(error.value) == (
        "the variant 'hinge:augment' has 'augment'; expected NAME=VALUE, as in "
        "relativistic:slopes=finite-differences,augment=none."
    )


def test_budgets_are_those_of_the_material_unless_chosen():
    keys = [cell.key for cell in adversarial._cells_of_study(TrainingStudy(("mnist", "faces")))]
    assert "mnist-wasserstein-5-min-seed-2" in keys
    assert "mnist-wasserstein-5-min-seed-3" not in keys
    assert [key for key in keys if key.startswith("faces")] == [
        "faces-non-saturating-20-min-seed-0",
        "faces-non-saturating-20-min-seed-1",
    ]
    chosen = TrainingStudy(("cars",), ("hinge", "hinge:family=dcgan"), 1, 2.5)
    assert [cell.key for cell in adversarial._cells_of_study(chosen)] == [
        "cars-hinge-2.5-min-seed-0",
        "cars-hinge-family-dcgan-2.5-min-seed-0",
    ]


def test_photos_that_are_not_there_are_told_before_anything_is_trained(bench, tmp_path):
    bench.trainings = TrainingStudy(("mnist", "fashion"))
    (tmp_path / "data" / "mnist").mkdir()
    with pytest.raises(NotAvailable) as error:
        run_experiment(EXPERIMENTS["adversarial"], bench)
    assert str(error.value) == (
        f"{tmp_path}/data/fashion-mnist: the photos of 'fashion' are not there; expected a folder with "
        "fashion-mnist. Name it with --data FOLDER, or its own with --fashion FOLDER; or choose other photos "
        "with --on NAME."
    )
    study = replace(bench.trainings, fashion=tmp_path)
    assert study.source("fashion", bench.data) == tmp_path


def test_a_training_fills_its_budget_and_is_done_once(photos, tmp_path, one_second):
    work = AdversarialTrainings(PLAIN, photos, tmp_path / "work")
    variant, steps = Variant.parse("hinge:augment=none,batch-size=4"), []
    # A twentieth of a minute: three steps of four photos.
    trained = work.trained(variant, 1, 0.05, steps.append)
    assert [step.step for step in steps] == [1, 2, 3]
    assert trained.figures["shown"] == 12
    assert trained.figures["seconds_a_step"] > 0
    assert (trained.folder / "model.json").is_file()
    again = AdversarialTrainings(PLAIN, photos, tmp_path / "work").trained(variant, 1, 0.05, steps.append)
    assert again == trained
    assert (len(steps), len(one_second)) == (3, 1)
    # Another seed has the same pace, and is another training.
    other = work.trained(variant, 2, 0.05)
    assert other.folder != trained.folder
    assert len(one_second) == 1


def test_a_training_goes_on_where_it_was_stopped(photos, tmp_path, one_second):
    work, variant = (
        AdversarialTrainings(PLAIN, photos, tmp_path / "work"),
        Variant.parse("hinge:batch-size=4"),
    )

    def stop(step):
        if step.step == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        work.trained(variant, 0, 0.05, stop)
    steps = []
    trained = work.trained(variant, 0, 0.05, steps.append)
    assert [step.step for step in steps] == [3]
    whole = AdversarialTrainings(PLAIN, photos, tmp_path / "whole").trained(variant, 0, 0.05)
    weights = [(one.folder / "model.safetensors").read_bytes() for one in (trained, whole)]
    assert weights[0] == weights[1]


def test_a_training_that_diverges_is_a_figure(photos, tmp_path, one_second, monkeypatch):
    work = AdversarialTrainings(PLAIN, photos, tmp_path / "work")
    plan = adversarial_trainings.training_plan

    def diverging(choices):
        made = plan(choices)

        def run(*_):
            raise TrainingDiverged("the loss is nan at step 3")

        object.__setattr__(made, "run", run)
        return made

    monkeypatch.setattr(adversarial_trainings, "training_plan", diverging)
    trained = work.trained(Variant.parse("hinge:batch-size=4"), 0, 0.05)
    assert trained.folder is None
    assert trained.figures["diverged"] == "the loss is nan at step 3."
    assert trained.figures["seconds_a_step"] is None


def test_figures_beside_photos(photos, tmp_path):
    work = AdversarialTrainings(PLAIN, photos, tmp_path / "work")
    torch.manual_seed(0)
    generator = MLPGenerator(MLPShape(image_size_px=16)).eval()
    found = figures_beside_photos(
        generator, work.photos, [load_feature_network("builtin")], tmp_path / "features", 12, 10
    )
    assert set(found) == {"builtin", "suspected_copies"}
    # Noise is covered by no picture of another kind.
    assert found["builtin"]["coverage"] <= 0.5
    assert found["builtin"]["kernel"] > 10
    assert 0 <= found["suspected_copies"] <= 1


def test_classes_and_their_entropy(monkeypatch):
    # Three of four pictures are bright.
    pictures = np.zeros((4, 2, 2, 3), np.uint8)
    pictures[:3] = 255
    monkeypatch.setattr(generator_scores, "make_pictures", lambda *_: iter([pictures[:2], pictures[2:]]))

    class Bright(nn.Module):
        def forward(self, images):
            return torch.stack([-images.mean((1, 2, 3)), images.mean((1, 2, 3)), torch.full((2,), -9.0)], 1)

    found = class_figures(Bright(), None, 4)
    entropy = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    assert found == {"classes": 2, "entropy": round(entropy, 3), "evenly": round(math.exp(entropy), 2)}


@pytest.fixture
def quick(monkeypatch):
    """Small budgets of what comes after a generator; no network that must be fetched."""
    monkeypatch.setattr(segmentation_by_generator, "TRAINING", TINY)
    monkeypatch.setattr(segmentation_by_generator, "N_THROUGH", 1)
    monkeypatch.setattr(segmentation_by_generator, "N_SEARCH_STEPS", 2)
    monkeypatch.setattr(segmentation_by_generator, "PHOTO_PX", 32)
    monkeypatch.setattr(
        segmentation_by_generator, "FIT", FewShotConfig(n_statistics=4, allow_missing_parts=True)
    )
    monkeypatch.setattr(
        segmentation_by_generator, "chosen_distance", lambda *_: ChosenDistance(PyramidDistance(16))
    )


def test_a_generator_is_measured_by_its_segmenter_and_network(bench, quick, monkeypatch):
    found = segmentation_figures(bench)
    assert found["parts_labelled"] == 10
    # The annotator sees nearly the same face everywhere; by chance it would be a tenth.
    assert found["few_shot"]["pooled"] > 20
    assert found["auto_shot"]["n_pictures"] == 2
    assert found["through"]["n_pictures"] == 1
    # Segmenter and network are kept.
    monkeypatch.setattr(segmentation_by_generator, "distil", None)
    monkeypatch.setattr(type(bench), "fit", None)
    assert segmentation_figures(bench) == found


def test_the_figure_half_is_never_read(bench, quick, monkeypatch):
    read = []
    photos_of = segmentation_by_generator.photos
    monkeypatch.setattr(
        segmentation_by_generator,
        "photos",
        lambda data, half, n: read.append(half) or photos_of(data, half, n),
    )
    bench.half = "figure"
    segmentation_figures(bench)
    assert read == ["choices", "choices"]


def test_a_generator_that_shows_nothing_has_no_segmenter(bench, quick):
    class SeesNothing:
        def parse_ids(self, images, size_px, *, seen_px=64):
            return np.zeros((len(images), size_px, size_px), np.uint8)

    bench.get_annotator = SeesNothing
    found = segmentation_figures(bench)
    assert set(found) == {"no_segmenter"}
    assert "part" in found["no_segmenter"]


def test_generators_stand_below_each_other(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(
        adversarial_labels,
        "segmentation_figures",
        lambda of: {"auto_shot": {"pooled": len(of.generator.digest) / 2}},
    )
    experiment = EXPERIMENTS["adversarial-labels"]
    with pytest.raises(NotAvailable) as error:
        run_experiment(experiment, bench)
    assert str(error.value) == (
        "this measures a generator of faces, and none was named; expected the model folder of a generator. "
        "Name it with --generator FOLDER."
    )
    for seed in range(2):
        folder = tmp_path / f"run-{seed}" / "generator"
        tiny_generator(seed).save(folder, {})
        bench.generator_folder = folder
        _, rows = run_experiment(experiment, bench)
        assert rows[0].figures["generator"].endswith(f"run-{seed}/generator")
    assert len(rows) == 2
    page = tmp_path / "page.md"
    collect([experiment], bench.out, page, bench.protocol)
    assert page.read_text().count("| `generator-") == 2
    # Without what they were measured with, they no longer count.
    other = replace(bench.protocol, n_unseen=2)
    bench.protocol = other
    collect([experiment], bench.out, tmp_path / "other.md", other)
    assert "| `generator-" not in (tmp_path / "other.md").read_text()


def test_means_over_seeds_are_told():
    def row(seed, figures, variant="hinge"):
        settings = {"photos": "faces", "variant": variant, "minutes": 20.0, "seed": seed}
        return Row(Cell(f"c{seed}", settings), figures)

    rows = [
        row(0, {"builtin": {"kernel": 10.0}, "auto_shot": {"pooled": 40.0}, "shown": 2000}),
        row(1, {"builtin": {"kernel": 20.0}, "auto_shot": {"pooled": 50.0}, "shown": 2000}),
        row(2, {"diverged": "at step 3", "shown": 2000}),
        row(3, None),
        row(4, {"builtin": {"kernel": 5.0}}, "wasserstein"),
    ]
    assert adversarial._remarks(rows) == [
        "**faces, hinge**, 20.0 minutes, 3 seeds: photos shown 2000, kernel distance 15, IoU of the network "
        "45, 1 of 3 diverged.",
        "**faces, wasserstein**, 20.0 minutes, 1 seed: kernel distance 5.",
    ]


@pytest.mark.slow
def test_a_cell_of_digits(bench, one_second, monkeypatch):
    write_mnist(bench.data / "mnist")
    bench.trainings = TrainingStudy(("mnist",), ("hinge",), 1, 2 / 60)
    monkeypatch.setattr(adversarial, "feature_networks", lambda _: [load_feature_network("builtin")])
    monkeypatch.setattr(adversarial, "_N_PICTURES", 12)
    monkeypatch.setattr(adversarial, "_N_READER_ROUNDS", 1)
    folder, [row] = run_experiment(EXPERIMENTS["adversarial"], bench)
    assert row.figures["shown"] == 128
    assert 1 <= row.figures["classes"] <= 10
    assert row.figures["builtin"]["kernel"] > 0
    [image] = row.figures["images"]
    assert (folder / image).is_file()
    text = (folder / "results.md").read_text()
    assert "A few steps of each variant are timed once" in text
    assert "**mnist, hinge**" in text
    assert json.loads((folder / "results.json").read_text())["cells"][0]["figures"]["steps"] == 2
    # Other choices leave it in the table.
    bench.trainings = replace(bench.trainings, variants=("minimax",))
    _, rows = run_experiment(EXPERIMENTS["adversarial"], bench)
    assert [one.cell.settings["variant"] for one in rows] == ["minimax", "hinge"]


def test_networks_fit_the_photos(monkeypatch):
    monkeypatch.setattr(generator_scores, "load_feature_network", lambda name: name)
    monkeypatch.setattr(generator_scores, "PooledEfficientNet", lambda _: "efficientnet-lite0")
    monkeypatch.setattr(generator_scores, "encoder_weights", lambda: None)
    assert generator_scores.feature_networks(MATERIALS["mnist"]) == ["builtin", "efficientnet-lite0"]
    assert generator_scores.feature_networks(MATERIALS["cars"]) == ["builtin", "inception"]
