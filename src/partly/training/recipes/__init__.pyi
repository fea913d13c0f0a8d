"""Families of generators with what they are trained with."""

from .courses import AUGMENTATIONS as AUGMENTATIONS
from .courses import Course as Course
from .courses import CourseStep as CourseStep
from .courses import course as course
from .courses import filled as filled
from .objective_table import OBJECTIVES as OBJECTIVES
from .recipe_table import RECIPES as RECIPES
from .recipe_table import USUAL_FAMILY as USUAL_FAMILY
from .recipe_table import choices_for as choices_for
from .training_choices import TrainingChoices as TrainingChoices
