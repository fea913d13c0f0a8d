"""Mutations of files: of their bytes, and of what they say where they are text or zips."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Draws = np.random.Generator
Mutation = Callable[[bytes, Draws], bytes]

_NUMBERS = (0, 1, 2, 127, 255, 256, 65_535, 1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, (1 << 63) - 1)


def mutated(data: bytes, kind: str, draws: Draws, others: Sequence[bytes]) -> tuple[bytes, list[str]]:
    """A file with one to three changes.

    Args:
        data: a good file.
        kind: "json", "xml", "toml", "zip", "http" or "bytes": what changes make sense.
        draws: all randomness.
        others: good files to splice with.

    Returns:
        Its bytes, and the names of the changes.
    """
    ways: list[Mutation] = [*_OF_BYTES, lambda one, d: _spliced(one, d, others)]
    structural = _OF_KINDS.get(kind, ())
    names = []
    for _ in range(int(draws.choice([1, 1, 1, 2, 3]))):
        several = structural if structural and draws.random() < 0.7 else ways
        way = several[int(draws.integers(len(several)))]
        names.append(way.__name__.strip("_").replace("<lambda>", "spliced"))
        data = way(data, draws)
    return data, names


# Bytes


def _flipped_bits(data: bytes, draws: Draws) -> bytes:
    changed = bytearray(data)
    for _ in range(int(draws.integers(1, 17)) if data else 0):
        # Heads decide more than what follows.
        end = len(data) if draws.random() < 0.5 else min(len(data), 256)
        changed[int(draws.integers(end))] ^= 1 << int(draws.integers(8))
    return bytes(changed)


def _set_bytes(data: bytes, draws: Draws) -> bytes:
    if not data:
        return data
    start = int(draws.integers(len(data)))
    n = int(draws.integers(1, 65))
    return data[:start] + bytes([int(draws.choice([0, 255, 32, 128]))]) * n + data[start + n :]


def _truncated(data: bytes, draws: Draws) -> bytes:
    return data[: int(draws.integers(len(data) + 1))]


def _zeros_at_the_end(data: bytes, draws: Draws) -> bytes:
    kept = int(draws.integers(len(data) + 1))
    return data[:kept] + bytes(len(data) - kept)


def _inserted(data: bytes, draws: Draws) -> bytes:
    at = int(draws.integers(len(data) + 1))
    return data[:at] + draws.bytes(int(draws.integers(1, 200))) + data[at:]


def _left_out(data: bytes, draws: Draws) -> bytes:
    start = int(draws.integers(len(data) + 1))
    return data[:start] + data[start + int(draws.integers(1, 400)) :]


def _repeated(data: bytes, draws: Draws) -> bytes:
    start = int(draws.integers(len(data) + 1))
    piece = data[start : start + int(draws.integers(1, 400))]
    return data[:start] + piece * int(draws.integers(2, 20)) + data[start:]


def _length_field(data: bytes, draws: Draws) -> bytes:
    """Some bytes as a number that no length should be."""
    n_bytes = int(draws.choice([2, 4, 8]))
    if len(data) <= n_bytes:
        return data
    end = min(len(data) - n_bytes, 400 if draws.random() < 0.6 else len(data))
    at = int(draws.integers(end + 1))
    number = int(draws.choice([*_NUMBERS, len(data), len(data) + 1])) % (1 << 8 * n_bytes)
    order = "big" if draws.random() < 0.5 else "little"
    return data[:at] + number.to_bytes(n_bytes, order) + data[at + n_bytes :]


def _nothing_left(_data: bytes, draws: Draws) -> bytes:
    return draws.bytes(int(draws.choice([0, 1, 7, 300])))


def _spliced(data: bytes, draws: Draws, others: Sequence[bytes]) -> bytes:
    other = others[int(draws.integers(len(others)))]
    return data[: int(draws.integers(len(data) + 1))] + other[int(draws.integers(len(other) + 1)) :]


_OF_BYTES: tuple[Mutation, ...] = (
    _flipped_bits,
    _flipped_bits,
    _set_bytes,
    _truncated,
    _zeros_at_the_end,
    _inserted,
    _left_out,
    _repeated,
    _length_field,
    _length_field,
    _nothing_left,
)

# Text

_NAMES = (
    '"../../out.png"',
    '"/etc/passwd"',
    '"C:\\\\..\\\\x.png"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"' + "n" * 5000 + '"',
)
_VALUES = (
    *("null", "true", "false", "0", "-1", "1", "-0.0", "0.5", "1e308", "-1e308", "1e999", "NaN"),
    *("Infinity", "-Infinity", "9" * 23, '""', '"0"', '"-1"', '"nan"', '"1e9"', "[]", "{}", "[[]]"),
    *("[null]", '{"":null}', "2147483648", "4294967296"),
)
_DEEP = ("[" * 3000 + "]" * 3000, '{"a":' * 3000 + "1" + "}" * 3000)
_MARK = "@partly-fuzz@"


def _json_value(data: bytes, draws: Draws) -> bytes:
    """One value of a JSON text replaced, left out, renamed or given twice."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return data
    places = list(_places(value))
    if not places:
        return data
    holder, key = places[int(draws.integers(len(places)))]
    way = int(draws.integers(10))
    raw = str(draws.choice([*_VALUES, *_VALUES, *_NAMES, *_DEEP]))
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    elif way == 2 and isinstance(holder, list):
        holder[key:key] = [holder[key]] * int(draws.integers(1, 300))
    elif way == 3 and isinstance(holder, dict):
        # Given twice: the text is put together below.
        raw = f"{json.dumps(holder[key])}, {json.dumps(key)}: {raw}"
        holder[key] = _MARK
    else:
        holder[key] = _MARK
    return json.dumps(value).replace(f'"{_MARK}"', raw).encode("utf-8", "surrogatepass")


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Holder and key of everything in a JSON value."""
    found, left = [], [value]
    while left:
        one = left.pop()
        items = (
            list(one.items())
            if isinstance(one, dict)
            else list(enumerate(one))
            if isinstance(one, list)
            else []
        )
        found += [(one, key) for key, _ in items]
        left += [inner for _, inner in items]
    return found


def _xml_attribute(data: bytes, draws: Draws) -> bytes:
    found = list(re.finditer(rb'"[^"<>]*"', data))
    if not found:
        return data
    one = found[int(draws.integers(len(found)))]
    texts = (
        "",
        "-1",
        "0",
        "nan",
        "inf",
        "1e999",
        "9" * 40,
        "../../x.png",
        "&#0;",
        "&x;",
        "1,2;3",
        ";",
        "x" * 9000,
    )
    value = texts[int(draws.integers(len(texts)))].encode()
    return data[: one.start()] + b'"' + value + b'"' + data[one.end() :]


def _xml_tag(data: bytes, draws: Draws) -> bytes:
    found = list(re.finditer(rb"<[^<>]*>", data))
    if not found:
        return data
    one = found[int(draws.integers(len(found)))]
    news = (
        b"",
        one.group() * 2,
        one.group() * 200,
        b"<a>",
        b"</a>",
        b"<a>" * 5000,
        b"<![CDATA[",
        b"<?x ?>",
        b"text",
    )
    return data[: one.start()] + news[int(draws.integers(len(news)))] + data[one.end() :]


def _xml_entities(data: bytes, draws: Draws) -> bytes:
    bombs = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    )
    bomb = bombs[int(draws.integers(len(bombs)))]
    head = re.match(rb"\s*<\?xml[^>]*\?>", data)
    at = head.end() if head else 0
    return data[:at] + bomb + data[at:].replace(b">", b">&a;", 1)


def _toml_line(data: bytes, draws: Draws) -> bytes:
    lines = data.split(b"\n")
    at = int(draws.integers(len(lines)))
    name = lines[at].partition(b"=")[0].rstrip() if b"=" in lines[at] else b"x"
    values = (
        *("nan", "inf", "-inf", "-1", "0", "1e400", "9" * 20, "true", "''", "[]", "{}", "1979-05-27"),
        *("07:32:00", "0x7f", "[[]]", "[1,'a']"),
        '"""' + "x" * 9000 + '"""',
        "[" * 3000 + "]" * 3000,
        '"../../x"',
        '"/etc"',
        "{a.b.c = 1}",
        '"\\u0000"',
    )
    value = str(draws.choice(values)).encode()
    news = (
        b"",
        lines[at] + b"\n" + lines[at],
        b"[parts]",
        b"[[parts]]",
        b"[a.b]",
        b'"" = 1',
        b"x" * 9000,
        b"\x00",
    )
    new = news[int(draws.integers(len(news)))] if draws.random() < 0.3 else name + b" = " + value
    return b"\n".join([*lines[:at], new, *lines[at + 1 :]])


def _other_encoding(data: bytes, draws: Draws) -> bytes:
    text = data.decode("utf-8", "replace")
    encoding = str(draws.choice(["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030", "cp1252", "utf-7"]))
    return text.encode(encoding, "replace")


def _number_in_text(data: bytes, draws: Draws) -> bytes:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data))
    if not found:
        return data
    one = found[int(draws.integers(len(found)))]
    number = str(draws.choice([*map(str, _NUMBERS), "-1", "1e308", "NaN", "00", "9" * 400])).encode()
    return data[: one.start()] + number + data[one.end() :]


# Zips


def _zip_names(data: bytes, draws: Draws) -> bytes:
    """The same members, one of them under a name that leads elsewhere, twice, or as a link."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(one.filename, archive.read(one)) for one in archive.infolist()]
    except Exception:  # noqa: BLE001 - it was mutated before
        return data
    if not members:
        return data
    at = int(draws.integers(len(members)))
    names = (
        "../out.png",
        "/out.png",
        "a/../../out.png",
        "..\\out.png",
        "C:\\out.png",
        "",
        "a" * 5000,
        "a\x01.png",
        "x/",
    )
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(members):
            info = zipfile.ZipInfo(name)
            if number == at:
                way = int(draws.integers(5))
                if way == 0:
                    info.filename = members[0][0].upper()
                elif way == 1:
                    info.external_attr = 0o120777 << 16
                elif way == 2:
                    content = bytes(60 << 20)
                    info.compress_type = zipfile.ZIP_DEFLATED
                else:
                    info.filename = names[int(draws.integers(len(names)))]
            archive.writestr(info, content)
    return written.getvalue()


def _zip_fields(data: bytes, draws: Draws) -> bytes:
    """One field of a member's entry in the directory, or of the end of the directory."""
    signs = [found.start() for found in re.finditer(rb"PK\x01\x02|PK\x05\x06|PK\x03\x04", data)]
    if not signs:
        return data
    at = signs[int(draws.integers(len(signs)))] + int(draws.integers(4, 46))
    size = int(draws.choice([2, 4]))
    number = int(draws.choice(_NUMBERS)) % (1 << 8 * size)
    return data[:at] + struct.pack("<H" if size == 2 else "<I", number) + data[at + size :]


# HTTP


def _http_line(data: bytes, draws: Draws) -> bytes:
    """One line of the head of a request replaced, doubled or left out."""
    head, gap, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    at = int(draws.integers(len(lines)))
    news = (
        b"",
        lines[at] + b"\r\n" + lines[at],
        b"Content-Length: 99999999999999999999",
        b"Content-Length: -1",
        b"Content-Length: 0",
        b"Content-Length: 33",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Content-Type: multipart/form-data; boundary=",
        b"Content-Type: multipart/form-data; boundary=" + b"b" * 400,
        b"Content-Encoding: gzip",
        b"Expect: 100-continue",
        b"Host: evil.example",
        b"Origin: http://evil.example",
        b"Accept: ;q=,text/x;q=9",
        b"Upgrade: websocket\r\nConnection: Upgrade",
        b"X: " + b"x" * 70_000,
        b"GET / HTTP/1.1",
        b"PATCH /segment HTTP/1.1",
        b"POST /segment?as=polygons&tolerance=1e999 HTTP/1.1",
        b"POST /%2e%2e/%00?as=%ff HTTP/1.1",
        b"POST /segment HTTP/9.9",
        b"\x00\x01\x02",
    )
    lines[at] = news[int(draws.integers(len(news)))]
    return b"\r\n".join(lines) + gap + body


def _http_body(data: bytes, draws: Draws) -> bytes:
    """The body changed, and its length in the head with it."""
    head, _, body = data.partition(b"\r\n\r\n")
    kind = "json" if body[:1] in b"{[" else "bytes"
    ways = (*_OF_KINDS[kind], *_OF_BYTES) if kind == "json" else _OF_BYTES
    body = ways[int(draws.integers(len(ways)))](body, draws)
    head = re.sub(rb"(?i)content-length: *\d+", b"Content-Length: %d" % len(body), head)
    return head + b"\r\n\r\n" + body


_OF_KINDS: dict[str, tuple[Mutation, ...]] = {
    "json": (_json_value, _json_value, _json_value, _number_in_text, _other_encoding),
    "xml": (_xml_attribute, _xml_attribute, _xml_tag, _xml_entities, _number_in_text, _other_encoding),
    "toml": (_toml_line, _toml_line, _number_in_text, _other_encoding),
    "text": (_number_in_text, _other_encoding),
    "zip": (_zip_names, _zip_names, _zip_fields),
    "http": (_http_line, _http_body, _http_body),
}
