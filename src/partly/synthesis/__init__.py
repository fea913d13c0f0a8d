"""Labelled pictures as a stream of shards: made by a generator and a few-shot segmenter, read by index."""

from partly.synthesis.config import SynthesisConfig, SynthesisReport
from partly.synthesis.labelled import LabelledShards
from partly.synthesis.stream import synthesise_labelled

__all__ = ["LabelledShards", "SynthesisConfig", "SynthesisReport", "synthesise_labelled"]
