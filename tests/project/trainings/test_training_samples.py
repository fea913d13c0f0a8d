import numpy as np
import torch

from partly.models.generators.mlp_generator import MLPGenerator, MLPShape
from partly.project.trainings import training_samples
from partly.project.trainings.training_samples import code_sweeps, shown_classes


def test_along_a_row_one_continuous_code_changes_and_nothing_else(monkeypatch):
    shape = MLPShape(4, z_dim=3, classes=("code 1", "code 2"), n_continuous_codes=2)
    latents = []

    def keep(_generator, some):
        latents.extend(some)
        return [np.zeros((4, 4, 3), np.uint8)] * len(latents)

    monkeypatch.setattr(training_samples, "_pictures", keep)
    assert code_sweeps(MLPGenerator(shape), n_columns=5, n_rows=2).dtype == np.uint8
    rows = torch.cat(latents)[:, 0].view(2, 2, 5, 7)
    for code in range(2):
        for row in rows[code]:
            changes = (row != row[:1]).any(dim=0)
            assert changes.nonzero()[:, 0].tolist() == [3 + code]
            assert row[:, 3 + code].tolist() == [-2, -1, 0, 1, 2]
    assert not torch.equal(rows[0, 0, 0, :3], rows[0, 1, 0, :3])


def test_of_many_classes_some_are_shown_evenly():
    names = [str(number) for number in range(50)]
    shown = shown_classes(names)
    assert len(shown) == 20
    assert shown[:4] == ["0", "2", "5", "7"]
    assert shown_classes(names[:20]) == names[:20]
    assert shown_classes(()) == []
