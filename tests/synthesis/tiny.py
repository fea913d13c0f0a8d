"""A generator and a segmenter of a few hundred weights, and how a worker process gets them."""

from __future__ import annotations

import errno
import os

import torch
import torch.nn.functional as F
from torch import nn

from partly.data.labels.part_sets import PartSet
from partly.errors import NotAvailable
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.teacher import Teacher
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.models.feature_pyramid import FeaturePyramid, Level
from partly.models.generators.generator_protocol import Synthesis

PARTS = PartSet.from_names(("background", "left", "right"))


class TinyGenerator:
    z_dim = w_dim = 6
    n_layers = 2
    image_size_px = 32
    levels = (Level("a", 4, 3), Level("b", 16, 2), Level("c", 32, 2))
    digest = "d" * 64

    def __init__(self, fails_at=None):
        made = torch.Generator().manual_seed(1)
        self.weights = [torch.randn(6, level.n_channels * 16, generator=made) for level in self.levels]
        self.to_rgb = torch.randn(3, 2, generator=made)
        self.w_mean = torch.zeros(6)
        self.classes, self.class_means, self.drawn_classes = (), torch.zeros(0, 6), ()
        self.fails_at, self.n_made, self.n_drawn = fails_at, 0, 0

    def map(self, z, condition=None):
        return z[:, None].expand(-1, 2, -1)

    def synthesise(self, w, *, features_px=None, images=True):
        self.n_made += 1
        if self.n_made == self.fails_at:
            raise RuntimeError("power cut")
        self.n_drawn += images
        maps = [
            F.interpolate((w[:, 0] @ weights).view(len(w), -1, 4, 4), (level.size_px,) * 2, mode="bilinear")
            for weights, level in zip(self.weights, self.levels, strict=True)
        ]
        pictures = torch.einsum("oc,bchw->bohw", self.to_rgb, maps[-1]).tanh()
        kept = [m for m in maps if features_px is None or m.shape[-1] <= features_px]
        return Synthesis(pictures if images else None, FeaturePyramid(tuple(kept)))


class TinySegmenter(FewShotSegmenter):
    def __init__(self):
        super().__init__(3, (0, 1), (3, 2))
        torch.manual_seed(2)
        self.layer = nn.Conv2d(5, 3, 1)

    def logits(self, pyramid, size_px):
        return self.layer(self.read(pyramid).hypercolumn(size_px))

    def arguments(self):
        return {}


def teacher(generator=None, segmenter=None, part_set=PARTS):
    source = GeneratorFeatures(generator or TinyGenerator())
    return Teacher(segmenter or TinySegmenter(), part_set, source, source_digest=source.digest)


def load():
    return teacher()


def load_nothing():
    raise NotAvailable("the generator is gone", remedy="Get it again")


def load_broken():
    raise ValueError("out of luck")


def load_from_full_disk():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "file")


def load_and_die():
    os._exit(9)
