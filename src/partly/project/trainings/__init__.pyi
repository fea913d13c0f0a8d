"""One training of a generator on disk: photos in, a model folder out."""

from .generator_training import TrainingReports as TrainingReports
from .generator_training import train_generator as train_generator
from .tensorboard_curves import TensorBoardCurves as TensorBoardCurves
