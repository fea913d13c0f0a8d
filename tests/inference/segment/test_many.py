from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image
from torch import Tensor

from partly.data.labels.label_maps import label_map_to_png
from partly.data.photos.photo_location import PhotoSource
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadOption, BadPhoto, FolderBusy, NotAvailable, PartlyError
from partly.inference.segment.photo_pieces import cut_photos, output_names
from partly.inference.segment.piece_reports import Note, PieceReports
from partly.inference.segment.result_tars import sample_names
from partly.inference.segment.segment_folder import segment_all
from partly.inference.segment.segment_options import TarOptions
from partly.inference.segment.segment_photo_file import segment_photo
from partly.inference.segment.segment_plans import plan_segmenting, segment_many
from partly.inference.segment.segment_records import Progress, Summary
from partly.inference.segment.segment_shares import SegmentPieces, _known_photos, segment_shared
from partly.inference.segment.segment_tars import SegmentTars, TarPlan, TarRecords
from partly.machine.executors import Here
from partly.machine.machine import Machine
from partly.machine.piece_claims import PieceClaims
from partly.machine.shares import Share
from partly.machine.work_options import WorkOptions
from tests.inference.segment.networks import PART_SET, ColourNetwork
from tests.inference.segment.test_photo import two_halves

N_PHOTOS = 7
ROOM = "partly.inference.segment"


def png(height: int, width: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(two_halves(height, width)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Seven photos, one of them broken, and two whose results want the same name."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for i in range(4):
        (folder / f"{i}.png").write_bytes(png(8 + i, 9))
    (folder / "3.webp").write_bytes(png(20, 9))
    (folder / "broken.jpg").write_bytes(b"no photo")
    (folder / "sub" / "0.png").write_bytes(png(9, 9))
    return folder


@pytest.fixture
def tars(tmp_path: Path) -> list[Path]:
    """Two tars of three photos each, one of them broken."""
    paths = []
    for n in range(2):
        path = tmp_path / f"photos-{n:03}.tar"
        with tarfile.open(path, "w") as archive:
            for i in range(3):
                data = b"no photo" if (n, i) == (1, 1) else png(10 + 3 * n + i, 8)
                header = tarfile.TarInfo(f"{n}{i}.png")
                header.size = len(data)
                archive.addfile(header, io.BytesIO(data))
        paths.append(path)
    return paths


def results(folder: Path) -> dict[str, bytes]:
    """All files but what is written down of runs."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(".partly/")}


def members(tar: Path) -> dict[str, bytes]:
    with tarfile.open(tar) as archive:
        found = {}
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            found[member.name] = file.read()
        return found


def shared(photos: Path, out: Path, **others: Any) -> Summary:
    settings: dict[str, Any] = {"executor": Here(), "per_piece": 2, **others}
    return segment_shared(ColourNetwork(), ColourNetwork, find_photos(photos), out, **settings)


def many(paths: Iterable[Path], out: Path, work: WorkOptions | None = None, **others: Any) -> Summary:
    options = TarOptions(tars=others.pop("tars", None), per_tar=others.pop("per_tar", 1000))
    plan = plan_segmenting(list(paths), out, options, max_pages=10)
    network, load = others.pop("network", ColourNetwork()), others.pop("load", ColourNetwork)
    return segment_many(network, load, plan, out, work or WorkOptions(n_workers=1), **others)


def test_pieces_give_the_files_of_one_call(photos: Path, tmp_path: Path) -> None:
    expected = segment_all(ColourNetwork(), find_photos(photos), tmp_path / "one", masks=True)
    steps: list[Progress] = []
    made = shared(photos, tmp_path / "pieces", masks=True, progress=steps.append)
    assert results(tmp_path / "pieces") == results(tmp_path / "one")
    assert (made.segmented, made.kept, made.failed) == (expected.segmented, (), expected.failed)
    assert made.areas_path == tmp_path / "pieces" / "areas.json"
    assert [step.n_done for step in steps] == list(range(1, N_PHOTOS + 1))
    assert {step.n_photos for step in steps} == {N_PHOTOS}
    # One call goes on with what pieces made, and the other way round.
    assert segment_all(ColourNetwork(), find_photos(photos), tmp_path / "pieces", masks=True).segmented == ()
    again = shared(photos, tmp_path / "one", masks=True)
    assert (again.segmented, again.kept) == ((), expected.segmented)


def test_shares_and_then_all_give_the_files_of_one_call(photos: Path, tmp_path: Path) -> None:
    expected = segment_all(ColourNetwork(), find_photos(photos), tmp_path / "one", draft_format="coco")
    out = tmp_path / "shares"
    parts = [shared(photos, out, share=Share(k, 3), draft_format="coco") for k in (2, 1, 2, 3)]
    assert [len(part.segmented) for part in parts] == [3, 3, 0, 0]
    assert len(parts[2].kept) == 3
    assert {part.areas_path for part in parts} == {None}
    assert not (out / "areas.json").exists()
    last = shared(photos, out, draft_format="coco")
    assert (last.segmented, last.kept, last.failed) == ((), expected.segmented, expected.failed)
    assert len(last.drafts) == 1
    assert results(out) == results(tmp_path / "one")


def named(*names: str) -> list[PhotoSource]:
    return [PhotoSource(name, Path(name)) for name in names]


@pytest.mark.parametrize(
    ("names", "pieces"),
    [
        (("a.png", "b.png", "c.png"), [2, 1]),
        # The second a goes with the first, whose name it would have had.
        (("a.jpg", "b.png", "c.png", "A.png"), [3, 1]),
        (("a.jpg", "b.png", "a.png", "a.png.jpg", "c.png", "d.png"), [4, 2]),
        ((), []),
    ],
)
def test_results_have_the_same_names_in_pieces(names: tuple[str, ...], pieces: list[int]) -> None:
    sources = named(*names)
    cut = cut_photos(sources, 2)
    assert [len(piece.sources) for piece in cut] == pieces
    whole = dict(zip(names, output_names(sources), strict=True))
    for piece in cut:
        assert output_names(piece.sources) == [whole[source.name] for source in piece.sources]


def test_names_that_no_cut_keeps_stay_in_one_piece() -> None:
    # The last one's plain name is the third's, and its whole name the first's, which are in two pieces.
    sources = named("a.png.jpg", "x.png", "a.gif", "y.png", "b.png", "a.png")
    assert [list(piece.sources) for piece in cut_photos(sources, 2)] == [sources]


def test_one_that_must_be_alone(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with PieceClaims(out), pytest.raises(FolderBusy):
        many([photos], out, WorkOptions())
    with PieceClaims(out, alone=True):
        with pytest.raises(FolderBusy):
            many([photos], out, WorkOptions(share="1/2"))
        with pytest.raises(FolderBusy):
            many([photos], out, tars=True)
    assert results(out) == {}
    assert many([photos], out, WorkOptions()).n_photos == N_PHOTOS


def test_tars_of_results(tars: list[Path], tmp_path: Path) -> None:
    out, steps = tmp_path / "out", []
    made = many(tars, out, progress=steps.append)
    assert made.segmented == tuple(
        f"photos-{n:03}/{n}{i}.png" for n, i in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 2))
    )
    assert [name for name, _ in made.failed] == ["photos-001/11.png"]
    assert set(results(out)) == {"photos-000.tar", "photos-001.tar"}
    found = members(out / "photos-001.tar")
    assert list(found) == ["10.png", "10.json", "12.png", "12.json"]
    expected = segment_photo(ColourNetwork(), png(15, 8))
    assert found["12.png"] == label_map_to_png(expected.label_map, PART_SET)
    areas = json.loads(found["12.json"])
    assert (areas["photo"], areas["label_map"], areas["height_px"]) == ("12.png", "12.png", 15)
    assert areas["parts"]["left"]["n_pixels"] == int((expected.label_map == 1).sum())
    assert [step.n_done for step in steps] == [1, 2, 3, 4, 5, 6]

    before = results(out)
    kept = many(tars, out)
    assert (kept.segmented, kept.kept, kept.failed) == ((), made.segmented, made.failed)
    assert results(out) == before


def test_other_outputs_in_tars(tars: list[Path], tmp_path: Path) -> None:
    many(tars[:1], tmp_path / "out", overlay=True, masks=True, cutout=("left",))
    names = list(members(tmp_path / "out" / "photos-000.tar"))
    assert names[:7] == [
        "00.png",
        "00.json",
        "00.overlays.jpg",
        "00.masks.background.png",
        "00.masks.left.png",
        "00.masks.right.png",
        "00.cutouts.left.png",
    ]


def test_what_makes_a_tar_anew(tars: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    many(tars, out)
    assert len(many(tars, out, size_px=8).segmented) == 5
    assert many(tars, out, size_px=8).segmented == ()
    (out / "photos-000.tar").unlink()
    assert len(many(tars, out, size_px=8).segmented) == 3
    os.utime(tars[1], (1, 1))
    assert len(many(tars, out, size_px=8).segmented) == 2


def test_a_tar_that_cannot_be_read_fails_alone(tars: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    many(tars, out)
    tars[0].write_bytes(b"no tar" * 100)
    made = many(tars, out)
    assert len(made.kept) == 2
    (name, reason), _ = made.failed
    assert name == "photos-000.tar"
    assert "is no tar that can be read" in reason
    assert set(results(out)) == {"photos-001.tar"}


def test_shares_of_tars(tars: list[Path], tmp_path: Path) -> None:
    many(tars, tmp_path / "one")
    out = tmp_path / "shares"
    assert [len(many(tars, out, WorkOptions(share=f"{k}/2", n_workers=1)).segmented) for k in (2, 1, 2)] == [
        2,
        3,
        0,
    ]
    assert results(out) == results(tmp_path / "one")


def test_a_parquet_file_and_a_folder_into_tars(photos: Path, tmp_path: Path) -> None:
    table = pyarrow.table({"image": [png(8, 9), png(9, 9)], "name": ["a.png", "b.png"]})
    pyarrow.parquet.write_table(table, tmp_path / "train-00.parquet")
    out = tmp_path / "out"
    made = many([tmp_path / "train-00.parquet", photos], out, tars=True, per_tar=3)
    assert set(results(out)) == {"train-00.tar", "photos-00000.tar", "photos-00001.tar", "photos-00002.tar"}
    assert list(members(out / "train-00.tar")) == ["a.png", "a.json", "b.png", "b.json"]
    # Of 3.png and 3.webp the second keeps its suffix, and goes with the first.
    names = [name for n in range(3) for name in members(out / f"photos-{n:05}.tar") if name.endswith(".png")]
    assert names == ["0.png", "1.png", "2.png", "3.png", "3_webp.png", "sub/0.png"]
    assert len(made.segmented) == 8


def test_files_of_one_name_in_two_folders(tars: list[Path], tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / tars[0].name).write_bytes(tars[0].read_bytes())
    many([tars[0], tmp_path / "more" / tars[0].name], tmp_path / "out")
    assert set(results(tmp_path / "out")) == {"photos-000.tar", "photos-000~2.tar"}


def test_a_tar_that_is_given_twice(tars: list[Path], tmp_path: Path) -> None:
    beside = tars[0].parent / "." / tars[0].name
    many([tars[0], tars[0], beside], tmp_path / "out")
    assert set(results(tmp_path / "out")) == {"photos-000.tar"}


def test_a_tar_whose_run_was_killed_before_its_record(
    tars: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    many(tars, out)
    before = results(out)
    with monkeypatch.context() as patch:
        patch.setattr(TarRecords, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            many(tars, out, size_px=8, overlay=True)
    assert results(out) != before
    # The record of the first run must not be taken for one of the tar that the second left.
    assert len(many(tars, out).segmented) == 3
    assert results(out) == before


def killed(*arguments: Any) -> None:
    raise KeyboardInterrupt


def test_tars_of_another_cut_are_removed(photos: Path, tars: list[Path], tmp_path: Path) -> None:
    out, notes = tmp_path / "out", []
    many([photos], out, tars=True, per_tar=3)
    many(tars, out)
    (out / "photos-00009.tar").write_bytes(b"not ours")
    assert {"photos-00000.tar", "photos-00001.tar", "photos-00002.tar"} <= set(results(out))
    # A share does not know whether the others are done.
    share = WorkOptions(share="1/2", n_workers=1)
    many([photos], out, share, tars=True, per_tar=10, on_note=notes.append)
    assert notes == []
    with PieceClaims(out):
        many([photos], out, tars=True, per_tar=10, on_note=notes.append)
    assert notes == []
    made = many([photos], out, tars=True, per_tar=10, on_note=notes.append)
    assert made.segmented == ()
    assert notes == [
        "2 tars of an earlier call removed, whose photos were cut into tars in another way "
        "(photos-00001.tar, photos-00002.tar)."
    ]
    left = {"photos-00000.tar", "photos-000.tar", "photos-001.tar", "photos-00009.tar"}
    assert set(results(out)) == left
    again = many([photos], out, tars=True, per_tar=10, on_note=notes.append)
    assert (len(notes), len(again.kept)) == (1, N_PHOTOS - 1)


def test_samples_of_webdataset_have_names_without_dots(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "v1.2").mkdir(parents=True)
    for name in ("img.001.png", "img.002.png", "img_001.png", "v1.2/b.c.png"):
        (folder / name).write_bytes(png(8, 9))
    out = tmp_path / "out"
    many([folder], out, tars=True, per_tar=2, masks=True)
    names = [name for tar in sorted(out.glob("*.tar")) for name in members(tar)]
    # As WebDataset cuts them: at the first dot behind folders.
    samples = [f"{path.parent}/{path.name.partition('.')[0]}" for path in map(PurePosixPath, names)]
    assert list(dict.fromkeys(samples)) == ["./img_001~2", "./img_002", "./img_001", "v1.2/b_c"]
    assert names[:3] == ["img_001~2.png", "img_001~2.json", "img_001~2.masks.background.png"]
    areas = json.loads(members(out / "photos-00000.tar")["img_001~2.json"])
    assert (areas["photo"], areas["label_map"]) == ("img.001.png", "img_001~2.png")


def test_names_of_samples_differ() -> None:
    names = ("a.b", "A_B", "a_b~2", "a.B", "d.e/f", "d.e/f.g", "c")
    assert sample_names(names) == ("a_b~3", "A_B", "a_b~2", "a_B~4", "d.e/f", "d.e/f_g", "c")


def test_runs_that_make_something_else_are_refused(photos: Path, tars: list[Path], tmp_path: Path) -> None:
    """While a run is at work, another one comes."""
    refused: list[str] = []

    def another(paths: list[Path], out: Path, **others: Any) -> Callable[[Progress], None]:
        def come(progress: Progress) -> None:
            with pytest.raises(FolderBusy) as caught:
                many(paths, out, WorkOptions(share="1/1"), **others)
            refused.append(str(caught.value))

        return come

    out = tmp_path / "out"
    many(tars[:1], out, progress=another(tars[1:], out, size_px=8))
    assert "is writing other results to this folder (size_px 16, not 8); expected the same net" in refused[0]
    many(tars[:1], out, size_px=8, progress=another([photos], out, tars=True, per_tar=3, size_px=8))
    assert "(per_tar 1000, not 3)" in refused[-1]
    out = tmp_path / "folder"
    many([photos], out, WorkOptions(share="1/1"), progress=another([photos], out, mirror_average=False))
    assert "(mirror_average True, not False)" in refused[-1]


def test_what_others_made_instead_is_not_removed(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def later(*arguments: Any) -> Any:
        known = _known_photos(*arguments)
        # Such as a run of an earlier version, which does not say what it makes.
        segment_all(ColourNetwork(), find_photos(photos), out, size_px=8, areas=None)
        return known

    monkeypatch.setattr(f"{ROOM}.segment_shares._known_photos", later)
    shared(photos, out)
    assert len(list((out / "labels").rglob("*.png"))) == N_PHOTOS - 1


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"draft_format": "coco"}, "drafts for a labelling program, in tars"),
        ({"areas": "csv"}, "areas as CSV, in tars"),
    ],
)
def test_what_tars_have_not(options: Any, found: str, tars: list[Path], tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=found):
        many(tars, tmp_path / "out", **options)
    assert many(tars, tmp_path / "out", tars=False, **options).areas_path is not None


def test_where_tars_are_the_usual(tars: list[Path], photos: Path, tmp_path: Path) -> None:
    def plan(*paths: Path) -> type:
        return type(plan_segmenting(paths, tmp_path / "out", TarOptions(), max_pages=1))

    assert plan(*tars) is TarPlan
    assert plan(*tars, photos) is not TarPlan
    with pytest.raises(BadPhoto, match=r"gone\.tar: no such file"):
        plan(tmp_path / "gone.tar", *tars)
    found = plan_segmenting([photos], tmp_path / "out", TarOptions(tars=True), max_pages=1)
    assert (found.told(), found.n_ignored) == ((), 0)


def test_ray_that_is_not_there(tars: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partly.machine.ray_executor.find_spec", lambda name: None)
    with pytest.raises(NotAvailable, match="Ray is not installed"):
        many(tars, tmp_path / "out", WorkOptions(ray="auto"))


@dataclass(frozen=True)
class Killed:
    """Gives a network that kills its process: once, or always."""

    mark: Path
    always: bool = False

    def __call__(self) -> ColourNetwork:
        network, forward = ColourNetwork(), ColourNetwork.forward

        def kill(images: Tensor) -> Tensor:
            if self.always or not self.mark.exists():
                self.mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return forward(network, images)

        network.forward = kill  # type: ignore[method-assign]
        return network


@pytest.mark.slow
@pytest.mark.parametrize("in_tars", [True, False])
def test_processes_of_which_one_is_killed_give_the_same_files(
    in_tars: bool, tars: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # who is killed leaves a folder there
    many(tars, tmp_path / "one", WorkOptions(share="1/1"), tars=in_tars)
    many(
        tars,
        tmp_path / "two",
        WorkOptions(n_workers=2),
        tars=in_tars,
        load=Killed(tmp_path / "killed"),
    )
    assert (tmp_path / "killed").exists()
    assert results(tmp_path / "two") == results(tmp_path / "one")


@pytest.mark.slow
def test_a_tar_that_kills_its_workers_is_named(
    tars: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    load = Killed(tmp_path / "killed", always=True)
    with pytest.raises(PartlyError, match=r"workers died 2 times at the same piece: photos-00\d\.tar"):
        many(tars, tmp_path / "out", WorkOptions(n_workers=2), load=load)


@pytest.mark.slow
def test_two_runs_share_the_work(tars: list[Path], tmp_path: Path) -> None:
    many(tars, tmp_path / "one")
    out = tmp_path / "two"
    taken: list[str] = []

    def other(progress: Progress) -> None:
        # While the first tar is made, another call makes what is left.
        if not taken:
            taken.append(progress.name)
            with PieceClaims(out) as claims:
                assert not claims.take("photos-000.tar")
                assert claims.take("photos-001.tar")
                (out / "photos-001.tar").write_bytes((tmp_path / "one" / "photos-001.tar").read_bytes())
                record = Path(".partly/tars/photos-001.tar.json")
                (out / record).parent.mkdir(parents=True, exist_ok=True)
                (out / record).write_bytes((tmp_path / "one" / record).read_bytes())

    made = many(tars, out, progress=other)
    assert (len(made.segmented), len(made.kept)) == (3, 2)
    assert results(out) == results(tmp_path / "one")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int | None]]:
    """How many workers are asked for, and photos at once of each, on a machine of 16 processors."""
    found: list[tuple[int, int | None]] = []

    def executor(self: WorkOptions, n_workers: int | None, usual_workers: int = 1) -> Here:
        assert n_workers is not None
        workers.append(n_workers)
        return Here()

    def begin(work: SegmentTars | SegmentPieces) -> Any:
        found.append((workers[-1], work.at_once))
        return begins[type(work)](work)

    workers: list[int] = []
    begins = {kind: kind.__call__ for kind in (SegmentTars, SegmentPieces)}
    for kind in begins:
        monkeypatch.setattr(kind, "__call__", begin)
    for module in ("segment_plans", "segment_folder"):
        monkeypatch.setattr(f"{ROOM}.{module}.usable_processors", lambda: 16)
    monkeypatch.setattr(WorkOptions, "executor_of", executor)
    return found


def test_processes_share_the_processors(
    asked: list[tuple[int, int | None]], photos: Path, tars: list[Path], tmp_path: Path
) -> None:
    many(tars, tmp_path / "a", WorkOptions())
    many(tars[:1], tmp_path / "b", WorkOptions())
    many(tars, tmp_path / "c", WorkOptions(share="1/2"))
    many(tars, tmp_path / "d", WorkOptions(n_workers=8))
    many([photos], tmp_path / "e", WorkOptions(share="1/1"))
    many([photos], tmp_path / "f", WorkOptions(n_workers=4))
    assert asked == [(2, 8), (1, 16), (1, 16), (8, 8), (1, 16), (4, 16)]
    assert results(tmp_path / "a") == results(tmp_path / "d")
    assert results(tmp_path / "e") == results(tmp_path / "f")


def test_no_more_processes_than_gpus(
    asked: list[tuple[int, int | None]], photos: Path, tars: list[Path], tmp_path: Path
) -> None:
    @dataclass(frozen=True)
    class TwoGpus(Machine):
        def for_workers(self, n: int) -> list[Machine]:
            return [self] * min(n, 2)

    for paths, out in ((tars, "a"), ([photos], "b")):
        many(paths, tmp_path / out, WorkOptions(n_workers=8), machine=TwoGpus())
    assert [n_workers for n_workers, _ in asked] == [2, 2]


def test_what_workers_note_is_told_once(
    tars: list[Path], photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def segmenting(*arguments: Any, on_note: Any = lambda _: None, **options: Any) -> Summary:
        on_note("Batches of 4")
        return segment_all(*arguments, **options)

    monkeypatch.setattr(f"{ROOM}.segment_work.segment_all", segmenting)
    notes: list[str] = []
    many(tars, tmp_path / "out", on_note=notes.append)
    assert notes == ["Batches of 4"]
    many([photos], tmp_path / "folder", WorkOptions(share="1/1"), on_note=notes.append)
    assert notes == ["Batches of 4"] * 2
    reports = PieceReports(None, None, notes.append)
    reports.take("a", Note("Batches of 2"))
    reports.take("b", Note("Batches of 1"))
    assert notes[2:] == ["Batches of 2"]
    PieceReports(None, None).take("a", Note("nobody is told"))
