"""From a folder of photos to a generator of their kind of object."""

from partly.generator_training.choices import TrainingChoices
from partly.generator_training.run import TrainedGenerator, TrainingReports, train_generator

__all__ = ["TrainedGenerator", "TrainingChoices", "TrainingReports", "train_generator"]
