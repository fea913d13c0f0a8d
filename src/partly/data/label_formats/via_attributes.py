"""Which attribute of VIA's regions is the name of the part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partly.data.label_formats.label_file import Reading
from partly.data.label_formats.shape_painting import is_known
from partly.errors import BadLabel, listed


@dataclass(frozen=True)
class Attributes:
    """The attributes of all regions of a file.

    Attributes:
        regions: for each, where it is, and its attributes.
        shown: for each attribute, what its choices are shown as, where that is not their own name.
    """

    regions: Sequence[tuple[str, dict[str, Any]]]
    shown: dict[str, dict[str, str]]

    @classmethod
    def of(cls, value: dict[str, Any], regions: Sequence[tuple[str, Any]]) -> Attributes:
        """Those of a file.

        Args:
            value: the whole JSON; of a project it says how choices are shown.
            regions: for each, where it is, and its ``region_attributes``.
        """
        return cls(
            [(where, own if isinstance(own, dict) else {}) for where, own in regions],
            _shown(value.get("_via_attributes")),
        )

    @property
    def names(self) -> list[str]:
        """All attributes that a region has, the commonest first."""
        counts = Counter(name for _, own in self.regions for name in own)
        return [name for name, _ in counts.most_common()]

    def values(self, name: str) -> list[str]:
        """What regions have for an attribute, those with nothing left out."""
        return [text for _, own in self.regions for text in self._texts(name, own)]

    def labels(self, name: str, path: Path) -> list[tuple[str, str]]:
        """Where each region is, and its label.

        Raises:
            BadLabel: a region without one, or with several.
        """
        labels = []
        for where, own in self.regions:
            texts = self._texts(name, own)
            if len(texts) != 1:
                raise BadLabel(
                    f"{where} has "
                    + (f"several values of {name!r}: {listed(texts)}" if texts else f"no {name!r}"),
                    expected="one, the name of its part",
                    remedy="Give every region its part in VIA, or delete it, and save again",
                    path=path,
                )
            labels.append((where, texts[0]))
        return labels

    def _texts(self, name: str, own: dict[str, Any]) -> list[str]:
        value = own.get(name)
        if isinstance(value, dict):  # of boxes to tick
            chosen = [key for key, is_on in value.items() if is_on]
        else:
            chosen = (
                [str(value)] if isinstance(value, str | int | float) and not isinstance(value, bool) else []
            )
        shown = self.shown.get(name, {})
        return [shown.get(text, text).strip() for text in chosen if text.strip()]


def part_attribute(attributes: Attributes, reading: Reading, path: Path) -> str:
    """The attribute whose values are names of parts, or the only one.

    Where several have such values, the one with most of them is taken, and told.

    Raises:
        BadLabel: there is no attribute, or it is not clear which.
    """
    names = attributes.names
    if not names:
        raise BadLabel(
            "has regions without attributes",
            expected="an attribute with the name of the part",
            remedy="Add a region attribute in VIA, name the parts with it, and save again",
            path=path,
        )
    if len(names) == 1:
        return names[0]
    hits = {
        name: sum(is_known(value, reading.part_set) for value in attributes.values(name)) for name in names
    }
    most = max(hits.values())
    best = [name for name, n in hits.items() if n == most]
    if not most or len(best) > 1:
        raise BadLabel(
            "has regions with the attributes "
            + "; ".join(f"{name!r} ({_examples(attributes.values(name))})" for name in names)
            + (", and it is not clear which of them names parts" if most else ", none of which names parts"),
            expected=f"one whose values are among {', '.join(reading.part_set.names)}",
            remedy="Delete the other attributes in VIA, or rename the values, and save again",
            path=path,
        )
    others = [name for name, n in hits.items() if n and name != best[0]]
    if others:
        reading.tell(
            f"{path}: names of parts were taken from the attribute {best[0]!r}, and not from "
            + listed(map(repr, others))
        )
    return best[0]


def _examples(values: list[str]) -> str:
    return listed(list(dict.fromkeys(map(repr, values)))[:3]) or "without values"


def _shown(attributes: Any) -> dict[str, dict[str, str]]:
    regions = attributes.get("region") if isinstance(attributes, dict) else None
    if not isinstance(regions, dict):
        return {}
    return {
        name: {
            key: shown
            for key, shown in own["options"].items()
            # VIA itself stores the key; people who number their choices name them in the description.
            if isinstance(shown, str) and shown.strip() and key.strip().isdecimal()
        }
        for name, own in regions.items()
        if isinstance(own, dict) and isinstance(own.get("options"), dict)
    }
