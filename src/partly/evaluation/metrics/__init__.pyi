"""How well label maps agree, and how well pictures do as photos; numpy only."""

from .evaluation_scores import Evaluation as Evaluation
from .evaluation_scores import Skipped as Skipped
from .generator_figures import LEAST_PHOTOS as LEAST_PHOTOS
from .generator_figures import check_numbers as check_numbers
from .generator_scores import GeneratorEvaluation as GeneratorEvaluation
from .manifold import manifold_scores as manifold_scores
from .manifold import realism as realism
from .reconstruction_errors import MinimumReconstruction as MinimumReconstruction
