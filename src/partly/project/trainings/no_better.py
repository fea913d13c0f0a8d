"""``--until no-better``: pictures are compared with held-out photos, and the stopping rule decides."""

from __future__ import annotations

import copy
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from partly.data.photos import PhotoSet
from partly.evaluation.generators import photo_features, picture_features
from partly.evaluation.metrics import (
    PictureSums,
    cubic_kernel,
    mean_discrepancy,
    relative_similarity,
    sums_of_kernel,
)
from partly.models.encoders import FeatureNetwork
from partly.models.generators import GeneratorFamily
from partly.project.trainings.kept_averages import average_name
from partly.project.trainings.training_measures import tell_nobody
from partly.storage import write_text
from partly.training.chassis import Others, RuleState, StoppingRule, Verdict

OnEvaluation = Callable[["Evaluation"], None]
N_PICTURES = 512
_SEEDS = 1 << 60
_OF_A_TRAINING = 1 << 20


@dataclass(frozen=True)
class Evaluation:
    """One comparison of pictures with the photos that are held out.

    Attributes:
        step: number of steps done.
        n_seen: photos shown so far.
        kernel: kernel distance, times 1000.
        kernel_error: its standard deviation, times 1000.
        p: of the comparison with an earlier evaluation; None where there is none.
        decision: of the rule; see :data:`partly.training.chassis.stopping_rule.Decision`.
        n_strikes: in a row, after it.
        n_halvings: so far, after it.
        rate: factor on the learning rate from here on.
        is_best: whether no kernel distance was less before.
        time_s: what it took.
    """

    step: int
    n_seen: int
    kernel: float
    kernel_error: float
    p: float | None
    decision: str
    n_strikes: int
    n_halvings: int
    rate: float
    is_best: bool
    time_s: float


@dataclass(frozen=True)
class Looks:
    """How pictures are looked at.

    Attributes:
        every: steps between two evaluations.
        n_shown_a_step: photos.
        seed: of the training. Each evaluation makes pictures of other latents, since the test is of
            independent ones.
        n_pictures: made for each evaluation.
        obeyed: "all"; "rates", so that the rate is halved but the training not stopped; "nothing", so that
            it is told alone what the rule would do.
    """

    every: int
    n_shown_a_step: int
    seed: int = 0
    n_pictures: int = N_PICTURES
    obeyed: Literal["all", "rates", "nothing"] = "all"


def n_pictures_beside(n_held_out: int) -> int:
    """How many pictures are made for each evaluation beside so many photos: as many, and 512 at least.

    With either few the distance is known badly, and slow progress is taken for none (docs/lab.md).
    """
    return max(N_PICTURES, n_held_out)


class NoBetter:
    """The watch of a training that stops when its pictures no longer get better.

    The weights of the best evaluation lie in a model folder beside the log. What is compared later is kept
    as sums for each photo; pictures and their features are not kept.

    Args:
        held_out: photos that are not learned from.
        network: computes features of photos and pictures.
        looks: how often, and at how many pictures.
        folder: where ``stopping.jsonl`` and the best weights are written, and features are kept.
        rule: decides.
        on_progress: told what is looked at, how many are done, and of how many.
        on_evaluation: told of each evaluation.

    Attributes:
        every, identity: see :class:`partly.training.chassis.Watch`.
        evaluations: so far, oldest first.
    """

    def __init__(
        self,
        held_out: PhotoSet,
        network: FeatureNetwork,
        looks: Looks,
        folder: Path,
        rule: StoppingRule | None = None,
        on_progress: Callable[[str, int, int], None] = tell_nobody,
        on_evaluation: OnEvaluation = tell_nobody,
    ) -> None:
        self._photos, self._network, self._looks, self._folder = held_out, network, looks, folder
        self._rule = rule or StoppingRule()
        self._on_progress, self._on_evaluation = on_progress, on_evaluation
        self._rule_state, self._memory = RuleState(), list[PictureSums]()
        self.evaluations: list[Evaluation] = []
        self.every = looks.every
        self.identity: Mapping[str, Any] = {
            "held-out photos": held_out.digest,
            "feature network": network.digest,
            "rule": asdict(self._rule),
            "evaluations": {"every": looks.every, "pictures": looks.n_pictures, "obeyed": looks.obeyed},
        }

    @property
    def best(self) -> Evaluation | None:
        """The evaluation with the least kernel distance; None before the first."""
        return next((one for one in reversed(self.evaluations) if one.is_best), None)

    @property
    def best_folder(self) -> Path | None:
        """Model folder of the generator of that moment."""
        return None if self.best is None else self._folder_of(self.best.step)

    @property
    def is_over(self) -> bool:
        """Whether the rule has stopped the training, or would have."""
        return self._rule.is_over(self._rule_state)

    def photo_rows(self) -> tuple[NDArray[np.float32], FeatureNetwork, bool]:
        """Features of the photos, the network, and that they were held out."""
        return self._photo_rows.astype(np.float32), self._network, True

    def look(self, model: nn.Module, n_done: int, others: Others) -> Verdict:
        """Compare pictures with the photos, and decide.

        Raises:
            TrainingDiverged: pictures are NaN.
        """
        started = time.monotonic()
        assert isinstance(model, GeneratorFamily)
        rows = picture_features(
            model,
            self._network,
            self._looks.n_pictures,
            _SEEDS + _OF_A_TRAINING * self._looks.seed + len(self.evaluations),
            on_rows=partial(self._on_progress, "comparing pictures with held-out photos"),
        ).astype(np.float64)
        yy, xy = cubic_kernel(rows, rows), cubic_kernel(self._photo_rows, rows)
        found, sums = mean_discrepancy(self._among_photos, yy, xy), sums_of_kernel(yy, xy)
        p = None
        if self._rule.compares(self._rule_state):
            p = relative_similarity(sums, self._memory[-self._rule.n_back]).p
        state, decision = self._rule.after(self._rule_state, p)
        kernel = 1000 * found.squared
        is_best = self.best is None or kernel < self.best.kernel
        if is_best:
            self._save(model, n_done, others())
        self._rule_state = state
        self._memory = [*self._memory, sums][-self._rule.n_back :]
        if decision == "halve":
            self._memory = self._memory[len(self._memory) - state.n_remembered :]
        told = Evaluation(
            step=n_done,
            n_seen=n_done * self._looks.n_shown_a_step,
            kernel=kernel,
            kernel_error=1000 * found.variance**0.5,
            p=p,
            decision=decision,
            n_strikes=state.n_strikes,
            n_halvings=state.n_halvings,
            rate=self._verdict().rate,
            is_best=is_best,
            time_s=round(time.monotonic() - started, 3),
        )
        self.evaluations.append(told)
        lines = (json.dumps(asdict(one)) + "\n" for one in self.evaluations)
        write_text(self._folder / "stopping.jsonl", "".join(lines))
        self._on_evaluation(told)
        return self._verdict()

    def state(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """As :class:`partly.training.chassis.Watch`."""
        memory = [{k: v for k, v in vars(sums).items() if k != "of_photos"} for sums in self._memory]
        values = {
            "rule": asdict(self._rule_state),
            "memory": memory,
            "evaluations": [asdict(one) for one in self.evaluations],
        }
        rows = [torch.from_numpy(sums.of_photos) for sums in self._memory]
        return values, {"of_photos": torch.stack(rows)} if rows else {}

    def go_on(self, values: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Verdict:
        """As :class:`partly.training.chassis.Watch`."""
        self._rule_state = RuleState(**values["rule"])
        self._memory = [
            PictureSums(of_photos=tensors["of_photos"][place].numpy(), **sums)
            for place, sums in enumerate(values["memory"])
        ]
        self.evaluations = [Evaluation(**one) for one in values["evaluations"]]
        return self._verdict()

    def _verdict(self) -> Verdict:
        obeyed = self._looks.obeyed
        verdict = Verdict(self._rule.rate(self._rule_state), self.is_over)
        return Verdict() if obeyed == "nothing" else replace(verdict, ends=verdict.ends and obeyed == "all")

    @cached_property
    def _photo_rows(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        looking = partial(self._on_progress, "looking at held-out photos")
        return photo_features(self._photos, self._network, on_rows=looking).rows.astype(np.float64)

    @cached_property
    def _among_photos(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return cubic_kernel(self._photo_rows, self._photo_rows)

    def _save(self, model: GeneratorFamily, step: int, others: Mapping[float, nn.Module]) -> None:
        """Write the best weights; those before stay until they are in no checkpoint that may be gone on with.

        A training that is killed here goes on from its last checkpoint, whose best weights may be those of
        the evaluation before.
        """
        before = self.best_folder
        kept = self._folder_of(step)
        for place, one in {
            kept: model,
            **{average_folder(kept, f): one for f, one in others.items()},
        }.items():
            assert isinstance(one, GeneratorFamily)
            copy.deepcopy(one).cpu().save(place, {})
        for old in self._folder.glob("best-*"):
            if old not in (kept, before):
                shutil.rmtree(old)

    def _folder_of(self, step: int) -> Path:
        return self._folder / f"best-{step:08}"


def average_folder(best: Path, factor: float) -> Path:
    """Where an average of another length lies in the folder of the best weights."""
    return best / "averages" / average_name(factor)
