"""Latents of annotated pictures as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from partly.errors import BadLabel

_MAX_LAYERS = 1024


def latent_to_json(w: npt.NDArray[np.float32]) -> dict[str, Any]:
    """A latent, float32 [l, v], as JSON values: one row if all layers share it; reads back exactly."""
    # The shortest decimal of a float32 widened to float64 reads back as that same float32.
    shared = all(row.tobytes() == w[0].tobytes() for row in w)
    return {"n_layers": len(w), "values": w[0].tolist() if shared else w.tolist()}


def latent_from_json(value: Any) -> npt.NDArray[np.float32] | None:
    """The latent, float32 [l, v], of :func:`latent_to_json`, or None for null.

    Raises:
        BadLabel: the values are no latent.
    """
    if value is None:
        return None
    try:
        n_layers, values = value["n_layers"], np.array(value["values"], np.float64)
        if not 1 <= n_layers <= _MAX_LAYERS:
            raise ValueError(n_layers)
        with np.errstate(over="ignore"):  # becomes infinite, which is refused later
            return np.broadcast_to(values, (n_layers, values.shape[-1])).astype(np.float32)
    except (TypeError, KeyError, ValueError, IndexError, OverflowError):
        raise BadLabel(
            "its latent w is damaged", expected='{"n_layers": l, "values": [v] or [l][v]}'
        ) from None


def check_latent(w: npt.NDArray[np.float32], annotation_id: str) -> None:
    """Raise BadLabel if an array is no latent: float32 [l, v] of finite numbers."""
    if w.dtype != np.float32 or w.ndim != 2 or not w.size:
        raise BadLabel(
            f"the latent of annotation {annotation_id!r} is {w.dtype} {list(w.shape)}",
            expected="float32 [layers, w_dim]",
        )
    if not np.isfinite(w).all():
        raise BadLabel(
            f"the latent of annotation {annotation_id!r} has values that are not finite",
            expected="finite numbers",
        )
