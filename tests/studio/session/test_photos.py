"""A session on a project of photos: painting, wall, proposals, and features that are made beside."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from partly.data.labels import load_annotation, resize_label_map
from partly.data.labels.stroke_states import Patch
from partly.data.photos.encoding import encode_png, write_png
from partly.data.photos.photo_location import PhotoSource
from partly.errors import BadPhoto, NotFound, NotReady
from partly.fewshot.features import feature_store
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.fewshot.fitting.fit_options import ON_PHOTOS
from partly.models.encoders.dinov2_encoder import DinoV2
from partly.models.generators.truncation import Truncation
from partly.project.fit_verb import few_shot_config, fit_project
from partly.project.photo_options import PhotoOptions
from partly.project.project_folder import Project, create_project
from partly.project.project_settings import Settings
from partly.storage.streams import picture_seed
from partly.studio.session.overview import overview
from partly.studio.session.picture_supply import ProposalRequest
from partly.studio.session.session import Session
from partly.studio.session.workspace import StudioChoices
from tests.fakes import TWO_PARTS, thing_labels, thing_photo
from tests.studio.tiny_sessions import Ears, stroke, until

FEW = StudioChoices(n_wall=3, n_proposals=2, n_candidates=8)
Open = Callable[..., Session]


def shape_of(seed: int) -> tuple[int, int]:
    """Of photo ``seed``: wide and high in turns."""
    return (60, 90) if seed % 2 else (90, 60)


def project_of(folder: Path, encoder: Path | str, name: str = "project-of-photos") -> Project:
    """A project of the photos in a folder beside it."""
    photos = PhotoOptions(f"../{folder.name}", str(encoder), 56)
    return create_project(folder.parent / name, Settings("", TWO_PARTS, ON_PHOTOS, photos=photos))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty photos of things."""
    for seed in range(20):
        write_png(tmp_path / "many" / f"{seed:02}.png", thing_photo(*shape_of(seed), seed))
    return tmp_path / "many"


@pytest.fixture
def many(folder: Path, encoder_folder: Path) -> Project:
    """A project of these photos."""
    return project_of(folder, encoder_folder)


@pytest.fixture
def n_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often the encoder read a photo, as the length of a list."""
    read, really = [], DinoV2.read

    def counted(self, images):  # type: ignore[no-untyped-def]
        read.append(1)
        return really(self, images)

    monkeypatch.setattr(DinoV2, "read", counted)
    return read


def settle(session: Session) -> None:
    """Wait until nothing is done, or waited for."""
    maker = session.maker
    assert maker is not None
    until(lambda: session.worker.settle() and maker.settle() and session.worker.settle(0.01))


def opened(open_session: Open, project: Project, choices: StudioChoices = FEW) -> Session:
    session = open_session(project, choices)
    settle(session)
    return session


def seed_of(photo: object) -> int:
    return int(Path(str(photo)).stem)


def names_in_tray(session: Session) -> list[str]:
    tray = session.workspace.tray
    return [str(tray.picture(picture_id).photo) for picture_id in tray.ids()]


def names_on_wall(session: Session) -> list[str]:
    return [str(picture.photo) for picture in session.models.live.wall]


def paint_truth(session: Session, picture_id: str, tab: str = "a") -> None:
    """Paint what is to be seen on a photo, at one stroke."""
    picture = session.workspace.picture(picture_id)
    labels = thing_labels(*picture.shape, seed_of(picture.photo))
    session.painting.paint(picture_id, tab, Patch(0, 0, labels))


def right_on_the_wall(session: Session) -> list[float]:
    """Share of the pixels of each photo of the wall that are predicted as they are."""
    wall = session.predictions.of_wall()
    assert wall is not None
    found = []
    for labels, name in zip(wall.labels, names_on_wall(session), strict=True):
        truth = thing_labels(*shape_of(seed_of(name)), seed_of(name))
        found.append(float((labels == resize_label_map(truth, labels.shape)).mean()))
    return found


def test_a_photo_is_painted_and_the_others_follow(many: Project, open_session: Open) -> None:
    session = opened(open_session, many)
    state = overview(session)
    assert state["project"]["labels"] == "photos"
    assert state["live"] == {"state": "ready", "done": 3, "total": 3, "problem": None}
    assert state["album"] == {"n_photos": 20, "features": state["album"]["features"], "passed_over": {}}
    assert state["album"]["features"]["done"] == state["album"]["features"]["total"] >= 3 + 8
    assert [picture["reason"] for picture in state["pictures"]] == ["representative"] * 3
    assert state["wall"] == state["wall_ready"] == ["wall-0", "wall-1", "wall-2"]
    assert not set(names_on_wall(session)) & set(names_in_tray(session))
    first = state["pictures"][0]
    height, width = shape_of(seed_of(first["name"]))
    assert (first["height_px"], first["width_px"]) == (height, width)
    session.painting.open(first["id"], "a")
    paint_truth(session, first["id"])
    settle(session)
    prediction = session.predictions.of_picture(first["id"])
    assert prediction is not None
    rows, columns = prediction.labels.shape
    assert rows / columns == pytest.approx(height / width, rel=0.05)
    assert rows * columns == pytest.approx(56**2, rel=0.05)
    assert min(right_on_the_wall(session)) > 0.8
    patch, painted = session.painting.accept(first["id"], "a", only_unlabelled=False)
    assert patch.labels.shape == (height, width)
    assert painted.labelled_share == 1
    session.painting.undo(first["id"], "a")
    truth = thing_labels(height, width, seed_of(first["name"]))
    assert np.array_equal(session.painting.labels(first["id"]), truth)


def test_a_fit_looks_at_the_photos_that_the_studio_has_read(many: Project, open_session: Open) -> None:
    session = opened(open_session, many)
    source, seed = session.models.source, picture_seed("plain pictures")
    assert isinstance(source, PhotoFeatures)
    drawn = [source.plain("plain pictures", seed, i, Truncation()) for i in range(3 + 8)]
    assert [picture.photo for picture in drawn[:3]] == names_on_wall(session)
    assert all(source.is_kept(picture) for picture in drawn)


def test_superpixels_have_the_photos_shape(many: Project, open_session: Open) -> None:
    session = opened(open_session, many)
    picture_id = session.workspace.tray.ids()[0]
    assert session.superpixels.of_picture(picture_id) is None
    settle(session)
    found = session.superpixels.of_picture(picture_id)
    height, width = session.workspace.picture(picture_id).shape
    assert found is not None
    assert found.shape[0] / found.shape[1] == pytest.approx(height / width, rel=0.05)


def test_at_the_next_start_nothing_is_made_again(
    many: Project, open_session: Open, n_read: list[int]
) -> None:
    session = opened(open_session, many)
    first = session.workspace.tray.ids()[0]
    session.painting.open(first, "a")
    paint_truth(session, first)
    settle(session)
    on_wall, in_tray = names_on_wall(session), names_in_tray(session)
    session.close()
    assert len(n_read) == len(set(on_wall)) + 8 + len(in_tray)
    n_read.clear()
    session = opened(open_session, many)
    assert names_in_tray(session) == in_tray
    assert names_on_wall(session) == on_wall
    assert min(right_on_the_wall(session)) > 0.8
    assert not n_read


def test_photos_that_are_asked_for(many: Project, open_session: Open) -> None:
    session = opened(open_session, many)
    first = session.workspace.tray.ids()[0]
    paint_truth(session, first)
    settle(session)
    for kind, reason in (("unsure", "unsure"), ("representative", "representative"), ("another", "asked")):
        before = set(names_in_tray(session))
        session.proposals.ask(ProposalRequest(kind, 2))
        settle(session)
        new = [name for name in session.workspace.tray.ids() if _name(session, name) not in before]
        assert len(new) == 2
        assert {session.workspace.tray.choices(name).reason for name in new} == {reason}
        assert not set(names_in_tray(session)) & set(names_on_wall(session))
    assert len(set(names_in_tray(session))) == 3 + 3 * 2


def _name(session: Session, picture_id: str) -> str:
    return str(session.workspace.picture(picture_id).photo)


def test_all_photos_may_be_painted_in_the_end(photo_project: Project, open_session: Open) -> None:
    session = opened(open_session, photo_project)
    ears = Ears(session.events)
    assert len(names_on_wall(session)) == 3
    for _ in range(6):
        session.proposals.ask(ProposalRequest("another"))
        settle(session)
    assert sorted(names_in_tray(session)) == [f"{seed}.png" for seed in range(6)]
    assert len(names_on_wall(session)) == 3, "there are no others to show"
    assert ears.data("problem")[-1]["text"].startswith("there is no other photo: all are among your pictures")


def test_one_photo_is_enough(tmp_path: Path, encoder_folder: Path, open_session: Open) -> None:
    write_png(tmp_path / "one" / "7.png", thing_photo(60, 90, 7))
    session = opened(open_session, project_of(tmp_path / "one", encoder_folder))
    state = overview(session)
    assert (state["wall"], state["live"]["state"]) == ([], "warming")
    [picture] = state["pictures"]
    session.painting.open(picture["id"], "a")
    paint_truth(session, picture["id"])
    settle(session)
    assert overview(session)["live"]["state"] == "ready"
    prediction = session.predictions.of_picture(picture["id"])
    assert prediction is not None
    truth = resize_label_map(thing_labels(60, 90, 7), prediction.labels.shape)
    assert (prediction.labels == truth).mean() > 0.9


def test_a_photo_that_cannot_be_read_is_told_and_passed_over(
    folder: Path, encoder_folder: Path, open_session: Open
) -> None:
    for seed in range(0, 20, 2):
        (folder / f"{seed:02}.png").write_bytes(encode_png(thing_photo(90, 60, seed))[:-40])
    session = open_session(project_of(folder, encoder_folder), FEW)
    ears = Ears(session.events)
    settle(session)
    assert all(seed_of(name) % 2 for name in (*names_in_tray(session), *names_on_wall(session)))
    assert len(names_on_wall(session)) == 3
    passed_over = overview(session)["album"]["passed_over"]
    assert passed_over
    assert all(seed_of(name) % 2 == 0 and "truncated" in why for name, why in passed_over.items())
    assert ears.data("problem")
    [problem] = [one["problem"] for one in search(session, "00.png")["photos"]]
    assert problem is None or "truncated" in problem


def test_photos_that_the_network_cannot_read_are_passed_over(
    many: Project, open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = DinoV2.read

    def only_wide_ones(self, images):  # type: ignore[no-untyped-def]
        if images.shape[2] > images.shape[3]:
            raise RuntimeError("not enough memory")
        return really(self, images)

    monkeypatch.setattr(DinoV2, "read", only_wide_ones)
    session = open_session(many, FEW)
    ears = Ears(session.events)
    settle(session)
    assert overview(session)["live"]["state"] == "ready"
    assert len(names_in_tray(session)) == 3
    assert all(seed_of(name) % 2 for name in (*names_in_tray(session), *names_on_wall(session)))
    assert "not enough memory" in {one["text"] for one in ears.data("problem")}


def search(session: Session, text: str = "", offset: int = 0, limit: int = 60) -> dict:
    assert session.photo_choosing is not None
    return session.photo_choosing.search(text, offset, limit)


def test_a_wall_of_which_nothing_can_be_read(
    tmp_path: Path, encoder_folder: Path, open_session: Open
) -> None:
    for seed in range(3):
        write_png(tmp_path / "few" / f"{seed}.png", thing_photo(60, 90, seed))
    project = project_of(tmp_path / "few", encoder_folder)
    session = opened(open_session, project)
    kept = names_in_tray(session)
    session.close()
    for path in (tmp_path / "few").iterdir():
        if path.name not in kept:
            path.write_bytes(b"no photo")
    for small in (project.folder / "studio" / "wall").iterdir():
        small.unlink()
    session = opened(open_session, project)
    assert names_on_wall(session) == []
    first = session.workspace.tray.ids()[0]
    session.painting.open(first, "a")
    paint_truth(session, first)
    settle(session)
    assert session.predictions.of_picture(first) is not None


def test_a_photo_that_disappears_is_painted_on(many: Project, folder: Path, open_session: Open) -> None:
    session = opened(open_session, many)
    first = session.workspace.tray.ids()[0]
    session.painting.open(first, "a")
    settle(session)
    (folder / _name(session, first)).unlink()
    paint_truth(session, first)
    settle(session)
    assert session.predictions.of_picture(first) is not None, "its features are kept"
    assert min(right_on_the_wall(session)) > 0.8
    assert session.pictures.image(first).media_type == "image/png"
    session.saver.flush()
    annotation = load_annotation(many.annotations, first, TWO_PARTS)
    assert annotation.photo == _name(session, first)
    session.close()
    shutil.rmtree(many.features)
    session = open_session(many, FEW)
    ears = Ears(session.events)
    settle(session)
    session.painting.open(first, "a")
    settle(session)
    assert any("is not there" in one["text"] for one in ears.data("problem"))
    session.painting.paint(first, "a", stroke(0, 0, 5, 5, 1))
    settle(session)
    assert (session.painting.labels(first)[:5, :5] == 1).all()


def test_photos_are_looked_for_and_chosen_by_name(many: Project, open_session: Open) -> None:
    session = opened(open_session, many)
    choosing = session.photo_choosing
    assert choosing is not None
    found = search(session, "1 .PNG", offset=2, limit=3)["photos"]
    assert [one["name"] for one in found] == ["11.png", "12.png", "13.png"]
    assert search(session, "1")["n_found"] == 11
    assert search(session)["n_photos"] == 20
    on_wall = names_on_wall(session)[1]
    assert choosing.image(on_wall, 32).media_type == "image/jpeg"
    picture = choosing.take(on_wall)
    settle(session)
    [found] = [one for one in search(session)["photos"] if one["name"] == on_wall]
    assert found["picture"] == picture.id
    assert overview(session)["pictures"][-1]["reason"] == "asked"
    assert on_wall not in names_on_wall(session)
    assert overview(session)["wall"] == overview(session)["wall_ready"] == ["wall-0", "wall-3", "wall-2"]
    assert choosing.take(on_wall).id == picture.id
    for what in (lambda: choosing.take("x.png"), lambda: choosing.image("x.png", 32)):
        with pytest.raises(NotFound, match=r"there is no photo 'x.png'"):
            what()


def test_photos_that_come_into_the_folder_are_found(many: Project, folder: Path, open_session: Open) -> None:
    session = opened(open_session, many)
    assert search(session, "new")["n_found"] == 0
    write_png(folder / "new-3.png", thing_photo(60, 90, 3))
    os.utime(folder, ns=(1, 1))  # file systems tell no two changes apart that follow each other at once
    assert search(session, "new")["n_found"] == 1
    assert session.photo_choosing is not None
    picture = session.photo_choosing.take("new-3.png")
    session.painting.open(picture.id, "a")
    session.painting.paint(picture.id, "a", Patch(0, 0, thing_labels(60, 90, 3)))
    settle(session)
    assert session.predictions.of_picture(picture.id) is not None


def test_a_photo_is_taken_from_the_wall(many: Project, open_session: Open) -> None:
    session = opened(open_session, many)
    name = names_on_wall(session)[0]
    taken = session.wall.take("wall-0")
    assert taken.photo == name
    settle(session)
    assert name not in names_on_wall(session)
    paint_truth(session, taken.id)
    settle(session)
    assert min(right_on_the_wall(session)) > 0.8


def test_photos_are_added(many: Project, open_session: Open) -> None:
    session = opened(open_session, many)
    choosing = session.photo_choosing
    assert choosing is not None
    data = encode_png(thing_photo(80, 40, 7))
    picture = choosing.add(data, "C:\\pictures\\7.png")
    assert (picture.photo, picture.shape) == ("photos/7.png", (80, 40))
    assert (many.added_photos / "7.png").read_bytes() == data
    assert choosing.add(data, "7.png").id == picture.id
    session.painting.open(picture.id, "a")
    paint_truth(session, picture.id)
    settle(session)
    assert session.predictions.of_picture(picture.id) is not None
    session.close()
    session = opened(open_session, many)
    assert search(session, "photos/")["n_found"] == 1
    assert picture.id in session.workspace.tray
    assert session.photo_choosing is not None
    with pytest.raises(BadPhoto, match="is no image of a known format"):
        session.photo_choosing.add(b"nothing", "8.png")


def test_what_was_fitted_segments_photos_until_there_is_a_network(many: Project, open_session: Open) -> None:
    session = opened(open_session, many)
    data = encode_png(thing_photo(50, 80, 7))
    with pytest.raises(NotReady, match="there is no network for photos yet"):
        session.network.segment(data)
    first = session.workspace.tray.ids()[0]
    session.painting.open(first, "a")
    paint_truth(session, first)
    session.saver.flush()
    fit_project(many, few_shot_config(many))
    segmented = session.network.segment(data)
    assert segmented.label_map.shape == (50, 80)
    assert (segmented.label_map == thing_labels(50, 80, 7)).mean() > 0.8


@pytest.mark.slow
def test_ten_thousand_photos(
    tmp_path: Path, encoder_folder: Path, open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(40):
        write_png(tmp_path / "some" / f"{seed}.png", thing_photo(*shape_of(seed), seed))
    (tmp_path / "all").mkdir()
    for number in range(10_000):
        os.link(tmp_path / "some" / f"{number % 40}.png", tmp_path / "all" / f"photo-{number}.png")
    opened_names: list[str] = []
    really = PhotoSource.open

    def counted(self: PhotoSource):  # type: ignore[no-untyped-def]
        opened_names.append(self.name)
        return really(self)

    monkeypatch.setattr(PhotoSource, "open", counted)
    session = opened(open_session, project_of(tmp_path / "all", encoder_folder))
    assert len(set(opened_names)) <= 3 + 8 + 6, "all others are names"
    assert overview(session)["album"]["n_photos"] == 10_000
    assert [one["name"] for one in search(session, "photo-99", 10, 2)["photos"]] == [
        "photo-9908.png",
        "photo-9909.png",
    ]
    assert len(overview(session)["pictures"]) == 3


def test_an_encoder_that_is_not_here(folder: Path, open_session: Open) -> None:
    session = opened(open_session, project_of(folder, "dinov2-small"))
    live = overview(session)["live"]
    assert live["state"] == "failed"
    assert "Run: partly get dinov2-small" in live["problem"]
    [picture] = overview(session)["pictures"]
    session.painting.open(picture["id"], "a")
    paint_truth(session, picture["id"])
    assert session.photo_choosing is not None
    session.photo_choosing.take("03.png" if picture["name"] != "03.png" else "04.png")
    settle(session)
    session.proposals.ask(ProposalRequest("another"))
    settle(session)
    assert len(names_in_tray(session)) == 3


def test_photos_that_are_not_there(many: Project, folder: Path, open_session: Open) -> None:
    session = opened(open_session, many)
    first = session.workspace.tray.ids()[0]
    session.close()
    folder.rename(folder.with_name("moved"))
    session = opened(open_session, many)
    live = overview(session)["live"]
    assert live["state"] == "failed"
    assert "moved, write where they are now" in live["problem"]
    session.painting.open(first, "a")
    session.painting.paint(first, "a", stroke(0, 0, 5, 5, 1))
    assert session.pictures.image(first, 64).media_type == "image/jpeg"


def test_photos_in_a_zip(folder: Path, encoder_folder: Path, open_session: Open) -> None:
    packed = Path(shutil.make_archive(str(folder.with_name("packed")), "zip", folder))
    session = opened(open_session, project_of(packed, encoder_folder, "of-a-zip"))
    first = session.workspace.tray.ids()[0]
    session.painting.open(first, "a")
    paint_truth(session, first)
    settle(session)
    assert min(right_on_the_wall(session)) > 0.8
    assert session.photo_choosing is not None
    assert session.photo_choosing.image("03.png", 32).media_type == "image/jpeg"
    assert session.photo_choosing.take("03.png").shape == shape_of(3)


@pytest.mark.parametrize("shape", [(10, 200), (200, 10)])
def test_photos_of_extreme_shapes(
    shape: tuple[int, int], tmp_path: Path, encoder_folder: Path, open_session: Open
) -> None:
    for seed in range(2):
        write_png(tmp_path / "long" / f"{seed}.png", thing_photo(*shape, seed))
    session = opened(open_session, project_of(tmp_path / "long", encoder_folder))
    [picture_id] = session.workspace.tray.ids()
    session.painting.open(picture_id, "a")
    paint_truth(session, picture_id)
    settle(session)
    prediction = session.predictions.of_picture(picture_id)
    assert prediction is not None
    rows, columns = prediction.labels.shape
    assert rows / columns == pytest.approx(shape[0] / shape[1], rel=0.1)
    assert session.painting.accept(picture_id, "a")[0].labels.shape == shape


def test_a_full_disk_makes_it_slow_and_loses_nothing(
    many: Project, open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_target: Path):  # type: ignore[no-untyped-def]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(feature_store, "atomic_path", full)
    session = open_session(many, replace(FEW, n_candidates=2))
    ears = Ears(session.events)
    settle(session)
    first = session.workspace.tray.ids()[0]
    session.painting.open(first, "a")
    paint_truth(session, first)
    settle(session)
    assert session.predictions.of_picture(first) is not None
    assert min(right_on_the_wall(session)) > 0.8
    assert [one["text"][:40] for one in ears.data("problem")] == ["features of photos cannot be kept: the d"]


def test_strokes_are_followed_while_features_are_made(
    many: Project, open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    gate, really = threading.Event(), DinoV2.read
    waiting: list[int] = []

    def slowly(self, images):  # type: ignore[no-untyped-def]
        if len(waiting) >= 4 + 4:  # those of the first photo's choice, and enough of a wall of eight
            gate.wait(30)
        waiting.append(1)
        return really(self, images)

    monkeypatch.setattr(DinoV2, "read", slowly)
    session = open_session(many, replace(FEW, n_wall=8))
    until(lambda: session.models.state["state"] == "ready")
    assert session.models.state["done"] == 4
    [picture_id] = session.workspace.tray.ids()
    session.painting.open(picture_id, "a")
    paint_truth(session, picture_id)
    until(lambda: session.predictions.of_wall() is not None)
    assert session.predictions.of_picture(picture_id) is not None
    wall = session.predictions.of_wall()
    assert wall is not None
    assert sorted((labels != 255).all() for labels in wall.labels) == [False] * 4 + [True] * 4
    gate.set()
    settle(session)
    assert overview(session)["live"]["done"] == 8
    assert min(right_on_the_wall(session)) > 0.75
