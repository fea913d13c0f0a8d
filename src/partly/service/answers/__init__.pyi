"""What the service answers: label maps in other forms, predictions for Label Studio; without HTTP."""

from .label_answers import Answer as Answer
from .label_answers import FORMS as FORMS
from .label_studio_predictions import no_prediction as no_prediction
from .label_studio_predictions import prediction as prediction
from .label_studio_predictions import tasks_of as tasks_of
from .labelling_setup import LabellingSetup as LabellingSetup
from .labelling_setup import Setups as Setups
from .photo_segmenting import PhotoSegmenting as PhotoSegmenting
from .photo_segmenting import SegmentedPhoto as SegmentedPhoto
from .photo_segmenting import photo_segmenting as photo_segmenting
from .task_photos import TaskPhotos as TaskPhotos
