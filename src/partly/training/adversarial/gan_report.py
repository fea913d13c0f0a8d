"""What an adversarial training tells of each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class GanReport:
    """One step.

    Attributes:
        step: number of steps done.
        n_steps: number of steps in all.
        n_seen: photos shown so far.
        generator_loss: of this step, without penalties.
        discriminator_loss: of this step, without penalties.
        penalty: the sum of the discriminator's, as last counted; None before.
        real_score: mean score of photos.
        fake_score: mean score of pictures.
        pictures_per_s: photos trained on in a second, lately.
        time_left_s: estimated time to the end.
        augment_p: probability of each change of an adaptive augmentation, from 0 to 1, after this step; None:
            the augmentation is not adaptive.
        generator_terms: all terms that the generator minimises, by name; those that do not count in every
            step as last counted.
        discriminator_terms: the same of the discriminator.
        information: mutual information of pictures and their code, a lower bound in nats; of continuous
            codes, where there are no others. None: there are no codes.
    """

    step: int
    n_steps: int
    n_seen: int
    generator_loss: float
    discriminator_loss: float
    penalty: float | None
    real_score: float
    fake_score: float
    pictures_per_s: float
    time_left_s: float
    augment_p: float | None = None
    generator_terms: Mapping[str, float] = field(default_factory=dict)
    discriminator_terms: Mapping[str, float] = field(default_factory=dict)
    information: float | None = None


OnGanStep = Callable[[GanReport], None]


def gan_figures_text(report: GanReport) -> str:
    """The figures of a step in one line."""
    augment = "" if report.augment_p is None else f"augment p {report.augment_p:.3f}  "
    told = "" if report.information is None else f"code {report.information:.2f} nats  "
    return (
        f"{report.n_seen} photos seen  G {report.generator_loss:.3f}  D {report.discriminator_loss:.3f}  "
        f"scores {report.real_score:+.2f} real {report.fake_score:+.2f} fake  "
        f"{augment}{told}{report.pictures_per_s:.1f} photos/s  "
        f"{timedelta(seconds=round(report.time_left_s))} left"
    )
