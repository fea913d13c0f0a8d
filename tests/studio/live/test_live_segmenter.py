from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import Part, PartSet
from partly.errors import BadLabel, BadOption
from partly.fewshot.features.feature_source import FeatureSource, pyramid_of
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting import fit_few_shot_segmenter as fitting
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.segmenters.picture_uncertainty import entropy
from partly.fewshot.segmenters.ridge_segmenter import RidgeSegmenter
from partly.models.feature_pyramid import FeaturePyramid
from partly.models.generators.latent_sampling import sample_w
from partly.models.generators.truncation import Truncation
from partly.studio.live.live_predictions import read_off
from partly.studio.live.live_segmenter import LiveSegmenter
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator

N_WALL = 3
TEN_PARTS = PartSet.from_names(tuple("abcdefghij"))
SAME = np.arange(256).astype(np.uint8)


def _live(part_set: PartSet = TWO_PARTS, method: str = "ridge") -> LiveSegmenter:
    config = FewShotConfig(methods=(method,))
    return LiveSegmenter(GeneratorFeatures(tiny_generator()), part_set, config, n_wall=N_WALL)


def _warm(part_set: PartSet = TWO_PARTS, method: str = "ridge") -> LiveSegmenter:
    live = _live(part_set, method)
    live.warm_up()
    return live


def _annotations(n: int) -> list[Annotation]:
    return [thing_annotation(tiny_generator(), i) for i in range(n)]


def _scribbled(label_map: np.ndarray, step: int = 9) -> np.ndarray:
    sparse = np.full_like(label_map, 255)
    sparse[::step, ::step] = label_map[::step, ::step]
    return sparse


def _learn(live: LiveSegmenter, *annotations: Annotation) -> None:
    for a in annotations:
        live.learn(a, a.label_map)


def _weights(live: LiveSegmenter) -> torch.Tensor:
    return live._fit.segmenter.weight


def _fitted_on_the_walls_statistics(
    annotations: list[Annotation],
    live: LiveSegmenter,
    monkeypatch: pytest.MonkeyPatch,
    method: str = "ridge",
) -> RidgeSegmenter:
    def pyramids(source: FeatureSource, _n: int, indexes: tuple[int, ...]) -> Iterator[FeaturePyramid]:
        for picture in live.wall:
            yield pyramid_of(source, picture, indexes)

    monkeypatch.setattr(fitting, "plain_pyramids", pyramids)
    config = FewShotConfig(methods=(method,), n_self_training=0, n_statistics=N_WALL)
    fitted = fit_few_shot(GeneratorFeatures(tiny_generator()), annotations, TWO_PARTS, config)
    assert isinstance(fitted, RidgeSegmenter)
    return fitted


@pytest.mark.parametrize("method", ["ridge", "kernel"])
@pytest.mark.parametrize(("n_labels", "is_scribble"), [(1, False), (3, False), (1, True), (2, True)])
def test_equals_fit_few_shot_on_the_same_labels(
    n_labels: int, is_scribble: bool, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotations = _annotations(n_labels)
    if is_scribble:
        annotations = [replace(a, label_map=_scribbled(a.label_map)) for a in annotations]
    live = _warm(method=method)
    _learn(live, *annotations)
    assert live.solve()
    fitted = _fitted_on_the_walls_statistics(annotations, live, monkeypatch, method)
    torch.testing.assert_close(_weights(live), fitted.weight, rtol=1e-3, atol=1e-4)
    assert live._fit.segmenter.sharpness == fitted.sharpness
    generator, first = tiny_generator(), torch.from_numpy(annotations[0].w)[None]
    with torch.no_grad():
        logits = fitted(generator.synthesise(first).pyramid, 64)
    said = live.predict(annotations[0].id)
    assert (said.labels == logits.argmax(1)[0].numpy()).mean() > 0.999
    doubt = entropy(logits.log_softmax(1))[0].numpy() * 255
    np.testing.assert_allclose(said.doubt, doubt, atol=1.5)


def test_strokes_one_by_one_are_worth_all_at_once() -> None:
    [a] = _annotations(1)
    step_by_step, at_once = _warm(), _warm()
    step_by_step.show(a)
    for n_rows in range(4, 65, 4):
        painted = np.where(np.arange(64)[:, None] < n_rows, a.label_map, 255).astype(np.uint8)
        step_by_step.learn(a, painted)
        step_by_step.solve()
    _learn(at_once, a)
    at_once.solve()
    assert step_by_step._fit._guide is not None, "the refit went by conjugate gradients"
    torch.testing.assert_close(_weights(step_by_step), _weights(at_once), rtol=5e-3, atol=1e-3)
    same = step_by_step.predict(a.id).labels == at_once.predict(a.id).labels
    assert same.mean() > 0.999


def test_pictures_in_turns_are_worth_each_of_them_once() -> None:
    a, b = _annotations(2)
    turns, once = _warm(), _warm()
    for painted in (_scribbled(a.label_map), a.label_map):
        turns.learn(a, painted)
        turns.learn(b, _scribbled(b.label_map, 2))
        turns.solve()
        turns.learn(b, b.label_map)
        turns.solve()
    _learn(once, a, b)
    once.solve()
    torch.testing.assert_close(_weights(turns), _weights(once), rtol=5e-3, atol=1e-3)


def test_scribbles_of_two_parts_of_ten_predict_no_other() -> None:
    [a] = _annotations(1)
    live = _warm(TEN_PARTS)
    label_map = np.where(_scribbled(a.label_map) == 1, 7, _scribbled(a.label_map))
    label_map[label_map == 0] = 3
    live.learn(a, label_map)
    assert live.solve()
    said, wall = live.predict(a.id), live.predict_wall()
    assert set(np.unique(said.labels)) == {3, 7}
    assert set(np.unique(wall.labels)) <= {3, 7}
    assert (said.labels == np.where(a.label_map == 1, 7, 3)).mean() > 0.75
    assert said.doubt.max() > 128, "two parts alone can be as doubtful as can be"


def test_fewer_than_two_parts_cannot_be_told_apart() -> None:
    [a] = _annotations(1)
    live = _warm()
    assert not live.solve()
    live.learn(a, np.where(a.label_map == 1, 1, 255).astype(np.uint8))
    assert not live.solve()
    with pytest.raises(BadLabel, match=r"fewer than two parts have a label\. Label a few pixels"):
        live.predict(a.id)
    with pytest.raises(BadLabel, match="fewer than two parts have a label"):
        live.predict_wall()


def test_one_part_here_and_another_there_is_enough() -> None:
    a, b = _annotations(2)
    live = _warm()
    live.learn(a, np.where(a.label_map == 1, 1, 255).astype(np.uint8))
    live.learn(b, np.where(b.label_map == 0, 0, 255).astype(np.uint8))
    assert live.solve()


@pytest.mark.parametrize("step", [1, 9])
def test_a_picture_without_labels_is_forgotten(step: int) -> None:
    a, b = _annotations(2)
    live, alone = _warm(), _warm()
    for one in (live, alone):
        one.learn(a, _scribbled(a.label_map, step))
    live.learn(b, _scribbled(b.label_map, step))
    live.solve()
    live.learn(b, np.full_like(b.label_map, 255))
    live.learn(replace(b, id="never-known"), np.full_like(b.label_map, 255))
    assert live.solve()
    alone.solve()
    torch.testing.assert_close(_weights(live), _weights(alone), rtol=1e-3, atol=1e-4)
    assert torch.equal(live._fit.segmenter.layout, alone._fit.segmenter.layout)
    live.learn(a, np.full_like(a.label_map, 255))
    assert not live.solve()


def test_what_is_learned_before_the_warm_up_is_not_lost() -> None:
    annotations = _annotations(2)
    early, late = _live(), _warm()
    _learn(early, *annotations)
    assert early.solve()
    assert early.is_warm
    _learn(late, *annotations)
    late.solve()
    torch.testing.assert_close(_weights(early), _weights(late))


def test_the_warm_up_goes_on_where_it_was_stopped() -> None:
    live = _live()
    told: list[tuple[int, int]] = []
    live.warm_up(lambda done, total: told.append((done, total)), lambda: len(told) == 2)
    assert told == [(1, N_WALL), (2, N_WALL)]
    assert not live.is_warm
    live.warm_up(lambda done, total: told.append((done, total)))
    assert told[2:] == [(3, N_WALL)]
    assert live.is_warm
    live.warm_up(lambda done, total: told.append((done, total)))
    assert len(told) == N_WALL
    whole = _warm()._fit.segmenter.standardiser.state_dict()
    for name, found in live._fit.segmenter.standardiser.state_dict().items():
        torch.testing.assert_close(found, whole[name])


def test_wall_pictures_are_a_stream_of_their_own() -> None:
    wall = _live().wall
    assert [p.id for p in wall] == ["wall-0", "wall-1", "wall-2"]
    generator = tiny_generator()
    for picture in wall:
        assert picture.w.dtype == np.float32
        assert picture.w.shape == (generator.n_layers, generator.w_dim)
        for seed in range(3):
            other = sample_w(generator, seed, int(picture.id[-1]), Truncation(0.7, 0.7))[0].numpy()
            assert not np.allclose(picture.w, other)
    assert np.array_equal(wall[1].w, _live().wall[1].w)
    with pytest.raises(BadOption, match=r"a wall of 0 pictures; expected 1 or more"):
        LiveSegmenter(GeneratorFeatures(tiny_generator()), TWO_PARTS, n_wall=0)


def test_the_wall_is_predicted_about_as_its_pictures_are() -> None:
    annotations = _annotations(2)
    live = _warm()
    _learn(live, *annotations)
    live.solve()
    wall = live.predict_wall()
    assert wall.labels.shape == wall.doubt.shape == (N_WALL, 64, 64)
    assert wall.labels.dtype == wall.doubt.dtype == np.uint8
    for i, picture in enumerate(live.wall):
        live.show(picture)
        alone = live.predict(picture.id)
        assert (alone.labels == wall.labels[i]).mean() > 0.99
        assert np.abs(alone.doubt.astype(int) - wall.doubt[i]).mean() < 2


def test_predicting_the_wall_can_be_stopped() -> None:
    live = _warm()
    _learn(live, *_annotations(1))
    live.solve()
    asked: list[int] = []

    def stop() -> bool:
        asked.append(len(asked))
        return len(asked) == 2

    assert live.predict_wall(stop) is None
    assert len(asked) == 2
    assert live.predict_wall(lambda: False) is not None


def test_uncertainty_of_a_picture_is_the_mean_of_its_doubt() -> None:
    live = _warm()
    annotations = _annotations(2)
    _learn(live, annotations[0])
    live.solve()
    found = live.uncertainty(annotations[1])
    picture = replace(annotations[1], id="p1")
    assert not live._shown.has(picture)
    live.show(picture)
    assert found == pytest.approx(live.predict("p1").doubt.mean() / 255, abs=0.01)


def test_only_the_last_pictures_shown_are_kept() -> None:
    live = _warm()
    annotations = _annotations(5)
    _learn(live, annotations[0])
    live.solve()
    before = live.predict("p0")
    for a in annotations:
        live.show(a)
    assert list(live._shown._pictures) == ["p2", "p3", "p4"]
    again = live.predict("p0")
    assert np.array_equal(before.labels, again.labels)
    assert list(live._shown._pictures) == ["p3", "p4", "p0"]
    with pytest.raises(KeyError):
        live.predict("nobody showed this")


def test_showing_others_in_between_does_not_let_go_of_the_painted_picture() -> None:
    live = _warm()
    a, b = _annotations(2)
    live.show(b)
    live.show(a)
    _learn(live, a)
    rows = live._shown._rows
    live.solve()
    live.show(b)
    live.predict(b.id)
    assert live._shown._rows is rows
    assert live._fit._known[a.id].at_hand


def test_another_latent_under_the_same_name_is_another_picture() -> None:
    a, b = _annotations(2)
    live, other = _warm(), _warm()
    live.show(replace(a, id="p"))
    live.show(replace(b, id="p"))
    live.learn(replace(b, id="p"), b.label_map)
    other.learn(replace(b, id="p"), b.label_map)
    assert live.solve()
    assert other.solve()
    assert np.array_equal(live.predict("p").labels, other.predict("p").labels)


def test_labels_of_no_part_are_refused() -> None:
    [a] = _annotations(1)
    with pytest.raises(BadLabel, match="picture 'p0' has the label 2; expected 0 to 1, or 255"):
        _live().learn(a, a.label_map * 2)


def _table(**changes: int) -> np.ndarray:
    table = SAME.copy()
    for old, new in changes.items():
        table[int(old[1:])] = new
    return table


@pytest.mark.parametrize("step", [1, 9])
def test_parts_added_and_moved_keep_what_was_learned(step: int) -> None:
    annotations = _annotations(2)
    live, fresh = _warm(), _warm(PartSet.from_names(("new", "thing", "background")))
    for a in annotations:
        live.learn(a, _scribbled(a.label_map, step))
        fresh.learn(a, _scribbled(np.where(a.label_map == 1, 1, 2).astype(np.uint8), step))
    live.solve()
    before = live.predict("p0")
    live.set_parts(PartSet.from_names(("new", "thing", "background")), _table(_0=2, _1=1))
    with pytest.raises(BadLabel, match="fewer than two parts"):
        live.predict("p0")
    assert all(labels.is_taken_in for labels in live._labels.values()), "nothing had to be read again"
    assert live.solve()
    fresh.solve()
    torch.testing.assert_close(_weights(live), _weights(fresh), rtol=1e-3, atol=1e-4)
    after = live.predict("p0")
    assert (after.labels == np.where(before.labels == 1, 1, 2)).mean() > 0.999


def test_merged_and_deleted_parts_are_learned_anew() -> None:
    a, b = _annotations(2)
    four = PartSet.from_names(("background", "thing", "left", "gone"))
    live, fresh = _warm(four), _warm()
    label_map = a.label_map.copy()
    label_map[:, :20] = np.where(label_map[:, :20] == 1, 2, 0)
    label_map[:5] = 3
    live.learn(a, label_map)
    live.learn(b, np.where(b.label_map == 1, 2, 0).astype(np.uint8))
    live.learn(replace(b, id="all-gone"), np.full_like(b.label_map, 3))
    live.solve()
    live.set_parts(TWO_PARTS, _table(_2=1, _3=255))
    assert [id for id, labels in live._labels.items() if labels.is_taken_in] == [b.id]
    assert live.solve()
    translated = a.label_map.copy()
    translated[:5] = 255
    fresh.learn(a, translated)
    fresh.learn(b, b.label_map)
    fresh.solve()
    torch.testing.assert_close(_weights(live), _weights(fresh), rtol=1e-3, atol=1e-4)
    assert torch.equal(live._fit.segmenter.layout, fresh._fit.segmenter.layout)


def test_pairs_change_where_parts_may_lie() -> None:
    names = ("background", "left", "right")
    alone = PartSet.from_names(names)
    paired = PartSet(
        tuple(Part(p.name, p.colour, {"left": "right", "right": "left"}.get(p.name)) for p in alone.parts)
    )
    [a] = _annotations(1)
    label_map = np.zeros((64, 64), np.uint8)
    label_map[20:30, 5:15], label_map[40:50, 5:15] = 1, 2
    live = _warm(alone)
    live.learn(a, label_map)
    live.solve()
    assert live._fit.segmenter.layout[2, 25, 55] < 0
    live.set_parts(paired, SAME)
    live.solve()
    assert live._fit.segmenter.layout[2, 25, 55] == 0


def test_objects_anywhere_have_no_layout() -> None:
    [a] = _annotations(1)
    live = LiveSegmenter(
        GeneratorFeatures(tiny_generator()), TWO_PARTS, FewShotConfig(layout_spread=None), n_wall=N_WALL
    )
    _learn(live, a)
    assert live.solve()
    assert (live._fit.segmenter.layout == 0).all()


def test_statistics_of_a_part_of_the_wall_give_way_to_those_of_all_of_it() -> None:
    annotations = _annotations(2)
    live = _live()
    live.read_wall(1)
    assert (live.n_wall_read, live.is_warm) == (1, False)
    assert live.standardise()
    _learn(live, *annotations)
    assert live.solve()
    wall = live.predict_wall()
    assert [bool((labels != 255).all()) for labels in wall.labels] == [False, True, False]
    assert (wall.doubt[0] == 0).all()
    assert (wall.labels[0] == 255).all()
    for place in range(N_WALL):
        live.read_wall(place)
    assert live.standardise()
    with pytest.raises(BadLabel, match="fewer than two parts"):
        live.predict("p0")
    assert live.solve()
    whole = _warm()
    _learn(whole, *annotations)
    whole.solve()
    torch.testing.assert_close(_weights(live), _weights(whole), rtol=1e-3, atol=1e-4)


def test_pictures_of_the_wall_are_replaced_and_taken_away() -> None:
    live = _warm()
    _learn(live, *_annotations(2))
    live.solve()
    before, first = live.predict_wall(), live.wall[0]
    live.replace_on_wall(1, replace(first, id="another"))
    assert [picture.id for picture in live.wall] == ["wall-0", "another", "wall-2"]
    assert (live.predict_wall().labels[1] == 255).all()
    live.read_wall(1)
    assert np.array_equal(live.predict_wall().labels[1], before.labels[0])
    live.remove_from_wall(0)
    after = live.predict_wall()
    assert [picture.id for picture in live.wall] == ["another", "wall-2"]
    assert np.array_equal(after.labels, before.labels[[0, 2]])
    assert live.n_wall_read == 2


def test_without_a_wall_statistics_come_from_what_is_shown() -> None:
    [a] = _annotations(1)
    live = LiveSegmenter(GeneratorFeatures(tiny_generator()), TWO_PARTS, wall=())
    assert not live.standardise()
    assert not live.is_warm
    live.show(a)
    assert live.standardise()
    live.learn(a, a.label_map)
    assert live.solve()
    assert (live.predict(a.id).labels == a.label_map).mean() > 0.8
    assert live.predict_wall().labels.shape == (0, 64, 64)


@pytest.mark.parametrize("shape", [(64, 64), (30, 90), (100, 5)])
def test_predictions_have_the_pictures_shape(shape: tuple[int, int]) -> None:
    [a] = _annotations(1)
    live = _warm()
    _learn(live, a)
    live.solve()
    said = live.predict(a.id, shape)
    assert said.labels.shape == said.doubt.shape
    rows, columns = said.labels.shape
    assert rows / columns == pytest.approx(shape[0] / shape[1], rel=0.05)
    assert rows * columns == pytest.approx(64**2, rel=0.05)


@pytest.mark.parametrize("shape", [(32, 32), (20, 60), (80, 8)])
def test_stretched_predictions_have_their_boundaries_where_they_were(shape: tuple[int, int]) -> None:
    across = (torch.arange(32) + 0.5) / 32 - 0.41
    logits = torch.stack([torch.zeros(32, 32), across.expand(32, 32), torch.full((32, 32), 9.0)])[None]
    labels, doubt = read_off(logits * 20, torch.tensor([0, 1]), shape)
    assert labels.shape == doubt.shape == (1, *shape)
    middles = (np.arange(shape[1]) + 0.5) / shape[1]
    assert np.array_equal(labels[0], np.broadcast_to(middles > 0.41, shape))
    assert doubt[0, 0].argmax() == np.abs(middles - 0.41).argmin()
