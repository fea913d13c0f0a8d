"""How well label maps agree, and how well pictures do as photos; numpy only."""

from .difference_scores import Differences as Differences
from .evaluation_scores import Evaluation as Evaluation
from .evaluation_scores import Skipped as Skipped
from .generator_figures import LEAST_PHOTOS as LEAST_PHOTOS
from .generator_figures import check_numbers as check_numbers
from .generator_scores import GeneratorEvaluation as GeneratorEvaluation
from .kernel_distances import KernelDistance as KernelDistance
from .kernel_distances import cubic_kernel as cubic_kernel
from .kernel_distances import kernel_distance as kernel_distance
from .manifold import manifold_scores as manifold_scores
from .manifold import realism as realism
from .mean_discrepancies import mean_discrepancy as mean_discrepancy
from .memorised_photos import find_memorised as find_memorised
from .reconstruction_errors import MinimumReconstruction as MinimumReconstruction
from .three_sample_test import PictureSums as PictureSums
from .three_sample_test import relative_similarity as relative_similarity
from .three_sample_test import sums_of_kernel as sums_of_kernel
