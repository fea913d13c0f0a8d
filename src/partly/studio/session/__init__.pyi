"""One project that is open in the studio, without HTTP."""

from .project_opening import DEFAULT_FOLDER as DEFAULT_FOLDER
from .project_opening import open_or_create as open_or_create
from .session import Session as Session
from .workspace import StudioChoices as StudioChoices
from .workspace import check_machine as check_machine
