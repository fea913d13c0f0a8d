"""HTTP over a session, and the page; no logic."""

from .built_page import NOT_BUILT as NOT_BUILT
from .built_page import is_built as is_built
from .serving import serve as serve
from .serving import studio_app as studio_app
