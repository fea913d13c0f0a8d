"""Part sets, label maps, annotations, and the strokes that made them; without torch."""

from .annotation import Annotation as Annotation
from .annotation import annotation_id_from as annotation_id_from
from .annotation import annotation_ids as annotation_ids
from .annotation import annotation_part_set as annotation_part_set
from .annotation import check_annotation_id as check_annotation_id
from .annotation import latent_from_json as latent_from_json
from .annotation import latent_to_json as latent_to_json
from .annotation import list_annotations as list_annotations
from .annotation import load_annotation as load_annotation
from .annotation import remove_annotation as remove_annotation
from .annotation import save_annotation as save_annotation
from .intersection_over_union import Counts as Counts
from .intersection_over_union import MeanIou as MeanIou
from .intersection_over_union import confusion_matrix as confusion_matrix
from .intersection_over_union import mean_of_known as mean_of_known
from .intersection_over_union import part_iou as part_iou
from .intersection_over_union import photo_iou as photo_iou
from .intersection_over_union import pixel_accuracy as pixel_accuracy
from .label_bytes import decode_png as decode_png
from .label_maps import LabelMap as LabelMap
from .label_maps import check_label_map as check_label_map
from .label_maps import count_part_pixels as count_part_pixels
from .label_maps import read_label_map as read_label_map
from .label_maps import resize_label_map as resize_label_map
from .label_maps import write_label_map as write_label_map
from .part_changes import PartChange as PartChange
from .part_changes import Table as Table
from .part_changes import change_from_json as change_from_json
from .part_changes import changed as changed
from .part_history import PartHistory as PartHistory
from .part_sets import FACE_PARTS as FACE_PARTS
from .part_sets import Part as Part
from .part_sets import PartSet as PartSet
from .part_sets import UNLABELLED as UNLABELLED
<<<<<<< HEAD
from .rasterise import polygon_mask as polygon_mask
=======
from .pictured import Picture as Picture
from .pictured import Pictured as Pictured
from .pictured import is_same_picture as is_same_picture
>>>>>>> house
from .shipped_labels import SHIPPED_SETS as SHIPPED_SETS
from .shipped_labels import shipped_annotations as shipped_annotations
from .shipped_labels import shipped_set as shipped_set
from .stroke_states import Patch as Patch
from .strokes import StrokeJournal as StrokeJournal
from .strokes import is_all_saved as is_all_saved
