"""A build backend that stands in for a source package's own, so that pip runs nothing of the package.

Before pip hands over a source package, it asks for its name and version, and would run the package's setup
to learn them (https://peps.python.org/pep-0517). They are known here, and this backend says them. It is
called setuptools, which pip asks where a package names no backend, and is found before the real one.
"""

from __future__ import annotations

from pathlib import Path

_BACKEND = '''"""Says what the package is called, and builds nothing."""

from pathlib import Path


class _Backend:
    def get_requires_for_build_wheel(self, config_settings=None):
        return []

    def prepare_metadata_for_build_wheel(self, metadata_directory, config_settings=None):
        folder = Path(metadata_directory) / {folder!r}
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        return folder.name


__legacy__ = _Backend()
get_requires_for_build_wheel = __legacy__.get_requires_for_build_wheel
prepare_metadata_for_build_wheel = __legacy__.prepare_metadata_for_build_wheel
'''
OPTIONS = ("--no-build-isolation", "--use-pep517")
"""What pip must be told besides, so that it takes the backend that is found first."""


def write_backend(requirement: str, folder: Path) -> None:
    """Write the backend.

    Args:
        requirement: name and exact version, ``"name==1.0"``.
        folder: made here, and to stand first among the folders that Python imports from.
    """
    name, _, version = requirement.partition("==")
    package = folder / "setuptools"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    written = f"{name.replace('-', '_')}-{version}.dist-info"
    (package / "build_meta.py").write_text(_BACKEND.format(folder=written, name=name, version=version))
