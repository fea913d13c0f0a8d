import torch

from partly.models.generators import sample_w
from partly.models.generators.own_noise import noise_inputs, synthesise_with_noise
from tests.fakes import tiny_generator
from tests.models.generators.stylegan2.test_generator import tiny


def noisy():
    generator = tiny()
    for name, tensor in generator.state_dict().items():
        if name.endswith("strength"):
            tensor.fill_(0.5)
    return generator


def test_the_generators_own_noise_makes_its_own_pictures():
    generator = noisy()
    w = torch.cat([sample_w(generator, 0, i) for i in range(2)])
    own = {name: maps.expand(2, 1, -1, -1) for name, maps in noise_inputs(generator).items()}
    assert [maps.shape[-1] for maps in own.values()] == [4, 8, 8, 16, 16, 32, 32]
    wanted = generator.synthesise(w).images
    assert torch.equal(synthesise_with_noise(generator, w, {}).images, wanted)
    torch.testing.assert_close(synthesise_with_noise(generator, w, own).images, wanted)


def test_every_picture_has_its_own_noise_and_the_generator_keeps_its():
    generator = noisy()
    w = sample_w(generator, 0, 0).expand(2, -1, -1)
    before = {name: maps.clone() for name, maps in noise_inputs(generator).items()}
    noise = {
        name: torch.randn(2, 1, *maps.shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
        for name, maps in before.items()
    }
    images = synthesise_with_noise(generator, w, noise).images
    assert (images[0] - images[1]).abs().max() > 0.01
    slopes = torch.autograd.grad(images[0].sum(), list(noise.values()))
    assert all(slope[0].abs().max() > 0 for slope in slopes)
    assert all((slope[1] == 0).all() for slope in slopes)
    assert all(torch.equal(maps, before[name]) for name, maps in noise_inputs(generator).items())


def test_families_without_inputs_of_noise():
    assert noise_inputs(tiny_generator()) == {}
    assert noise_inputs(object()) == {}  # type: ignore[arg-type]
