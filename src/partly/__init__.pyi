"""Partly: label one picture, segment the rest."""

from .api import Annotations as Annotations
from .api import distil as distil
from .api import fit_few_shot as fit_few_shot
from .api import how_good as how_good
from .api import load_annotations as load_annotations
from .api import load_generator as load_generator
from .api import load_network as load_network
from .api import photo_features as photo_features
from .data.labels import FACE_PARTS as FACE_PARTS
from .data.labels import Annotation as Annotation
from .data.labels import Part as Part
from .data.labels import PartSet as PartSet
from .errors import PartlyError as PartlyError
from .fewshot.fitting import FewShotConfig as FewShotConfig
from .fewshot.fitting import LabelQuality as LabelQuality
from .fewshot.fitting import Teacher as Teacher
from .inference.segment import Segmentation as Segmentation
from .inference.segment import segment_all as segment_all
from .inference.segment import segment_photo as segment_photo
from .machine import MachineOptions as MachineOptions
from .models.networks import AutoShotNetwork as AutoShotNetwork
from .models.zoo import load_encoder as load_encoder
from .synthesis.distil import DistilConfig as DistilConfig
from .synthesis.distil import DistilReports as DistilReports
from .synthesis.distil import OwnPhotos as OwnPhotos

__version__: str
