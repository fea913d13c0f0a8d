"""Feature networks by name."""

from __future__ import annotations

from partly.errors import BadOption, NotAvailable
from partly.models.encoders.built_in_features import NAME as BUILT_IN
from partly.models.encoders.built_in_features import built_in_features
from partly.models.encoders.feature_network import FeatureNetwork
from partly.models.encoders.inception_network import load_inception
from partly.models.zoo.downloads import DOWNLOADS, INCEPTION, model_folder

FEATURE_NETWORKS = (BUILT_IN, INCEPTION)


def load_feature_network(name: str) -> FeatureNetwork:
    """Load a feature network.

    Args:
        name: one of :data:`FEATURE_NETWORKS`.

    Raises:
        BadOption: an unknown name.
        NotAvailable: it is not in the cache yet.
        BadModelFile: it is damaged.
    """
    if name == BUILT_IN:
        return built_in_features()
    if name != INCEPTION:
        raise BadOption(
            f"there is no feature network {name!r}", expected=f"one of {', '.join(FEATURE_NETWORKS)}"
        )
    folder = model_folder(INCEPTION)
    if not (folder / "model.json").is_file():
        raise NotAvailable(
            f"{INCEPTION!r} ({DOWNLOADS[INCEPTION].title}) is not on this machine yet",
            remedy=f"Run: partly get {INCEPTION}. Or measure with {BUILT_IN!r}, which needs no download, but "
            "whose figures can be compared with its own only",
            path=folder,
        )
    return load_inception(folder)
