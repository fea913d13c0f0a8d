"""The studio's server: HTTP over :mod:`partly.studio.session`, and the page."""
