"""One project on disk: where its files are, what is done, what is next, and the steps between."""

from partly.project.project import Project, create_project, open_project

__all__ = ["Project", "create_project", "open_project"]
