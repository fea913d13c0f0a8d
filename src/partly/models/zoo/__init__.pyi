"""Models by name: what can be fetched, what is on this machine."""

from .checkpoint_import import default_folder as default_folder
from .checkpoint_import import import_checkpoint as import_checkpoint
from .checkpoint_import import is_checkpoint as is_checkpoint
from .downloads import DINOV2 as DINOV2
from .downloads import DOWNLOADS as DOWNLOADS
from .downloads import ENCODER as ENCODER
from .downloads import MOBILE_SAM as MOBILE_SAM
from .downloads import VGG16 as VGG16
from .downloads import check_name as check_name
from .downloads import encoder_names as encoder_names
from .downloads import generator_names as generator_names
from .downloads import get as get
from .downloads import model_folder as model_folder
from .installed_feature_networks import FEATURE_NETWORKS as FEATURE_NETWORKS
from .installed_feature_networks import load_feature_network as load_feature_network
from .installed_models import encoder_weights as encoder_weights
from .installed_models import generator_folder as generator_folder
from .installed_models import installed_lpips as installed_lpips
from .installed_models import load_encoder as load_encoder
from .installed_models import load_generator as load_generator
from .wheel_files import Package as Package
from .wheel_files import fetch_package as fetch_package
from .wheel_files import fetched_members as fetched_members
