"""The auto-shot network trained on labelled pictures."""

from .auto_shot_config import AutoShotConfig as AutoShotConfig
from .auto_shot_config import Stage as Stage
from .auto_shot_config import learning_rate_factor as learning_rate_factor
from .auto_shot_training import AutoShotResult as AutoShotResult
from .auto_shot_training import train_auto_shot as train_auto_shot
from .labelled_pictures import ArrayPictures as ArrayPictures
from .labelled_pictures import BatchOrder as BatchOrder
from .labelled_pictures import LabelledPictures as LabelledPictures
from .labelled_pictures import SomePictures as SomePictures
from .labelled_pictures import asks_for_something as asks_for_something
from .labelled_pictures import hold_out as hold_out
from .labelled_pictures import resized as resized
from .labelled_pictures import to_images as to_images
from .teacher_agreement import part_frequencies as part_frequencies
