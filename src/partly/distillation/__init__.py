"""From a generator and a few-shot segmenter to an auto-shot network: synthesis, then training."""

from partly.distillation.config import DistilConfig
from partly.distillation.distil import distil
from partly.distillation.reports import DistilReports

__all__ = ["DistilConfig", "DistilReports", "distil"]
