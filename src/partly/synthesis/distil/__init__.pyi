"""From a teacher to an auto-shot network: synthesis, then training."""

from .distil_config import DistilReports as DistilReports
from .distil_options import DistilConfig as DistilConfig
from .distil_options import DistilRequest as DistilRequest
from .distil_options import EFFORTS as EFFORTS
from .distil_options import FROM_PHOTOS as FROM_PHOTOS
from .distil_options import completed as completed
from .distillation import distil as distil
from .distillation import new_network as new_network
from .distillation import usual_config as usual_config
from .encoded_pictures import PictureReader as PictureReader
from .finder_distillation import distil_finder as distil_finder
from .finder_distillation import finder_config_of as finder_config_of
from .head_distillation import distil_head as distil_head
from .head_training import train_head as train_head
from .kept_features import keep_features as keep_features
from .own_photos import OwnPhotos as OwnPhotos
from .second_round import SECOND_ROUND_FOLDER as SECOND_ROUND_FOLDER
from .squared_photos import unpainted_photos as unpainted_photos
