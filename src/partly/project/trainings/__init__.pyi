"""One training of a generator on disk: photos in, a model folder out."""

from .begun_family import family_of_training as family_of_training
from .generator_training import TrainingReports as TrainingReports
from .generator_training import train_generator as train_generator
from .held_out_photos import hold_out as hold_out
from .held_out_photos import n_held_out as n_held_out
from .no_better import Evaluation as Evaluation
from .no_better import Looks as Looks
from .no_better import NoBetter as NoBetter
from .no_better import n_pictures_beside as n_pictures_beside
from .tensorboard_curves import TensorBoardCurves as TensorBoardCurves
