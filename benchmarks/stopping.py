"""Where the stopping rule would end trainings, and what that costs: ``--until no-better`` merely watching.

``python -m benchmarks.stopping PHOTOS OUT --family dcgan --size 32 --photos-shown 300000 --no-mirror`` trains
for a fixed length on some of PHOTOS, while the rule evaluates and is not obeyed (``--obey rates``: the rate
is halved, and it goes on). The generator of every evaluation is kept, and judged afterwards on other photos,
which neither training nor rule has seen, by the network ``--judge``; ``--also`` names a second one, which
judges three generators: the rule's, the best of all, the last. OUT holds ``stopping.json`` at the end. The
same command goes on after a stop. ``python -m benchmarks.stopping --table OUT OUT ...`` shows several.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import nn

from benchmarks.photo_judge import by_chance, distance_from, judge_and_others
from partly.data.photos import PhotoSet, find_photos, make_photo_set
from partly.machine import PROCESSOR
from partly.models.zoo import load_feature_network, load_generator
from partly.project.trainings import (
    Evaluation,
    Looks,
    NoBetter,
    hold_out,
    n_held_out,
    n_pictures_beside,
)
from partly.storage import read_json_or_none, write_json
from partly.training.adversarial import SquareBatches
from partly.training.chassis import Others, Verdict
from partly.training.recipes import PlanStep, choices_for, training_plan, with_defaults


class KeepingAll(NoBetter):
    """Keeps the generator of every evaluation in a model folder of its own."""

    def __init__(self, kept: Path, *others: Any, **more: Any) -> None:
        super().__init__(*others, **more)
        self._kept = kept

    def look(self, model: nn.Module, n_done: int, others: Others) -> Verdict:
        verdict = super().look(model, n_done, others)
        copy.deepcopy(model).cpu().save(self._kept / f"{n_done:08}", {})
        return verdict


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.stopping", description=__doc__)
    options.add_argument("photos", type=Path, nargs="?", help="folder, zip or IDX file")
    options.add_argument("out", type=Path, nargs="?")
    options.add_argument("--table", type=Path, nargs="+", help="folders of finished studies")
    options.add_argument("--family", default="dcgan")
    options.add_argument("--size", type=int, default=32)
    options.add_argument("--batch", type=int, default=None)
    options.add_argument("--photos-shown", type=int, default=None, help="fixed length")
    options.add_argument("--evaluate-every", type=int, default=None, help="by default a hundredth of it")
    options.add_argument("--hold-out", type=int, default=None)
    options.add_argument("--most-photos", type=int, default=None, help="of those that there are, by chance")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--no-mirror", action="store_true")
    options.add_argument("--obey", choices=("nothing", "rates"), default="nothing")
    options.add_argument("--judge-photos", type=int, default=2000, help="at most a fifth of all")
    options.add_argument("--judge-pictures", type=int, default=2000)
    options.add_argument("--judge", default="builtin", help="feature network that judges every evaluation")
    options.add_argument("--also", default=None, help="feature network that judges three of them")
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    if asked.table:
        found = [json.loads((out / "stopping.json").read_text()) for out in asked.table]
        Console(width=150).print(table_of(found))
        return
    if asked.photos is None or asked.out is None:
        options.error("PHOTOS and OUT, or --table")
    judge_photos, evaluations = train(asked)
    study = result(asked, evaluations, judged(asked, judge_photos, evaluations), judge_photos)
    write_json(asked.out / "stopping.json", study)
    Console(width=150).print(table_of([study]))


def train(asked: argparse.Namespace) -> tuple[PhotoSet, list[Evaluation]]:
    """Train for the fixed length; photos for the judge, and the evaluations of the rule."""
    every = asked.evaluate_every
    if every is None and asked.photos_shown is not None:
        every = max(1, asked.photos_shown // 100)
    choices = with_defaults(
        choices_for(
            asked.family,
            size_px=asked.size,
            batch_size=asked.batch,
            n_photos_shown=asked.photos_shown,
            mirror=not asked.no_mirror,
            seed=asked.seed,
            until="no-better",
            evaluate_every=every,
        )
    )
    photos = make_photo_set(find_photos(asked.photos), asked.out / "photos", asked.size)
    order = by_chance(photos)[: asked.most_photos]
    judge, others = judge_and_others(photos, order, asked.judge_photos)
    n = n_held_out(len(others), asked.hold_out)
    learned, held_out, _ = hold_out(others, n, asked.seed, mirror=choices.mirror)
    ready = training_plan(choices)
    steps = max(1, round(choices.evaluate_every / ready.n_shown_a_step))
    n_pictures = n_pictures_beside(len(held_out))
    looks = Looks(steps, ready.n_shown_a_step, asked.seed, n_pictures, obeyed=asked.obey)
    folder = asked.out / "training"
    folder.mkdir(parents=True, exist_ok=True)
    watch = KeepingAll(
        asked.out / "generators",
        held_out,
        load_feature_network("builtin"),
        looks,
        folder,
        on_evaluation=lambda one: print(told_of(one), flush=True),
    )
    batches = SquareBatches(learned, ready.batch_size, choices.seed, mirror=choices.mirror)
    ready.run(batches, folder, _silent, _silent, PROCESSOR, watch)
    return judge, watch.evaluations


def _silent(*_: PlanStep | object) -> None:
    """Steps and checkpoints are told by evaluations."""


def told_of(one: Evaluation) -> str:
    p = "" if one.p is None else f"  p {one.p:.3f}"
    return f"{one.n_seen} photos  kernel x 1000 {one.kernel:.3f} ± {one.kernel_error:.3f}{p}  {one.decision}"


def judged(asked: argparse.Namespace, photos: PhotoSet, found: Sequence[Evaluation]) -> dict[int, float]:
    """Kernel distance times 1000 of the generator of each evaluation, by its step; kept as it is found."""
    kept = asked.out / f"judged-{asked.judge}.json"
    known = {int(step): value for step, value in (read_json_or_none(kept) or {}).items()}
    for one in found:
        if one.step not in known:
            known[one.step] = judgement(asked, photos, one.step, asked.judge)
            write_json(kept, known)
            print(f"judged {one.n_seen} photos: {known[one.step]:.3f}", flush=True)
    return {one.step: known[one.step] for one in found}


def judgement(asked: argparse.Namespace, photos: PhotoSet, step: int, network_name: str) -> float:
    """Kernel distance times 1000 of one generator, as a network sees it."""
    generator = load_generator(str(asked.out / "generators" / f"{step:08}"))
    features = asked.out / "features"
    return 1000 * distance_from(photos, generator, network_name, features, asked.judge_pictures).mean


def result(
    asked: argparse.Namespace, found: Sequence[Evaluation], judgements: Mapping[int, float], photos: PhotoSet
) -> dict[str, Any]:
    """What the rule would have chosen, and what there was to choose from."""
    stop = next((one for one in found if one.decision == "stop"), found[-1])
    until_stop = [one for one in found if one.step <= stop.step]
    chosen = min(until_stop, key=lambda one: one.kernel)
    best = min(found, key=lambda one: judgements[one.step])
    three = {"rule": chosen, "best": best, "last": found[-1]}
    also = {name: judgement(asked, photos, one.step, asked.also) for name, one in three.items() if asked.also}
    return {
        "name": asked.out.name,
        "n_photos_shown": found[-1].n_seen,
        "stops_at": stop.n_seen if stop.decision == "stop" else None,
        "share_of_length": stop.n_seen / found[-1].n_seen,
        "chosen_at": chosen.n_seen,
        "best_at": best.n_seen,
        "judge": asked.judge,
        "kernel_x_1000": {name: judgements[one.step] for name, one in three.items()},
        "also": asked.also,
        "also_kernel_x_1000": also,
        "evaluation_s": sum(one.time_s for one in found),
        "evaluations": [asdict(one) | {"judged": judgements[one.step]} for one in found],
    }


def table_of(found: Sequence[Mapping[str, Any]]) -> Table:
    """A line for each study."""
    shown = Table(caption="kernel distances x 1000, on photos that neither training nor rule has seen")
    for title in (
        "study",
        "stops at",
        "of length",
        "chosen at",
        "best at",
        "rule",
        "best",
        "last",
        "worse by",
    ):
        shown.add_column(title, justify="left" if title == "study" else "right")
    for one in found:
        for network, values in (
            (one["judge"], one["kernel_x_1000"]),
            (one["also"], one["also_kernel_x_1000"]),
        ):
            if values:
                shown.add_row(
                    f"{one['name']}, {network}",
                    str(one["stops_at"] or "never"),
                    f"{100 * one['share_of_length']:.0f} %",
                    str(one["chosen_at"]),
                    str(one["best_at"]),
                    *(f"{values[name]:.3f}" for name in ("rule", "best", "last")),
                    f"{100 * (values['rule'] / values['best'] - 1):.1f} %",
                )
    return shown


if __name__ == "__main__":
    main()
