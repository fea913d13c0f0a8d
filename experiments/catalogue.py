"""All experiments; a new one is a module and a line here."""

from __future__ import annotations

import difflib

from experiments.experiment import Experiment
from experiments.studies import (
    adversarial,
    adversarial_labels,
    anywhere,
    choosing,
    cost,
    faces,
    few_shot_networks,
    label_noise,
    labels,
    levels,
    objects,
    photo_networks,
    pictures,
    shapes,
    two_networks,
)
from partly.errors import BadOption

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        faces.EXPERIMENT,
        two_networks.EXPERIMENT,
        few_shot_networks.EXPERIMENT,
        choosing.EXPERIMENT,
        labels.EXPERIMENT,
        objects.EXPERIMENT,
        photo_networks.EXPERIMENT,
        levels.EXPERIMENT,
        shapes.EXPERIMENT,
        label_noise.EXPERIMENT,
        pictures.EXPERIMENT,
        cost.EXPERIMENT,
        anywhere.EXPERIMENT,
        anywhere.KNOWN_FRAMES,
        adversarial.EXPERIMENT,
        adversarial_labels.EXPERIMENT,
    )
}


def experiment_named(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        BadOption: there is none.
    """
    if name in EXPERIMENTS:
        return EXPERIMENTS[name]
    close = difflib.get_close_matches(name, EXPERIMENTS, n=1)
    raise BadOption(
        f"there is no experiment {name!r}",
        expected=f"one of {', '.join(EXPERIMENTS)}",
        remedy=f"Did you mean {close[0]!r}" if close else None,
    )
