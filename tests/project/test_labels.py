import json
from dataclasses import replace

import numpy as np
import pytest

from partly.cli.command_line import run
from partly.data.label_formats.label_formats import FORMATS, write_labels
from partly.data.labels.annotation import Annotation, latent_to_json, load_annotation, save_annotation
from partly.data.labels.label_maps import write_label_map
from partly.data.labels.part_sets import FACE_PARTS, PartSet
from partly.data.labels.shipped_labels import shipped_annotations
from partly.errors import BadLabel, BadOption, BadProject
from partly.fewshot.acquisition.promising_pictures import propose
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.models.generators.truncation import Truncation
from partly.project.fit_verb import fit_project
from partly.project.label_import import import_labels, import_shipped
from partly.project.picture_options import PicturesRequest
from partly.project.proposed_pictures import (
    find_picture,
    keep_picture,
    picture_ids,
    picture_pixels,
    propose_pictures,
)
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator


def label_map(size=64, n_things=1):
    made = np.zeros((size, size), np.uint8)
    made[:n_things, :5] = 1
    return made


@pytest.fixture
def pictures(project, generator):
    return propose_pictures(project, generator, PicturesRequest(2, n_candidates=4))


def labelled(folder, name, made=None):
    path = folder / f"{name}.png"
    write_label_map(path, label_map() if made is None else made, TWO_PARTS)
    return path


def test_files_become_annotations_of_the_pictures_they_are_named_after(project, pictures, tmp_path):
    paths = [labelled(tmp_path, picture.id) for picture in pictures]
    kept = import_labels(project, paths)
    for one, picture in zip(kept, pictures, strict=True):
        annotation = load_annotation(project.annotations, picture.id, TWO_PARTS)
        assert np.array_equal(annotation.label_map, label_map())
        assert np.array_equal(annotation.w, picture.w)
        assert annotation.generator_digest == picture.generator_digest
        assert one.overlay.is_file()
        assert not one.was_there
    assert all(one.was_there for one in import_labels(project, paths))


@pytest.mark.parametrize("format_name", FORMATS)
def test_other_formats(project, pictures, tmp_path, format_name):
    path = tmp_path / f"{pictures[0].id}{FORMATS[format_name].suffix}"
    label_maps = [(picture.path.name, label_map()) for picture in pictures[:1]]
    write_labels(path, label_maps, TWO_PARTS, format_name=format_name)
    kept = import_labels(project, [path], format_name=format_name)
    assert np.array_equal(kept[0].annotation.label_map, label_map())


def test_labels_that_were_saved_beside_the_pictures(project, pictures):
    path = project.pictures / f"{pictures[1].id}.json"
    write_labels(path, [(pictures[1].path.name, label_map())], TWO_PARTS, format_name="labelme")
    (kept,) = import_labels(project, [project.pictures])
    assert kept.annotation.id == pictures[1].id
    assert picture_ids(project) == sorted(picture.id for picture in pictures)


def test_pictures_that_were_moved_away_are_made_again(project, pictures, generator):
    project.pictures.rename(project.folder / "old")
    assert picture_ids(project) == []
    with pytest.raises(BadLabel, match="there is no picture"):
        find_picture(project, pictures[0].id)
    again = propose_pictures(project, generator, PicturesRequest(2, n_candidates=4))
    assert [picture.id for picture in again] == [picture.id for picture in pictures]


def test_a_named_picture(project, pictures, tmp_path):
    path = labelled(tmp_path, "anything")
    assert import_labels(project, [path], picture_id=pictures[1].id)[0].annotation.id == pictures[1].id
    with pytest.raises(BadLabel, match="is one of 2 label files; expected one label map, since one picture"):
        import_labels(project, [path, path], picture_id=pictures[1].id)


def test_pictures_may_be_painted_on_finer_than_they_were_made(project, generator, tmp_path, capsys):
    asked = PicturesRequest(1, n_candidates=4, size_px=256)
    [picture] = propose_pictures(project, generator, asked)
    assert picture.shape == picture.pixels.shape[:2] == (256, 256)
    small = picture_pixels(generator, picture.w).astype(int)
    assert np.abs(picture.pixels.reshape(64, 4, 64, 4, 3).mean((1, 3)) - small).mean() < 8
    path = labelled(tmp_path, picture.id, label_map(256))
    [made] = import_labels(project, [path])
    assert made.annotation.label_map.shape == (256, 256)
    fit_project(project)

    # One that was moved away comes back at the size of its label map, whatever is asked for now.
    picture.path.unlink()
    [again] = propose_pictures(project, generator, replace(asked, size_px=None))
    assert again.shape == (256, 256)

    with pytest.raises(BadOption, match=r"pictures of 32 px, of a generator of 64 px; expected 64 or more"):
        propose_pictures(project, generator, replace(asked, size_px=32))
    arguments = ["pictures", str(project.folder), "--n", "1", "--seed", "3", "--candidates", "2"]
    assert run([*arguments, "--size", "128", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"][0]["size_px"] == 128
    assert run(arguments) == 0
    assert "small" not in capsys.readouterr().out
    assert run([*arguments[:-3], "5", *arguments[-2:]]) == 0
    assert "They are small to paint on: --size 256, with another --seed, writes them larger" in (
        capsys.readouterr().out
    )


def test_another_size_is_refused(project, pictures, tmp_path):
    path = labelled(tmp_path, pictures[0].id, label_map(32))
    with pytest.raises(BadLabel) as caught:
        import_labels(project, [path])
    assert str(caught.value) == (
        f"{path}: the label map is 32 x 32 px; expected 64 x 64 px, the size of its picture. "
        "Label the picture at its own size, or resize the label map without smoothing."
    )


def test_unknown_pictures_are_refused(project, tmp_path, generator):
    path = labelled(tmp_path, "moon")
    with pytest.raises(BadLabel, match=r"no picture 'moon' in the project; .*Run: partly pictures"):
        import_labels(project, [path])
    propose_pictures(project, generator, PicturesRequest(1, n_candidates=2))
    with pytest.raises(BadLabel, match=r"expected one of picture-0-\d. Name the picture with --picture"):
        import_labels(project, [path])


def test_two_label_maps_of_one_picture_are_refused(project, pictures, tmp_path):
    path = labelled(tmp_path, pictures[0].id)
    (tmp_path / "again").mkdir()
    again = labelled(tmp_path / "again", pictures[0].id)
    with pytest.raises(BadLabel, match=f"has a second label map of picture {pictures[0].id}"):
        import_labels(project, [path, again])


def test_other_annotations_are_replaced_only_when_asked(project, pictures, tmp_path):
    import_labels(project, [labelled(tmp_path, pictures[0].id)])
    path = labelled(tmp_path, pictures[0].id, label_map(n_things=2))
    with pytest.raises(BadLabel, match=f"there are other annotations of {pictures[0].id} already.*--replace"):
        import_labels(project, [path])
    import_labels(project, [path], replace=True)
    annotation = load_annotation(project.annotations, pictures[0].id, TWO_PARTS)
    assert np.array_equal(annotation.label_map, label_map(n_things=2))


def test_nothing_is_kept_when_one_file_is_bad(project, pictures, tmp_path):
    good, bad = labelled(tmp_path, pictures[0].id), tmp_path / f"{pictures[1].id}.png"
    bad.write_bytes(good.read_bytes()[:40])
    with pytest.raises(BadLabel, match="cannot be used as a label map"):
        import_labels(project, [good, bad])
    assert list(project.annotations.iterdir()) == []


def test_a_damaged_annotation_counts_as_another_one(project, pictures, tmp_path):
    path = labelled(tmp_path, pictures[0].id)
    import_labels(project, [path])
    (project.annotations / f"{pictures[0].id}.json").write_text("{")
    with pytest.raises(BadLabel, match="other annotations"):
        import_labels(project, [path])
    import_labels(project, [path], replace=True)


def test_pictures_are_made_once(project, pictures, generator):
    times = [picture.path.stat().st_mtime_ns for picture in pictures]
    again = propose_pictures(project, generator, PicturesRequest(2, n_candidates=4))
    assert [picture.path.stat().st_mtime_ns for picture in again] == times
    assert picture_ids(project) == sorted(picture.id for picture in pictures)
    other = propose_pictures(
        project, generator, PicturesRequest(1, n_candidates=4, truncation=Truncation(0.2, 0.3))
    )
    assert "-t2" in other[0].id


def test_pictures_that_are_labelled_together(project, generator, capsys):
    options = ["--n", "2", "--candidates", "6", "--together", "--json"]
    assert run(["pictures", str(project.folder), *options]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = propose(GeneratorFeatures(generator), 2, 0, together=True, n_candidates=6)
    assert [one["id"] for one in told["pictures"]] == [f"picture-0-{one.index}" for one in expected]


def test_pictures_that_the_segmenter_is_unsure_of(project, generator, pictures, tmp_path, capsys):
    options = ["--n", "1", "--candidates", "6", "--unsure"]
    assert run(["pictures", str(project.folder), *options]) == 1
    said = capsys.readouterr().err
    assert "cannot tell what it is unsure of" in said
    assert f"Fit the labelled pictures first: partly fit {project.folder}" in said
    import_labels(project, [labelled(tmp_path, pictures[0].id)])
    fit_project(project, FewShotConfig(n_statistics=2, n_self_training=0))
    [found] = propose_pictures(project, generator, PicturesRequest(1, n_candidates=6, unsure=True))
    assert found.id != pictures[0].id
    assert run(["pictures", str(project.folder), *options, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"][0]["id"] == found.id
    assert run(["pictures", str(project.folder), *options, "--together"]) == 2
    assert "both --unsure and --together; expected one of them" in capsys.readouterr().err


def test_another_picture_of_the_same_name_is_refused(project, pictures, generator):
    with pytest.raises(BadProject, match="is another picture, of another latent or generator"):
        keep_picture(project, generator, pictures[0].id, pictures[1].w)


@pytest.mark.parametrize("text", ["{", "{}", '{"w": null}', '{"w": {"n_layers": 1, "values": ["a"]}}'])
def test_damaged_pictures(project, pictures, text):
    (project.latents / f"{pictures[0].id}.json").write_text(text)
    with pytest.raises(BadProject, match="is damaged"):
        find_picture(project, pictures[0].id)


def test_shipped_annotations_of_another_generator_are_refused(make_project):
    project = make_project("faces", FACE_PARTS)
    with pytest.raises(
        BadLabel, match=r"annotation 'face-1' belongs to generator .*expected .*of the project"
    ):
        import_shipped(project, ["face-1"])
    with pytest.raises(
        BadLabel, match="no annotation face-0 ships with Partly; expected one of face-1, face-2"
    ):
        shipped_annotations(["face-0"], FACE_PARTS)


def test_shipped_annotations_need_their_parts(project):
    with pytest.raises(BadLabel, match="has pixels of parts that the part set lacks"):
        import_shipped(project)


@pytest.fixture
def shipped(monkeypatch, tmp_path, generator):
    """Annotations of the tiny generator, shipped in place of the faces."""
    folder = tmp_path / "package" / "shipped" / "faces" / "annotations"
    for index in range(2):
        made = thing_annotation(generator, index, size_px=32)
        made = Annotation(f"face-{index + 1}", made.label_map, made.w, made.generator_digest)
        save_annotation(folder, made, TWO_PARTS)
    monkeypatch.setattr("partly.data.labels.shipped_labels.files", lambda _package: tmp_path / "package")


def test_label_shipped(project, shipped, capsys):
    assert run(["label", str(project.folder), "--shipped", "face-2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in told["annotations"]] == ["face-2"]
    assert picture_ids(project) == ["face-2"]
    assert run(["label", str(project.folder), "--shipped", "all"]) == 0
    said = capsys.readouterr().out
    assert "face-1 is labelled; see" in said
    assert "face-2 was there already; see" in said


def test_parts_without_a_pixel_are_told(project, pictures, tmp_path, capsys):
    path = labelled(tmp_path, pictures[0].id, np.ones((64, 64), np.uint8))
    assert run(["label", str(project.folder), str(path)]) == 0
    assert "without a pixel: background" in capsys.readouterr().out


def test_a_fit_without_a_part_tells_so(make_project, annotation, capsys):
    project = make_project(part_set=PartSet.from_names(("background", "thing", "other")))
    save_annotation(project.annotations, annotation, project.part_set)
    assert run(["fit", str(project.folder)]) == 1
    assert "or do without it: partly fit --allow-missing-parts" in capsys.readouterr().err
    assert run(["fit", str(project.folder), "--allow-missing-parts"]) == 0
    assert "Labelled nowhere, and so never found: other\n" in capsys.readouterr().out
    assert run(["fit", str(project.folder), "--allow-missing-parts", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["missing_parts"] == ["other"]


def test_a_project_of_another_generator_tells_so(project, labelled_project, tmp_path, capsys):
    tiny_generator(5).save(tmp_path / "other", {})
    text = (project.folder / "project.toml").read_text()
    changed = text.replace(project.settings.generator, str(tmp_path / "other"))
    (project.folder / "project.toml").write_text(changed)
    assert run(["fit", str(project.folder)]) == 1
    assert "Use the generator that made the labelled picture." in capsys.readouterr().err


def test_a_picture_of_another_random_stream_takes_a_longer_name(project, generator, pictures):
    record = project.latents / f"{pictures[0].id}.json"
    # As an earlier version left it: the same seed and index of another stream.
    values = json.loads(record.read_text())
    del values["purpose"]
    values["w"] = latent_to_json(pictures[0].w + 1)
    record.write_text(json.dumps(values))
    again = propose_pictures(project, generator, PicturesRequest(2, n_candidates=4))
    assert again[0].id == f"{pictures[0].id}-{pictures[0].w.tobytes().hex()[:8]}"
    assert again[0].w.tobytes() == pictures[0].w.tobytes()
    assert again[1].id == pictures[1].id
    assert json.loads(record.read_text()) == values


def coco(path, *names):
    write_labels(path, [(name, label_map()) for name in names], TWO_PARTS, format_name="coco")
    return path


DECORATED = (
    "images/cb0618f6-{}.png",
    "{}_png.rf.8f3c0123abcd.png",
    "copy of {} (1).png",
    "/data/?d=up%5C{}.png",
    "..\\label-studio\\media\\{}.png",
    "C:\\Users\\me\\{}.png",
    "{}_mask.png",
)


def test_names_that_programs_decorate(project, pictures, tmp_path):
    ids = [picture.id for picture in pictures]
    for name in DECORATED:
        path = coco(tmp_path / "instances.json", *(name.format(one) for one in ids))
        assert [one.annotation.id for one in import_labels(project, [path])] == ids, name
    path = coco(tmp_path / "instances.json", *(f"{one}.PNG".upper() for one in ids))
    assert [one.annotation.id for one in import_labels(project, [path])] == ids


def test_a_label_file_may_have_the_name_of_its_picture(project, pictures, tmp_path):
    path = tmp_path / f"{pictures[0].id}.json"
    write_labels(path, [("IMG_0001.png", label_map())], TWO_PARTS, format_name="labelme")
    told = []
    (kept,) = import_labels(project, [path], tell=told.append)
    assert kept.annotation.id == pictures[0].id
    assert told == [f"{path}: its labels of 'IMG_0001.png' were taken for those of '{pictures[0].id}'"]


def test_names_that_may_be_another_pictures_are_not_guessed_at(project, pictures, tmp_path):
    one, two = (picture.id for picture in pictures)
    for name in (f"{one}-{two}", f"{one}0", f"{one}-t300", f"{one}-0a1b2c3d", f"x{one}"):
        with pytest.raises(BadLabel, match=f"there is no picture '{name}' in the project"):
            import_labels(project, [coco(tmp_path / "labels.json", f"{name}.png")])


def test_unknown_pictures_are_named_with_their_label_files(project, pictures, tmp_path):
    names = [f"{pictures[0].id}.png", "holiday.png", "party.png"]
    path = coco(tmp_path / "instances.json", *names)
    with pytest.raises(BadLabel) as caught:
        import_labels(project, [path])
    assert str(caught.value) == (
        f"{path}: there are no pictures 'holiday', 'party' in the project; "
        f"expected one of {', '.join(sorted(picture.id for picture in pictures))}. "
        "Rename them in the label file, or take them out."
    )
    folder = tmp_path / "folder"
    for name in names:
        write_labels(folder, [(name, label_map())], TWO_PARTS, format_name="labelme")
    with pytest.raises(BadLabel) as caught:
        import_labels(project, [folder])
    assert str(caught.value).startswith(
        f"{folder / 'holiday.json'}: there are no pictures 'holiday', 'party'"
    )
    files = f"{folder / 'holiday.json'}, {folder / 'party.json'}"
    assert caught.value.remedy == f"Rename them in the label files, or leave these out: {files}"


def test_sizes_that_a_label_file_lacks_are_those_of_the_picture(project, pictures, tmp_path):
    path = coco(tmp_path / "instances.json", f"cb0618f6-{pictures[0].id}.png")
    values = json.loads(path.read_text())
    for image in values["images"]:
        del image["height"], image["width"]
    path.write_text(json.dumps(values))
    (kept,) = import_labels(project, [path])
    assert np.array_equal(kept.annotation.label_map, label_map())
    (kept,) = import_labels(project, [path], picture_id=pictures[1].id)
    assert kept.annotation.id == pictures[1].id


def test_a_label_map_of_one_part_is_told(project, pictures, tmp_path, capsys):
    mask = np.where(label_map() == 1, 255, 0).astype(np.uint8)
    path = labelled(tmp_path, pictures[0].id, mask)
    assert run(["label", str(project.folder), str(path), "--json"]) == 0
    said = capsys.readouterr()
    note = (
        f"{path}: nothing but background is labelled in {pictures[0].id}; 255 means unlabelled: in a mask of "
        "0 and 255, give the part its own id."
    )
    assert f"Note: {note}\n" in said.err
    assert json.loads(said.out)["notes"] == [note]


def test_of_several_label_maps_in_a_file_errors_name_the_picture(project, pictures, tmp_path):
    path = tmp_path / "instances.json"
    names = [f"{picture.id}.png" for picture in pictures]
    label_maps = [(names[0], label_map()), (names[1], label_map(32))]
    write_labels(path, label_maps, TWO_PARTS, format_name="coco")
    with pytest.raises(BadLabel) as caught:
        import_labels(project, [path])
    assert str(caught.value).startswith(
        f"{path}: of '{names[1]}': the label map is 32 x 32 px; expected 64 x 64"
    )


def test_a_name_that_is_given_is_not_guessed_at(project, pictures, tmp_path):
    path = labelled(tmp_path, pictures[0].id)
    for typed in ("pcture", f"{pictures[0].id} copy"):
        with pytest.raises(BadLabel, match=f"there is no picture '{typed}' in the project"):
            import_labels(project, [path], picture_id=typed)


def test_a_name_inside_goes_before_the_label_files_own(project, pictures, tmp_path):
    path = coco(tmp_path / f"{pictures[0].id}.json", f"copy of {pictures[1].id}.png")
    assert import_labels(project, [path])[0].annotation.id == pictures[1].id
