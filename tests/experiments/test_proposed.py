"""Proposed pictures that an annotator labels."""

import numpy as np
from experiments.proposed import labels_with_most_parts

from tests.experiments.conftest import TINY, face_ids
from tests.fakes import tiny_generator


class SeesMoreOfSome:
    """Sees no clothes on two pictures of three, and neither clothes nor hair on the first of them."""

    def __init__(self):
        self.n_seen = 0

    def parse_ids(self, images, size_px, *, seen_px=64):
        ids = face_ids(size_px)
        hidden = [(16, 17), (16,), ()][self.n_seen % 3]
        self.n_seen += 1
        return np.where(np.isin(ids, hidden), 0, ids)[None].astype(np.uint8)


def test_pictures_that_show_most_parts_are_labelled(tmp_path):
    annotator = SeesMoreOfSome()
    found = labels_with_most_parts(tiny_generator(), annotator, 4, tmp_path, n_looked_at=9, protocol=TINY)
    assert annotator.n_seen == 9
    parts = [len(np.unique(one.label_map)) for one in found]
    assert parts == [10, 10, 10, 9]
    again = labels_with_most_parts(tiny_generator(), annotator, 4, tmp_path, n_looked_at=9, protocol=TINY)
    assert [one.id for one in again] == [one.id for one in found]
    assert annotator.n_seen == 9
