"""A generator that caches features: studies read those of the same few pictures again and again."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor

from partly.models.generators import Generator, Synthesis

GIB = 2**30


class CachingGenerator:
    """Gives what ``generator`` gives; the features of the last pictures come out of memory.

    Only calls without pictures are cached. What was computed up to a finer level also serves a call that
    wants less.

    Args:
        generator: makes what is not cached.
        most_bytes: memory that the features may take; the longest unused go first.
    """

    def __init__(self, generator: Generator, most_bytes: int = 6 * GIB) -> None:
        self._generator, self._most_bytes = generator, most_bytes
        self._known: OrderedDict[bytes, tuple[int, Synthesis]] = OrderedDict()
        self._n_bytes = 0
        self.z_dim, self.w_dim, self.n_layers = generator.z_dim, generator.w_dim, generator.n_layers
        self.image_size_px, self.levels = generator.image_size_px, generator.levels
        self.w_mean, self.digest = generator.w_mean, generator.digest
        self.classes, self.class_means = generator.classes, generator.class_means
        self.drawn_classes = generator.drawn_classes

    def map(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        """As the generator's."""
        return self._generator.map(z, condition)

    def synthesise(self, w: Tensor, *, features_px: int | None = None, images: bool = True) -> Synthesis:
        """As the generator's; the maps must not be changed."""
        if images:
            return self._generator.synthesise(w, features_px=features_px)
        wanted_px = self.levels[-1].size_px if features_px is None else features_px
        key = w.numpy().tobytes()
        known_px, synthesis = self._known.get(key, (0, None))
        if synthesis is None or known_px < wanted_px:
            # Whoever asks first may be in inference mode, whose tensors no later fit could learn from.
            with torch.inference_mode(False), torch.no_grad():
                synthesis = self._generator.synthesise(w, features_px=wanted_px, images=False)
            self._keep(key, wanted_px, synthesis)
        self._known.move_to_end(key)
        wanted = [i for i, level in enumerate(self.levels) if level.size_px <= wanted_px]
        return Synthesis(None, synthesis.pyramid.select(wanted))

    def _keep(self, key: bytes, features_px: int, synthesis: Synthesis) -> None:
        self._forget(key)
        self._known[key] = features_px, synthesis
        self._n_bytes += synthesis.pyramid.n_bytes
        while self._n_bytes > self._most_bytes and len(self._known) > 1:
            self._forget(next(iter(self._known)))

    def _forget(self, key: bytes) -> None:
        _, synthesis = self._known.pop(key, (0, None))
        if synthesis is not None:
            self._n_bytes -= synthesis.pyramid.n_bytes
