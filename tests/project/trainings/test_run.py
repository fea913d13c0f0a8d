"""`partly train` as a user runs it."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from partly.cli.command_line import INTERRUPTED, cli, run
from partly.errors import BadLabel, BadModelFile, BadOption, BadPhoto, FolderBusy, TrainingDiverged
from partly.models.encoders.encoder_table import load_representation
from partly.models.generators.generator_table import load_generator
from partly.models.generators.latent_sampling import draw_classes
from partly.project.trainings.generator_training import TrainingReports, train_generator
from partly.project.trainings.training_folder import TrainingFolder
from partly.storage.locks import only_writer
from partly.storage.model_folders import load_card
from partly.training.recipes.recipe_table import choices_for

CHOICES = choices_for(family="mlp", size_px=16, n_photos_shown=3 * 4, batch_size=4)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Six photos of different sizes."""
    folder = tmp_path / "photos"
    folder.mkdir()
    draws = np.random.default_rng(0)
    for index in range(6):
        pixels = draws.integers(0, 256, (20 + index, 30 - index, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


def test_the_folder_is_a_model_with_pictures_and_a_page(photos, tmp_path):
    out = tmp_path / "out"
    steps, grids = [], []
    trained = train_generator(
        photos, out, CHOICES, TrainingReports(on_step=steps.append, on_pictures=grids.append)
    )
    assert (trained.folder, trained.n_photos, trained.failed) == (out, 6, ())
    assert [step.step for step in steps] == [1, 2, 3]
    assert "photos/s" in steps[0].figures
    generator = load_generator(out)
    assert generator.image_size_px == 16
    training = json.loads((out / "model.json").read_text())["training"]
    assert (training["step"], training["n_photos_shown"], training["objective"]) == (3, 12, "non-saturating")
    assert [path.name for path in grids] == ["grid-0000000012.png"]
    assert (out / "pictures" / "between-0000000012.png").is_file()
    page = trained.page.read_text()
    [measured] = TrainingFolder(out).measures()
    assert measured["n_seen"] == 12
    assert 0 <= measured["coverage"] <= 1
    for words in (
        "Kernel distance",
        "Random pictures",
        "Losses",
        "What the discriminator says",
        "mlp of 16 px, trained on 6 photos",
    ):
        assert words in page


def test_a_training_that_was_stopped_goes_on_to_the_same_weights(photos, tmp_path):
    def stop(step):
        if step.step == 2:
            signal.raise_signal(signal.SIGINT)

    train_generator(photos, tmp_path / "whole", CHOICES)
    with pytest.raises(KeyboardInterrupt):
        train_generator(photos, tmp_path / "parts", CHOICES, TrainingReports(on_step=stop))
    assert load_generator(tmp_path / "parts").image_size_px == 16
    after = []
    train_generator(photos, tmp_path / "parts", CHOICES, TrainingReports(on_step=after.append))
    assert [step.step for step in after] == [3]
    whole, parts = (load_generator(tmp_path / name) for name in ("whole", "parts"))
    assert whole.digest == parts.digest


@pytest.mark.slow
def test_a_training_that_was_killed_goes_on_to_the_same_weights(photos, tmp_path):
    choices = replace(CHOICES, n_photos_shown=250 * 4)
    train_generator(photos, tmp_path / "whole", choices)
    words = ["--family", "mlp", "--size", "16", "--batch", "4", "--photos-shown", "1000"]
    arguments = ["train", str(photos), str(tmp_path / "killed"), *words]
    code = f"from partly.cli.command_line import run; run({arguments!r})"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "killed" / "training" / "checkpoint-00000100.safetensors"
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert checkpoint.exists()
    steps = []
    train_generator(photos, tmp_path / "killed", choices, TrainingReports(on_step=steps.append))
    assert steps[0].step in (101, 201)
    whole, killed = (load_generator(tmp_path / name) for name in ("whole", "killed"))
    assert whole.digest == killed.digest
    log = TrainingFolder(tmp_path / "killed").log()
    assert [line["step"] for line in log] == list(range(1, 251))


def test_a_finished_training_is_left_as_it_is_and_can_be_made_longer(photos, tmp_path):
    first = train_generator(photos, tmp_path / "out", CHOICES)
    digest = load_generator(first.folder).digest
    train_generator(photos, tmp_path / "out", CHOICES)
    assert load_generator(first.folder).digest == digest
    steps = []
    longer = choices_for(family="mlp", size_px=16, n_photos_shown=5 * 4, batch_size=4)
    train_generator(photos, tmp_path / "out", longer, TrainingReports(on_step=steps.append))
    assert [step.step for step in steps] == [4, 5]
    # What was asked for then has long been done.
    train_generator(photos, tmp_path / "out", CHOICES)
    assert load_card(tmp_path / "out").extra["training"]["step"] == 5


def test_what_was_lost_after_the_last_checkpoint_is_made_again(photos, tmp_path):
    train_generator(photos, tmp_path / "out", CHOICES)
    digest = load_generator(tmp_path / "out").digest
    (tmp_path / "out" / "model.json").unlink()
    train_generator(photos, tmp_path / "out", CHOICES)
    assert load_generator(tmp_path / "out").digest == digest


def test_another_training_in_the_folder_is_refused(photos, tmp_path):
    train_generator(photos, tmp_path / "out", CHOICES)
    other = choices_for(family="mlp", size_px=16, n_photos_shown=12, batch_size=4, seed=1)
    with pytest.raises(BadOption, match="holds a training with seed 0, not 1; expected the same, to go"):
        train_generator(photos, tmp_path / "out", other)
    with pytest.raises(BadOption, match="is not empty, and holds no training"):
        train_generator(photos, photos, CHOICES)


def test_a_training_can_start_from_another_generator(photos, tmp_path):
    first = train_generator(photos, tmp_path / "first", CHOICES)
    digest = load_generator(first.folder).digest
    choices = replace(CHOICES, seed=1, start_from=str(first.folder), n_photos_shown=4)
    again = train_generator(photos, tmp_path / "again", choices)
    assert load_generator(again.folder).digest != digest
    before, after = (load_generator(place).state_dict() for place in (first.folder, again.folder))
    # One step away, and not as far as other first weights are.
    weights = [name for name in before if name != "w_mean"]
    assert max((before[name] - after[name]).abs().max() for name in weights) < 1e-3
    with pytest.raises(
        BadOption, match="is a generator of image_size_px 16, not 24; expected one of the same"
    ):
        train_generator(photos, tmp_path / "large", replace(choices, size_px=24))
    with pytest.raises(
        BadModelFile, match=r"is a model of kind 'generator/mlp'; expected kind 'generator/vae'"
    ):
        train_generator(
            photos, tmp_path / "vae", choices_for("vae", size_px=16, start_from=str(first.folder))
        )


def test_two_trainings_at_once_are_refused(photos, tmp_path):
    with only_writer(tmp_path / "out"), pytest.raises(FolderBusy, match="another command is writing"):
        train_generator(photos, tmp_path / "out", CHOICES)


def test_few_photos_none_and_broken_ones(photos, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadPhoto, match="holds no photos"):
        train_generator(tmp_path / "empty", tmp_path / "a", CHOICES)
    many = choices_for(family="mlp", size_px=16, n_photos_shown=12, batch_size=7)
    with pytest.raises(BadOption, match="there are 6 photos, and 7 in a batch"):
        train_generator(photos, tmp_path / "b", many)
    (photos / "broken.png").write_bytes(b"no picture")
    trained = train_generator(photos, tmp_path / "c", CHOICES)
    assert [name for name, _ in trained.failed] == ["broken.png"]
    assert "Photos that cannot be read" in trained.page.read_text()


@pytest.mark.slow
def test_photos_of_one_colour_can_be_learned_from(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(4):
        Image.new("RGB", (16, 16), (10 * index, 0, 0)).save(folder / f"{index}.png")
    choices = choices_for(family="stylegan2", size_px=32, n_photos_shown=4, batch_size=4)
    assert train_generator(folder, tmp_path / "out", choices).n_photos == 4


def test_a_loss_that_is_no_number_stops_it_and_names_the_step(photos, tmp_path, monkeypatch):
    from partly.losses.adversarial_losses import NonSaturating

    monkeypatch.setattr(NonSaturating, "generator_loss", lambda _self, scores: scores.mean() * float("nan"))
    with pytest.raises(TrainingDiverged, match="the loss of the generator is nan at step 0"):
        train_generator(photos, tmp_path / "out", CHOICES)


def test_drawn_portraits_by_name(tmp_path):
    choices = choices_for(family="vae", size_px=32, n_photos_shown=8, batch_size=4)
    trained = train_generator("portraits:5", tmp_path / "out", choices)
    assert trained.n_photos == 5
    assert "What latents know of photos" in trained.page.read_text()
    generator, encoder = load_generator(trained.folder), load_representation(trained.folder / "encoder")
    assert (generator.image_size_px, encoder.image_size_px) == (32, 32)
    assert load_card(trained.folder / "encoder").extra["parents"] == {"generator_sha256": generator.digest}


def test_choices_may_change_while_nothing_is_trained(photos, tmp_path):
    with pytest.raises(BadOption, match="7 in a batch"):
        train_generator(photos, tmp_path / "out", replace(CHOICES, batch_size=7))
    assert train_generator(photos, tmp_path / "out", CHOICES).n_photos == 6


def test_measures_are_taken_whenever_photos_shown_have_doubled_and_at_the_end(photos, tmp_path):
    from partly.data.photos.photo_sets import make_photo_set
    from partly.data.photos.photo_sources import find_photos
    from partly.project.trainings.training_measures import Measures

    generator = load_generator(train_generator(photos, tmp_path / "out", CHOICES).folder)
    place = TrainingFolder(tmp_path / "measured")
    place.training.mkdir(parents=True)
    photo_set = make_photo_set(find_photos(photos), place.photos, 16)
    told = []
    measures = Measures(place, photo_set, n_pictures=8, on_progress=lambda *report: told.append(report))
    for n_shown in (10, 15, 20, 30, 45, 60):
        measures.take(generator, n_shown, is_last=n_shown == 60)
    assert [line["n_seen"] for line in place.measures()] == [10, 20, 45, 60]
    n = len(photo_set)
    assert list(dict.fromkeys(told)) == [("measuring, photos", n, n), ("measuring, pictures", 8, 8)]
    few = Measures(TrainingFolder(tmp_path / "few"), replace(photo_set, names=photo_set.names[:5]))
    few.take(generator, 10, is_last=True)
    assert TrainingFolder(tmp_path / "few").measures() == []


def test_only_grids_of_doubling_numbers_are_kept(tmp_path):
    place = TrainingFolder(tmp_path)
    (tmp_path / "pictures").mkdir()
    for number in range(1, 12):
        place.grid_file(number).touch()
        place.strip_file(number).touch()
    (tmp_path / "pictures" / "grid-mine.png").touch()
    place.thin_out()
    assert [number for number, _ in place.grids()] == [1, 2, 4, 8, 11]
    assert [number for number, _ in place.strips()] == [1, 2, 4, 8, 11]
    assert (tmp_path / "pictures" / "grid-mine.png").is_file()


def test_the_verb(photos, tmp_path):
    arguments = [
        "train",
        str(photos),
        str(tmp_path / "out"),
        "--family",
        "mlp",
        "--size",
        "16",
        "--batch",
        "4",
    ]
    (photos / "notes.txt").touch()
    done = CliRunner().invoke(cli, [*arguments, "--photos-shown", "8", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["n_photos"] == 6
    assert json.loads(done.stdout)["notes"] == ["1 other file passed over (notes.txt)."]
    assert "Note: 1 other file passed over (notes.txt)." in done.stderr
    assert "Next: partly new PROJECT --generator" in done.stderr


def test_the_verb_on_another_machine(photos, tmp_path, unmeasured):
    """Begun in halves, it goes on on the plain processor; what is kept says what was made on what."""
    out = tmp_path / "out"
    train = ["train", str(photos), str(out), "--family", "mlp", "--size", "16", "--batch", "4"]
    halves = ["--device", "cpu", "--precision", "bfloat16"]
    assert run([*train, "--photos-shown", "8", *halves]) == 0
    assert json.loads((out / "model.json").read_text())["made_on"] == "cpu, bfloat16"
    assert run([*train, "--photos-shown", "16", "--device", "cpu"]) == 0
    assert "made_on" not in json.loads((out / "model.json").read_text())
    assert [line.get("made_on") for line in TrainingFolder(out).log()] == ["cpu, bfloat16"] * 2 + [None] * 2


def test_a_device_that_is_not_there(photos, tmp_path, capsys):
    assert run(["train", str(photos), str(tmp_path / "out"), "--device", "tpu"]) == 2
    assert "device 'tpu'; expected one of auto, cpu, cuda, cuda:0, cuda:1, mps" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_verb_when_it_is_stopped(photos, tmp_path, monkeypatch, capsys):
    def stopped(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("partly.project.trainings.train_generator", stopped)
    assert run(["train", str(photos), str(tmp_path / "out")]) == INTERRUPTED
    assert "the same command goes on" in capsys.readouterr().err


@pytest.fixture
def unmeasured(monkeypatch):
    """Trainings whose pictures are not compared with photos, which takes most of a short one."""
    monkeypatch.setattr("partly.project.trainings.generator_training.Measures.take", lambda *_, **__: None)


def in_classes(photos: Path) -> Path:
    """Twelve photos in folders of three classes."""
    for index, name in enumerate(3 * ["cat", "dog", "cow", "cat"]):
        (photos / name).mkdir(exist_ok=True)
        pixels = np.full((16, 16, 3), 10 * index, np.uint8)
        Image.fromarray(pixels).save(photos / name / f"{index}.png")
    for path in photos.glob("*.png"):
        path.unlink()
    return photos


def test_classes_are_learned_named_and_shown(photos, tmp_path, monkeypatch):
    monkeypatch.setattr("partly.project.trainings.training_measures.Measures.take", lambda *_, **__: None)
    choices = choices_for(family="dcgan", size_px=16, n_photos_shown=8, batch_size=4, classes="folders")
    trained = train_generator(in_classes(photos), tmp_path / "out", choices)
    assert trained.classes == {"cat": 6, "cow": 3, "dog": 3}
    generator = load_generator(tmp_path / "out")
    assert generator.classes == ("cat", "cow", "dog")
    card = json.loads((tmp_path / "out" / "model.json").read_text())
    assert card["arguments"]["classes"] == ["cat", "cow", "dog"]
    assert card["training"]["photos_of_classes"] == trained.classes
    assert card["training"]["classes"] == "folders"
    # Truncation has somewhere to pull to.
    assert len(np.unique(generator.class_means.numpy(), axis=0)) == 3
    page = trained.page.read_text()
    assert "A row for each class: cat, cow, dog." in page
    assert ">cow</t" in page
    again = train_generator(photos, tmp_path / "out", choices)
    assert again.classes == trained.classes


def test_classes_through_the_command_line(photos, tmp_path, unmeasured):
    table = tmp_path / "classes.csv"
    table.write_text("".join(f"{i}.png,{'cat' if i % 2 else 'dog'}\n" for i in range(6)))
    words = ["train", str(photos), str(tmp_path / "out"), "--classes", str(table), "--size", "16"]
    words += ["--photos-shown", "4", "--batch", "4"]
    result = CliRunner().invoke(cli, [*words, "--family", "dcgan"])
    assert result.exit_code == 0, result.output
    assert "Classes, with their photos: cat (3), dog (3)" in result.output


def test_a_family_that_learns_no_classes():
    text = (
        "classes is 'folders', and the family vae has no such option; "
        "expected one of the families stylegan2, light, dcgan, mlp"
    )
    with pytest.raises(BadOption, match=text):
        choices_for(family="vae", classes="folders")


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (
            "photo,class\n0.png,a\n1.png,a\n2.png,a\n3.png,a\n4.png,a\n5.png,b\n",
            r"'b' \(1\); expected 2 or more",
        ),
        ("".join(f"{i}.png,a\n" for i in range(6)), "all 6 photos are of class 'a'; expected two classes or"),
        ("".join(f"{i}.png,a\n" for i in range(1, 7)), "names 1 photos that are not there: 6.png; expected"),
        ("0.png,a\n", "has no class for 5 of 6 photos: 1.png, 2.png, 3.png, …; expected a class for every"),
        ("photo,class\n", "has no class for 6 of 6 photos: 0.png, 1.png, 2.png, …; expected a class for"),
    ],
)
def test_classes_that_cannot_be_learned_are_refused_before_a_photo_is_read(photos, tmp_path, table, text):
    path = tmp_path / "classes.csv"
    path.write_text(table)
    choices = choices_for(family="dcgan", size_px=16, batch_size=4, classes=str(path))
    read = []
    with pytest.raises(BadLabel, match=text):
        train_generator(
            photos, tmp_path / "out", choices, TrainingReports(on_photo=lambda *_: read.append(1))
        )
    assert not read


def test_hundreds_of_classes(tmp_path, unmeasured):
    """They are learned; the page shows some of them."""
    for index in range(240):
        folder = tmp_path / "photos" / f"kind {index % 120:03}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 2, 3), index % 256, np.uint8)).save(folder / f"{index}.png")
    choices = choices_for(
        family="mlp", size_px=8, n_photos_shown=8, batch_size=4, classes="folders", condition="concatenation"
    )
    trained = train_generator(tmp_path / "photos", tmp_path / "out", choices)
    assert len(load_generator(tmp_path / "out").classes) == 120
    page = trained.page.read_text()
    assert "A row for each of 20 of the 120 classes: kind 000, kind 006, kind 012" in page
    [grid] = (tmp_path / "out" / "pictures").glob("grid-*.png")
    with Image.open(grid) as image:
        assert image.height < 1000
    with pytest.raises(
        BadOption, match=r"knows no class 'x'; expected one of kind 000, .*, … \(120 in all\)"
    ):
        draw_classes(load_generator(tmp_path / "out"), ["x"])


@pytest.mark.parametrize("family", ["dcgan", "mlp"])
def test_codes_are_found_shown_and_drawn_as_classes_are(photos, tmp_path, unmeasured, family):
    choices = choices_for(
        family=family, size_px=16, n_photos_shown=8, batch_size=4, codes=3, continuous_codes=2
    )
    reports = []
    trained = train_generator(photos, tmp_path / "out", choices, TrainingReports(on_step=reports.append))
    assert not trained.classes
    generator = load_generator(tmp_path / "out")
    assert generator.classes == ("code 1", "code 2", "code 3")
    assert generator.z_dim == 102
    assert generator.w_dim == 105
    assert len(np.unique(generator.class_means.numpy(), axis=0)) == 3
    page = trained.page.read_text()
    assert "A row for each code: code 1, code 2, code 3." in page
    assert "Continuous codes" in page
    assert "What pictures tell of their code" in page
    assert max(report.values["information"] for report in reports) <= np.log(3)
    assert {path.name for path in (tmp_path / "out" / "pictures").iterdir()} >= {"codes-0000000008.png"}
    assert reports[-1].values["information"] >= 0 or "code -" in reports[-1].figures
    again = train_generator(photos, tmp_path / "out", choices)
    assert again.time_s == trained.time_s
    with pytest.raises(BadOption, match="codes 3, not 4"):
        train_generator(photos, tmp_path / "out", replace(choices, codes=4))


def test_other_classes_than_before(photos, tmp_path, unmeasured):
    choices = choices_for(
        family="dcgan", size_px=16, n_photos_shown=4, batch_size=4, classes=str(tmp_path / "classes.csv")
    )
    table = tmp_path / "classes.csv"
    table.write_text("0.png,a\n1.png,a\n2.png,a\n3.png,b\n4.png,b\n5.png,b\n")
    train_generator(photos, tmp_path / "out", choices)
    table.write_text(table.read_text().replace("2.png,a", "2.png,b"))
    with pytest.raises(BadOption, match="holds a training with other photos"):
        train_generator(photos, tmp_path / "out", choices)


def test_starting_from_a_generator_of_other_classes(photos, tmp_path, unmeasured):
    choices = choices_for(family="dcgan", size_px=16, n_photos_shown=4, batch_size=4)
    train_generator(in_classes(photos), tmp_path / "first", choices)
    later = replace(choices, classes="folders", start_from=str(tmp_path / "first"))
    with pytest.raises(BadOption, match=r"is a generator of classes \[\], not \['cat', 'cow', 'dog'\]"):
        train_generator(photos, tmp_path / "out", later)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--objective", "wasserstein-clipped"], "whose scores lose their slopes when weights are clipped"),
        (["--family", "dcgan", "--slopes", "finite-differences"], "has no penalty R1 or R2; expected"),
        (["--objective", "least-squares", "--augment", "ada"], "'ada' with the objective 'least-squares'"),
    ],
)
def test_an_objective_that_does_not_fit_is_refused_before_anything_is_read(tmp_path, words, text):
    told = CliRunner().invoke(cli, ["train", str(tmp_path / "nowhere"), str(tmp_path / "out"), *words])
    assert isinstance(told.exception, BadOption)
    assert text in str(told.exception)
    assert not (tmp_path / "out").exists()
