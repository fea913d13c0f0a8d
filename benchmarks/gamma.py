"""Which weight of R1: the family's rule beside weights below and above it, on the same photos and length.

``python -m benchmarks.gamma PHOTOS OUT --size 32 --photos-shown 32000`` trains the family once for each
factor on the rule's weight, on all of PHOTOS but those that judge, and tells the kernel distance of each
generator to photos that nothing learned from, by the network ``--judge``. OUT holds ``gamma.json``. The same
command goes on after a stop. ``python -m benchmarks.gamma --curve PICTURE.svg OUT OUT ...`` draws those of
several data sets.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.photo_judge import by_chance, distance_from, judge_and_others
from partly.data.photos import PhotoSet, find_photos, make_photo_set
from partly.evaluation.report import Series, curves_svg
from partly.losses import R1
from partly.models.generators import GeneratorFamily
from partly.models.zoo import load_generator
from partly.storage import read_json_or_none, write_json, write_text
from partly.training.adversarial import SquareBatches
from partly.training.recipes import choices_for, training_plan, with_defaults

FACTORS = (1 / 16, 1 / 4, 1.0, 4.0, 16.0)
_TELL_EVERY = 500


def rule(asked: argparse.Namespace) -> float:
    """The weight that the family's own rule gives."""
    plan = training_plan(with_defaults(_choices(asked, None)))
    penalties = [one.objective for one in plan.players.discriminator_penalties]  # type: ignore[attr-defined]
    (found,) = [one.gamma for one in penalties if isinstance(one, R1)]
    return found


def _choices(asked: argparse.Namespace, gamma: float | None) -> Any:
    return choices_for(
        asked.family,
        size_px=asked.size,
        batch_size=asked.batch,
        n_photos_shown=asked.photos_shown,
        mirror=not asked.no_mirror,
        augment=asked.augment,
        seed=asked.seed,
        gamma=gamma,
    )


def measured(
    asked: argparse.Namespace, factor: float, gamma: float, learned: PhotoSet, judge: PhotoSet
) -> dict[str, Any]:
    """The kernel distance of one training, kept as it is found; ``gamma`` is the factor times the rule."""
    folder = asked.out / f"{asked.family}-{asked.photos_shown}-seed-{asked.seed}-times-{factor:g}"
    known = read_json_or_none(folder / f"{asked.judge}.json")
    if known is not None:
        return known
    if not (folder / "generator" / "model.safetensors").is_file():
        choices = with_defaults(_choices(asked, gamma))
        plan = training_plan(choices)
        batches = SquareBatches(learned, plan.batch_size, choices.seed, mirror=choices.mirror)

        def tell(step: Any) -> None:
            if step.step % _TELL_EVERY == 0:
                print(f"times {factor:g}: {step.step} of {step.n_steps}: {step.figures}", flush=True)

        trained = plan.run(batches, folder / "training", tell, lambda *_: None).generator
        assert isinstance(trained, GeneratorFamily)
        trained.save(folder / "generator", {})
    generator = load_generator(str(folder / "generator"))
    distance = distance_from(judge, generator, asked.judge, asked.out / "features", asked.pictures)
    known = {
        "factor": factor,
        "gamma": gamma,
        "kernel x 1000": 1000 * distance.mean,
        "standard error": 1000 * distance.standard_error,
    }
    write_json(folder / f"{asked.judge}.json", known)
    return known


def worse_by(found: Sequence[Mapping[str, float]]) -> float:
    """How much worse the rule is than the best of a sweep, as a share of the best."""
    (of_rule,) = [one["kernel x 1000"] for one in found if one["factor"] == 1]
    best = min(one["kernel x 1000"] for one in found)
    return of_rule / best - 1


def table_of(results: Sequence[Mapping[str, Any]]) -> Table:
    """A line for each data set."""
    factors = sorted({one["factor"] for result in results for one in result["sweep"]})
    shown = Table(caption="kernel distances x 1000 by the factor on the rule's weight")
    for title in ("data", "size", "shown", "rule", *(f"{factor:g}" for factor in factors), "worse by"):
        shown.add_column(title, justify="right")
    for result in results:
        by_factor = {one["factor"]: one for one in result["sweep"]}
        told = (by_factor.get(factor) for factor in factors)
        shown.add_row(
            result["name"],
            str(result["size_px"]),
            str(result["shown"]),
            f"{by_factor[1]['gamma']:.3g}",
            *(f"{one['kernel x 1000']:.1f} ± {one['standard error']:.1f}" if one else "" for one in told),
            f"{100 * worse_by(result['sweep']):.0f} %",
        )
    return shown


def draw(results: Sequence[Mapping[str, Any]], picture: Path) -> None:
    """The curves: distance as a multiple of the best of the sweep, by the factor."""
    series = []
    for result in results:
        sweep = sorted(result["sweep"], key=lambda one: one["factor"])
        best = min(one["kernel x 1000"] for one in sweep)
        series.append(
            Series(
                f"{result['name']}, {result['size_px']} px",
                [one["factor"] for one in sweep],
                [one["kernel x 1000"] / best for one in sweep],
            )
        )
    drawn = curves_svg(
        series,
        title="Kernel distance by the weight of R1",
        x_label="factor on the rule's weight",
        y_label="distance, as a multiple of the best",
        log_x=True,
    )
    write_text(picture, drawn)


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.gamma", description=__doc__)
    options.add_argument("photos", type=Path, nargs="?", help="folder, zip or IDX file")
    options.add_argument("out", type=Path, nargs="*", help="where figures go; several with --curve")
    options.add_argument("--curve", type=Path, help="draw finished sweeps into this picture")
    options.add_argument("--family", default="light")
    options.add_argument("--size", type=int, default=32)
    options.add_argument("--batch", type=int)
    options.add_argument("--photos-shown", type=int, default=32_000)
    options.add_argument("--most-photos", type=int, help="to learn from, by chance")
    options.add_argument("--factors", type=float, nargs="+", default=list(FACTORS))
    options.add_argument("--augment", default="none")
    options.add_argument("--no-mirror", action="store_true")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--judge", default="builtin")
    options.add_argument("--judge-photos", type=int, default=2000)
    options.add_argument("--pictures", type=int, default=2000)
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    if asked.curve:
        results = [json.loads((out / "gamma.json").read_text()) for out in (asked.photos, *asked.out)]
        draw(results, asked.curve)
        Console(width=150).print(table_of(results))
        return
    if asked.photos is None or len(asked.out) != 1:
        options.error("PHOTOS and OUT, or --curve PICTURE OUT ...")
    (asked.out,) = asked.out
    photos = make_photo_set(find_photos(asked.photos), asked.out / "photos", asked.size)
    judge, learned = judge_and_others(photos, by_chance(photos), asked.judge_photos, asked.most_photos)
    of_rule = rule(asked)
    sweep = []
    for factor in sorted({1.0, *asked.factors}, key=lambda one: abs(np.log(one))):
        sweep.append(measured(asked, factor, factor * of_rule, learned, judge))
        print(sweep[-1], flush=True)
        result = {
            "name": asked.out.name,
            "size_px": asked.size,
            "shown": asked.photos_shown,
            "n_photos": len(learned),
            "judge": asked.judge,
            "sweep": sweep,
        }
        write_json(asked.out / "gamma.json", result)
    Console(width=150).print(table_of([result]))


if __name__ == "__main__":
    main()
