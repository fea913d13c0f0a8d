"""Objects in all that segmenting writes: areas, object maps, crops, drafts, tars; and that runs go on."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from partly.data.label_formats import read_labels
from partly.data.labels import read_label_map
from partly.data.photos import Photo, encode_jpeg, find_photos, read_photo
from partly.errors import BadLabel, BadOption
from partly.inference.find import Frame, seen_in
from partly.inference.segment import object_kinds, segment_folder
from partly.inference.segment.object_kinds import Crops, ObjectMaps
from partly.inference.segment.segment_folder import segment_all
from partly.inference.segment.segment_options import OutputOptions, TarOptions
from partly.inference.segment.segment_plans import plan_segmenting, segment_many
from partly.inference.segment.segment_records import Summary
from partly.inference.segment.segmentation import Segmentation
from partly.machine import WorkOptions
from tests.inference.segment.drawn_objects import photo_of_objects, segmentation_of_objects
from tests.inference.segment.networks import PART_SET, ColourNetwork
from tests.inference.segment.test_folder import tree

# The first two touch; the third is turned, and cut by the border.
FRAMES = (Frame(20, 25, 30), Frame(43, 25, 28, 90), Frame(78, 50, 40, -30))
OBJECTS: dict[str, Any] = {"looks_for_objects": True, "areas": None}


class Search:
    """Stands for the search: which frames it finds in photos of which width."""

    def __init__(self) -> None:
        self.frames: dict[int, tuple[Frame, ...]] = {80: FRAMES}

    def __call__(self, network: object, photo: Photo, **view: object) -> Segmentation:
        return segmentation_of_objects(photo.height_px, photo.width_px, self.frames.get(photo.width_px, ()))


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Search:
    found = Search()
    monkeypatch.setattr(segment_folder, "segment_photo", found)
    return found


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three objects, and none."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    Image.fromarray(photo_of_objects(segmentation_of_objects(60, 80, FRAMES))).save(folder / "sub" / "a.png")
    Image.new("RGB", (50, 40)).save(folder / "none.png")
    return folder


def run(photos: Path, out: Path, **options: Any) -> Summary:
    return segment_all(ColourNetwork(), find_photos(photos), out, **{**OBJECTS, **options})


def files_of(out: Path, folder: str) -> set[str]:
    return {name for name in tree(out) if name.startswith(f"{folder}/")}


def crops_of(n: int, folder: str = "crops") -> set[str]:
    return {
        name
        for i in range(1, n + 1)
        for name in (f"{folder}/sub/a-o{i:03}.jpg", f"{folder}/labels/sub/a-o{i:03}.png")
    }


def test_areas_name_the_objects_of_each_photo(photos: Path, tmp_path: Path, search: Search) -> None:
    summary = run(photos, tmp_path / "out", areas="json")
    none, some = json.loads((tmp_path / "out" / "areas.json").read_text())["photos"]
    assert (none["photo"], none["objects"]) == ("none.png", [])
    assert [one["number"] for one in some["objects"]] == [1, 2, 3]
    third = some["objects"][2]
    truth = segmentation_of_objects(60, 80, FRAMES)
    rows, columns = np.nonzero(truth.object_map == 3)
    assert third["box"] == [columns.min(), rows.min(), 80, rows.max() + 1]
    assert third["frame"] == {"x_px": 78.0, "y_px": 50.0, "side_px": 40.0, "angle_deg": -30.0}
    assert third["confidence"] == 0.997
    n_left = int(((truth.object_map == 3) & (truth.label_map == 1)).sum())
    assert third["parts"]["left"] == {
        "n_pixels": n_left,
        "share": round(n_left / 4800, 6),
        "confidence": 0.9,
    }
    assert (summary.n_objects, summary.without_objects) == (3, ("none.png",))
    assert run(photos, tmp_path / "out", areas="json").n_objects == 3  # also when all were done before


def test_areas_as_csv_have_a_line_for_each_object_and_part(
    photos: Path, tmp_path: Path, search: Search
) -> None:
    run(photos, tmp_path / "out", areas="csv")
    lines = (tmp_path / "out" / "areas.csv").read_text().splitlines()
    assert lines[0] == "photo,label_map,width_px,height_px,object,part,n_pixels,share,confidence"
    assert lines[1] == "none.png,labels/none.png,50,40,,background,2000,1.0,0.9"
    assert [line.split(",")[4:6] for line in lines[4:]] == [
        [str(number), part] for number in (1, 2, 3) for part in PART_SET.names
    ]


def test_nothing_changes_where_objects_are_not_looked_for(photos: Path, tmp_path: Path) -> None:
    summary = segment_all(ColourNetwork(), find_photos(photos), tmp_path / "out", masks=True)
    assert (summary.n_objects, summary.without_objects) == (None, ())
    record = json.loads((tmp_path / "out" / ".partly" / "segment" / "none.json").read_text())
    assert set(record) == {"key", "entry", "files"}
    assert set(record["entry"]) == {"label_map", "width_px", "height_px", "parts"}
    assert "object" not in (tmp_path / "out" / "areas.json").read_text()


def test_photos_that_were_taken_for_one_object_are_looked_at_again(
    photos: Path, tmp_path: Path, search: Search
) -> None:
    out = tmp_path / "out"
    run(photos, out, looks_for_objects=False)
    assert len(run(photos, out).segmented) == 2
    assert len(run(photos, out).kept) == 2
    assert len(run(photos, out, looks_for_objects=False).segmented) == 2


def test_object_maps_are_16_bit_pngs(photos: Path, tmp_path: Path, search: Search) -> None:
    run(photos, tmp_path / "out", objects=True)
    image = Image.open(tmp_path / "out" / "objects" / "sub" / "a.png")
    assert image.mode == "I;16"
    np.testing.assert_array_equal(np.array(image), segmentation_of_objects(60, 80, FRAMES).object_map)
    assert not np.array(Image.open(tmp_path / "out" / "objects" / "none.png")).any()


def test_crops_show_each_object_and_label_nothing_else(photos: Path, tmp_path: Path, search: Search) -> None:
    run(photos, tmp_path / "out", crops=True)
    assert files_of(tmp_path / "out", "crops") == crops_of(3)
    truth, pixels = segmentation_of_objects(60, 80, FRAMES), read_photo(photos / "sub" / "a.png").pixels
    assert truth.objects is not None
    assert truth.object_map is not None
    for one in truth.objects:
        left, top, right, bottom = one.box
        margin = round(0.1 * max(right - left, bottom - top))
        area = (
            slice(max(0, top - margin), min(60, bottom + margin)),
            slice(max(0, left - margin), min(80, right + margin)),
        )
        crop = tmp_path / "out" / "crops" / "sub" / f"a-o{one.number:03}.jpg"
        assert crop.read_bytes() == encode_jpeg(pixels[area])
        labels = read_label_map(tmp_path / f"out/crops/labels/sub/a-o{one.number:03}.png", PART_SET)
        own = np.where(truth.object_map == one.number, truth.label_map, 0)
        np.testing.assert_array_equal(labels, own[area])


def test_upright_crops_are_turned_by_the_frames(photos: Path, tmp_path: Path, search: Search) -> None:
    run(photos, tmp_path / "out", crops=True, upright=True)
    assert files_of(tmp_path / "out", "crops-upright") == crops_of(3, "crops-upright")
    pixels = read_photo(photos / "sub" / "a.png").pixels
    crop = tmp_path / "out/crops-upright/sub/a-o002.jpg"
    assert crop.read_bytes() == encode_jpeg(seen_in(pixels, FRAMES[1], 28))
    labels = read_label_map(tmp_path / "out/crops-upright/labels/sub/a-o002.png", PART_SET)
    # Turned by a quarter in the photo; upright, left is left again. The first object lies over its edge.
    assert labels[14, 8] == 1
    assert labels[14, 20] == 2
    assert labels.shape == (28, 28)
    # What the photo cuts off is background.
    labels = read_label_map(tmp_path / "out/crops-upright/labels/sub/a-o003.png", PART_SET)
    assert labels.shape == (40, 40)
    corner = Frame(78, 50, 40, -30).to_photo(12, -3)
    assert corner[0] > 80
    assert labels[17, 32] == 0


def test_labels_of_a_frame_are_those_under_the_centres_of_its_pixels(
    photos: Path, tmp_path: Path, search: Search
) -> None:
    frame = Frame(41.3, 28.7, 33, 37)
    search.frames = {80: (frame,)}
    run(photos, tmp_path / "out", crops=True, upright=True)
    labels = read_label_map(tmp_path / "out/crops-upright/labels/sub/a-o001.png", PART_SET)
    truth = segmentation_of_objects(60, 80, [frame]).label_map
    expected = np.zeros((33, 33), np.uint8)
    for row in range(33):
        for column in range(33):
            x, y = frame.to_photo(column + 0.5 - 16.5, row + 0.5 - 16.5)
            expected[row, column] = truth[int(y), int(x)]
    assert (labels != expected).mean() < 0.01  # of points on the edges of pixels


def test_large_frames_give_pictures_of_2048_px(tmp_path: Path) -> None:
    frame = Frame(30, 20, 5000)
    segmentation = segmentation_of_objects(40, 60, [frame])
    photo = Photo("a", photo_of_objects(segmentation))
    Crops(upright=True).write(tmp_path, "a", photo, segmentation)
    assert read_photo(tmp_path / "crops-upright" / "a-o001.jpg").pixels.shape == (2048, 2048, 3)


@pytest.mark.parametrize("kind", [ObjectMaps(), Crops(), Crops(upright=True)], ids=lambda kind: kind.folder)
def test_what_a_kind_names_it_writes(kind: Any, tmp_path: Path) -> None:
    segmentation = segmentation_of_objects(60, 80, FRAMES)
    photo = Photo("a", photo_of_objects(segmentation))
    kind.write(tmp_path, "deep/name", photo, segmentation)
    assert tree(tmp_path).keys() == set(kind.files("deep/name", (1, 2, 3)))
    before = tree(tmp_path)
    kind.write(tmp_path, "deep/name", photo, segmentation)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("asked_for", "words"), [({"crops": True}, "--crops needs"), ({"objects": True}, "--objects needs")]
)
def test_files_of_objects_need_objects(
    asked_for: dict[str, bool], words: str, photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadOption) as caught:
        segment_all(ColourNetwork(), find_photos(photos), tmp_path / "out", **asked_for)
    assert str(caught.value) == (
        f"{words} objects, and photos are taken for one object each; expected objects that are looked for. "
        "Give --anywhere."
    )
    assert not (tmp_path / "out").exists()


def test_upright_needs_crops() -> None:
    with pytest.raises(BadOption, match="--upright without --crops; expected both, or --crops alone"):
        OutputOptions(upright=True)


def test_the_overlay_shows_frames(photos: Path, tmp_path: Path, search: Search) -> None:
    run(photos, tmp_path / "out")
    with_frames = read_photo(tmp_path / "out/overlays/sub/a.jpg").pixels
    search.frames = {}
    run(photos, tmp_path / "other")
    plain = read_photo(tmp_path / "other/overlays/sub/a.jpg").pixels
    assert with_frames.shape == plain.shape
    # The upper edge of the first frame is light on dark ground.
    assert with_frames[9:12, 12:30].max(axis=(0, 2)).mean() > 180
    assert plain[9:12, 12:30].max() < 90


# ---- Runs go on.


def test_the_same_call_twice_writes_nothing(photos: Path, tmp_path: Path, search: Search) -> None:
    out = tmp_path / "out"
    run(photos, out, crops=True, objects=True)
    before = tree(out)
    assert len(run(photos, out, crops=True, objects=True).kept) == 2
    assert tree(out) == before


@pytest.mark.parametrize("gone", sorted(crops_of(3)))
def test_a_crop_that_is_gone_is_made_again(gone: str, photos: Path, tmp_path: Path, search: Search) -> None:
    out = tmp_path / "out"
    run(photos, out, crops=True)
    before = tree(out)
    (out / gone).unlink()
    assert run(photos, out, crops=True).segmented == ("sub/a.png",)
    assert tree(out) == before


def test_crops_that_are_asked_for_later_are_made_and_stay(
    photos: Path, tmp_path: Path, search: Search
) -> None:
    out = tmp_path / "out"
    run(photos, out)
    # The other photo has none to make.
    assert run(photos, out, crops=True).segmented == ("sub/a.png",)
    assert files_of(out, "crops") == crops_of(3)
    assert len(run(photos, out).kept) == 2
    run(photos, out, crops=True, upright=True)
    assert files_of(out, "crops") == crops_of(3)
    assert len(run(photos, out, crops=True).kept) == 2


@pytest.mark.parametrize("with_crops", [True, False])
def test_fewer_objects_the_second_time_leave_no_crop(
    with_crops: bool, photos: Path, tmp_path: Path, search: Search
) -> None:
    out = tmp_path / "out"
    run(photos, out, crops=True, objects=True)
    search.frames = {80: FRAMES[:1]}
    run(photos, out, crops=with_crops, size_px=8)
    assert files_of(out, "crops") == crops_of(1 if with_crops else 0)
    assert not files_of(out, "objects")


def test_other_objects_with_the_same_key_replace_all(photos: Path, tmp_path: Path, search: Search) -> None:
    """As a GPU may find, which does not compute the same bits every time."""
    out = tmp_path / "out"
    run(photos, out, crops=True, objects=True)
    search.frames = {80: FRAMES[:2]}
    (out / "labels" / "sub" / "a.png").unlink()
    run(photos, out)
    assert not files_of(out, "crops")
    assert files_of(out, "objects") == {"objects/none.png"}


def test_a_photo_that_now_fails_has_no_crops(photos: Path, tmp_path: Path, search: Search) -> None:
    out = tmp_path / "out"
    run(photos, out, crops=True, objects=True)
    (photos / "sub" / "a.png").write_bytes(b"broken now")
    assert [name for name, _ in run(photos, out).failed] == ["sub/a.png"]
    assert not [name for name in tree(out) if "sub/a" in name]


def test_a_name_too_long_for_crops_fails_alone_and_leaves_nothing(
    photos: Path, tmp_path: Path, search: Search
) -> None:
    out, name = tmp_path / "out", "x" * 249  # a label map of that name can be, a crop cannot
    (photos / "sub" / "a.png").rename(photos / f"{name}.png")
    assert not run(photos, out).failed
    ((failed, reason),) = run(photos, out, crops=True, masks=True).failed
    assert failed == f"{name}.png"
    assert "its results cannot be written under its name (File name too long). Rename the photo" in reason
    assert not [file for file in tree(out) if "xxx" in file]
    assert not run(photos, out).failed


class Killed(BaseException):
    """Stands for the end of a process."""


def killed_after(n: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the n-th crop and all that comes then be the end; gives what undoes that."""
    write, left = object_kinds.write_jpeg, n

    def end(path: Path, pixels: np.ndarray) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        write(path, pixels)

    monkeypatch.setattr(object_kinds, "write_jpeg", end)
    return lambda: monkeypatch.setattr(object_kinds, "write_jpeg", write)


@pytest.mark.parametrize("earlier", [None, 1, 3])
@pytest.mark.parametrize("n_crops", [0, 1, 2])
def test_of_a_killed_run_nothing_stays_that_the_next_does_not_make(
    earlier: int | None,
    n_crops: int,
    photos: Path,
    tmp_path: Path,
    search: Search,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    if earlier is not None:
        search.frames = {80: FRAMES[:earlier]}
        run(photos, out, crops=True, size_px=4)
    search.frames = {80: FRAMES}
    revive = killed_after(n_crops, monkeypatch)
    with pytest.raises(Killed):
        run(photos, out, crops=True, at_once=1)
    revive()
    search.frames = {80: FRAMES[:1]}
    run(photos, out, crops=True, size_px=8)
    run(photos, tmp_path / "fresh", crops=True, size_px=8)
    assert tree(out) == tree(tmp_path / "fresh")


def test_a_killed_run_goes_on(
    photos: Path, tmp_path: Path, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(photos, out)
    revive = killed_after(1, monkeypatch)
    with pytest.raises(Killed):
        run(photos, out, crops=True, at_once=1)
    revive()
    # What was done before still is, and the crops are not.
    assert len(run(photos, out).kept) == 2
    assert run(photos, out, crops=True).segmented == ("sub/a.png",)
    assert files_of(out, "crops") == crops_of(3)


def test_a_record_whose_objects_somebody_edited_removes_nothing_outside(
    photos: Path, tmp_path: Path, search: Search
) -> None:
    out = tmp_path / "out"
    run(photos, out, crops=True)
    path = out / ".partly" / "segment" / "sub" / "a.json"
    record = json.loads(path.read_text())
    for objects in ("text", [1], [{"number": "../x"}], None):
        record["entry"]["objects"] = objects
        path.write_text(json.dumps(record))
        run(photos, out, crops=True, size_px=8)
        assert files_of(out, "crops") == crops_of(3)


# ---- Drafts.


@pytest.mark.parametrize(
    "format_name", ["coco", "yolo", "labelme", "x-anylabeling", "cvat", "via", "png", "colour-png"]
)
def test_drafts_with_objects_read_back_as_the_label_maps(
    format_name: str, photos: Path, tmp_path: Path, search: Search
) -> None:
    out = tmp_path / "out"
    run(photos, out, draft_format=format_name)
    assert (out / "objects" / "sub" / "a.png").is_file()
    (place,) = out.glob(f"{format_name}*")
    found = read_labels(place, PART_SET, format_name=format_name, size_of=lambda name, _: (60, 80))
    # A photo of background alone is no draft, but for PNGs, which have no other way to say so.
    named = {Path(one.image_name).stem: one.label_map for one in found}
    np.testing.assert_array_equal(named["a"], read_label_map(out / "labels/sub/a.png", PART_SET))


# pycocotools converts arrays as NumPy 1 did.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_coco_has_an_annotation_for_each_object_and_part(
    photos: Path, tmp_path: Path, search: Search
) -> None:
    run(photos, tmp_path / "out", draft_format="coco")
    values = json.loads((tmp_path / "out" / "coco.json").read_text())
    names = {one["id"]: one["name"] for one in values["categories"]}
    found = [(one["attributes"]["object"], names[one["category_id"]]) for one in values["annotations"]]
    assert found == [(number, part) for number in (1, 2, 3) for part in ("left", "right")]
    truth = segmentation_of_objects(60, 80, FRAMES)
    for (number, part), one in zip(found, values["annotations"], strict=True):
        mask = (truth.object_map == number) & truth.mask(part)
        rows, columns = np.nonzero(mask)
        left, top = int(columns.min()), int(rows.min())
        assert one["bbox"] == [left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top]
        assert (one["area"], one["iscrowd"]) == (int(mask.sum()), 0)
        np.testing.assert_array_equal(coco_mask.decode(one["segmentation"]), mask)


def test_touching_objects_are_no_single_polygon(photos: Path, tmp_path: Path, search: Search) -> None:
    # Two halves of one part that touch: 1's right, 2 stands on its head.
    search.frames = {80: (Frame(20, 25, 30), Frame(44, 25, 30, 180))}
    run(photos, tmp_path / "out", draft_format="yolo")
    lines = (tmp_path / "out/yolo/labels/sub/a.txt").read_text().splitlines()
    assert sorted(line.split()[0] for line in lines) == ["0", "0", "1", "1"]
    segment_all(ColourNetwork(), find_photos(photos), tmp_path / "other", draft_format="yolo")
    assert (tmp_path / "out/yolo/labels/none.txt").read_text() == ""


def test_groups_of_other_formats_have_the_objects_numbers(
    photos: Path, tmp_path: Path, search: Search
) -> None:
    out = tmp_path / "out"
    run(photos, out, draft_format="labelme")
    shapes = json.loads((out / "labelme" / "sub" / "a.json").read_text())["shapes"]
    assert [shape["group_id"] for shape in shapes] == [1, 1, 2, 2, 3, 3]
    run(photos, out, draft_format="x-anylabeling")
    shapes = json.loads((out / "x-anylabeling" / "sub" / "a.json").read_text())["shapes"]
    assert {shape["group_id"] for shape in shapes} == {1, 2, 3}
    run(photos, out, draft_format="cvat")
    text = (out / "cvat.xml").read_text()
    assert [text.count(f'group_id="{number}"') for number in (1, 2, 3)] == [2, 2, 2]
    run(photos, out, draft_format="label-studio")
    (_, task) = json.loads((out / "label-studio.json").read_text())
    notes = [region["meta"]["text"] for region in task["predictions"][0]["result"]]
    assert notes == [[f"object {number}"] for number in (1, 1, 2, 2, 3, 3)]


# ---- Several workers, and tars.


def many(photos: Path, out: Path, *, tars: bool = False, **options: Any) -> Summary:
    plan = plan_segmenting([photos], out, TarOptions(tars=tars), max_pages=10)
    work = options.pop("work", WorkOptions())
    return segment_many(
        ColourNetwork(), ColourNetwork, plan, out, work, **{"looks_for_objects": True, **options}
    )


def test_a_share_and_the_rest_make_the_same_files(photos: Path, tmp_path: Path, search: Search) -> None:
    options = {"crops": True, "draft_format": "coco"}
    share = many(photos, tmp_path / "out", work=WorkOptions(share="1/1"), **options)
    assert (share.n_objects, share.without_objects) == (3, ("none.png",))
    run(photos, tmp_path / "alone", areas="json", **options)
    kept = {"areas.json", "coco.json"}
    alone = tree(tmp_path / "alone")
    assert {name: data for name, data in tree(tmp_path / "out").items() if name in alone} == alone
    assert kept <= tree(tmp_path / "out").keys()


def test_tars_have_the_objects_too(photos: Path, tmp_path: Path, search: Search) -> None:
    out = tmp_path / "out"
    options = {"tars": True, "crops": True, "objects": True, "work": WorkOptions(n_workers=1)}
    summary = many(photos, out, **options)
    assert (summary.n_objects, summary.without_objects) == (3, ("photos-00000/none.png",))
    with tarfile.open(out / "photos-00000.tar") as archive:
        assert set(archive.getnames()) == {
            "none.json",
            "none.png",
            "none.objects.png",
            "sub/a.json",
            "sub/a.png",
            "sub/a.objects.png",
            *(f"sub/a.crops.o{i:03}.jpg" for i in (1, 2, 3)),
            *(f"sub/a.crops.labels.o{i:03}.png" for i in (1, 2, 3)),
        }
        file = archive.extractfile("sub/a.json")
        assert file is not None
        assert [one["number"] for one in json.load(file)["objects"]] == [1, 2, 3]
    again = many(photos, out, **options)
    assert (len(again.kept), again.n_objects, again.without_objects) == (2, 3, ("photos-00000/none.png",))


def test_records_of_tars_without_objects_are_those_of_earlier_versions(photos: Path, tmp_path: Path) -> None:
    off = {"objects": False, "crops": False, "upright": False, "looks_for_objects": False}
    many(photos, tmp_path / "out", tars=True, work=WorkOptions(n_workers=1), **off)
    (path,) = (tmp_path / "out" / ".partly" / "tars").glob("*.json")
    record = json.loads(path.read_text())
    assert not {*off} & record["key"].keys()
    assert not {"n_objects", "without_objects"} & record.keys()


def test_an_object_map_that_is_none_is_refused(photos: Path, tmp_path: Path, search: Search) -> None:
    out = tmp_path / "out"
    run(photos, out, objects=True)
    path = out / "objects" / "sub" / "a.png"
    path.write_bytes(b"no PNG")
    with pytest.raises(BadLabel) as caught:
        run(photos, out, draft_format="coco")
    assert str(caught.value) == (
        f"{path}: cannot be read as an object map (no PNG file); expected a 16-bit grey PNG. "
        "Remove it, and run the same command again."
    )
    Image.new("RGB", (80, 60)).save(path)
    with pytest.raises(BadLabel, match="is no object map, but a PNG of the kind RGB; expected a 16-bit"):
        run(photos, out, draft_format="coco")
    path.unlink()
    assert run(photos, out, draft_format="coco").segmented == ("sub/a.png",)
