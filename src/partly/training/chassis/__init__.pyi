"""What all trainings share: a sitting with checkpoints, log, clock, Ctrl-C, ranks."""

from .ranks import ALONE as ALONE
from .ranks import Ranks as Ranks
from .ranks import own_device as own_device
from .ranks import ranks_of_environment as ranks_of_environment
from .step_log import OnStep as OnStep
from .step_log import StepReport as StepReport
from .step_log import figures_text as figures_text
from .training_state import checkpoint_files as checkpoint_files
