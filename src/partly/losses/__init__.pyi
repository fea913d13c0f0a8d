"""What is minimised: pure functions and small frozen dataclasses."""

from .adversarial_losses import Hinge as Hinge
from .adversarial_losses import Minimax as Minimax
from .adversarial_losses import NonSaturating as NonSaturating
from .adversarial_losses import Wasserstein as Wasserstein
from .evidence_lower_bound import ELBO as ELBO
from .evidence_lower_bound import LaplacePixels as LaplacePixels
from .evidence_lower_bound import drawn as drawn
from .label_losses import bias_correction as bias_correction
from .label_losses import counted_pixels as counted_pixels
from .label_losses import part_weights_from_frequencies as part_weights_from_frequencies
from .label_losses import soft_cross_entropy as soft_cross_entropy
from .noise_penalties import noise_autocorrelation as noise_autocorrelation
from .perceptual_distances import perceptual_distance as perceptual_distance
from .perceptual_distances import pixel_distance as pixel_distance
from .perceptual_distances import unit_normalised as unit_normalised
from .rounds import Ask as Ask
from .rounds import Judgement as Judgement
from .rounds import Lazy as Lazy
from .rounds import Objective as Objective
from .rounds import OfDiscriminator as OfDiscriminator
from .rounds import Round as Round
from .rounds import Terms as Terms
from .rounds import total as total
from .slope_penalties import GradientPenalty as GradientPenalty
from .slope_penalties import PathLength as PathLength
from .slope_penalties import R1 as R1
