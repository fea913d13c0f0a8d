"""Fitting few-shot segmenters on annotated pictures."""

from partly.training.few_shot.fit import check_annotations, fit_few_shot
from partly.training.few_shot.fit_options import FewShotConfig
from partly.training.few_shot.ridge import RidgeFit

__all__ = ["FewShotConfig", "RidgeFit", "check_annotations", "fit_few_shot"]
