"""HTTP over the answers: routes, limits, the server; no logic."""

from .service_server import serve_network as serve_network
