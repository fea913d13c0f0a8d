import pytest
import torch
from torch import nn

from partly.training.chassis.gradients_in_portions import GradientsInPortions


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return nn.Linear(3, 2)


def learner(layer, most, n=5):
    """The mean of squares; more than ``most`` rows fail after their gradients were added."""

    def learn(rows, targets):
        loss = (layer(rows) - targets).square().sum() / n
        torch.autograd.backward(loss)
        if len(rows) > most:
            raise torch.OutOfMemoryError("played")
        return torch.stack((loss.detach(), torch.tensor(len(rows) / n)))

    return learn


def test_portions_give_the_gradients_of_the_whole(layer):
    batch = (torch.randn(5, 3), torch.randn(5, 2))
    optimizer = torch.optim.SGD(layer.parameters())
    found = []
    for most, n_portions in ((5, 1), (3, 2), (1, 5)):
        gradients = GradientsInPortions()
        figures = gradients.take(optimizer, batch, learner(layer, most))
        assert gradients.n_portions == n_portions
        found.append([figures, *(p.grad.clone() for p in layer.parameters())])
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            torch.testing.assert_close(one, other)
    # It stays so: nothing fails a second time.
    assert torch.equal(gradients.take(optimizer, batch, learner(layer, 1)), found[-1][0])


def test_one_picture_that_is_too_much(layer):
    optimizer, gradients = torch.optim.SGD(layer.parameters()), GradientsInPortions()
    with pytest.raises(torch.OutOfMemoryError, match="played"):
        gradients.take(optimizer, (torch.randn(5, 3), torch.randn(5, 2)), learner(layer, 0))


def test_other_errors_are_no_matter_of_memory(layer):
    optimizer, gradients = torch.optim.SGD(layer.parameters()), GradientsInPortions()

    def learn(rows):
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        gradients.take(optimizer, (torch.randn(5, 3),), learn)
    assert gradients.n_portions == 1
