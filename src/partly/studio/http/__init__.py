"""HTTP over a session: routes, the guard before them, the server, the built page."""
