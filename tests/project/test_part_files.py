import json

import pytest

from partly.data.labels.part_sets import FACE_PARTS
from partly.errors import BadLabel, BadOption
from partly.project.part_set_files import part_set_from
from partly.project.project_settings import Settings, write_settings


def test_by_name_and_by_names():
    assert part_set_from("faces") is FACE_PARTS
    assert part_set_from("background, leaf,vein").names == ("background", "leaf", "vein")


def test_from_files(tmp_path):
    (tmp_path / "parts.json").write_text(json.dumps(FACE_PARTS.to_json()))
    assert part_set_from(str(tmp_path / "parts.json")) == FACE_PARTS
    project = write_settings(tmp_path, Settings("ffhq", FACE_PARTS))
    assert part_set_from(str(project)) == FACE_PARTS


def test_what_is_none(tmp_path):
    with pytest.raises(BadOption, match="there is no part set 'cats'; expected faces, a JSON or TOML file"):
        part_set_from("cats")
    with pytest.raises(BadLabel, match="No such file"):
        part_set_from(str(tmp_path / "parts.json"))
    (tmp_path / "parts.json").write_text("[")
    with pytest.raises(BadLabel, match="is no JSON or TOML"):
        part_set_from(str(tmp_path / "parts.json"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_with_a_byte_order_mark(tmp_path, encoding):
    (tmp_path / "parts.JSON").write_text(json.dumps(FACE_PARTS.to_json()), encoding=encoding)
    assert part_set_from(str(tmp_path / "parts.JSON")) == FACE_PARTS
    project = write_settings(tmp_path, Settings("ffhq", FACE_PARTS))
    project.write_text(project.read_text(), encoding=encoding)
    assert part_set_from(str(project)) == FACE_PARTS
