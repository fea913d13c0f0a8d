"""Families of generators with what they are trained with."""

from .conditioned_plans import code_names as code_names
from .conditioned_plans import condition_batches as condition_batches
from .families_by_machine import ChosenFamily as ChosenFamily
from .families_by_machine import usual_family as usual_family
from .objective_table import OBJECTIVES as OBJECTIVES
from .recipe_table import RECIPES as RECIPES
from .recipe_table import choices_for as choices_for
from .training_choices import LEAST_HELD_OUT as LEAST_HELD_OUT
from .training_choices import TrainingChoices as TrainingChoices
from .training_plans import AUGMENTATIONS as AUGMENTATIONS
from .training_plans import AdversarialPlan as AdversarialPlan
from .training_plans import PlanStep as PlanStep
from .training_plans import TrainedModels as TrainedModels
from .training_plans import TrainingPlan as TrainingPlan
from .training_plans import training_plan as training_plan
from .training_plans import with_defaults as with_defaults
