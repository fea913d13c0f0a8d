"""Labelled pictures in tar shards, made once and resumable."""

from .labelled_shards import LabelledShards as LabelledShards
from .labelled_synthesis import synthesise_labelled as synthesise_labelled
from .labelled_synthesis import synthesise_share as synthesise_share
from .place import Place as Place
from .shard_claims import labels_identity as labels_identity
from .shard_claims import pictures_identity as pictures_identity
from .synthesis_config import OnPicture as OnPicture
from .synthesis_config import SynthesisConfig as SynthesisConfig
from .synthesis_config import SynthesisReport as SynthesisReport
