import pytest

from partly.data.labels.annotation import save_annotation
from partly.project.fit_verb import fit_project
from partly.studio.session.model_ages import MadeModels, ModelAges
from partly.studio.session.overview import next_step
from tests.fakes import TWO_PARTS, thing_annotation


@pytest.mark.parametrize(
    ("figures", "models", "said"),
    [
        ((0, 0, 0, ["a"]), MadeModels(), "Wait a moment: the first picture is being made."),
        (
            (3, 0, 0, ["a"]),
            MadeModels(),
            "Choose a part and paint it on the picture. A few scribbles are enough.",
        ),
        ((3, 1, 1, ["a"]), MadeModels(), "Paint a second part, the background for one"),
        (
            (3, 1, 2, ["nose", "eye"]),
            MadeModels(),
            "Correct what the wall shows wrongly. Not painted yet: nose",
        ),
        ((3, 1, 2, []), MadeModels(), "Correct what the wall shows wrongly. When you like it, distil"),
        ((3, 1, 2, ["nose"]), MadeModels("ready", "ready"), "Drop a photo, or turn the camera on."),
        ((3, 1, 2, []), MadeModels("stale", "stale"), "The labels have changed: distil again"),
        ((3, 1, 2, []), MadeModels("ready", "ready"), "Drop a photo, or turn the camera on."),
    ],
)
def test_next_steps(figures, models, said):
    assert next_step(*figures, models).startswith(said)


def test_models_are_of_the_labels_of_now_or_not(labelled_project, generator):
    progress = ModelAges()
    assert progress.models(labelled_project, has_unsaved=False) == MadeModels()
    fit_project(labelled_project)
    assert progress.models(labelled_project, has_unsaved=False) == MadeModels("ready")
    assert progress.models(labelled_project, has_unsaved=True) == MadeModels("stale")
    save_annotation(labelled_project.annotations, thing_annotation(generator, 1), TWO_PARTS)
    assert progress.models(labelled_project, has_unsaved=False) == MadeModels("stale")
    (labelled_project.annotations / "p1.json").write_text("{")
    assert progress.models(labelled_project, has_unsaved=False) == MadeModels("stale")


def test_nothing_is_read_again_while_nothing_changes(labelled_project, monkeypatch):
    progress = ModelAges()
    progress.models(labelled_project, has_unsaved=False)
    monkeypatch.setattr("partly.studio.session.model_ages.state_of", None)
    assert progress.models(labelled_project, has_unsaved=False) == MadeModels()
