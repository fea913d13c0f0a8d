"""From a generator and a few-shot segmenter to an auto-shot network: synthesis, then training."""

from partly.distillation.distil import distil
from partly.distillation.distil_options import DistilConfig
from partly.distillation.reports import DistilReports

__all__ = ["DistilConfig", "DistilReports", "distil"]
