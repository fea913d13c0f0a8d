"""Photos, folders and zips in; pictures, overlays and grids out. NumPy and Pillow only."""

from .colour_modes import Pixels as Pixels
from .encoding import JPEG_MAX_SIDE_PX as JPEG_MAX_SIDE_PX
from .encoding import encode_jpeg as encode_jpeg
from .encoding import jpeg_data_uri as jpeg_data_uri
from .encoding import png_data_uri as png_data_uri
from .encoding import resize_pixels as resize_pixels
from .encoding import thumbnail as thumbnail
from .encoding import write_jpeg as write_jpeg
from .encoding import write_png as write_png
from .overlays import colour as colour
from .overlays import overlay as overlay
from .photo import MAX_PIXELS as MAX_PIXELS
from .photo import Photo as Photo
from .photo import photo_of as photo_of
from .photo import read_photo as read_photo
from .photo_location import PhotoSource as PhotoSource
from .photo_sets import Fit as Fit
from .photo_sets import PhotoSet as PhotoSet
from .photo_sets import make_photo_set as make_photo_set
from .photo_sets import padded_square as padded_square
from .photo_sources import PHOTO_SUFFIXES as PHOTO_SUFFIXES
from .photo_sources import PhotoSources as PhotoSources
from .photo_sources import find_photos as find_photos
from .photo_sources import output_name as output_name
from .picture_grids import grid as grid
from .picture_grids import side_by_side as side_by_side
