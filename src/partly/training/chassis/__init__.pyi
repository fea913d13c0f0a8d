"""What all trainings share: a sitting with checkpoints, log, clock, Ctrl-C, ranks."""

from .averaged_weights import ema_decay as ema_decay
from .checkpoints import checkpoint_files as checkpoint_files
from .gradients_in_portions import GradientsInPortions as GradientsInPortions
from .reading_ahead import read_ahead as read_ahead
from .shared_norms import share_norms as share_norms
from .sitting import Plan as Plan
from .sitting import Sitting as Sitting
from .sitting import Trained as Trained
from .step_log import OnStep as OnStep
from .step_log import StepReport as StepReport
from .step_log import figures_text as figures_text
from .stopping_rule import RuleState as RuleState
from .stopping_rule import StoppingRule as StoppingRule
from .watching import Others as Others
from .watching import Verdict as Verdict
from .watching import Watch as Watch
