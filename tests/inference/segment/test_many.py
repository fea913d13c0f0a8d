from __future__ import annotations

import io
import json
import os
import signal
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
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
from partly.inference.segment.segment_folder import segment_all
from partly.inference.segment.segment_options import TarOptions
from partly.inference.segment.segment_photo_file import segment_photo
from partly.inference.segment.segment_plans import plan_segmenting, segment_many
from partly.inference.segment.segment_records import Progress, Summary
from partly.inference.segment.segment_shares import segment_shared
from partly.inference.segment.segment_tars import TarPlan
from partly.machine.executors import Here
from partly.machine.piece_claims import PieceClaims
from partly.machine.shares import Share
from partly.machine.work_options import WorkOptions
from tests.inference.segment.networks import PART_SET, ColourNetwork
from tests.inference.segment.test_photo import two_halves

N_PHOTOS = 7


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
    assert names == ["0.png", "1.png", "2.png", "3.png", "3.webp.png", "sub/0.png"]
    assert len(made.segmented) == 8


def test_files_of_one_name_in_two_folders(tars: list[Path], tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / tars[0].name).write_bytes(tars[0].read_bytes())
    many([tars[0], tmp_path / "more" / tars[0].name], tmp_path / "out")
    assert set(results(tmp_path / "out")) == {"photos-000.tar", "photos-000~2.tar"}


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


def test_processes_are_what_is_usual_for_tars(
    tars: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def executor(self: WorkOptions, usual_workers: int = 1) -> Callable[..., Any]:
        asked.append(usual_workers)
        return Here()  # type: ignore[return-value]

    monkeypatch.setattr("partly.inference.segment.segment_plans.usable_processors", lambda: 64)
    monkeypatch.setattr(WorkOptions, "executor", executor)
    many(tars, tmp_path / "out", WorkOptions())
    assert asked == [2]
