"""Labelled pictures in tar shards, made once and resumable."""

from .shard_claims import labels_identity as labels_identity
from .shard_claims import pictures_identity as pictures_identity
from .shard_workers import LoadModels as LoadModels
from .shard_workers import Models as Models
from .synthesis_config import SynthesisReport as SynthesisReport
