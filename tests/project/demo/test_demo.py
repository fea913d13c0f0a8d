import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from partly.cli import demo_command as verb
from partly.cli.command_line import run
from partly.data.labels.annotation import Annotation, save_annotation
from partly.data.labels.part_sets import FACE_PARTS
from partly.errors import BadPhoto, NotAvailable
from partly.project.demo import whole_demo as demo_module
from partly.project.demo.demo_subjects import FACES, PORTRAITS
from partly.project.demo.whole_demo import DemoChoices, DemoReports, Times, run_demo
from partly.project.project_folder import create_project
from partly.project.project_settings import Settings
from partly.synthesis.distil.distil_config import DistilReports
from partly.synthesis.distil.distil_options import DistilConfig
from tests.fakes import thing_annotation

TINY = DistilConfig(n_pictures=20, size_px=32, architecture="unet-small", pretrained=False, n_steps=2)


@pytest.fixture
def shipped(monkeypatch, tmp_path, generator):
    """An annotation of the tiny generator with all parts of a face, in place of the shipped ones."""
    folder = tmp_path / "package" / "shipped" / "faces" / "annotations"
    made = thing_annotation(generator, 0)
    stripes = np.repeat(np.arange(64, dtype=np.uint8)[:, None] // 7, 64, axis=1)
    save_annotation(folder, Annotation("face-1", stripes, made.w, made.generator_digest), FACE_PARTS)
    monkeypatch.setattr("partly.data.labels.shipped_labels.files", lambda _package: tmp_path / "package")


@pytest.fixture
def choices(shipped, generator_folder, tmp_path):
    photo = tmp_path / "me.png"
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(photo)
    subject = replace(FACES, generator=str(generator_folder), distil=TINY)
    return DemoChoices(photos=(photo,), subject=subject, n_held_out=2, n_workers=1)


def reports(said):
    return DemoReports(said.append, lambda *_: None, DistilReports())


def test_one_label_to_a_page(choices, tmp_path):
    said = []
    page, summary = run_demo(tmp_path / "demo", choices, reports(said))
    assert summary.segmented == (
        "me.png",
        "shipped/astronaut-head.png",
        "shipped/astronaut.png",
        "fresh/fresh-1.png",
        "fresh/fresh-2.png",
    )
    text = page.read_text()
    for title in ("Photos", "Generated pictures", "Few-shot segmenter", "Times", "What it cannot do"):
        assert f">{title}</h2>" in text
    times = json.loads((tmp_path / "demo/times.json").read_text())
    assert len(times) == 3
    assert any("drawn by hand" in line for line in said)

    again, kept = run_demo(tmp_path / "demo", choices, reports([]))
    assert again == page
    assert kept.kept == summary.segmented
    assert json.loads((tmp_path / "demo/times.json").read_text()) == times


def test_what_the_demo_made_is_no_photo_of_the_user(choices, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    choices.photos[0].rename(photos / "me.png")
    choices = replace(choices, photos=(photos,))
    _, summary = run_demo(photos / "demo", choices, reports([]))
    _, again = run_demo(photos / "demo", choices, reports([]))
    assert again.kept == summary.segmented
    assert [name for name in again.kept if name.startswith("photos/")] == ["photos/me.png"]


def test_bad_photos_are_refused_before_the_work_or_shown_after_it(choices, tmp_path):
    with pytest.raises(BadPhoto):
        run_demo(tmp_path / "demo", DemoChoices(photos=(tmp_path / "none.png",)), reports([]))
    choices.photos[0].write_bytes(b"no photo")
    page, summary = run_demo(tmp_path / "demo", choices, reports([]))
    assert [name for name, _ in summary.failed] == ["me.png"]
    assert "It could not be segmented" in page.read_text()


def unavailable(name, **_options):
    raise NotAvailable(f"no network for {name}")


@pytest.mark.slow
def test_without_a_network_drawn_portraits_take_the_place_of_faces(choices, monkeypatch, tmp_path):
    monkeypatch.setattr(demo_module, "get", unavailable)
    drawn = replace(PORTRAITS, generator=choices.subject.generator, annotation_ids=("face-1",), distil=TINY)
    monkeypatch.setattr(demo_module, "PORTRAITS", drawn)
    said = []
    page, summary = run_demo(tmp_path / "demo", replace(choices, subject=FACES), reports(said))
    assert "no network for ffhq), and drawn portraits take their place" in said[0]
    assert "partly get ffhq --from FILE" in said[0]
    assert [name for name in summary.segmented if "drawing" in name] == [
        f"shipped/drawing-{number}.png" for number in range(1, 7)
    ]
    assert "on photos of people this network is of no use" in page.read_text()

    # What was begun with drawn portraits goes on with them, whatever can be had by now.
    _, again = run_demo(tmp_path / "demo", replace(choices, subject=FACES), reports(said))
    assert again.kept == summary.segmented


def test_faces_that_were_begun_are_not_replaced(choices, monkeypatch, tmp_path):
    create_project(tmp_path / "demo", Settings("ffhq", FACE_PARTS))
    monkeypatch.setattr(demo_module, "get", unavailable)
    with pytest.raises(NotAvailable, match="no network for ffhq"):
        run_demo(tmp_path / "demo", replace(choices, subject=FACES), reports([]))


def test_without_encoder_it_learns_from_scratch(monkeypatch):
    monkeypatch.setattr(demo_module, "get", unavailable)
    said = []
    config = demo_module._with_encoder(FACES.distil, reports(said))
    assert (config.architecture, config.pretrained) == ("unet-small", False)
    assert "no network for efficientnet-lite0" in said[0]


def test_the_verb(choices, monkeypatch, tmp_path, capsys):
    opened = []
    monkeypatch.setattr("partly.project.demo.DemoChoices", lambda **_: choices)
    monkeypatch.setattr(verb.webbrowser, "open", opened.append)
    assert run(["demo", "--out", str(tmp_path / "demo"), "--json", "--open"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["page"].endswith("index.html")
    assert opened == [f"file://{told['page']}"]


@pytest.mark.parametrize(
    ("options", "subject", "folder"),
    [([], FACES, "demo-faces"), (["--portraits"], PORTRAITS, "demo-portraits")],
)
def test_the_verb_shows_it_on(options, subject, folder, monkeypatch, tmp_path):
    asked = []

    def not_run(folder, choices, _reports):
        asked.append((folder.name, choices.subject))
        raise NotAvailable("stopped here")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("partly.project.demo.run_demo", not_run)
    assert run(["demo", *options]) == 3
    assert asked == [(folder, subject)]


def test_times_add_up(tmp_path):
    times = Times(tmp_path / "times.json")
    times.add("fit", 0.0, skipped=True)
    assert times.seconds == {}
    times.seconds["fit"] = 5.0
    times.add("fit", demo_module.time.monotonic() - 2, skipped=False)
    assert Times(tmp_path / "times.json").seconds["fit"] == pytest.approx(7, abs=0.5)
    (tmp_path / "times.json").write_text("{")
    assert Times(tmp_path / "times.json").seconds == {}


def test_with_a_finder_objects_are_looked_for(choices, tmp_path):
    choices = replace(
        choices,
        anywhere=True,
        subject=replace(choices.subject, distil=replace(TINY, finder_steps=1)),
    )
    page, summary = run_demo(tmp_path / "demo", choices, reports([]))
    areas = json.loads(summary.areas_path.read_text())
    assert all("objects" in photo for photo in areas["photos"])
    assert (tmp_path / "demo/models/finder/model.json").is_file()
    assert " objects, " in page.read_text() or " object, " in page.read_text()
