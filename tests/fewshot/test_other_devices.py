"""Fits, solvers, sources and choices of pictures on a device that is not the processor, with its values.

Results are those of the processor to the bit, or to rounding where another order of sums is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import PartSet
from partly.data.photos.encoding import write_png
from partly.data.photos.photo_sources import find_photos
from partly.fewshot.acquisition.promising_pictures import propose
from partly.fewshot.acquisition.representative_pictures import representative
from partly.fewshot.acquisition.unsure_of_part import doubt_about
from partly.fewshot.acquisition.unsure_pictures import least_sure, propose_unsure
from partly.fewshot.features.feature_store import FeatureStore
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import ON_PHOTOS, FewShotConfig, GradientConfig
from partly.fewshot.fitting.method_table import METHODS, families
from partly.fewshot.fitting.quality_from_labels import quality_of_labels
from partly.fewshot.fitting.ridge_fit import RidgeFit, SelfTraining
from partly.fewshot.fitting.teacher import Teacher, fit_teacher
from partly.fewshot.segmenters.cnn_segmenter import CNNSegmenter
from partly.fewshot.segmenters.ensemble_segmenter import EnsembleSegmenter
from partly.fewshot.segmenters.head_segmenter import HeadSegmenter
from partly.fewshot.segmenters.kernel_segmenter import KernelSegmenter
from partly.fewshot.segmenters.mlp_segmenter import MLPSegmenter
from partly.fewshot.segmenters.normal_equations import NormalEquations
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.machine import Machine
from partly.models.feature_pyramid import FeaturePyramid
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.mobile_stylegan import MobileStyleGAN
from tests.device_with_values import device_with_values
from tests.fake_device import another_device
from tests.fakes import TWO_PARTS, thing_annotation, thing_labels, thing_photo, tiny_encoder, tiny_generator

QUICK = FewShotConfig(
    n_statistics=3,
    n_self_training=2,
    gradient=GradientConfig(n_steps=3, n_points=64, size_px=32),
)
SEGMENTERS = {
    "ridge": lambda: RidgeSegmenter(3, (0, 1), (6, 4)),
    "kernel": lambda: KernelSegmenter(3, (0, 1), (6, 4), n_cosines=10),
    "mlp": lambda: MLPSegmenter(3, (0, 1), (6, 4), (7,)),
    "cnn": lambda: CNNSegmenter(3, (0, 1), (6, 4), "S", 8, 6),
    "head": lambda: HeadSegmenter(3, (0, 1), (6, 4), 8, 6),
}


@pytest.fixture(scope="module")
def annotations() -> list[Annotation]:
    generator = tiny_generator()
    return [thing_annotation(generator, i) for i in range(3)]


@pytest.fixture
def elsewhere() -> Iterator[Machine]:
    """A machine whose device is not the processor."""
    with device_with_values() as device:
        yield Machine(device)


def pictures(machine: Machine | None = None) -> GeneratorFeatures:
    """The same generator, on the processor or on a machine."""
    return GeneratorFeatures(tiny_generator(), machine)


def same(one: FewShotSegmenter, other: FewShotSegmenter) -> None:
    """Two segmenters have the same weights, the other one on another device."""
    here, there = one.state_dict(), other.state_dict()
    assert here.keys() == there.keys()
    for name, tensor in there.items():
        assert tensor.device.type == "meta", name
        torch.testing.assert_close(tensor.cpu(), here[name], rtol=1e-3, atol=1e-4)


def test_every_family_of_segmenters_is_tried_here() -> None:
    assert set(SEGMENTERS) == set(families())


@pytest.mark.parametrize("family", SEGMENTERS)
def test_segmenters_say_and_learn(family: str) -> None:
    with another_device() as device:
        segmenter = SEGMENTERS[family]().to(device)
        maps = tuple(torch.zeros(2, c, s, s, device=device) for c, s in ((6, 8), (4, 16)))
        logits = EnsembleSegmenter([segmenter])(FeaturePyramid(maps), 24)
        assert logits.device == device
        learned = [p for p in segmenter.parameters() if p.requires_grad]
        if learned:
            torch.autograd.backward(logits.square().sum())
            assert {p.grad.device for p in learned if p.grad is not None} == {device}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_fits_the_same(method: str, annotations: list[Annotation], elsewhere: Machine) -> None:
    config = replace(QUICK, methods=(method,), n_self_training=1)
    here = fit_few_shot(pictures(), annotations[:1], TWO_PARTS, config)
    there = fit_few_shot(pictures(elsewhere), annotations[:1], TWO_PARTS, config)
    same(here, there)


def rows_of(segmenter: RidgeSegmenter, n_pictures: int) -> list[FeaturePyramid]:
    draws = torch.Generator().manual_seed(1)
    shapes = ((6, 8), (4, 16))
    made = [
        FeaturePyramid(tuple(torch.randn(1, c, s, s, generator=draws) for c, s in shapes))
        for _ in range(n_pictures)
    ]
    segmenter.standardiser.estimate(made)
    return made


def scribble(seed: int, share: float) -> np.ndarray:
    """A label map of 16 px, some of whose pixels are unlabelled."""
    draws = np.random.default_rng(seed)
    ids = draws.integers(0, 3, 256).astype(np.uint8)
    ids[draws.permutation(256)[round(share * 256) :]] = 255
    return ids.reshape(16, 16)


def every_solution(device: torch.device | None, share: float) -> list[Tensor]:
    """Weights of all ways to solve, on the processor, of the same few pictures."""
    segmenter = RidgeSegmenter(3, (0, 1), (6, 4))
    made = rows_of(segmenter, 4)
    if device is not None:
        segmenter.to(device)
        made = [pyramid.to(device) for pyramid in made]
    fit = RidgeFit(segmenter, 1.0, 0.5, 16)
    found = []
    for i in range(3):
        fit.add(f"p{i}", made[i], scribble(i, share))
    found.append(fit.solve().weight.clone())
    found += [half.weight for half in fit.halves()]
    found += [one.weight.clone() for _, one in fit.left_out()]
    found.append(fit.self_train([made[3]], SelfTraining(surest=0.5, every=2)).weight.clone())
    found.append(fit.self_train([made[3]]).weight.clone())
    from partly.fewshot.fitting.cell_targets import shares

    for seed in (0, 7, 8):
        # The picture at hand changes a little; the second time its triangle leads conjugate gradients.
        fit.add_rows("p0", segmenter.rows(made[0], 16), shares(scribble(seed, share), 3, 16))
        found.append(fit.refit().weight.clone())
    fit.renumber(_wider(segmenter, device), (0, 2, 1))
    found.append(fit.solve().weight.clone())
    return [weight.detach().cpu() for weight in found]


def _wider(segmenter: RidgeSegmenter, device: torch.device | None) -> RidgeSegmenter:
    wider = RidgeSegmenter(4, (0, 1), (6, 4))
    wider.standardise_as(segmenter.standardiser)
    if device is not None:
        wider.to(device)
    return wider


@pytest.mark.parametrize("share", [0.02, 0.9], ids=["dual", "primal"])
def test_every_way_to_solve(share: float, elsewhere: Machine) -> None:
    with torch.no_grad():
        here, there = every_solution(None, share), every_solution(elsewhere.device, share)
    assert len(here) == len(there) > 9
    for one, other in zip(here, there, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-5)


def test_equations_that_a_device_cannot_solve_go_to_the_processor(
    annotations: list[Annotation], elsewhere: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for Apple's GPUs: neither float64 nor triangular factors are asked of the device."""
    monkeypatch.setattr("partly.machine.limits_of_mps.LIMITED", frozenset({"meta"}))
    asked: list[Tensor] = []
    for name in ("cholesky", "solve_triangular"):
        true = getattr(torch.linalg, name)
        monkeypatch.setattr(
            torch.linalg, name, lambda a, *b, true=true, **c: (asked.append(a), true(a, *b, **c))[1]
        )
    with torch.no_grad():
        for one, other in zip(every_solution(None, 0.9), every_solution(elsewhere.device, 0.9), strict=True):
            torch.testing.assert_close(other, one, rtol=1e-3, atol=1e-5)
    assert asked
    assert {tensor.device.type for tensor in asked} == {"cpu"}
    system = NormalEquations(
        torch.eye(3, device=elsewhere.device), torch.ones(3, 2, device=elsewhere.device), 1.0
    )
    assert system.solve(torch.ones(3, device=elsewhere.device)).device == elsewhere.device
    config = replace(QUICK, methods=("ridge", "mlp-1"))
    same(
        fit_few_shot(pictures(), annotations[:1], TWO_PARTS, config),
        fit_few_shot(pictures(elsewhere), annotations[:1], TWO_PARTS, config),
    )


def test_an_ensemble_and_its_teacher(
    annotations: list[Annotation], elsewhere: Machine, tmp_path: Path
) -> None:
    config = replace(QUICK, methods=("ridge", "mlp-1"))
    teacher = fit_teacher(pictures(), annotations, TWO_PARTS, config)
    wanted = teacher(annotations[1], 32)
    fitted_there = fit_few_shot(pictures(elsewhere), annotations, TWO_PARTS, config)
    same(teacher.segmenter, fitted_there)
    teacher.save(tmp_path)
    there = Teacher.load(tmp_path, pictures(elsewhere))
    assert there.machine == elsewhere
    assert there.digest == teacher.digest
    said = there(annotations[1], 32)
    assert said.device == elsewhere.device
    torch.testing.assert_close(said.cpu(), wanted)
    w = torch.from_numpy(np.array(annotations[1].w))[None]
    torch.testing.assert_close(there.label(there.generator, w, 32).cpu(), wanted)


def test_a_teacher_goes_from_device_to_device(annotations: list[Annotation], elsewhere: Machine) -> None:
    teacher = fit_teacher(pictures(), annotations, TWO_PARTS, QUICK)
    wanted = teacher(annotations[0], 16)
    there = teacher.on(elsewhere)
    assert there.segmenter.layout.device == there.generator.w_mean.device == elsewhere.device
    assert torch.equal(there(annotations[0], 16).cpu(), wanted)
    back = there.to("cpu")
    assert torch.equal(back(annotations[0], 16), wanted)
    # Without a source there is only the segmenter to move.
    assert replace(back, source=None).to("meta").segmenter.layout.device == elsewhere.device


def test_pictures_are_chosen_alike(annotations: list[Annotation], elsewhere: Machine) -> None:
    segmenter = fit_few_shot(pictures(), annotations, TWO_PARTS, QUICK)
    moved = fit_few_shot(pictures(elsewhere), annotations, TWO_PARTS, QUICK)

    def chosen(source: GeneratorFeatures, by: FewShotSegmenter) -> Sequence[tuple[int, float, bytes]]:
        found = [
            *propose(source, 2, n_candidates=4),
            *propose(source, 2, n_candidates=4, together=True),
            *representative(source, 2, 6),
            *propose_unsure(source, by, 2, n_candidates=6),
            *least_sure(source, doubt_about(source, by, 1), 1, n_candidates=6),
        ]
        return [(p.index, pytest.approx(p.score, rel=1e-3), p.w.numpy().tobytes()) for p in found]

    assert chosen(pictures(elsewhere), moved) == chosen(pictures(), segmenter)


def test_quality_is_told_alike(annotations: list[Annotation], elsewhere: Machine) -> None:
    for some in (annotations[:2], annotations[:1]):
        here = quality_of_labels(pictures(), some, TWO_PARTS, QUICK)
        there = quality_of_labels(pictures(elsewhere), some, TWO_PARTS, QUICK)
        assert [part.measure for part in there.parts] == [part.measure for part in here.parts]
        assert [part.iou for part in there.parts] == pytest.approx([part.iou for part in here.parts])


def test_latents_are_the_same_to_the_bit(elsewhere: Machine) -> None:
    """A name and a latent belong together, whichever device made them."""
    generator = tiny_generator()
    moved = pictures(elsewhere).generator
    assert isinstance(moved, MobileStyleGAN)
    for index in range(3):
        assert torch.equal(sample_w(moved, 0, index).cpu(), sample_w(generator, 0, index))


@pytest.fixture
def photo_source(tmp_path: Path) -> PhotoFeatures:
    for seed, (height, width) in enumerate(((90, 120), (120, 90), (100, 100))):
        write_png(tmp_path / "photos" / f"{seed}.png", thing_photo(height, width, seed))
    return PhotoFeatures(tiny_encoder(), find_photos(tmp_path / "photos").sources)


def test_photos_are_read_and_segmented_alike(
    photo_source: PhotoFeatures, elsewhere: Machine, tmp_path: Path
) -> None:
    picture = photo_source.picture("0.png")
    label_map = thing_labels(90, 120, 0)
    annotation = Annotation("a", label_map, photo=picture.photo, photo_sha256=picture.photo_sha256)
    config = replace(ON_PHOTOS, n_statistics=2, n_self_training=2)
    teacher = fit_teacher(photo_source, [annotation], TWO_PARTS, config)
    codes = photo_source.codes([picture])
    wanted = teacher.segment(tmp_path / "photos" / "1.png")
    there = PhotoFeatures(
        tiny_encoder(), photo_source.photos, store=FeatureStore(tmp_path / "kept"), machine=elsewhere
    )
    assert there.among(["0.png"]).machine == elsewhere
    made, kept = there.pyramid(picture, 64), there.pyramid(picture, 64)
    assert there.is_kept(picture)
    for one, other in zip(made.maps, kept.maps, strict=True):
        assert one.device == other.device == elsewhere.device
        assert torch.equal(one.cpu(), other.cpu())
    assert there.codes([picture]).device.type == "cpu"
    torch.testing.assert_close(there.codes([picture]), codes, rtol=1e-2, atol=1e-2)
    moved = fit_teacher(photo_source.on(elsewhere), [annotation], TWO_PARTS, config)
    assert (moved.segment(tmp_path / "photos" / "1.png") == wanted).mean() > 0.999


def test_features_in_halves_are_given_in_float32(annotations: list[Annotation]) -> None:
    machine = Machine(dtype=torch.bfloat16)
    whole = pictures().pyramid(annotations[0], 32)
    halves = pictures(machine).pyramid(annotations[0], 32)
    assert {m.dtype for m in halves.maps} == {torch.float32}
    assert not torch.equal(halves.maps[-1], whole.maps[-1])
    fitted = fit_few_shot(pictures(), annotations, TWO_PARTS, QUICK)
    by_halves = fit_few_shot(pictures(machine), annotations, TWO_PARTS, QUICK)
    alike = fitted(whole, 64).argmax(1) == by_halves(halves, 64).argmax(1)
    assert alike.float().mean() > 0.98


def test_parts_may_be_missing(annotations: list[Annotation], elsewhere: Machine) -> None:
    three = PartSet.from_names(("background", "thing", "other"))
    config = replace(QUICK, allow_missing_parts=True)
    same(
        fit_few_shot(pictures(), annotations[:1], three, config),
        fit_few_shot(pictures(elsewhere), annotations[:1], three, config),
    )
