"""Label files of other programs: nine formats, read and written."""

from .brush_codes import brush_code as brush_code
from .cutting import LabelMaps as LabelMaps
from .cutting import ObjectMap as ObjectMap
from .cutting import Style as Style
from .fillings import FILL_IDS as FILL_IDS
from .fillings import Fill as Fill
from .format_names import FORMAT_NAMES as FORMAT_NAMES
from .label_formats import FORMATS as FORMATS
from .label_formats import LabelFormat as LabelFormat
from .label_formats import format_named as format_named
from .label_formats import read_labels as read_labels
from .label_formats import write_labels as write_labels
from .label_studio import object_note as object_note
from .part_mask import PartMask as PartMask
from .run_lengths import mask_to_text as mask_to_text
from .shape_painting import NamedLabelMap as NamedLabelMap
