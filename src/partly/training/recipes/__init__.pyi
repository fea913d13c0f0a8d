"""Families of generators with what they are trained with."""

from .courses import AUGMENTATIONS as AUGMENTATIONS
from .courses import Course as Course
from .courses import CourseStep as CourseStep
from .courses import check_family as check_family
from .courses import course as course
from .courses import filled as filled
from .objective_table import OBJECTIVES as OBJECTIVES
from .recipe_presets import FAMILIES as FAMILIES
from .training_choices import TrainingChoices as TrainingChoices
