"""What HTTP servers share: bodies, errors as answers, who may ask, a port until Ctrl-C."""

from .error_answers import ErrorKind as ErrorKind
from .error_answers import answer_errors as answer_errors
from .patient_connection import PatientConnection as PatientConnection
from .request_bodies import TooLarge as TooLarge
from .request_bodies import json_value as json_value
from .request_bodies import read_body as read_body
from .request_bodies import read_json as read_json
from .request_bodies import read_model as read_model
from .security import Guard as Guard
from .security import Security as Security
from .security import is_page as is_page
from .security import is_token as is_token
from .security import refused as refused
from .serving import listening as listening
from .serving import run_server as run_server
