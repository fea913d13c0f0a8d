import numpy as np
import pytest
import torch

import partly
from partly.data.labels.annotation import save_annotation
from partly.data.photos.encoding import write_png
from partly.errors import BadLabel, BadOption, NotAvailable
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.teacher import teacher_loader
from partly.machine import Machine
from partly.models.generators.latent_sampling import sample_w
from tests.device_with_values import device_with_values
from tests.fakes import TWO_PARTS, thing_annotation, thing_photo, tiny_encoder, tiny_generator
from tests.synthesis import tiny

TINY = {"n_pictures": 20, "size_px": 32, "architecture": "unet-small", "pretrained": False, "n_steps": 2}


@pytest.fixture
def annotations(tmp_path, generator):
    for index in range(3):
        save_annotation(tmp_path / "annotations", thing_annotation(generator, index), TWO_PARTS)
    return tmp_path / "annotations"


def test_five_lines_do_the_job(generator_folder, annotations):
    generator = partly.load_generator(generator_folder)
    teacher = partly.fit_few_shot(generator, partly.load_annotations(annotations))
    network = partly.distil(generator, teacher, partly.DistilConfig(**TINY))
    labels = network.segment(np.zeros((20, 30, 3), np.uint8))
    assert labels.label_map.shape == (20, 30)
    assert labels.part_set == TWO_PARTS
    network.save(annotations / "network")
    assert partly.load_network(str(annotations / "network")).digest == network.digest


def test_labels_tell_how_good_they_are(generator, annotations):
    quality = partly.how_good(generator, partly.load_annotations(annotations))
    assert [(part.part, part.measure) for part in quality.parts] == [
        ("background", "left out"),
        ("thing", "left out"),
    ]
    assert str(quality).splitlines()[1].endswith("IoU on 3 pictures left out of the fit, one at a time")


def test_a_folder_keeps_the_work(generator, annotations, tmp_path):
    teacher = partly.fit_few_shot(generator, partly.load_annotations(annotations)[:1])
    steps = []
    reports = partly.DistilReports(on_step=steps.append)
    config = partly.DistilConfig(**TINY)
    first = partly.distil(generator, teacher, config, folder=tmp_path / "work", reports=reports)
    assert len(steps) == 2
    again = partly.distil(generator, teacher, config, folder=tmp_path / "work", reports=reports)
    assert len(steps) == 2
    assert first.digest == again.digest
    assert {path.name for path in (tmp_path / "work").iterdir()} == {"pictures", "labels", "training"}
    other = partly.fit_few_shot(generator, partly.load_annotations(annotations)[1:])
    with pytest.raises(BadOption, match=r"work/labels: holds something made with segmenter_digest"):
        partly.distil(generator, other, config, folder=tmp_path / "work")


@pytest.mark.slow
def test_workers_make_the_same_network(generator_folder, annotations):
    generator = partly.load_generator(generator_folder)
    teacher = partly.fit_few_shot(generator, partly.load_annotations(annotations)[:1])
    # More pictures than fit into one shard, or a single worker would do it all.
    config = partly.DistilConfig(**TINY | {"n_pictures": 30})
    networks = [partly.distil(generator, teacher, config, n_workers=n) for n in (1, 2)]
    assert networks[0].digest == networks[1].digest


def test_workers_read_models_from_folders(generator_folder, annotations, tmp_path):
    generator = partly.load_generator(generator_folder)
    teacher = partly.fit_few_shot(generator, partly.load_annotations(annotations)[:1])
    read = teacher_loader(teacher, tmp_path / "place")()
    assert read.generator.folder == generator_folder
    assert (read.generator.digest, read.digest) == (generator.digest, teacher.digest)
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["teacher"]
    # It is read from where it was last written or read.
    assert teacher_loader(read, tmp_path / "other")().folder == (tmp_path / "place" / "teacher").absolute()
    assert not (tmp_path / "other").exists()


def test_workers_get_generators_without_a_folder_too(annotations, tmp_path):
    made = tiny_generator(1)
    made.save(tmp_path / "gone", {})
    made.folder = None
    found = [thing_annotation(made, 0)]
    teacher = partly.fit_few_shot(made, found, TWO_PARTS)
    read = teacher_loader(teacher, tmp_path)().generator
    assert read.folder == tmp_path / "generator"
    assert torch.equal(read.constant, made.constant)
    # Another generator was written there since.
    tiny_generator(2).save(tmp_path / "generator", {})
    read = teacher_loader(teacher, tmp_path / "other")().generator
    assert torch.equal(read.constant, made.constant)


def test_workers_cannot_get_every_generator(tmp_path):
    with pytest.raises(BadOption, match="of type TinyGenerator has no model folder for workers to read"):
        teacher_loader(tiny.teacher(), tmp_path)


def test_annotations_know_their_parts(annotations):
    found = partly.load_annotations(annotations)
    assert [annotation.id for annotation in found] == ["p0", "p1", "p2"]
    assert len(found) == 3
    assert found[1].id == "p1"
    assert found[1:].part_set == TWO_PARTS


def test_shipped_annotations():
    found = partly.load_annotations("faces")
    assert found.part_set is partly.FACE_PARTS
    assert found[0].id == "face-1"
    assert len({annotation.generator_digest for annotation in found}) == 1
    assert len(set(np.unique(found[0].label_map).tolist()) - {255}) == 10


def test_folders_without_annotations(tmp_path):
    with pytest.raises(BadLabel, match="holds no annotations"):
        partly.load_annotations(tmp_path)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(BadLabel, match="names no part set"):
        partly.load_annotations(tmp_path)


def test_parts_of_bare_annotations_are_those_of_faces(generator):
    with pytest.raises(BadLabel, match="no picture has a pixel of nose"):
        partly.fit_few_shot(generator, [thing_annotation(generator, 0)])


def test_teachers_are_kept_and_label(generator, annotations, tmp_path):
    teacher = partly.fit_few_shot(generator, partly.load_annotations(annotations))
    teacher.save(tmp_path / "teacher")
    kept = partly.Teacher.load(tmp_path / "teacher")
    assert kept.part_set == TWO_PARTS
    w = sample_w(generator, 0, 0)
    logits = teacher.label(generator, w, 32)
    assert logits.shape == (1, 2, 32, 32)
    assert torch.equal(kept.label(generator, w, 32), logits)


def test_without_encoder_the_error_says_what_else(generator, annotations):
    teacher = partly.fit_few_shot(generator, partly.load_annotations(annotations))
    with pytest.raises(NotAvailable, match=r"Run: partly get .*, or give DistilConfig\(arch"):
        partly.distil(generator, teacher)


def test_every_public_name_is_there():
    assert set(partly.__all__) <= set(dir(partly))
    for name in partly.__all__:
        assert getattr(partly, name) is not None
    assert partly.__version__.startswith("0.")
    with pytest.raises(AttributeError, match="No partly attribute magic"):
        partly.magic  # noqa: B018


def test_a_teacher_on_another_device_makes_a_network(generator_folder, annotations, tmp_path):
    """Pictures and labels come from there; the painted pictures too."""
    with device_with_values() as device:
        generator = partly.load_generator(generator_folder)
        features = GeneratorFeatures(generator, Machine(device))
        teacher = partly.fit_few_shot(features, partly.load_annotations(annotations))
        config = partly.DistilConfig(**TINY, painted_share=0.2)
        network = partly.distil(generator, teacher, config, folder=tmp_path / "work")
    assert network.segment(np.zeros((20, 30, 3), np.uint8)).label_map.shape == (20, 30)


def test_devices_are_chosen_by_name(generator_folder, annotations, tmp_path):
    generator = partly.load_generator(
        generator_folder, device="auto" if not torch.cuda.is_available() else "cpu"
    )
    teacher = partly.fit_few_shot(generator, partly.load_annotations(annotations))
    assert teacher.machine.name == "cpu, float32"
    write_png(tmp_path / "photos" / "a.png", thing_photo(60, 60, 0))
    features = partly.photo_features(tiny_encoder(), tmp_path / "photos", device="cpu", precision="bfloat16")
    assert features.machine.name == "cpu, bfloat16"
    for call in (
        lambda: partly.load_generator(generator_folder, device="gpu"),
        lambda: partly.photo_features(tiny_encoder(), tmp_path / "photos", device="gpu"),
    ):
        with pytest.raises(BadOption, match="device 'gpu'; expected one of auto, cpu, cuda"):
            call()
