"""The family gmmn from photos to a model folder."""

import numpy as np
import pytest
from PIL import Image

from partly.models.generators.generator_table import load_generator
from partly.project.trainings.generator_training import train_generator
from partly.training.recipes.gmmn_recipe import GMMNRecipe
from partly.training.recipes.recipe_presets import MatchingPreset
from partly.training.recipes.recipe_table import choices_for


@pytest.mark.parametrize("matched", ["codes", "pixels"])
def test_photos_become_a_generator_with_a_page(tmp_path, monkeypatch, matched):
    monkeypatch.setattr("partly.project.trainings.generator_training.Measures.take", lambda *_, **__: None)
    usual = GMMNRecipe.preset

    def short(recipe, size_px):
        shape = usual(recipe, size_px).shape
        return MatchingPreset(shape, 100, 400, training={"checkpoint_every": 2})

    monkeypatch.setattr(GMMNRecipe, "preset", short)
    photos = tmp_path / "photos"
    photos.mkdir()
    draws = np.random.default_rng(0)
    for index in range(100):
        Image.fromarray(draws.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(photos / f"{index}.png")
    choices = choices_for("gmmn", size_px=8, matched=matched)
    trained = train_generator(photos, tmp_path / "out", choices)
    generator = load_generator(trained.folder)
    assert (generator.image_size_px, generator.z_dim) == (8, 10)
    page = trained.page.read_text()
    assert "Moments of photos and pictures" in page
    assert "gmmn of 8 px, trained on 100 photos" in page
