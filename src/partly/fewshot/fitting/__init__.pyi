"""Annotations to a fitted segmenter."""

from .cell_targets import shares as shares
from .fit_few_shot_segmenter import check_annotations as check_annotations
from .fit_few_shot_segmenter import default_sizes as default_sizes
from .fit_few_shot_segmenter import fit_few_shot as fit_few_shot
from .fit_options import FewShotConfig as FewShotConfig
from .fit_options import FitRequest as FitRequest
from .label_quality import LabelQuality as LabelQuality
from .left_out_pictures import half_agreement as half_agreement
from .left_out_pictures import left_out_iou as left_out_iou
from .left_out_pictures import needs_halves as needs_halves
from .left_out_pictures import quality_by_part as quality_by_part
from .method_table import METHODS as METHODS
from .method_table import live_method as live_method
from .quality_from_labels import measured_quality as measured_quality
from .quality_from_labels import quality_of_labels as quality_of_labels
from .ridge_fit import RidgeFit as RidgeFit
from .ridge_methods import MOST_LABELS_TO_SELF_TRAIN as MOST_LABELS_TO_SELF_TRAIN
from .ridge_rows import renumbered as renumbered
from .segmenter_folders import load_segmenter as load_segmenter
from .segmenter_folders import save_segmenter as save_segmenter
from .segmenter_folders import segmenter_digest as segmenter_digest
from .spatial_prior import layout_of as layout_of
from .spatial_prior import layout_of_shares as layout_of_shares
from .teacher import Teacher as Teacher
from .teacher import fit_teacher as fit_teacher
from .teacher import teacher_loader as teacher_loader
