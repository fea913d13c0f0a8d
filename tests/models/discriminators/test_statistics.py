import pytest
import torch

from partly.models.discriminators.discriminator_layers import MinibatchDeviation


@pytest.mark.parametrize(("n_pictures", "group"), [(8, 4), (4, 4), (6, 6), (2, 2)])
def test_deviation_of_each_group(n_pictures, group):
    maps = torch.randn(n_pictures, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    found = MinibatchDeviation()(maps)
    assert found.shape == (n_pictures, 4, 5, 5)
    assert torch.equal(found[:, :3], maps)
    n_groups = n_pictures // group
    for i in range(n_pictures):
        members = maps[i % n_groups :: n_groups]
        assert len(members) == group
        wanted = members.std(dim=0, correction=0).mean()
        torch.testing.assert_close(found[i, 3], wanted.expand(5, 5), rtol=1e-4, atol=1e-5)


def test_pictures_that_are_all_the_same_have_a_finite_slope():
    maps = torch.ones(4, 2, 3, 3, requires_grad=True)
    found = MinibatchDeviation()(maps)[:, 2]
    assert found.max() < 1e-3
    [gradient] = torch.autograd.grad(found.sum(), maps)
    assert gradient.isfinite().all()
