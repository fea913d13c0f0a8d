import pytest

from partly.errors import BadOption, NotFound
from partly.studio.session.tray import Choices, Tray
from tests.studio.tiny_sessions import add_picture


@pytest.fixture
def path(pictured_project):
    return pictured_project.folder / "studio" / "pictures.json"


@pytest.fixture
def tray(pictured_project, path, generator):
    return Tray(pictured_project, path, generator.digest)


def again(project, path, generator):
    return Tray(project, path, generator.digest)


def test_pictures_of_the_project_are_the_tray(tray):
    assert tray.ids() == ["p0", "p1"]
    assert tray.choices("p0") == Choices("yours")
    assert tray.picture("p0").shape == (64, 64)


def test_choices_and_order_are_kept(tray, pictured_project, path, generator):
    tray.choose("p0", pinned=True)
    tray.choose("p1", skipped=True, accepted=3)
    tray.move("p1", 0)
    later = again(pictured_project, path, generator)
    assert later.ids() == ["p1", "p0"]
    assert later.choices("p0") == Choices("yours", pinned=True)
    assert later.choices("p1") == Choices("yours", skipped=True, accepted=3)


def test_new_pictures_come_to_the_end_and_lost_ones_go(tray, pictured_project, path, generator):
    added = add_picture(pictured_project, generator, 2, "a-new-one")
    tray.add(added, "unsure", 0.5)
    add_picture(pictured_project, generator, 3, "another-one")
    assert tray.look()
    assert not tray.look()
    assert tray.ids() == ["p0", "p1", "a-new-one", "another-one"]
    (pictured_project.pictures / "p0.png").unlink()
    assert tray.look()
    assert tray.ids() == ["p1", "a-new-one", "another-one"]
    later = again(pictured_project, path, generator)
    assert later.choices("a-new-one") == Choices("unsure", 0.5)


def test_pictures_of_other_generators_are_left_out(tray, pictured_project, path):
    assert Tray(pictured_project, path, "other").ids() == []
    assert Tray(pictured_project, path, None).ids() == ["p0", "p1"]


def test_damaged_pictures_and_choices_are_left_out(pictured_project, path, generator):
    (pictured_project.latents / "p1.json").write_text("{}")
    path.parent.mkdir()
    for text in ("{", "[]", '{"schema_version": 1}', '{"schema_version": 1, "choices": {"p0": {"x": 1}}}'):
        path.write_text(text)
        assert again(pictured_project, path, generator).ids() == ["p0"]


def test_unknown_pictures_and_places(tray):
    with pytest.raises(NotFound, match=r"there is no picture '../p0'. Look again"):
        tray.picture("../p0")
    with pytest.raises(BadOption, match="the place is 2; expected 0 to 1"):
        tray.move("p0", 2)
