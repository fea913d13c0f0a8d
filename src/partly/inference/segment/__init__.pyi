"""Photos and folders of them to label maps."""

from .encoder_network import EncoderNetwork as EncoderNetwork
from .encoder_network import load_part_network as load_part_network
from .generator_network import GeneratorNetwork as GeneratorNetwork
from .object_entries import objects_entry as objects_entry
from .result_entries import ResultEntry as ResultEntry
from .result_entries import read_entries as read_entries
from .segment_folder import segment_all as segment_all
from .segment_options import OutputOptions as OutputOptions
from .segment_options import PageOptions as PageOptions
from .segment_options import SegmentOptions as SegmentOptions
from .segment_options import THOROUGH as THOROUGH
from .segment_options import TarOptions as TarOptions
from .segment_options import ViewOptions as ViewOptions
from .segment_photo_file import PartNetwork as PartNetwork
from .segment_photo_file import segment_photo as segment_photo
from .segment_plans import plan_segmenting as plan_segmenting
from .segment_plans import segment_many as segment_many
from .segment_plans import some_photos as some_photos
from .segment_records import Progress as Progress
from .segment_records import Summary as Summary
from .segment_tars import TarPlan as TarPlan
from .segmentation import PartArea as PartArea
from .segmentation import Segmentation as Segmentation
from .teacher_segmentation import segment_by_teacher as segment_by_teacher
