"""The forms of jobs, as the page makes them: described by the fields of the options that a job takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from partly.project import Settings
from partly.storage import options_of, values_of
from partly.studio.session.job import VERBS


def form_of(kinds: Iterable[type], usual: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields of a form, as plain JSON values.

    Args:
        kinds: dataclasses of options; those of their fields that are for forms are shown, in order.
        usual: by name, what holds where the form says nothing; the field's default where it is not there.
    """
    fields = []
    for kind in kinds:
        for one in options_of(kind):
            if one.in_form:
                value = usual.get(one.name, one.default)
                fields.append(
                    {
                        "name": one.name,
                        "kind": one.kind.__name__,
                        "help": one.help,
                        "range": one.range_text,
                        "choices": list(one.choices),
                        "least": one.at_least,
                        "most": one.at_most,
                        "value": one.plain(value),
                    }
                )
    return fields


def job_forms(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """The form of each job; what it says at first is what ``project.toml`` says."""
    usual = {"fit": values_of(settings.few_shot), "distil": values_of(settings.auto_shot)}
    return {verb: form_of(kinds, usual.get(verb, {})) for verb, kinds in VERBS.items()}
