"""What an adversarial training depends on."""

from __future__ import annotations

from dataclasses import asdict

from partly.losses import Lazy
from partly.storage import Provenance, digest_of
from partly.training.adversarial.gan_config import GanConfig
from partly.training.adversarial.gan_play import GanPlayers
from partly.training.augment.adversarial import NOTHING

_ASSUMED = {
    "optimizer": "adam",
    "weight_bound": None,
    "averages": [1.0],
    "n_frozen": 0,
    "reuse_pictures": False,
}
"""Of choices that were none when a checkpoint was written."""


def gan_claims(players: GanPlayers, photos: str, config: GanConfig) -> list[Provenance]:
    """What it depends on, as it is written now, and as Partly 0.1 wrote the same.

    Args:
        players: as they are at first.
        photos: digest of the batches.
        config: how they are trained.
    """
    common = asdict(config) | {
        "photos": photos,
        "first weights": digest_of(players.generator.state_dict())
        + digest_of(players.discriminator.state_dict()),
    }
    now = {
        "objective": repr(players.objective),
        "penalties": repr((players.discriminator_penalties, players.generator_penalties)),
        "augmentation": repr(players.augment),
    }
    claims = [Provenance(common | now, config.free, _ASSUMED)]
    of_discriminator, of_generator = players.discriminator_penalties, players.generator_penalties
    if len({penalty.every for penalty in of_discriminator}) > 1 or len(of_generator) > 1:
        return claims
    unused = {
        name
        for name, penalties in (("penalty_every", of_discriminator), ("path_length_every", of_generator))
        if not penalties
    }
    augment = None if players.augment == NOTHING else players.augment
    before = {
        "penalty_every": of_discriminator[0].every if of_discriminator else None,
        "path_length_every": of_generator[0].every if of_generator else None,
        "objective": f"({players.objective!r}, {_together(of_discriminator)}, {augment!r}, "
        f"{_together(of_generator)})",
    }
    return [*claims, Provenance(common | before, config.free | unused, _ASSUMED)]


def _together(penalties: tuple[Lazy, ...]) -> str:
    """Penalties as Partly 0.1 described them, which counted them all equally often."""
    told = [repr(penalty.objective) for penalty in penalties]
    return f"Together(penalties=({', '.join(told)}))" if len(told) > 1 else told[0] if told else "None"
