"""HTTP over the answers: routes, limits, the server; no logic."""

from .service_server import serve_network as serve_network
from .service_server import served_network as served_network
from .service_server import service_app as service_app
from .work import Workers as Workers
