"""Where objects are in a photo, whatever their place, size, angle and number."""

from .finding import FindOptions as FindOptions
from .finding import Finder as Finder
from .finding import Found as Found
from .finding import find_objects as find_objects
from .frame import Frame as Frame
from .frame import seen_in as seen_in
from .frame import wrapped_deg as wrapped_deg
