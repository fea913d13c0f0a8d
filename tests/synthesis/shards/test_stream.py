import errno
import io
import json
import os
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from partly.errors import BadArchive, BadOption, NotAvailable, PartlyError
from partly.fewshot.segmenters.ensemble_segmenter import EnsembleSegmenter
from partly.machine import piece_claims
from partly.machine.piece_claims import PieceClaims
from partly.machine.work_options import SpreadOptions
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.truncation import Truncation
from partly.storage.model_folders import digest_of
from partly.synthesis.shards.labelled_shards import LabelledShards
from partly.synthesis.shards.labelled_synthesis import synthesise_labelled, synthesise_share
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.shard_plan import Piece, Span
from partly.synthesis.shards.shard_samples import make_sample
from partly.synthesis.shards.shard_workers import ShardsBeside
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.synthesis.shards.tar_shards import read_index, shard_writer
from tests.synthesis import tiny

CONFIG = SynthesisConfig(n_pictures=7, size_px=16, label_px=8, seed=3, pictures_per_shard=3)
IN_TWOS = replace(CONFIG, pictures_per_shard=2)


def shard_bytes(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.tar"))}


def run(folder, config=CONFIG, teacher=None, labels="labels", **others):
    return synthesise_labelled(teacher or tiny.load(), config, place(folder, labels), **others)


def place(folder, labels="labels"):
    return Place(folder / "pictures", folder / labels, folder / "training")


def read(folder, **choices):
    return LabelledShards(folder / "pictures", folder / "labels", **choices)


def another_segmenter():
    segmenter = tiny.TinySegmenter()
    with torch.no_grad():
        segmenter.layer.bias += 1
    return segmenter


def test_pictures_are_read_as_they_were_made(tmp_path):
    data = run(tmp_path)
    assert len(data) == 7
    images, logits, weights = data.read([5, 0])
    assert (images.dtype, images.shape) == (torch.uint8, (2, 3, 16, 16))
    assert (logits.dtype, logits.shape) == (torch.float16, (2, 3, 8, 8))
    assert weights.tolist() == [1, 1]
    made = make_sample(tiny.load(), CONFIG, 5)
    assert np.array_equal(logits[0].numpy(), made.label.logits)
    difference = images[0].permute(1, 2, 0).numpy().astype(int) - made.pixels
    assert np.abs(difference).mean() < 3  # JPEG


def test_png_keeps_every_pixel(tmp_path):
    config = SynthesisConfig(2, size_px=16, label_px=8, picture_format="png")
    images, _, _ = run(tmp_path, config).read([1])
    assert np.array_equal(images[0].permute(1, 2, 0).numpy(), make_sample(tiny.load(), config, 1).pixels)


def test_shards_have_the_files_of_webdataset(tmp_path):
    run(tmp_path)
    pictures = read_index(tmp_path / "pictures" / "pictures-000003-000005.tar")
    labels = read_index(tmp_path / "labels" / "labels-000003-000005.tar")
    assert list(pictures) == list(labels) == ["000003", "000004", "000005"]
    assert list(pictures["000004"]) == ["jpg", "json"]
    assert list(labels["000004"]) == ["logits.npy", "json"]
    record = json.loads(pictures["000004"]["json"].read())
    assert record.keys() == {"seed", "index", "truncation"}
    assert (record["seed"], record["index"]) == (3, 4)
    assert 0.7 <= record["truncation"] <= 1.0
    assert json.loads(labels["000004"]["json"].read()).keys() == {*record, "uncertainty"}
    with Image.open(io.BytesIO(pictures["000004"]["jpg"].read())) as picture:
        assert picture.size == (16, 16)


def test_killed_and_run_again_gives_the_same_bytes(tmp_path):
    run(tmp_path / "straight")
    with pytest.raises(RuntimeError, match="power cut"):
        run(tmp_path / "two", teacher=tiny.teacher(tiny.TinyGenerator(fails_at=5)))
    assert list(shard_bytes(tmp_path / "two")) == [
        "labels/labels-000000-000002.tar",
        "pictures/pictures-000000-000002.tar",
    ]
    left, at_work = (tmp_path / "two" / "labels" / f".labels-000003-000005.tar.{name}.part" for name in "ab")
    left.write_bytes(b"left by kill -9")
    os.utime(left, (time.time() - 4000,) * 2)
    at_work.write_bytes(b"being written by another process")
    reports = []
    run(tmp_path / "two", on_picture=reports.append)
    assert shard_bytes(tmp_path / "two") == shard_bytes(tmp_path / "straight")
    assert [report.n_done for report in reports] == [4, 5, 6, 7]
    assert reports[-1].time_left_s == 0
    assert list((tmp_path / "two").rglob(".*.part")) == [at_work]


def test_another_segmenter_labels_the_pictures_that_are_there(tmp_path):
    run(tmp_path)
    pictures = shard_bytes(tmp_path / "pictures")
    generator = tiny.TinyGenerator()
    reports = []
    teacher = tiny.teacher(generator, another_segmenter())
    others = run(tmp_path, teacher=teacher, labels="others", on_picture=reports.append)
    assert (generator.n_made, generator.n_drawn) == (7, 0)
    assert [report.n_done for report in reports] == list(range(1, 8))
    assert shard_bytes(tmp_path / "pictures") == pictures
    images, logits, _ = others.read([4])
    assert torch.equal(images, read(tmp_path).read([4])[0])
    assert not torch.equal(logits, read(tmp_path).read([4])[1])
    run(tmp_path / "alone", teacher=tiny.teacher(tiny.TinyGenerator(), another_segmenter()))
    assert shard_bytes(tmp_path / "others") == shard_bytes(tmp_path / "alone" / "labels")


@pytest.mark.parametrize(("lost", "n_drawn"), [("pictures", 3), ("labels", 0)])
def test_only_what_is_missing_is_made(lost, n_drawn, tmp_path):
    run(tmp_path)
    before = shard_bytes(tmp_path)
    (tmp_path / lost / f"{lost}-000003-000005.tar").unlink()
    generator = tiny.TinyGenerator()
    reports = []
    run(tmp_path, teacher=tiny.teacher(generator), on_picture=reports.append)
    assert (generator.n_made, generator.n_drawn) == (3, n_drawn)
    assert [report.n_done for report in reports] == [5, 6, 7]
    assert shard_bytes(tmp_path) == before


def test_both_come_from_one_synthesis(tmp_path):
    generator = tiny.TinyGenerator()
    run(tmp_path, teacher=tiny.teacher(generator))
    assert (generator.n_made, generator.n_drawn) == (7, 7)


def test_fewer_pictures_than_there_are_can_be_labelled(tmp_path):
    run(tmp_path)
    teacher = tiny.teacher(segmenter=another_segmenter())
    few = SynthesisConfig(4, size_px=16, label_px=8, seed=3, pictures_per_shard=3)
    assert len(run(tmp_path, few, teacher, labels="others")) == 4
    assert len(LabelledShards(tmp_path / "pictures", tmp_path / "others")) == 4
    run(tmp_path, CONFIG, teacher, labels="others")
    assert list(shard_bytes(tmp_path / "others"))[1:3] == [
        "labels-000003-000003.tar",
        "labels-000004-000005.tar",
    ]


def test_a_generator_that_gives_no_picture(tmp_path, monkeypatch):
    generator, segmenter = tiny.TinyGenerator(), tiny.TinySegmenter()
    original = generator.synthesise
    monkeypatch.setattr(
        generator, "synthesise", lambda w, **others: original(w, **others | {"images": False})
    )
    with pytest.raises(TypeError, match="the generator gave no picture"):
        run(tmp_path, teacher=tiny.teacher(generator, segmenter))


def test_nothing_is_made_twice(tmp_path):
    run(tmp_path)
    reports = []
    assert len(run(tmp_path, on_picture=reports.append)) == 7
    assert reports == []


def test_more_pictures_later_are_the_same_pictures(tmp_path):
    few, many = tmp_path / "grown", tmp_path / "at_once"
    grown = SynthesisConfig(10, size_px=16, label_px=8, seed=3, pictures_per_shard=3)
    run(few)
    images, logits, _ = run(few, grown).read(range(10))
    expected, expected_logits, _ = run(many, grown).read(range(10))
    assert torch.equal(images, expected)
    assert torch.equal(logits, expected_logits)
    assert len(run(few, CONFIG)) == 7


@pytest.mark.slow
def test_several_workers_give_the_same_bytes(tmp_path):
    threads = torch.get_num_threads()
    run(tmp_path / "one")
    assert torch.get_num_threads() == threads
    reports = []
    run(tmp_path / "two", load_teacher=tiny.load, n_workers=2, on_picture=reports.append)
    assert shard_bytes(tmp_path / "one") == shard_bytes(tmp_path / "two")
    assert [report.n_done for report in reports] == list(range(1, 8))
    shutil.rmtree(tmp_path / "two" / "labels")
    run(tmp_path / "two", load_teacher=tiny.load, n_workers=2)
    assert shard_bytes(tmp_path / "one") == shard_bytes(tmp_path / "two")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("load", "error", "text"),
    [
        (tiny.load_nothing, NotAvailable, "the generator is gone. Get it again."),
        (tiny.load_broken, RuntimeError, "a worker failed: ValueError: out of luck"),
        (
            tiny.load_and_die,
            PartlyError,
            r"workers died 2 times at the same piece: pictures-\d{6}-\d{6} \(exit code 9\). Run the same",
        ),
    ],
)
def test_a_worker_that_fails(load, error, text, tmp_path):
    with pytest.raises(error, match=text):
        run(tmp_path, load_teacher=load, n_workers=2)


@pytest.mark.slow
def test_a_disk_that_is_full_for_a_worker(tmp_path):
    with pytest.raises(OSError, match="No space left on device") as caught:
        run(tmp_path, load_teacher=tiny.load_from_full_disk, n_workers=2)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "file")


def test_what_a_worker_tells(tmp_path):
    worker, told = ShardsBeside(tiny.load, CONFIG, Place(tmp_path, tmp_path, tmp_path))(), []
    for piece in (Piece(Span(0, 2), True, True), Piece(Span(4, 5), False, True)):
        worker(piece, told.append)
    assert told == [0, 1, 4]
    assert list(shard_bytes(tmp_path)) == [
        "labels-000000-000001.tar",
        "labels-000004-000004.tar",
        "pictures-000000-000001.tar",
    ]


def test_shares_make_the_bytes_of_one_run(tmp_path):
    run(tmp_path / "one", IN_TWOS)
    n_pictures = []
    # The last one first, and one of them twice.
    for share in ("3/3", "1/3", "3/3", "2/3"):
        here, reports = place(tmp_path / "shares"), []
        spread = SpreadOptions(share=share)
        n = synthesise_share(tiny.load(), IN_TWOS, here, spread, on_picture=reports.append)
        n_pictures.append((n, [report.n_done for report in reports]))
    # Shards of 2, 2, 2 and 1 pictures.
    assert n_pictures == [(2, [1, 2]), (3, [1, 2, 3]), (2, []), (2, [1, 2])]
    reports = []
    run(tmp_path / "shares", IN_TWOS, on_picture=reports.append)
    assert reports == []
    assert shard_bytes(tmp_path / "one") == shard_bytes(tmp_path / "shares")


def test_a_shard_that_another_run_makes_is_waited_for(tmp_path, monkeypatch):
    run(tmp_path / "one", IN_TWOS)
    reports, slept = [], []
    other = PieceClaims(tmp_path / "two" / "labels")

    def sleep(seconds):
        # The other run does its piece, while this one waits.
        slept.append(seconds)
        for path in (tmp_path / "one").rglob("*-000002-000003.tar"):
            target = tmp_path / "two" / path.relative_to(tmp_path / "one")
            target.write_bytes(path.read_bytes())

    monkeypatch.setattr(piece_claims.time, "sleep", sleep)
    with other:
        assert other.take("pictures-000002-000003")
        run(tmp_path / "two", IN_TWOS, on_picture=reports.append)
    assert len(slept) == 1
    assert len(reports) == 5
    assert shard_bytes(tmp_path / "one") == shard_bytes(tmp_path / "two")


def test_workers_cannot_read_what_has_no_model_folder(tmp_path):
    with pytest.raises(BadOption, match="of type TinyGenerator has no model folder for workers to read"):
        run(tmp_path, n_workers=2)


def test_labels_that_name_the_teacher_as_before_are_gone_on_with(tmp_path):
    run(tmp_path)
    before = shard_bytes(tmp_path)
    path = tmp_path / "labels" / "synthesis.json"
    held = json.loads(path.read_text())
    assert held["segmenter_digest"] == tiny.load().digest
    older = digest_of(tiny.TinySegmenter().state_dict())
    path.write_text(json.dumps(held | {"segmenter_digest": older}))
    (tmp_path / "labels" / "labels-000003-000005.tar").unlink()
    run(tmp_path)
    assert shard_bytes(tmp_path) == before
    assert json.loads(path.read_text())["segmenter_digest"] == older


def test_shards_are_opened_once(tmp_path):
    data = run(tmp_path)
    surest = data.surest(0.5)
    assert len(surest) == 4
    assert len(data) == 7
    assert surest.numbers == read(tmp_path, drop_uncertain=0.5).numbers
    run(tmp_path, teacher=tiny.teacher(segmenter=another_segmenter()), labels="others")
    others = surest.with_labels(tmp_path / "others")
    assert others.numbers == surest.numbers
    wanted = LabelledShards(tmp_path / "pictures", tmp_path / "others").read([surest.numbers[1]])
    assert all(torch.equal(a, b) for a, b in zip(others.read([1]), wanted, strict=True))
    (tmp_path / "others" / "labels-000003-000005.tar").unlink()
    with pytest.raises(BadArchive, match="others: has no label 3; expected pictures in"):
        data.with_labels(tmp_path / "others")
    with pytest.raises(BadOption, match="drop_uncertain is 1; expected a share from 0 to below 1"):
        data.surest(1)


def test_a_folder_of_other_pictures_is_refused(tmp_path):
    run(tmp_path)
    other = SynthesisConfig(7, size_px=32, label_px=8, seed=4, truncation=Truncation(0.5, 0.5))
    with pytest.raises(
        BadOption,
        match=r"pictures: holds .* with seed 3, not 4, truncation.low 0.7, not 0.5, .*, size_px 16, not 32;",
    ):
        run(tmp_path, other, labels="others")
    generator, segmenter = tiny.TinyGenerator(), tiny.TinySegmenter()
    generator.digest = "e" * 64
    with pytest.raises(
        BadOption,
        match=r"pictures: holds something made with generator_digest \w+…, not e+…; .* delete this one",
    ):
        run(tmp_path, teacher=tiny.teacher(generator, segmenter))


def test_a_folder_of_other_labels_is_refused(tmp_path):
    run(tmp_path)
    with pytest.raises(BadOption, match=r"labels: holds something made with segmenter_digest .*…, not .*…;"):
        run(tmp_path, teacher=tiny.teacher(tiny.TinyGenerator(), another_segmenter()))
    finer = SynthesisConfig(7, size_px=16, label_px=16, seed=3)
    with pytest.raises(BadOption, match="labels: holds something made with label_px 8, not 16; expected"):
        run(tmp_path, finer)
    with pytest.raises(
        BadOption, match=r"pictures: holds .* no label_px, no segmenter_digest, size_px 16, which"
    ):
        run(tmp_path, labels="pictures")


def test_a_folder_that_held_pictures_and_labels_in_one_is_refused(tmp_path):
    run(tmp_path)
    path = tmp_path / "pictures" / "synthesis.json"
    former = json.loads(path.read_text()) | {"label_px": 8, "segmenter_digest": "f" * 64}
    path.write_text(json.dumps(former))
    with pytest.raises(
        BadOption,
        match=r"label_px 8, which is not asked for now, segmenter_digest f+…, which .* or delete this one",
    ):
        run(tmp_path)


def test_what_was_begun_by_the_first_version_goes_on_with_its_pictures(tmp_path, monkeypatch):
    new = run(tmp_path / "new")
    monkeypatch.setenv("PARTLY_STREAMS", "0.1")
    first = run(tmp_path / "first", replace(CONFIG, streams="0.1"))
    assert "streams" not in json.loads((tmp_path / "first/pictures/synthesis.json").read_text())
    run(tmp_path / "begun", replace(CONFIG, streams="0.1", n_pictures=3))
    monkeypatch.delenv("PARTLY_STREAMS")
    gone_on = run(tmp_path / "begun", CONFIG)
    for index in range(CONFIG.n_pictures):
        assert torch.equal(gone_on.read([index])[0], first.read([index])[0])
        assert not torch.equal(gone_on.read([index])[0], new.read([index])[0])


def test_pictures_of_streams_that_are_not_known_are_refused(tmp_path):
    run(tmp_path)
    path = tmp_path / "labels" / "synthesis.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"streams": "9"}))
    with pytest.raises(BadOption, match=r"labels: was made with random streams of version 9; .* delete this"):
        run(tmp_path)


def test_no_labelled_picture_has_the_direction_of_a_proposal(tmp_path):
    generator = tiny.TinyGenerator()
    labelled = [sample_w(generator, 0, i, None, "labelled pictures") for i in range(40)]
    proposed = [sample_w(generator, 0, i, None, "proposals") for i in range(40)]
    distances = torch.cdist(torch.cat(labelled).flatten(1), torch.cat(proposed).flatten(1))
    assert float(distances.min()) > 1e-3


@pytest.mark.parametrize(
    ("text", "said"), [("{", r"is no JSON \("), ("[]", "is no JSON object. Use an empty")]
)
def test_a_folder_whose_record_is_damaged(text, said, tmp_path):
    run(tmp_path)
    (tmp_path / "pictures" / "synthesis.json").write_text(text)
    with pytest.raises(BadOption, match=f"synthesis.json: {said}"):
        run(tmp_path)


def test_labels_of_other_pictures_are_refused(tmp_path):
    run(tmp_path)
    run(tmp_path / "other", SynthesisConfig(7, size_px=16, label_px=8, seed=4))
    with pytest.raises(
        BadOption, match="labels: holds labels of pictures with seed 4, not 3; expected labels"
    ):
        LabelledShards(tmp_path / "pictures", tmp_path / "other" / "labels")


@pytest.mark.parametrize(
    ("lost", "text"),
    [
        (
            "pictures/pictures-000003-000005.tar",
            "pictures: has no picture 3; expected pictures in .* with the",
        ),
        ("labels/labels-000000-000002.tar", "labels: has no label 0; .* Run the same command again"),
    ],
)
def test_pictures_and_labels_must_have_the_same_indexes(lost, text, tmp_path):
    run(tmp_path)
    (tmp_path / lost).unlink()
    with pytest.raises(BadArchive, match=text):
        read(tmp_path)


def test_uncertain_pictures_can_be_left_out(tmp_path):
    every = run(tmp_path)
    most_certain = np.argsort(every.uncertainties)[:4]
    kept = read(tmp_path, drop_uncertain=0.4)
    assert sorted(kept.numbers) == sorted(most_certain.tolist())
    assert kept.uncertainties.max() <= np.sort(every.uncertainties)[4]
    images, _, _ = kept.read([0])
    assert torch.equal(images, every.read([kept.numbers[0]])[0])
    assert len(read(tmp_path, n_pictures=4)) == 4
    with pytest.raises(BadOption, match=r"drop_uncertain is 1.5; expected a share"):
        read(tmp_path, drop_uncertain=1.5)


def test_an_ensemble_is_uncertain_where_its_members_disagree():
    generator, one = tiny.TinyGenerator(), tiny.TinySegmenter()
    other = tiny.TinySegmenter()
    with torch.no_grad():
        other.layer.weight *= -1
    alike = make_sample(tiny.teacher(generator, EnsembleSegmenter([one, one])), CONFIG, 0)
    unlike = make_sample(tiny.teacher(generator, EnsembleSegmenter([one, other])), CONFIG, 0)
    assert alike.label.uncertainty == pytest.approx(0, abs=1e-6)
    assert unlike.label.uncertainty > 0.01
    shares = torch.from_numpy(unlike.label.logits).float().softmax(0)
    pyramid = generator.synthesise(sample_w(generator, 3, 0, CONFIG.truncation, "labelled pictures")).pyramid
    with torch.inference_mode():
        expected = (one(pyramid, 8).softmax(1) + other(pyramid, 8).softmax(1)) / 2
    assert torch.allclose(shares, expected[0], atol=2e-3)


def test_an_empty_folder(tmp_path):
    with pytest.raises(BadArchive, match="labels: has no shards; expected labels of pictures"):
        read(tmp_path)


def test_a_damaged_shard_is_named(tmp_path):
    run(tmp_path)
    shard = tmp_path / "labels" / "labels-000003-000005.tar"
    shard.write_bytes(shard.read_bytes()[:2000])
    with pytest.raises(BadArchive, match=r"labels-000003-000005.tar: .* Delete the file and run the same"):
        read(tmp_path)
    shard.unlink()
    assert len(run(tmp_path)) == 7


def write_shard(folder, kind, files, stop=1):
    with shard_writer(folder / kind / Span(0, stop).file_name(kind)) as writer:
        writer.add("000000", files)


def test_a_shard_that_is_not_what_its_name_says(tmp_path):
    write_shard(tmp_path, "labels", {"json": b"{}"}, stop=2)
    with pytest.raises(BadArchive, match="has 1 labels; expected labels 0 to 1, as its name says"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("picture", "label", "text"),
    [
        ({"jpg": b"no image"}, {}, "its member 000000.jpg is no image"),
        ({"txt": b""}, {}, "its member 000000.txt has no picture beside it"),
        ({"png": None}, {"logits.npy": b"no array"}, "its member 000000.logits.npy is no array"),
        ({"png": None}, {}, "has no logits.npy beside it"),
    ],
)
def test_damaged_members_are_named(picture, label, text, tmp_path):
    pixels = io.BytesIO()
    Image.new("RGB", (4, 4)).save(pixels, "PNG")
    content = {ending: pixels.getvalue() if data is None else data for ending, data in picture.items()}
    write_shard(tmp_path, "pictures", content)
    write_shard(tmp_path, "labels", label | {"json": b'{"uncertainty": 0}'})
    with pytest.raises(BadArchive, match=text):
        read(tmp_path).read([0])


def test_damaged_records_are_named(tmp_path):
    write_shard(tmp_path, "pictures", {"jpg": b""})
    write_shard(tmp_path, "labels", {"json": b"{"})
    with pytest.raises(BadArchive, match=r"its member 000000.json is no JSON"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"n_pictures": 0}, "n_pictures is 0; expected 1 or more"),
        ({"label_px": 0}, "label_px is 0"),
        ({"picture_format": "gif"}, "picture_format is 'gif'; expected jpg or png"),
    ],
)
def test_impossible_configs(wrong, text):
    with pytest.raises(BadOption, match=text):
        SynthesisConfig(**{"n_pictures": 1} | wrong)
