"""The search for latents whose pictures are like given ones (Karras et al., CVPR 2020, appendix D)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.optim import Adam

from partly.errors import BadOption, BadPhoto
from partly.inference.invert.invert_options import InvertOptions
from partly.inference.invert.latent_spaces import LatentSpace, has_mapping, latent_space
from partly.inference.invert.picture_distances import Maps, PictureDistance
from partly.inference.invert.step_ramps import noise_ramp, rate_ramp
from partly.losses import beyond_range, noise_autocorrelation, pixel_distance
from partly.machine import PROCESSOR, Machine
from partly.models.generators import (
    Generator,
    images_of,
    known_classes,
    noise_inputs,
    one_hot,
    synthesise_with_noise,
)
from partly.storage import step_seed

OnStep = Callable[[int, int], None]
_NOISE_WEIGHT = 1e5
# Little where some pixels are a bit too bright, and more than all else where pictures explode.
_BEYOND_WEIGHT = 0.1


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found of several pictures; all on the machine that searched, without slopes.

    Attributes:
        space: "w", "w+" or "z".
        w: mapped latents ``[b, l, v]``.
        z: ``[b, z]``, where it was searched in; else None.
        noise: maps ``[b, 1, h, w]`` by the names of the generator's inputs; empty where they are its own.
        images: their pictures ``[b, 3, s, s]`` in [-1, 1].
        distances: ``[b]``, of pictures and what was searched for.
        pixel_distances: ``[b]``, mean squares of differences, where values go from -1 to 1.
        n_steps: ``[b]``, steps that were done; fewer than asked for where a search diverged.
        diverged: ``[b]``, whether the search came to what is no number; the best one before is kept.
    """

    space: str
    w: Tensor
    z: Tensor | None
    noise: dict[str, Tensor]
    images: Tensor
    distances: Tensor
    pixel_distances: Tensor
    n_steps: Tensor
    diverged: Tensor


def search(
    generator: Generator,
    images: Tensor,
    options: InvertOptions,
    distance: PictureDistance,
    start: Tensor | None = None,
    *,
    weights: Tensor | None = None,
    machine: Machine = PROCESSOR,
    on_step: OnStep | None = None,
) -> Found:
    """Latents whose pictures are like ``images``; what is found of one does not depend on those beside it.

    Adam whose rate goes up over the first steps and down over the last, with noise on the latent that fades.
    From an encoder there is no noise: it would lead away from what is known.

    Args:
        generator: makes pictures; on the machine.
        images: ``[b, 3, s, s]`` in [-1, 1], of the generator's size.
        options: how to search.
        distance: what is made small; on the machine.
        start: mapped latents ``[b, l or 1, v]`` to begin with; None: the mean, or drawn ones.
        weights: ``[b, 1, h, w]``, how much each place of an image counts, 0 or more; None: all alike.
        machine: what computes.
        on_step: told how many steps are done, of how many.

    Raises:
        BadOption: the generator has no such latents or class.
        BadPhoto: images of another size.
    """
    size_px = generator.image_size_px
    if images.ndim != 4 or images.shape[1:] != (3, size_px, size_px):
        raise BadPhoto(
            f"images of shape {list(images.shape)}", expected=f"[b, 3, {size_px}, {size_px}], as pictures are"
        )
    space = latent_space(generator, options.space)
    images = images.to(machine.device)
    weights = None if weights is None else weights.to(machine.device)
    with torch.no_grad():
        seen = distance.read(images)
        condition = _conditions(generator, options, seen, distance, weights)
    task = _Task(generator, space, images, seen, condition, distance, weights, options, _whole(machine))
    n_steps = options.steps(from_encoder=start is not None)
    n_starts = options.n_starts if n_steps else 1
    best: Found | None = None
    for number in range(n_starts):
        if number == 0 and start is not None:
            points = space.point_of(start.to(machine.device), condition)
        else:
            points = space.first(condition, options.seed, number)
        shown = _shifted(on_step, number * n_steps, n_starts * n_steps)
        noisy = start is None or number > 0
        with torch.enable_grad():
            found = _searched(task, points, n_steps, shown, noisy=noisy)
        best = found if best is None else _chosen(best, found, best.distances, found.distances)
    assert best is not None
    return best


@dataclass(frozen=True, eq=False)
class _Task:
    """What is searched for, and how."""

    generator: Generator
    space: LatentSpace
    images: Tensor
    seen: Maps
    condition: Tensor
    distance: PictureDistance
    weights: Tensor | None
    options: InvertOptions
    machine: Machine

    def pictures(self, points: Tensor, noise: dict[str, Tensor]) -> Tensor:
        """Pictures ``[b, 3, s, s]`` of points, not held within [-1, 1], with slopes."""
        with self.machine.precision():
            made = synthesise_with_noise(self.generator, self.space.w_of(points, self.condition), noise)
        assert made.images is not None
        return made.images.float()

    def distances(self, pictures: Tensor) -> Tensor:
        """``[b]``, from what is searched for, of pictures as they are shown: held within [-1, 1]."""
        shown = pictures.clamp(-1, 1)
        return self.distance.between(self.distance.read(shown), self.seen, self.weights)

    def losses(self, distances: Tensor, points: Tensor, noise: dict[str, Tensor]) -> Tensor:
        """``[b]``: distances, and what holds latents near the mean and noise to noise."""
        losses = distances + self.options.hold * self.space.away(points)
        for maps in noise.values():
            losses = losses + _NOISE_WEIGHT * noise_autocorrelation(maps)
        return losses


@dataclass
class _Best:
    """The point of least loss of each picture so far, and which searches go on."""

    points: Tensor
    noise: dict[str, Tensor]
    losses: Tensor
    n_steps: Tensor
    alive: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.alive = torch.ones_like(self.losses, dtype=torch.bool)

    def take(self, losses: Tensor, points: Tensor, noise: dict[str, Tensor]) -> None:
        """Keep what is better."""
        better = self.alive & (losses < self.losses)
        self.losses[better] = losses[better]
        self.points[better] = points.detach()[better]
        for name, maps in noise.items():
            self.noise[name][better] = maps.detach()[better]


def _searched(task: _Task, points: Tensor, n_steps: int, on_step: OnStep | None, *, noisy: bool) -> Found:
    """One search, from points."""
    points = points.detach().clone().requires_grad_()
    noise = _first_noise(task)
    n = len(points)
    best = _Best(
        points.detach().clone(),
        {name: maps.detach().clone() for name, maps in noise.items()},
        torch.full((n,), torch.inf, device=points.device),
        torch.zeros(n, dtype=torch.long, device=points.device),
    )
    variables = [points, *noise.values()]
    optimizer = Adam(variables, task.options.learning_rate)
    for step in range(n_steps):
        for group in optimizer.param_groups:
            group["lr"] = task.options.learning_rate * rate_ramp(step, n_steps)
        shaken = task.space.settle(points + _shake(task, points, step, n_steps)) if noisy else points
        pictures = task.pictures(shaken, noise)
        losses = task.losses(task.distances(pictures), shaken, noise)
        best.take(losses.detach(), shaken, noise)
        _take_slopes(losses + _BEYOND_WEIGHT * beyond_range(pictures), variables, best)
        if not best.alive.any():
            break
        optimizer.step()
        _settle(task, points, noise, best)
        best.n_steps += best.alive
        if on_step:
            on_step(step + 1, n_steps)
    return _found(task, points, noise, best)


def _take_slopes(losses: Tensor, variables: Sequence[Tensor], best: _Best) -> None:
    """Slopes of the searches that go on; one whose loss or slopes are no numbers stops here."""
    best.alive &= losses.detach().isfinite()
    if not best.alive.any():
        return
    slopes = torch.autograd.grad(losses[best.alive].sum(), variables)
    for slope in slopes:
        best.alive &= slope.flatten(1).isfinite().all(dim=1)
    for variable, slope in zip(variables, slopes, strict=True):
        slope[~best.alive] = 0
        variable.grad = slope


@torch.no_grad()
def _settle(task: _Task, points: Tensor, noise: dict[str, Tensor], best: _Best) -> None:
    """Points and noise that are allowed; searches that stopped stay at their best."""
    points.copy_(task.space.settle(points))
    points[~best.alive] = best.points[~best.alive]
    for name, maps in noise.items():
        maps -= maps.mean(dim=(1, 2, 3), keepdim=True)
        maps *= maps.square().mean(dim=(1, 2, 3), keepdim=True).clamp(min=1e-12).rsqrt()
        maps[~best.alive] = best.noise[name][~best.alive]


@torch.no_grad()
def _found(task: _Task, points: Tensor, noise: dict[str, Tensor], best: _Best) -> Found:
    """The best point of each search, or the last one."""
    points, noise = points.detach(), {name: maps.detach() for name, maps in noise.items()}
    last = _shown(task, points, noise, best)
    if bool(best.losses.isinf().all()):
        return last
    kept = _shown(task, best.points, best.noise, best)
    return _chosen(
        last,
        kept,
        task.losses(last.distances, points, noise),
        task.losses(kept.distances, best.points, best.noise),
    )


def _shown(task: _Task, points: Tensor, noise: dict[str, Tensor], best: _Best) -> Found:
    """Points with their pictures and distances."""
    w = task.space.w_of(points, task.condition)
    with task.machine.precision():
        images = images_of(synthesise_with_noise(task.generator, w, noise)).float()
    z = points if task.space.name == "z" else None
    return Found(
        task.space.name,
        w.clone(),
        z,
        noise,
        images,
        task.distances(images),
        pixel_distance(images, task.images, task.weights),
        best.n_steps,
        ~best.alive,
    )


def _chosen(first: Found, second: Found, first_losses: Tensor, second_losses: Tensor) -> Found:
    """What has the smaller loss ``[b]``, of each picture; the first where both are as good."""
    # What is no number is worse than all numbers.
    takes = second_losses.nan_to_num(nan=torch.inf) < first_losses.nan_to_num(nan=torch.inf)

    def chosen(a: Tensor, b: Tensor) -> Tensor:
        return torch.where(takes.view(-1, *[1] * (a.ndim - 1)), b, a)

    return replace(
        first,
        w=chosen(first.w, second.w),
        z=None if first.z is None or second.z is None else chosen(first.z, second.z),
        noise={name: chosen(maps, second.noise[name]) for name, maps in first.noise.items()},
        images=chosen(first.images, second.images),
        distances=chosen(first.distances, second.distances),
        pixel_distances=chosen(first.pixel_distances, second.pixel_distances),
        n_steps=chosen(first.n_steps, second.n_steps),
        diverged=chosen(first.diverged, second.diverged),
    )


def _shake(task: _Task, points: Tensor, step: int, n_steps: int) -> Tensor:
    """Noise on points; the same for all pictures, so that none depends on those beside it."""
    random = torch.Generator().manual_seed(step_seed("shaken latents", task.options.seed, step))
    noise = torch.randn(1, *points.shape[1:], generator=random).to(points.device)
    return noise * (noise_ramp(step, n_steps) * task.space.noise_length)


def _first_noise(task: _Task) -> dict[str, Tensor]:
    """Maps ``[b, 1, h, w]`` of noise to search for, the generator's own at first; or none."""
    if task.options.noise == "fixed":
        return {}
    inputs = noise_inputs(task.generator)
    n = len(task.images)
    return {name: maps.expand(n, 1, -1, -1).clone().requires_grad_() for name, maps in inputs.items()}


def _conditions(
    generator: Generator,
    options: InvertOptions,
    seen: Maps,
    distance: PictureDistance,
    weights: Tensor | None,
) -> Tensor:
    """Classes ``[b, c]``: the one that was asked for, or that whose mean picture is nearest to each image."""
    n, device = len(seen[0]), generator.w_mean.device
    if options.class_name is not None and options.class_name not in generator.classes:
        raise BadOption(
            f"the generator knows no class {options.class_name!r}",
            expected=known_classes(generator),
        )
    if not generator.classes or options.class_name is not None:
        return one_hot(generator, [options.class_name] * n).to(device)
    nearest = torch.stack([*_class_distances(generator, seen, distance, weights)]).argmin(dim=0)
    names = [generator.classes[generator.drawn_classes[int(i)]] for i in nearest]
    return one_hot(generator, names).to(device)


def _class_distances(
    generator: Generator, seen: Maps, distance: PictureDistance, weights: Tensor | None
) -> Iterator[Tensor]:
    """Distances ``[b]`` of images from the mean picture of each class that is drawn."""
    for place in generator.drawn_classes:
        condition = one_hot(generator, [generator.classes[place]]).to(generator.w_mean.device)
        if has_mapping(generator):
            w = generator.class_means[place].expand(1, generator.n_layers, -1)
        else:
            w = generator.map(torch.zeros(1, generator.z_dim, device=condition.device), condition)
        picture = distance.read(images_of(generator.synthesise(w)))
        n = len(seen[0])
        yield distance.between(tuple(m.expand(n, -1, -1, -1) for m in picture), seen, weights)


def _whole(machine: Machine) -> Machine:
    """Of halves, only bfloat16 is used: modulated convolutions go beyond what float16 can hold."""
    return replace(machine, dtype=torch.float32) if machine.dtype == torch.float16 else machine


def _shifted(on_step: OnStep | None, before: int, total: int) -> OnStep | None:
    """What is told of one search among several."""
    return on_step and (lambda done, _n: on_step(before + done, total))
