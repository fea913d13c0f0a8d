"""Photos back into a generator: the latents whose pictures are like them."""

from .inversion_folder import Forecast as Forecast
from .inversion_folder import InversionEntry as InversionEntry
from .inversion_folder import InversionSummary as InversionSummary
from .inversion_folder import invert_folder as invert_folder
from .inversion_folder import photo_beside as photo_beside
from .invert_options import InvertOptions as InvertOptions
from .latent_annotations import annotate_latent as annotate_latent
from .latent_annotations import label_in_square as label_in_square
from .latent_annotations import latent_annotation_id as latent_annotation_id
from .latent_files import read_latent as read_latent
from .latent_search import search as search
from .latent_spaces import has_mapping as has_mapping
from .latent_spaces import latent_space as latent_space
from .photo_inversion import Inverted as Inverted
from .photo_inversion import invert_photos as invert_photos
from .picture_distances import PictureDistance as PictureDistance
from .picture_distances import chosen_distance as chosen_distance
