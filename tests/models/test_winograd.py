import pytest
import torch
import torch.nn.functional as F

from partly.models import winograd
from partly.models.winograd import conv_3x3, suits

N = 128


def last(*shape, seed=0):
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return drawn.to(memory_format=torch.channels_last)


@pytest.fixture
def maps(monkeypatch):
    # Three pictures, of which two are computed at a time; wider than high.
    monkeypatch.setattr(winograd, "_N_TILES", 64)
    return last(3, N, 16, 32)


@pytest.fixture
def weight():
    return last(N, N, 3, 3, seed=1) / (9 * N) ** 0.5


def direct(maps, weight, bias=None):
    """In double precision, by the library."""
    bias = None if bias is None else bias.double()
    return F.conv2d(maps.double(), weight.double(), bias, padding=1)


def error(found, wanted):
    return ((found - wanted).square().mean().sqrt() / wanted.square().mean().sqrt()).item()


@pytest.mark.parametrize("with_bias", [False, True])
def test_it_is_a_convolution(maps, weight, with_bias):
    bias = torch.randn(N, generator=torch.Generator().manual_seed(2)) if with_bias else None
    found = conv_3x3(maps, weight, bias)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert suits(maps, weight)
    wanted = direct(maps, weight, bias)
    torch.testing.assert_close(found.double(), wanted, rtol=0, atol=2e-5)
    assert error(found, wanted) < 4e-6


def test_channels_out_need_not_be_those_in(maps):
    weight = last(N + 32, N, 3, 3, seed=1) / (9 * N) ** 0.5
    assert error(conv_3x3(maps, weight), direct(maps, weight)) < 4e-6


def derivatives(convolved, maps, weight, bias):
    """First derivatives, and second ones as a penalty on slopes takes them."""
    given = [tensor.detach().clone().requires_grad_() for tensor in (maps, weight, bias)]
    made = convolved(*given)
    target = last(*made.shape, seed=4).to(made.dtype)
    first = torch.autograd.grad((made.sin() * target).sum(), given, create_graph=True)
    second = torch.autograd.grad(sum(slopes.square().sum() for slopes in first), given)
    return [*first, *second]


def test_first_and_second_derivatives(maps, weight):
    bias = torch.randn(N, generator=torch.Generator().manual_seed(2))
    found = derivatives(conv_3x3, maps, weight, bias)
    wanted = derivatives(direct, maps, weight, bias)
    for one, other in zip(found, wanted, strict=True):
        assert one.shape == other.shape
        assert error(one.detach(), other.detach()) < 1e-5


def test_only_what_is_wanted_is_computed(maps, weight, monkeypatch):
    asked = []
    monkeypatch.setattr(winograd, "_weight_slopes", lambda *given: asked.append(given))
    moved = maps.clone().requires_grad_()
    [slopes] = torch.autograd.grad(conv_3x3(moved, weight).sum(), moved)
    assert not asked
    wanted = F.conv_transpose2d(torch.ones_like(maps), weight, padding=1)
    torch.testing.assert_close(slopes, wanted, rtol=0, atol=2e-5)


def test_the_result_may_be_changed_in_place(maps, weight):
    weight.requires_grad_()
    [found] = torch.autograd.grad(conv_3x3(maps, weight).tanh_().sum(), weight)
    [wanted] = torch.autograd.grad(direct(maps, weight).tanh().sum(), weight)
    assert error(found, wanted) < 1e-5


def test_it_is_computed_where_and_as_the_maps_are_whatever_new_tensors_are(maps, weight):
    wanted = conv_3x3(maps, weight)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        found = conv_3x3(maps, weight)
    finally:
        torch.set_default_dtype(before)
    assert found.dtype == torch.float32
    with torch.device("meta"):
        elsewhere = conv_3x3(maps, weight)
    assert torch.equal(found, wanted)
    assert torch.equal(elsewhere, wanted)


def test_one_picture_and_none(maps, weight):
    assert error(conv_3x3(maps[:1], weight), direct(maps[:1], weight)) < 4e-6
    none = maps[:0].contiguous(memory_format=torch.channels_last).requires_grad_()
    weight.requires_grad_()
    assert suits(none, weight)
    made = conv_3x3(none, weight)
    assert made.shape == (0, N, 16, 32)
    for_maps, for_weight = torch.autograd.grad(made.sum(), (none, weight))
    assert for_maps.shape == none.shape
    assert not for_weight.any()


def test_where_it_does_not_suit_the_library_convolves(maps, weight):
    others = {
        "another layout": (maps.contiguous(), weight),
        "another precision": (maps.double(), weight.double()),
        "sides of no whole tiles": (maps[:, :, :, :18].contiguous(memory_format=torch.channels_last), weight),
        "small maps": (maps[:, :, :8, :8].contiguous(memory_format=torch.channels_last), weight),
        "few channels": (maps, weight[:64]),
    }
    for name, (given, kernel) in others.items():
        assert not suits(given, kernel), name
        assert torch.equal(conv_3x3(given, kernel), F.conv2d(given, kernel, padding=1)), name
    with torch.autocast("cpu", torch.bfloat16):
        assert not suits(maps, weight)
        assert conv_3x3(maps, weight).dtype == torch.bfloat16
    assert not suits(maps.to("meta"), weight.to("meta"))


def test_matrices_multiply_polynomials_whatever_the_mode_they_are_made_in():
    """``A^T [(G g) * (B^T d)]`` is the filter: each product of a weight and a value comes where it should."""
    winograd._matrices.cache_clear()
    with torch.inference_mode(), torch.device("meta"):
        to_result, to_kernel, to_values = winograd._matrices()
    assert not to_result.is_inference()
    found = torch.einsum("om,mk,mv->okv", to_result.double(), to_kernel.double(), to_values.double())
    wanted = torch.zeros(4, 4, 3, 3, 6, 6, dtype=torch.float64)
    for y in range(4):
        for x in range(4):
            for i in range(3):
                for j in range(3):
                    wanted[y, x, i, j, y + i, x + j] = 1
    torch.testing.assert_close(found, wanted.view(16, 9, 36), rtol=0, atol=1e-6)
