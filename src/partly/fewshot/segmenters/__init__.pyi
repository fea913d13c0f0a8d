"""Few-shot segmenters: feature pyramid to logits."""

from .ensemble_segmenter import EnsembleSegmenter as EnsembleSegmenter
from .head_segmenter import HeadSegmenter as HeadSegmenter
from .picture_uncertainty import disagreement as disagreement
from .picture_uncertainty import entropy as entropy
from .picture_uncertainty import uncertainty as uncertainty
from .picture_uncertainty import uncertainty_of_part as uncertainty_of_part
from .pixel_coordinates import N_COORDINATES as N_COORDINATES
from .ridge_segmenter import RidgeSegmenter as RidgeSegmenter
from .segmenter_base import FewShotSegmenter as FewShotSegmenter
from .segmenter_base import LAYOUT_PX as LAYOUT_PX
from .segmenter_base import choose_levels as choose_levels
from .standardiser import Moments as Moments
from .standardiser import Standardiser as Standardiser
