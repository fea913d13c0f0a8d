from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from partly.data.labels import annotation as annotation_module
from partly.data.labels.annotation import (
    Annotation,
    annotation_id_from,
    annotation_ids,
    check_annotation_id,
    latent_from_json,
    latent_to_json,
    list_annotations,
    load_annotation,
    save_annotation,
)
from partly.data.labels.label_maps import write_label_map
from partly.data.labels.part_sets import Part, PartSet
from partly.errors import BadLabel
from tests.data.labels.drawings import PARTS, drawn

MAP = drawn("012. 3300")
DIGEST = "ab" * 32


def shared_w(n_layers=4, seed=0):
    row = np.random.default_rng(seed).standard_normal(6).astype(np.float32)
    return np.tile(row, (n_layers, 1))


def of_picture(annotation_id="face-1", label_map=MAP, w=None, **more):
    return Annotation(annotation_id, label_map, shared_w() if w is None else w, DIGEST, **more)


def of_photo(annotation_id="photo-1"):
    return Annotation(annotation_id, MAP, photo="sub/a photo.jpg", photo_sha256=DIGEST)


def refusal(action):
    with pytest.raises(BadLabel) as caught:
        action()
    return str(caught.value)


def edited(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_picture_reads_back_exactly(tmp_path):
    path = save_annotation(tmp_path / "annotations", of_picture(note="by hand"), PARTS)
    assert path == tmp_path / "annotations/face-1.json"
    found = load_annotation(path.parent, "face-1", PARTS)
    assert np.array_equal(found.label_map, MAP)
    assert found.w.dtype == np.float32
    assert found.w.tobytes() == shared_w().tobytes()
    assert (found.id, found.generator_digest, found.note) == ("face-1", DIGEST, "by hand")
    assert (found.photo, found.photo_sha256) == (None, None)
    found.w[0, 0] = 1  # its own memory, not a view of one row


def test_a_photo_reads_back_exactly(tmp_path):
    save_annotation(tmp_path, of_photo(), PARTS)
    found = load_annotation(tmp_path, "photo-1", PARTS)
    assert (found.w, found.generator_digest) == (None, None)
    assert (found.photo, found.photo_sha256) == ("sub/a photo.jpg", DIGEST)


def test_a_projected_photo_has_both(tmp_path):
    both = Annotation("p", MAP, shared_w(), DIGEST, "a.jpg", DIGEST)
    save_annotation(tmp_path, both, PARTS)
    assert load_annotation(tmp_path, "p", PARTS).photo == "a.jpg"


def test_a_shared_w_is_stored_once_and_on_one_line(tmp_path):
    save_annotation(tmp_path, of_picture(), PARTS)
    text = (tmp_path / "face-1.json").read_text()
    values = json.loads(text)["w"]
    assert values["n_layers"] == 4
    assert len(values["values"]) == 6
    assert len(text.splitlines()) == 10


def test_a_w_of_its_own_for_each_layer_is_stored_whole(tmp_path):
    w = np.random.default_rng(1).standard_normal((3, 5)).astype(np.float32)
    save_annotation(tmp_path, of_picture(w=w), PARTS)
    assert load_annotation(tmp_path, "face-1", PARTS).w.tobytes() == w.tobytes()


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(deadline=None, max_examples=60)
@given(npst.arrays(np.float32, npst.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=finite))
def test_latents_survive_json_bit_by_bit(w):
    for latent in (w, np.repeat(w[:1], 3, axis=0)):
        found = latent_from_json(json.loads(json.dumps(latent_to_json(latent))))
        assert found.shape == latent.shape
        assert found.tobytes() == latent.tobytes()


def test_lists_are_sorted_and_leave_out_what_is_not_finished(tmp_path):
    assert list_annotations(tmp_path / "missing", PARTS) == []
    for name in ("b", "a.1", "c"):
        save_annotation(tmp_path, of_picture(name), PARTS)
    (tmp_path / "c.json").unlink()
    (tmp_path / ".b.json.x.part").write_text("")
    (tmp_path / ".hidden.json").write_text("")
    assert annotation_ids(tmp_path) == ["a.1", "b"]
    assert [annotation.id for annotation in list_annotations(tmp_path, PARTS)] == ["a.1", "b"]


def test_an_id_is_taken_once(tmp_path):
    save_annotation(tmp_path, of_picture(), PARTS)
    text = refusal(lambda: save_annotation(tmp_path, of_photo("face-1"), PARTS))
    assert text == (
        f"{tmp_path / 'face-1.json'}: annotation 'face-1' exists already; expected a new id. "
        "Choose another id, or ask for the old annotation to be overwritten."
    )
    assert load_annotation(tmp_path, "face-1", PARTS).photo is None


def test_overwriting_replaces_everything(tmp_path):
    save_annotation(tmp_path, of_picture(), PARTS)
    save_annotation(tmp_path, of_photo("face-1"), PARTS, overwrite=True)
    assert load_annotation(tmp_path, "face-1", PARTS).w is None
    (tmp_path / "face-1.json").write_text("damaged")
    save_annotation(tmp_path, of_picture(), PARTS, overwrite=True)
    assert load_annotation(tmp_path, "face-1", PARTS).photo is None


class KilledError(Exception):
    pass


def killed(*_):
    raise KilledError


def test_killed_before_the_json_it_is_not_finished_and_can_be_saved_again(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(annotation_module, "write_text", killed)
        with pytest.raises(KilledError):
            save_annotation(tmp_path, of_picture(), PARTS)
    assert annotation_ids(tmp_path) == []
    save_annotation(tmp_path, of_picture(), PARTS)
    assert annotation_ids(tmp_path) == ["face-1"]


@pytest.mark.parametrize("step", ["write_label_map", "write_text"])
def test_killed_while_overwriting_no_label_map_gets_the_wrong_latent(tmp_path, monkeypatch, step):
    save_annotation(tmp_path, of_picture(), PARTS)
    with monkeypatch.context() as patch:
        patch.setattr(annotation_module, step, killed)
        with pytest.raises(KilledError):
            save_annotation(tmp_path, of_picture(w=shared_w(seed=1)), PARTS, overwrite=True)
    assert annotation_ids(tmp_path) == []


@pytest.mark.parametrize("step", ["write_label_map", "write_text"])
def test_killed_while_repainting_the_same_picture_stays_labelled(tmp_path, monkeypatch, step):
    save_annotation(tmp_path, of_picture(), PARTS)
    repainted = of_picture(label_map=drawn("3333 3333"), note="again")
    with monkeypatch.context() as patch:
        patch.setattr(annotation_module, step, killed)
        with pytest.raises(KilledError):
            save_annotation(tmp_path, repainted, PARTS, overwrite=True)
    found = load_annotation(tmp_path, "face-1", PARTS).label_map
    assert np.array_equal(found, MAP if step == "write_label_map" else repainted.label_map)


def test_ids_follow_the_names_of_the_parts(tmp_path):
    save_annotation(tmp_path, of_picture(), PARTS)
    other = PartSet((PARTS.parts[0], Part("ear", (1, 1, 1)), *PARTS.parts[1:]))
    assert np.array_equal(load_annotation(tmp_path, "face-1", other).label_map, drawn("023. 4400"))
    fewer = PartSet(PARTS.parts[:1] + PARTS.parts[3:])
    text = refusal(lambda: load_annotation(tmp_path, "face-1", fewer))
    assert "has pixels of parts that the part set lacks: left (1 pixel), right (1 pixel)" in text


def test_a_label_map_repainted_elsewhere_is_taken_if_it_fits(tmp_path):
    save_annotation(tmp_path, of_picture(), PARTS)
    write_label_map(tmp_path / "face-1.png", drawn("1111 0000"), PARTS)
    assert load_annotation(tmp_path, "face-1", PARTS).label_map.sum() == 4
    write_label_map(tmp_path / "face-1.png", drawn("11 00"), PARTS)
    text = refusal(lambda: load_annotation(tmp_path, "face-1", PARTS))
    assert f"{tmp_path / 'face-1.png'}: the label map is 2 x 2 px; expected 4 x 2 px" in text


@pytest.mark.parametrize(
    ("label_map", "words"),
    [
        (drawn(".. .."), "the label map is empty"),
        (drawn("09"), "unknown part ids: 9 (1 pixel)"),
        (MAP.astype(int), "expected uint8 [h, w]"),
    ],
)
def test_bad_label_maps_are_not_saved(tmp_path, label_map, words):
    text = refusal(lambda: save_annotation(tmp_path, of_picture(label_map=label_map), PARTS))
    assert words in text
    assert text.startswith(f"{tmp_path / 'face-1.png'}: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "annotation_id", ["", "a/b", "..", ".a", "a.", "a b", "é", "con", "NUL.txt", "a" * 101, "a\n", "-a"]
)
def test_ids_that_are_no_safe_file_names_are_refused(annotation_id):
    text = refusal(lambda: of_picture(annotation_id))
    assert f"{annotation_id!r} is no safe annotation id" in text
    check_annotation_id(annotation_id_from(annotation_id))


@settings(deadline=None)
@given(st.text(max_size=130))
def test_any_text_gives_a_safe_id(text):
    check_annotation_id(annotation_id_from(text))


def test_safe_ids_are_kept():
    for name in ("a", "face-01", "A_b.c-d", "con1", "0" * 100):
        check_annotation_id(name)
    assert annotation_id_from("holiday/My photo (1).jpg") == "holiday-My-photo-1-jpg"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "annotation 'a' belongs to nothing; expected the latent of a picture, or a photo"),
        ({"w": shared_w()}, "has only one of a latent and a generator's digest"),
        ({"generator_digest": DIGEST, "photo": "a", "photo_sha256": "b"}, "has only one of a latent"),
        ({"photo": "a.jpg"}, "has only one of a photo and a photo's sha256; expected both"),
        (
            {"w": shared_w()[0], "generator_digest": DIGEST},
            "is float32 [6]; expected float32 [layers, w_dim]",
        ),
        ({"w": shared_w().astype(float), "generator_digest": DIGEST}, "is float64 [4, 6]"),
        ({"w": shared_w() * np.float32("nan"), "generator_digest": DIGEST}, "values that are not finite"),
        ({"photo": "/etc/a.jpg", "photo_sha256": "b"}, "has the photo name '/etc/a.jpg'"),
        ({"photo": "../a.jpg", "photo_sha256": "b"}, "expected a relative name with forward slashes"),
        ({"photo": "C:/a.jpg", "photo_sha256": "b"}, "has the photo name"),
        ({"photo": "a\\b.jpg", "photo_sha256": "b"}, "has the photo name"),
        ({"photo": "", "photo_sha256": "b"}, "has the photo name ''"),
    ],
)
def test_contradictions_are_refused(arguments, words):
    assert words in refusal(lambda: Annotation("a", MAP, **arguments))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"schema_version": 2}, "has schema version 2; expected an annotation of version 1"),
        ({"size_px": [4]}, "has size_px [4]; expected [width, height]"),
        ({"size_px": [4, 2.0]}, "has size_px [4, 2.0]"),
        ({"part_set": []}, "the part set is empty"),
        ({"w": [1, 2]}, "its latent w is damaged"),
        ({"w": {"n_layers": 2, "values": [[1, 2]] * 3}}, "its latent w is damaged"),
        ({"w": {"n_layers": 10**12, "values": [1, 2]}}, "its latent w is damaged"),
        ({"w": {"n_layers": 2, "values": "abc"}}, "its latent w is damaged"),
        ({"w": {"n_layers": 2, "values": 3}}, "its latent w is damaged"),
        ({"w": {"n_layers": 2, "values": [1e300, 0]}}, "values that are not finite"),
        ({"generator_digest": None}, "has only one of a latent and a generator's digest"),
        ({"generator_digest": 7}, "has the value 7; expected a text or null"),
    ],
)
def test_damaged_records_are_refused_with_their_file(tmp_path, changes, words):
    path = save_annotation(tmp_path, of_picture(), PARTS)
    edited(path, **changes)
    text = refusal(lambda: load_annotation(tmp_path, "face-1", PARTS))
    assert text.startswith(f"{path}: ")
    assert words in text


def test_missing_and_unreadable_records_are_refused(tmp_path):
    assert "nobody.json: no such annotation; expected an annotation as <id>.png and <id>.json" in refusal(
        lambda: load_annotation(tmp_path, "nobody", PARTS)
    )
    path = save_annotation(tmp_path, of_picture(), PARTS)
    whole = json.loads(path.read_text())
    for text, words in (
        ("{", "is no JSON ("),
        ("[]", "has schema version None"),
        (json.dumps({key: whole[key] for key in whole if key != "w"}), "lacks w"),
    ):
        path.write_text(text)
        assert words in refusal(lambda: load_annotation(tmp_path, "face-1", PARTS))
    path.write_text(json.dumps(whole))
    (tmp_path / "face-1.png").unlink()
    assert "face-1.png: no such file" in refusal(lambda: list_annotations(tmp_path, PARTS))


def test_annotations_need_no_torch():
    code = "import sys, partly.data.labels, partly.data.label_formats; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
