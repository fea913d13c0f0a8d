"""What a user chooses of classes and codes, and which choices do not go together. Without torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from partly.errors import BadOption
from partly.storage import option

MOST_CODES = 100


@dataclass(frozen=True)
class ClassesChoice:
    """Of families that can learn classes of photos, and make pictures of each."""

    classes: str | None = option(
        None,
        "Classes of the photos: 'folders' if folder names are classes, or a CSV, JSON or IDX file.",
        metavar="FOLDERS|FILE",
    )
    condition: Literal["projection", "auxiliary", "concatenation"] = option(
        "projection",
        "How the discriminator learns the classes: a score for the class, a head that names it, or planes "
        "beside the colours.",
    )


@dataclass(frozen=True)
class GradualChoice:
    """Of families whose classes can come in gradually."""

    condition_from: int | None = option(
        None,
        "Photos shown before the classes begin to count (gradual conditioning, for few photos).",
        at_least=0,
    )
    condition_until: int | None = option(
        None, "Photos shown after which the classes count in full.", at_least=1
    )


@dataclass(frozen=True)
class CodesChoice:
    """Of families that can find kinds of pictures without being told of any (InfoGAN)."""

    codes: int | None = option(
        None,
        "Values of a code that pictures shall tell (InfoGAN): kinds that are found without classes.",
        at_least=2,
        at_most=MOST_CODES,
    )
    continuous_codes: int | None = option(
        None,
        "Continuous codes that pictures shall tell (InfoGAN): slant, width and the like.",
        at_least=1,
        at_most=MOST_CODES,
    )
    information: float = option(1.0, "Weight of what pictures tell of their codes (lambda).", above=0)
    codes_of_shapes: bool = option(
        False,
        "Turn, stretch, slant, move and thicken pictures before their code is told, so that its values are "
        "kinds of shapes, and not of strokes.",
    )


def check_conditions(choices: Any) -> None:
    """Refuse choices of classes and codes that do not go together.

    Args:
        choices: of a family, which may lack any of them.

    Raises:
        BadOption: codes and classes at once; a way to learn classes, or to bring them in gradually, without
            classes; a beginning without an end, or one that does not come before it; a weight without codes.
    """
    classes, way = getattr(choices, "classes", None), getattr(choices, "condition", "projection")
    first, last = getattr(choices, "condition_from", None), getattr(choices, "condition_until", None)
    codes = getattr(choices, "codes", None) or getattr(choices, "continuous_codes", None)
    if classes is not None and codes:
        raise BadOption(
            "codes and classes at once",
            expected="classes, which are known, or codes, which are found",
            remedy="Leave --codes and --continuous-codes out, or --classes",
        )
    if classes is None and way != "projection":
        raise _without_classes(f"condition is {way!r}")
    if classes is None and (first, last) != (None, None):
        raise _without_classes("classes are to count gradually")
    if (first is None) != (last is None):
        there, missing = ("condition_until", "from") if first is None else ("condition_from", "until")
        raise BadOption(
            f"{there} is {getattr(choices, there)}, without condition_{missing}",
            expected="both: when classes begin to count, and when they count in full",
            remedy=f"Give --condition-{missing} as well",
        )
    if first is not None and last is not None and first >= last:
        raise BadOption(
            f"condition_from is {first}, and condition_until {last}",
            expected="numbers of photos shown, the first below the second",
        )
    if getattr(choices, "codes_of_shapes", False) and not getattr(choices, "codes", None):
        raise BadOption(
            "codes of shapes, without a code", expected="--codes with it, whose values are kinds of shapes"
        )
    if not codes and getattr(choices, "information", 1.0) != 1.0:
        raise BadOption(
            f"information is {choices.information}, without codes",
            expected="--codes or --continuous-codes with it",
        )


def _without_classes(found: str) -> BadOption:
    return BadOption(
        f"{found}, and there are no classes",
        expected="--classes with it",
        remedy="Tell the classes of the photos, or leave it out",
    )
