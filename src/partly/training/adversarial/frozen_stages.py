"""Fine-tuning with frozen lower layers of the discriminator (FreezeD: Mo et al., CVPR workshops 2020).

What tells photos from pictures near the pixels was learned from many photos, and few would only spoil it; the
stages behind it, and the scores, learn.
"""

from __future__ import annotations

from torch import nn

from partly.errors import BadOption


def check_frozen(discriminator: nn.Module, n_frozen: int) -> None:
    """Refuse to freeze more than there is.

    Args:
        discriminator: its ``stages`` are counted from the picture; one without has none.
        n_frozen: of them.

    Raises:
        BadOption: it has fewer stages.
    """
    n = len(_stages(discriminator))
    if n_frozen > n:
        raise BadOption(
            f"{n_frozen} frozen stages of the discriminator",
            expected=f"at most {n}, which it has besides those that give the score"
            if n
            else "none, since it has no stages that could be",
        )


def let_learn(discriminator: nn.Module, n_frozen: int = 0) -> None:
    """Gradients for all weights but those of the first stages (in place)."""
    discriminator.requires_grad_(True)
    for stage in _stages(discriminator)[:n_frozen]:
        stage.requires_grad_(False)


def _stages(discriminator: nn.Module) -> tuple[nn.Module, ...]:
    stages: tuple[nn.Module, ...] = getattr(discriminator, "stages", ())
    return stages
