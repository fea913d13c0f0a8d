"""The study of objects anywhere: what is counted, what is read, and the whole of it with a tiny network."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from experiments.anywhere.arrangements import FACES, HORSES
from experiments.anywhere.composition import ObjectPhoto, as_it_is
from experiments.anywhere.known_frames import segment_known
from experiments.anywhere.object_photos import backdrops, car_pixels, car_without_bars, cars, faces, horses
from experiments.anywhere.panels import panels, with_frames
from experiments.anywhere.scores import composition_figures, empty_figures, in_parts
from experiments.anywhere.segmenters import of_pixels
from experiments.anywhere.tally import Tally, angle_between, met_frames
from experiments.bench import Bench
from experiments.catalogue import EXPERIMENTS
from experiments.command import command
from experiments.objects import HORSE_PARTS
from experiments.runner import run_experiment
from PIL import Image

from partly.cli import run_command
from partly.data.labels import FACE_PARTS, PartSet
from partly.errors import BadOption, NotAvailable
from partly.inference.find import Frame
from partly.inference.segment import Segmentation
from partly.inference.segment.segmentation import FoundObject
from partly.models.networks import AutoShotNetwork

PARTS = PartSet.from_names(("background", "head", "tail"))
N_CARS = 8


def said(label_map, frames=None, part_set=PARTS) -> Segmentation:
    """A segmentation, with objects in these frames; None: none were sought."""
    found = None
    if frames is not None:
        found = tuple(FoundObject(i, frame, (0, 0, 1, 1), 0.9, ()) for i, frame in enumerate(frames, start=1))
    return Segmentation(label_map, np.ones(label_map.shape, np.float32), part_set, objects=found)


def counted(*photos) -> dict:
    """Figures of photos, each given by the frames that are found, and those that are there."""
    tally = Tally()
    for found, shown in photos:
        tally.add(said(np.zeros((2, 2), np.uint8), found), shown)
    return tally.figures()


def test_numbers_of_objects_are_counted_in_photos():
    one, other = Frame(10, 10, 8), Frame(30, 10, 8)
    found = counted(([one], [one]), ([one, other], [one]), ([], [one]), ([other], [one]))
    assert found == {
        "n_right": 50.0,
        "n_too_many": 25.0,
        "n_too_few": 25.0,
        "frames_met": 50.0,
        "angle_error_deg": 0.0,
    }


def test_nothing_is_counted_where_no_objects_were_sought():
    assert set(counted((None, [Frame(1, 1, 1)])).values()) == {None}
    assert counted(([], []))["n_right"] == 100.0
    assert counted(([], []))["frames_met"] is None


@pytest.mark.parametrize(
    ("by", "is_met"),
    [
        (Frame(102, 100, 8), True),
        (Frame(102.1, 100, 8), False),
        (Frame(100, 100, 12), True),
        (Frame(100, 100, 12.1), False),
        (Frame(100, 100, 5.4), True),
        (Frame(100, 100, 5.3), False),
        (Frame(100, 100, 8, 180), True),
    ],
)
def test_a_frame_is_met_by_one_that_is_near_and_of_about_its_size(by, is_met):
    assert bool(met_frames([Frame(100, 100, 8)], [by])) == is_met


def test_each_meets_one_at_most_and_near_ones_come_first():
    true = [Frame(0, 0, 8), Frame(1, 0, 8)]
    assert met_frames(true, [Frame(0.6, 0, 8)]) == [(true[1], Frame(0.6, 0, 8))]
    assert met_frames(true[:1], [Frame(1, 0, 8), Frame(-0.5, 0, 8)]) == [(true[0], Frame(-0.5, 0, 8))]


def test_angles_go_around():
    assert angle_between(Frame(0, 0, 1, 170), Frame(0, 0, 1, -170)) == 20
    assert angle_between(Frame(0, 0, 1, -180), Frame(0, 0, 1, 0)) == 180
    shown = [Frame(0, 0, 8, 90)]
    assert counted(*(([Frame(0, 0, 8, 90 + by)], shown) for by in (1, -2, 10)))["angle_error_deg"] == 2


def thing(number: int) -> ObjectPhoto:
    truth = np.zeros((8, 8), np.uint8)
    truth[:4], truth[4:6, :2] = 1, 2
    return ObjectPhoto(f"p{number}", np.full((8, 8, 3), 25 * number, np.uint8), truth)


def test_iou_is_pooled_over_compositions_in_any_order_of_parts():
    things = [as_it_is(thing(number)) for number in range(2)]
    swapped = PartSet.from_names(("tail", "background", "head"))
    right = np.array([1, 2, 0], np.uint8)[things[0].truth]
    nothing = np.ones((8, 8), np.uint8)

    def segmenter(pixels):
        return said(nothing if pixels.any() else right, [Frame(4, 4, 8)], swapped)

    assert (in_parts(segmenter(things[0].pixels), PARTS) == things[0].truth).all()
    found = composition_figures(of_pixels(segmenter), things, PARTS)
    # Of 64 pixels, 32 and 4 are the parts: half of them are found, and background is 28 of 28 and of 64.
    assert found["pooled"] == pytest.approx(100 * (0.5 + 0.5 + 56 / 92) / 3, abs=0.01)
    assert found["per_picture"] == pytest.approx(100 * (1 + 28 / 64 / 3) / 2, abs=0.01)
    assert found["n_right"] == found["frames_met"] == 100
    with pytest.raises(BadOption) as error:
        composition_figures(of_pixels(segmenter), things, HORSE_PARTS)
    assert str(error.value) == (
        "the network's parts are tail, background, head; expected background, head, body, leg, tail, in any "
        "order."
    )


def test_objects_where_there_are_none():
    empty, full = np.zeros((4, 4), np.uint8), np.full((4, 4), 2, np.uint8)
    answers = iter([said(empty, []), said(full, [Frame(1, 1, 1)] * 2), said(empty, []), said(empty, [])])
    found = empty_figures(lambda _: next(answers), [np.zeros((4, 4, 3), np.uint8)] * 4)
    assert found == {"n_pictures": 4, "false_objects": 25.0, "false_area": 25.0}


def test_panels_show_photo_truth_and_what_was_found():
    things = [as_it_is(thing(number)) for number in range(3)]
    shown = panels(lambda one: said(np.zeros(one.truth.shape, np.uint8)), things, PARTS)
    assert shown.shape == (3 * 12 + 4, 3 * 12 + 4, 3)
    assert (shown[4:12, 28:36] == 50).all()
    grey = replace(things[0], truth=np.full((8, 8), 255, np.uint8), frames=())
    assert (panels(lambda _: said(things[0].truth), [grey], PARTS)[16:24, 4:12] == 128).all()


def test_the_upper_side_of_an_upright_object_is_red():
    drawn = with_frames(np.zeros((60, 60, 3), np.uint8), [Frame(30, 30, 40, 90)])
    is_red = (drawn[..., 0] > 0) & (drawn[..., 1] == 0)
    rows, columns = np.nonzero(is_red)
    assert np.abs(columns - 10).max() <= 2  # turned counter-clockwise, what was above is left
    assert rows.max() - rows.min() >= 38


@pytest.mark.parametrize("name", [*FACES, "horses-two"])
def test_with_known_frames_a_perfect_network_is_nearly_perfect(name):
    """It says which colour of red, green and blue is the strongest; what is lost are edges between pixels."""
    truth = thing(0).truth.repeat(8, axis=0).repeat(8, axis=1)
    colours = np.array([(200, 0, 0), (0, 200, 0), (0, 0, 200)], np.uint8)
    things = [ObjectPhoto(f"p{i}", colours[truth], truth) for i in range(9)]
    backdrops = [np.full((512, 512, 3), (0, 200, 0), np.uint8)] * 9  # not looked at

    def perfect(pixels):
        return said(pixels.argmax(axis=2).astype(np.uint8))

    made = (FACES | HORSES)[name](things, backdrops)
    found = composition_figures(partial(segment_known, perfect, seen_px=128), made, PARTS)
    assert found["pooled"] > 95


def coded(pixels: np.ndarray, kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


@pytest.fixture
def data(data):
    """The faces, and cars: all grey between black bars, one brighter than the other."""
    with zipfile.ZipFile(data / "cars_unlabelled_128.zip", "w") as file:
        for i in range(N_CARS):
            pixels = np.zeros((128, 128, 3), np.uint8)
            pixels[32:96] = 100 + 10 * i
            file.writestr(f"{i}.jpg", coded(pixels))
    with zipfile.ZipFile(data / "horses.zip", "w") as file:
        for i in (2, 3, 193, 254, *range(300, 306)):
            label = np.arange(48, dtype=np.uint8).reshape(6, 8) % 5
            file.writestr(f"images/horse{i:03}.jpg", coded(np.full((6, 8, 3), i % 256, np.uint8)))
            file.writestr(f"labels/horse{i:03}.png", coded(label, "PNG"))
        file.writestr("images/horse999.jpg", coded(np.zeros((6, 8, 3), np.uint8)))
    return data


def test_faces_are_spread_over_their_half(data, monkeypatch):
    monkeypatch.setattr(
        "experiments.anywhere.object_photos.PROTOCOL", replace(Bench(data).protocol, n_choices=3)
    )
    names = {n: [photo.name for photo in faces(data, "choices", n)] for n in (1, 2, 60)}
    assert names == {
        1: ["images/a.jpg"],
        2: ["images/a.jpg", "images/b.jpg"],
        60: ["images/a.jpg", "images/b.jpg", "images/c.jpg"],
    }
    [figure] = faces(data, "figure", 60)
    assert figure.name == "images/d.jpg"
    assert figure.truth.shape == figure.pixels.shape[:2] == (512, 512)
    assert set(np.unique(figure.truth)) == {*range(10), 255}  # 255: eyeglasses


def test_backdrops_are_other_cars(data):
    grey = [photo.read().pixels[64, 64, 0] for photo in cars(data, 60)]
    behind = [pixels[256, 256, 0] for pixels in backdrops(data, 60)]
    assert np.abs(np.subtract(grey, [100, 120, 140, 160], dtype=int)).max() <= 2
    assert np.abs(np.subtract(behind, [110, 130, 150, 170], dtype=int)).max() <= 2
    assert [photo.name for photo in cars(data, 2)] == ["0.jpg", "4.jpg"]


def test_cars_with_and_without_bars(data):
    [car] = cars(data, 1)
    with_bars, without = car_pixels(car), car_without_bars(car)
    assert with_bars.shape == (512, 512, 3)
    assert without.shape == (256, 512, 3)
    assert with_bars[:100].max() < 10
    assert without.min() > 90


def test_backdrops_are_read_only_where_they_are_needed(data):
    (data / "cars_unlabelled_128.zip").unlink()
    photos = [thing(number) for number in range(9)]
    list(FACES["as-they-are"](photos, backdrops(data, 9)))
    with pytest.raises(NotAvailable, match=r"there is no cars_unlabelled_128\.zip"):
        list(FACES["cut"](photos, backdrops(data, 9)))


def test_horses_that_were_learned_from_are_not_measured_on(data, monkeypatch):
    def learned(*stems):
        monkeypatch.setattr(
            "experiments.anywhere.object_photos.drawn", lambda *_: [f"images/{stem}.jpg" for stem in stems]
        )
        return {photo.name for photo in horses(data)}

    assert len(learned()) == 10
    assert learned() - learned("horse300") == {"images/horse300.jpg"}
    assert learned() - learned("horse193") == {"images/horse193.jpg", "images/horse254.jpg"}


@pytest.fixture
def network(tmp_path):
    def made(part_set):
        folder = tmp_path / f"network-{part_set.n_parts}"
        AutoShotNetwork("unet-small", part_set, 32).save(folder)
        return folder

    return made


def small(bench, data, network) -> Bench:
    return replace(bench, data=data, network_folder=network, n_photos=9)


@pytest.fixture
def few_faces(monkeypatch):
    """Nine small faces in place of those on the disk."""
    made = [ObjectPhoto(f"p{i}", thing(i).pixels, thing(i).truth).resized(64, 64) for i in range(9)]
    monkeypatch.setattr("experiments.studies.anywhere.faces", lambda _data, _half, n: made[:n])


def test_the_study_of_faces(bench, data, network, few_faces, monkeypatch):
    monkeypatch.setattr("experiments.studies.anywhere._TIMED_PX", 64)
    one = small(bench, data, network(FACE_PARTS))
    only = ["as-they-are", "turned-90", "cars", "cars-without-bars", "time-1024"]
    folder, rows = run_experiment(EXPERIMENTS["anywhere"], one, only=only)
    found = {row.cell.key: row.figures for row in rows if row.figures}
    assert list(found) == only
    assert [found[key]["n_pictures"] for key in only[:4]] == [9, 9, 4, 4]
    assert found["as-they-are"]["n_right"] is found["cars"]["false_objects"] is None
    assert found["time-1024"]["plain_s"] > 0
    assert found["time-1024"]["times_as_long"] > 0
    assert {row.cell.key for row in rows} == {*FACES, "cars", "cars-without-bars", "time-1024"}
    with Image.open(folder / "turned-90.jpg") as image:
        assert image.size == (6 * 68 + 4, 3 * 68 + 4)
    assert "| `as-they-are` | 9 |" in (folder / "results.md").read_text()


def test_another_network_or_number_of_photos_is_measured_anew(bench, data, network, few_faces):
    one = small(bench, data, network(FACE_PARTS))

    def n_cells(bench):
        told = []
        run_experiment(EXPERIMENTS["anywhere"], bench, only=["as-they-are"], say=told.append)
        return len(told)

    assert n_cells(one) == 1
    assert n_cells(one) == 0
    assert n_cells(replace(one, n_photos=8)) == 1
    AutoShotNetwork("unet-small", FACE_PARTS, 32).save(one.network_folder)
    assert n_cells(replace(one, n_photos=8)) == 1


def test_the_study_with_known_frames(bench, data, network, few_faces):
    one = small(bench, data, network(FACE_PARTS))
    only = ["turned-30", "four"]
    folder, rows = run_experiment(EXPERIMENTS["anywhere-known"], one, only=only)
    assert [row.cell.key for row in rows if row.figures] == only
    assert [row.cell.key for row in rows] == list(FACES)
    assert folder.name == "anywhere-known"
    assert (folder / "four.jpg").is_file()


def test_the_study_of_horses(bench, data, network):
    one = small(bench, data, network(HORSE_PARTS))
    _, rows = run_experiment(EXPERIMENTS["anywhere"], one, only=["horses-alone", "horses-two"])
    found = {row.cell.key: row.figures for row in rows if row.figures}
    assert {row.cell.key for row in rows} == {*HORSES, "cars", "cars-without-bars", "time-1024"}
    assert all(0 <= figures["pooled"] <= 100 for figures in found.values())
    assert found["horses-two"]["n_pictures"] == found["horses-alone"]["n_pictures"] > 2


def test_what_it_needs(data, network, tmp_path, capsys):
    def run(*arguments):
        out = ["--out", str(tmp_path / "out"), "--data", str(data)]
        return run_command(command, ["anywhere", *out, *arguments], "python -m experiments")

    assert run() == 3
    assert "this measures a network, and none was named" in capsys.readouterr().err
    assert run("--network", str(network(PARTS))) == 2
    assert "the network's parts are background, head, tail; expected background, skin," in (
        capsys.readouterr().err
    )
    assert run("--network", str(network(FACE_PARTS)), "--n", "8") == 2
    assert run("--network", str(network(FACE_PARTS)), "--only", "horses-two") == 2
    assert "anywhere has no cell horses-two" in capsys.readouterr().err
