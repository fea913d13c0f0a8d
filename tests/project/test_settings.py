import tomllib
from dataclasses import replace

import pytest
import tomli_w

from partly.data.labels.part_sets import FACE_PARTS, Part, PartSet
from partly.errors import BadOption, BadProject
from partly.fewshot.fitting.fit_options import ON_PHOTOS, FewShotConfig
from partly.models.generators.truncation import Truncation
from partly.project import project_settings
from partly.project.distil_verb import distil_config
from partly.project.fit_verb import few_shot_config
from partly.project.photo_options import PhotoOptions
from partly.project.project_folder import Project, create_project, open_project
from partly.project.project_settings import (
    DRAWN_PORTRAITS,
    FEW_CHANNELS,
    Settings,
    generator_reference,
    read_settings,
    usual_choices,
    write_settings,
)
from partly.synthesis.distil.distil_options import DistilConfig

MIRRORED = PartSet(
    (Part("background", (0, 0, 0)), Part("left", (255, 0, 0), "right"), Part("right", (0, 255, 0), "left"))
)
SOME_PARTS = tomli_w.dumps({"parts": MIRRORED.to_json()})


@pytest.mark.parametrize("part_set", [FACE_PARTS, MIRRORED])
def test_what_is_written_is_read(tmp_path, part_set):
    settings = Settings(
        "ffhq",
        part_set,
        FewShotConfig(methods=("ridge", "mlp-2"), balance=0.75),
        DistilConfig(
            n_pictures=5,
            pretrained=False,
            drop_uncertain=0.25,
            architecture="unet-small",
            truncation=Truncation(0.5, 0.9),
        ),
    )
    path = write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    assert path.read_text().startswith("# A project of Partly.")


def test_classes_are_written_where_some_are_chosen(tmp_path):
    settings = Settings("ffhq", MIRRORED, classes=("3", "seven"))
    path = write_settings(tmp_path, settings)
    assert 'classes = [\n    "3",\n    "seven",\n]' in path.read_text()
    assert read_settings(tmp_path) == settings
    path.write_text(path.read_text().replace('"seven"', "7"))
    with pytest.raises(BadProject, match=r"has classes = .* \(line \d+\); expected a list of texts"):
        read_settings(tmp_path)


def edited(folder, old, new):
    path = write_settings(folder, Settings("ffhq", MIRRORED))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text.splitlines()


def test_what_is_left_out_takes_its_default(tmp_path):
    edited(tmp_path, "n_pictures = 700\n", "")
    assert read_settings(tmp_path).auto_shot.n_pictures == DistilConfig.n_pictures


def test_a_whole_number_is_a_number_too(tmp_path):
    edited(tmp_path, "drop_uncertain = 0.0", "drop_uncertain = 0")
    assert read_settings(tmp_path).auto_shot.drop_uncertain == 0.0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "n_pictures = 700",
            'n_pictures = "many"',
            "has n_pictures = 'many' (line {}); expected a whole number",
        ),
        (
            "n_pictures = 700",
            "pictures = 700",
            "has an unknown key 'pictures' (line {}); expected one of n_p",
        ),
        ("pretrained = true", "pretrained = 1", "has pretrained = 1 (line {}); expected true or false"),
        ('generator = "ffhq"', 'generator = ""', "has generator = '' (line {}); expected a text in quotes"),
        ('generator = "ffhq"', "generator = 3", "has generator = 3 (line {}); expected a text in quotes"),
        ("drop_uncertain = 0.0", f"drop_uncertain = {'9' * 400}", "has drop_uncertain = 9"),
        ("truncation = [", "truncation = [ 1,", "has truncation = [1, 0.7, 1.0] (line {}); expected two num"),
        ("    0.7,", "    1.5,", "has truncation = [1.5, 1.0]"),
        ("drop_uncertain = 0.0", "drop_uncertain = inf", "has drop_uncertain = inf (line {}); expected"),
        ("[few_shot]", "[fewshot]", "has an unknown key 'fewshot' (line {}); expected one of schema_version"),
        (
            "drop_uncertain = 0.0",
            "drop_uncertain = true",
            "has drop_uncertain = True (line {}); expected a num",
        ),
    ],
)
def test_errors_name_key_and_line(tmp_path, old, new, said):
    lines = edited(tmp_path, old, new)
    number = next(i for i, line in enumerate(lines, start=1) if old in line)
    with pytest.raises(BadProject) as caught:
        read_settings(tmp_path)
    assert said.format(number) in str(caught.value)
    assert caught.value.path == tmp_path / "project.toml"


def test_methods_must_be_texts(tmp_path):
    path = write_settings(tmp_path, Settings("ffhq", MIRRORED))
    values = tomllib.loads(path.read_text())
    assert values["few_shot"]["methods"] == ["ridge"]
    path.write_text(path.read_text().replace('"ridge"', "1"))
    with pytest.raises(BadProject, match=r"has methods = \[1\] \(line \d+\); expected a list of texts"):
        read_settings(tmp_path)


def test_a_table_that_is_none(tmp_path):
    (tmp_path / "project.toml").write_text('schema_version = 1\ngenerator = "g"\nfew_shot = 3\n[[parts]]\n')
    with pytest.raises(BadProject, match=r"has few_shot = 3 \(line 3\); expected a table"):
        read_settings(tmp_path)


def test_an_unknown_table_inside_another(tmp_path):
    lines = edited(tmp_path, "[auto_shot]", "[few_shot.auto]")
    number = lines.index("[auto_shot]") + 1
    with pytest.raises(
        BadProject,
        match=rf"has an unknown key 'auto' \(line {number}\); expected one of methods, fixed_layout",
    ):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"schema_version = 1\n{SOME_PARTS}",
            "has neither a generator nor photos; expected one of them, or both: pictures come from there. "
            "Mend it by hand: a line generator, or a table [photos] with the line folder",
        ),
        (
            f"schema_version = 1\n[photos]\nfeatures_px = 0\n{SOME_PARTS}",
            "has features_px = 0 (line 3); expected 1 or more",
        ),
        (
            f'schema_version = 1\n[photos]\nplace = "x"\n{SOME_PARTS}',
            "has an unknown key 'place' (line 3); expected one of folder, features, feat",
        ),
        (
            f'schema_version = 1\nclasses = ["a"]\n[photos]\nfolder = "x"\n{SOME_PARTS}',
            "has classes without a generator; expected none: photos show what they show",
        ),
        ('schema_version = 1\ngenerator = "g"', "has no parts; expected a [[parts]] table for each part"),
        ('schema_version = 2\ngenerator = "g"', "has schema version 2; expected version 1"),
        ("generator = \n", "is no TOML (Invalid value (at line 1"),
        (f"a = {'[' * 100_000}", "is no TOML (it is nested too deeply"),
        (
            'schema_version = 1\ngenerator = "g"\n[[parts]]\nname = "a"\ncolour = [0, 0, 0]',
            "the part set has one part only (line 3)",
        ),
    ],
)
def test_unusable_files(tmp_path, text, said):
    (tmp_path / "project.toml").write_text(text)
    with pytest.raises(BadProject) as caught:
        read_settings(tmp_path)
    assert said in str(caught.value)


def test_no_project(tmp_path):
    with pytest.raises(
        BadProject, match=r"no such file; expected the folder of a project. Make one: partly new"
    ):
        open_project(tmp_path / "nothing")
    (tmp_path / "project.toml").write_bytes(b"\xff\xff")
    with pytest.raises(BadProject, match="cannot be read"):
        open_project(tmp_path)


def test_new_projects_need_an_empty_folder(tmp_path):
    project = create_project(tmp_path / "a" / "b", Settings("ffhq", MIRRORED))
    assert open_project(project.folder) == project
    with pytest.raises(BadProject, match="is a project already"):
        create_project(project.folder, Settings("ffhq", MIRRORED))
    (tmp_path / "file").write_text("")
    with pytest.raises(BadProject, match="file: is a file; expected a new or empty folder"):
        create_project(tmp_path / "file", Settings("ffhq", MIRRORED))
    with pytest.raises(BadProject, match="is not empty"):
        create_project(tmp_path, Settings("ffhq", MIRRORED))


def test_what_a_project_says_of_its_generator(generator_folder, monkeypatch):
    assert generator_reference("ffhq") == "ffhq"
    monkeypatch.chdir(generator_folder.parent)
    assert generator_reference(generator_folder.name) == str(generator_folder)
    for none in ("moon", "efficientnet-lite0"):
        with pytest.raises(BadOption, match=f"no generator '{none}'; expected ffhq, portraits, or a"):
            generator_reference(none)


def test_a_generator_beside_the_project_is_found_from_anywhere(tmp_path):
    project = create_project(tmp_path / "p", Settings("models/generator", MIRRORED))
    assert project.generator_source == "models/generator"
    (tmp_path / "p/models/generator").mkdir(parents=True)
    (tmp_path / "p/models/generator/model.json").write_text("{}")
    assert project.generator_source == str(tmp_path / "p/models/generator")


def test_a_free_layout_is_a_choice_of_the_project_or_of_the_fit(tmp_path):
    project = Project(tmp_path, Settings("ffhq", MIRRORED))
    assert few_shot_config(project) == FewShotConfig()
    assert few_shot_config(project, fixed_layout=False).spread is None
    settings = replace(project.settings, few_shot=FewShotConfig(fixed_layout=False))
    free = replace(project, settings=settings)
    assert few_shot_config(free).spread is None
    assert few_shot_config(free, fixed_layout=True, methods=("cnn-s",)) == FewShotConfig(methods=("cnn-s",))


def test_what_a_fit_does_is_a_choice_of_the_project(tmp_path):
    settings = Settings("ffhq", MIRRORED, FEW_CHANNELS, DRAWN_PORTRAITS)
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    config = few_shot_config(Project(tmp_path, settings), allow_missing_parts=True)
    assert (config.methods, config.layout_spread, config.n_self_training) == (("kernel",), 0.04, 40)
    assert config.allow_missing_parts
    assert distil_config(Project(tmp_path, settings)).training().augmentation.part_probability == 0.5
    assert distil_config(Project(tmp_path, settings), recolour_parts=0.0).recolour_parts == 0


@pytest.mark.parametrize("generator", ["", "ffhq"])
def test_photos_are_written_where_there_are_some(tmp_path, generator):
    photos = PhotoOptions("../horses", "dinov2-small", 448)
    settings = Settings(generator, MIRRORED, few_shot=ON_PHOTOS, photos=photos)
    text = write_settings(tmp_path, settings).read_text()
    assert ('generator = "ffhq"' in text) == bool(generator)
    assert "[photos]\n# Folder or zip of photos of the object" in text
    assert 'folder = "../horses"' in text
    assert read_settings(tmp_path).photos == photos
    assert read_settings(tmp_path).fitted_on == ("generator" if generator else "photos")
    assert "[photos]" not in write_settings(tmp_path, Settings("ffhq", MIRRORED)).read_text()


def test_what_a_project_of_photos_leaves_out_is_as_usual_for_photos(tmp_path, monkeypatch):
    # Also what stands in no project.toml: how much positions count, for one.
    monkeypatch.setattr(project_settings, "ON_PHOTOS", replace(ON_PHOTOS, coordinate_weight=0.5))
    (tmp_path / "project.toml").write_text(f'schema_version = 1\n[photos]\nfolder = "x"\n{SOME_PARTS}')
    settings = read_settings(tmp_path)
    assert settings.few_shot == usual_choices("", on_photos=True)[0]
    assert settings.photos.features_px is None
    write_settings(tmp_path, settings)
    assert read_settings(tmp_path) == settings
    assert read_settings(tmp_path).few_shot.coordinate_weight == 0.5


def test_with_a_generator_photos_are_fitted_on_where_that_is_said(tmp_path):
    photos = PhotoOptions("x", fit_on_photos=True)
    write_settings(tmp_path, Settings("ffhq", MIRRORED, few_shot=ON_PHOTOS, photos=photos))
    settings = read_settings(tmp_path)
    assert (settings.fitted_on, settings.few_shot) == ("photos", ON_PHOTOS)


def test_settings_without_anything_to_label():
    with pytest.raises(BadOption, match="neither a generator nor photos; expected one of them, or both"):
        Settings("", MIRRORED)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_statement(tmp_path, encoding):
    settings = Settings("ffhq", MIRRORED)
    path = write_settings(tmp_path, settings)
    path.write_text(path.read_text(), encoding=encoding)
    assert read_settings(tmp_path) == settings


def test_another_encoding_is_named(tmp_path):
    path = write_settings(tmp_path, Settings("ffhq", PartSet.from_names(("background", "Blüte"))))
    path.write_text(path.read_text(encoding="utf-8"), encoding="cp1252")
    with pytest.raises(BadProject, match=r"expected UTF-8. Save it as UTF-8 in the editor\."):
        read_settings(tmp_path)
