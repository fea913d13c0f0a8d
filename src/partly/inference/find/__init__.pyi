"""Where objects are in a photo, whatever their place, size, angle and number."""

from .frame import Frame as Frame
from .frame import seen_in as seen_in
