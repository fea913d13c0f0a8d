"""Fitting few-shot segmenters on annotated pictures."""

from partly.training.few_shot.fit import FewShotConfig, fit_few_shot
from partly.training.few_shot.ridge import RidgeFit

__all__ = ["FewShotConfig", "RidgeFit", "fit_few_shot"]
