"""Prototypes, matches, points and boxes on features that were made by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from benchmarks.rivals import mobile_sam
from benchmarks.rivals.mobile_sam import most_stable
from benchmarks.rivals.prompts import best_points, boxes_around, matches, prototypes
from benchmarks.rivals.protocol import Task

N = 32


def features_of(label_map: np.ndarray) -> torch.Tensor:
    """Each part has a direction of its own, of any length: only the direction counts."""
    directions = torch.eye(3)[:, torch.from_numpy(label_map).long()]
    return directions * torch.linspace(0.5, 4, N)[None, :, None]


def two_eyes(shift: int = 0) -> np.ndarray:
    """Background, a face (1), and in it two eyes (2)."""
    label_map = np.zeros((N, N), np.uint8)
    label_map[4:28, 4:28] = 1
    for left in (7, 20):
        label_map[10:13, left + shift : left + shift + 4] = 2
    return label_map


def test_prototypes_are_the_directions_of_the_parts() -> None:
    label_map = two_eyes()
    known = prototypes([features_of(label_map)] * 2, [label_map] * 2, 3)
    torch.testing.assert_close(known.features, torch.eye(3))
    assert known.places.amax((1, 2)).tolist() == [1, 1, 1]
    # A part may be somewhat beside its place in the labels, and not far from it.
    assert known.places[2, 14, 9] > 0.2
    assert known.places[2, 28, 9] < 0.01


def test_parts_are_found_where_their_features_are() -> None:
    known = prototypes([features_of(two_eyes())], [two_eyes()], 3)
    moved = two_eyes(shift=2)
    assert (matches(known, features_of(moved)).argmax(0).numpy()[4:28, 6:26] == moved[4:28, 6:26]).all()


def test_what_looks_like_a_part_far_from_its_place_is_not_it() -> None:
    known = prototypes([features_of(two_eyes())], [two_eyes()], 3)
    photo = two_eyes()
    photo[29:31, 14:18] = 2
    match = matches(known, features_of(photo))[2]
    assert match[30, 16] < 0.05 * match.max()


def test_both_eyes_are_pointed_at_and_boxed() -> None:
    known = prototypes([features_of(two_eyes())], [two_eyes()], 3)
    match = matches(known, features_of(two_eyes()))[2]
    points = best_points(match)
    columns = sorted(points[:, 0].tolist())
    assert len(points) == 2
    assert 7 <= columns[0] < 11
    assert 20 <= columns[1] < 24
    boxes = boxes_around(points, match)[points[:, 0].argsort()]
    assert boxes.tolist() == [[7, 10, 11, 13], [20, 10, 24, 13]]


def test_a_single_place_gets_one_point() -> None:
    match = torch.zeros(N, N)
    match[5, 9], match[5, 11], match[25, 25] = 1.0, 0.9, 0.4
    # The second is too near, the third too weak.
    assert best_points(match).tolist() == [[9, 5]]
    assert boxes_around(torch.tensor([[9, 5]]), match).tolist() == [[9, 5, 12, 6]]


def test_a_box_holds_its_point_even_where_it_matches_weakly() -> None:
    match = torch.zeros(N, N)
    match[5, 9], match[25, 25] = 1.0, 0.1
    assert boxes_around(torch.tensor([[9, 5], [25, 25]]), match).tolist() == [[9, 5, 10, 6], [25, 25, 26, 26]]


def test_the_most_stable_mask_is_taken() -> None:
    sharp = torch.full((8, 8), -5.0)
    sharp[:2] = 5
    vague = torch.full((8, 8), 0.5)
    nothing = torch.full((8, 8), -5.0)
    logits = torch.stack((vague, sharp, nothing))[None]
    torch.testing.assert_close(most_stable(logits), sharp[None])


class FakePrompts:
    """Hands boxes and points on to the decoder."""

    def __call__(self, points, boxes, masks):
        return (points, boxes), masks

    def get_dense_pe(self) -> None:
        return None


class FakeSam:
    """Its features are the colours of the picture; its mask is the box, cut in half by the part's point."""

    prompt_encoder = FakePrompts()

    def image_encoder(self, images: torch.Tensor) -> torch.Tensor:
        small = torch.nn.functional.adaptive_avg_pool2d(images, N)
        return torch.cat((small, 0.01 * torch.ones_like(small[:, :1])), dim=1)

    def mask_decoder(self, image_embeddings, sparse_prompt_embeddings, **others):
        assert others["multimask_output"] is True
        (points, wanted), boxes = sparse_prompt_embeddings
        assert (wanted == 1).all()
        y, x = torch.meshgrid(*[(torch.arange(64) + 0.5) * 16] * 2, indexing="ij")
        inside = [(x > left) & (x < right) & (y > top) & (y < bottom) for left, top, right, bottom in boxes]
        assert all(inside[i][int(py // 16), int(px // 16)] for i, (px, py) in enumerate(points[:, 0]))
        return (torch.stack(inside).float() * 40 - 20)[:, None], None


@pytest.mark.parametrize("prompted", [False, True])
def test_the_labelled_picture_itself_is_segmented(monkeypatch: pytest.MonkeyPatch, prompted: bool) -> None:
    label_map = two_eyes().repeat(8, 0).repeat(8, 1)
    pictures = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)[label_map]
    monkeypatch.setattr(mobile_sam, "model", lambda packages: FakeSam())
    task = Task(pictures[None], label_map[None], lambda: pictures[:0], lambda: [], Path("nowhere"))
    found = mobile_sam.fit(task, prompted=prompted).predict(pictures)
    assert found.shape == (256, 256)
    assert (found == label_map).mean() > 0.97
    assert (found[label_map == 2] == 2).mean() > 0.8
