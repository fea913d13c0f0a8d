"""A real GPU beside the processor, within the tolerance of decision 47; skipped where there is none.

In float32, convolutions of a GPU round to ten bits (TF32), as PyTorch has it; halves have seven (bfloat16).
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from partly.data.photos.photo_sources import find_photos
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig, GradientConfig
from partly.fewshot.fitting.method_table import METHODS
from partly.fewshot.fitting.teacher import fit_teacher
from partly.machine import Machine, MachineOptions
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.synthesis_on_machine import synthesise_on
from partly.models.networks.architectures import ARCHITECTURES, build
from partly.studio.live.live_segmenter import LiveSegmenter
from partly.synthesis.shards.labelled_synthesis import synthesise_labelled
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from tests.conftest import PHOTO_SHAPES
from tests.fakes import TWO_PARTS, thing_annotation, tiny_encoder, tiny_generator
from tests.models.test_other_devices import ENCODERS, GENERATORS

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that PyTorch can use"),
]

# Share of the largest value of a map by which values may differ; grey levels; share of pixels of equal parts.
MAPS = {"float32": 0.01, "auto": 0.06}
GREY = {"float32": 2, "auto": 8}
EQUAL = {"float32": 0.99, "auto": 0.97}
PRECISIONS = tuple(MAPS)


@pytest.fixture(params=PRECISIONS)
def precision(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def machine(precision: str) -> Machine:
    return Machine.for_inference(MachineOptions("cuda", precision))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", GENERATORS)
def test_generators(kind: str, machine: Machine, precision: str) -> None:
    torch.manual_seed(0)
    here = GENERATORS[kind]().eval().requires_grad_(False)
    there = copy.deepcopy(here)
    machine.place(there)
    w = torch.cat([sample_w(here, 0, i) for i in range(3)])
    assert torch.equal(torch.cat([sample_w(there, 0, i) for i in range(3)]).cpu(), w)
    wanted, found = here.synthesise(w), synthesise_on(machine, there, w).cpu()
    assert wanted.images is not None
    assert found.images is not None
    pairs = [(wanted.images, found.images), *zip(wanted.pyramid.maps, found.pyramid.maps, strict=True)]
    for one, other in pairs:
        assert other.dtype == torch.float32
        assert (one - other).abs().max() <= MAPS[precision] * one.abs().max()


@pytest.mark.parametrize("kind", ENCODERS)
def test_encoders(kind: str, machine: Machine, precision: str) -> None:
    if "efficientnet" in kind and precision != "float32":
        pytest.skip("norms of random weights blow rounding up")
    torch.manual_seed(0)
    here = ENCODERS[kind]().eval().requires_grad_(False)
    there = copy.deepcopy(here)
    machine.place(there)
    side_px = int(here.image_size_px)  # type: ignore[arg-type]
    images = torch.rand(2, 3, side_px, side_px) * 2 - 1
    wanted = here.read(images)  # type: ignore[operator]
    with machine.precision():
        found = there.read(images.to(machine.device)).float().to("cpu")  # type: ignore[operator]
    for one, other in zip(wanted.maps, found.maps, strict=True):
        assert (one - other).abs().max() <= MAPS[precision] * one.abs().max()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_networks(name: str, machine: Machine, precision: str) -> None:
    torch.manual_seed(0)
    here = build(name, 3).eval().requires_grad_(False)
    there = copy.deepcopy(here)
    machine.place(there)
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    with machine.precision():
        found = there(images.to(machine.device)).float().cpu()
    wanted = here(images)
    assert (wanted - found).abs().max() <= 2 * MAPS[precision] * wanted.abs().max()


@pytest.mark.parametrize("method", METHODS)
def test_fits(method: str, machine: Machine, precision: str) -> None:
    gradient = GradientConfig(n_steps=20, n_points=256, size_px=32)
    config = FewShotConfig(methods=(method,), n_statistics=4, n_self_training=2, gradient=gradient)
    annotations = [thing_annotation(tiny_generator(), i) for i in range(2)]
    source, moved = GeneratorFeatures(tiny_generator()), GeneratorFeatures(tiny_generator(), machine)
    here = fit_few_shot(source, annotations, TWO_PARTS, config)
    there = fit_few_shot(moved, annotations, TWO_PARTS, config)
    for annotation in annotations:
        wanted = here(source.pyramid(annotation, 64), 64).argmax(1)
        found = there(moved.pyramid(annotation, 64), 64).argmax(1).cpu()
        assert (wanted == found).float().mean() >= EQUAL[precision]


def test_labelled_pictures(machine: Machine, precision: str, tmp_path: Path) -> None:
    config = SynthesisConfig(8, size_px=64, label_px=32, picture_format="png")
    annotations = [thing_annotation(tiny_generator(), 0)]
    teacher = fit_teacher(GeneratorFeatures(tiny_generator()), annotations, TWO_PARTS)
    here = synthesise_labelled(teacher, config, Place.within(tmp_path / "here"))
    there = synthesise_labelled(teacher.on(machine), config, Place.within(tmp_path / "there"))
    (images, logits, _), (other_images, other_logits, _) = here.read(range(8)), there.read(range(8))
    assert (images.int() - other_images.int()).abs().max() <= GREY[precision]
    assert (logits.argmax(1) == other_logits.argmax(1)).float().mean() >= EQUAL[precision]


def test_photos(machine: Machine, precision: str, photo_folder: Path) -> None:
    photos = find_photos(photo_folder).sources
    here, there = (
        PhotoFeatures(tiny_encoder(), photos),
        PhotoFeatures(tiny_encoder(), photos, machine=machine),
    )
    for name in (f"{i}.png" for i in range(len(PHOTO_SHAPES))):
        wanted, found = (source.pyramid(here.picture(name), 64) for source in (here, there))
        for one, other in zip(wanted.maps, found.maps, strict=True):
            assert (one - other.cpu()).abs().max() <= MAPS[precision] * one.abs().max()


def test_the_brush_is_followed(machine: Machine, precision: str) -> None:
    annotation = thing_annotation(tiny_generator(), 0)
    said = []
    for on in (Machine(), machine):
        live = LiveSegmenter(GeneratorFeatures(tiny_generator(), on), TWO_PARTS, n_wall=2)
        live.warm_up()
        live.show(annotation)
        for _ in range(2):
            live.learn(annotation, annotation.label_map)
            assert live.solve()
        said.append(live.predict(annotation.id).labels)
    assert np.mean(said[0] == said[1]) >= EQUAL[precision]
