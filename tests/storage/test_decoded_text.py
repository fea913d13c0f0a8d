import codecs

import pytest

from partly.storage.decoded_text import decoded, read_decoded

TEXT = 'name = "Blüte"\nnext\n'


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
        TEXT.replace("\n", "\r\n").encode("utf-8-sig"),
    ],
)
def test_marks_and_line_ends_of_other_editors_make_no_difference(tmp_path, data):
    assert decoded(data) == TEXT
    (tmp_path / "a.toml").write_bytes(data)
    assert read_decoded(tmp_path / "a.toml") == TEXT


def test_another_encoding_without_a_mark_is_an_error():
    with pytest.raises(UnicodeDecodeError):
        decoded(TEXT.encode("cp1252"))
