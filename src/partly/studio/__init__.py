"""The studio's server: HTTP over :mod:`partly.labelling`, and the page."""
