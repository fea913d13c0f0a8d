"""Label files of other programs: LabelMe, COCO, CVAT, PNG."""

from .brush_codes import brush_code as brush_code
from .cutting import Style as Style
from .label_formats import FORMATS as FORMATS
from .label_formats import format_named as format_named
from .label_formats import read_labels as read_labels
from .label_formats import write_labels as write_labels
from .run_lengths import mask_to_text as mask_to_text
from .shape_painting import FILL_IDS as FILL_IDS
from .shape_painting import Fill as Fill
from .shape_painting import NamedLabelMap as NamedLabelMap
