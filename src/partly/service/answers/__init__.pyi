"""What the service answers: label maps in other forms, predictions for Label Studio; without HTTP."""

from .label_answers import Answer as Answer
from .label_answers import FORMS as FORMS
from .label_studio_predictions import no_prediction as no_prediction
from .label_studio_predictions import prediction as prediction
from .label_studio_predictions import tasks_of as tasks_of
from .labelling_setups import LabellingSetup as LabellingSetup
from .labelling_setups import Setups as Setups
from .segmenting_photos import PhotoSegmenting as PhotoSegmenting
from .segmenting_photos import SegmentedPhoto as SegmentedPhoto
from .segmenting_photos import photo_segmenting as photo_segmenting
from .task_photos import TaskPhotos as TaskPhotos
