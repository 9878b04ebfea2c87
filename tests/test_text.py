"""Positions, encodings and regions: the coordinates everything else relies on."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncelint.model.values import Position, Span
from oncelint.text import Piece, Region, SourceText, TextError

ANY = st.text("ab\r\n\té漢😀\u0085\u2028\x0b\x0c", max_size=30)


def test_lines_end_at_cr_lf_and_crlf_only() -> None:
    text = SourceText("f", "a\nb\rc\r\nd\u2028e\u0085f\x0bg\x0ch\n")
    assert text.starts == [0, 2, 4, 7, 17]
    assert [text.line(number) for number in range(1, 6)] == [
        "a",
        "b",
        "c",
        "d\u2028e\u0085f\x0bg\x0ch",
        "",
    ]


@pytest.mark.parametrize(
    ("offset", "position"),
    [
        (0, Position(1, 1)),
        (1, Position(1, 2)),
        (2, Position(1, 3)),
        (4, Position(2, 1)),
        (5, Position(2, 2)),
        (6, Position(3, 1)),
    ],
)
def test_position(offset: int, position: Position) -> None:
    text = SourceText("f", "😀é\r\nx\n")
    assert text.position(offset) == position
    assert text.offset(position) == offset


def test_offset_is_clamped() -> None:
    text = SourceText("f", "ab\r\nc\n\nd")
    assert text.offset(Position(1, 99)) == 2
    assert text.offset(Position(2, 99)) == 5
    assert text.offset(Position(3, 2)) == 6
    assert text.offset(Position(4, 99)) == 8
    assert text.offset(Position(5, 1)) == 8


@given(ANY)
def test_positions_and_offsets_are_inverse(content: str) -> None:
    text = SourceText("f", content)
    for offset in range(len(content) + 1):
        position = text.position(offset)
        assert 1 <= position.line <= len(text.starts)
        assert position.column >= 1
        inside_crlf = content[offset - 1 : offset + 1] == "\r\n" and offset > 0
        assert text.offset(position) == (offset - 1 if inside_crlf else offset)


@given(ANY, st.integers(0, 30), st.integers(0, 30))
def test_slice_of_span(content: str, first: int, second: int) -> None:
    start, end = sorted((min(first, len(content)), min(second, len(content))))
    text = SourceText("f", content)
    if not any(content[cut - 1 : cut + 1] == "\r\n" for cut in (start, end) if cut):
        assert text.slice(text.span(start, end)) == content[start:end]


@given(ANY, st.sampled_from([codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b""]))
def test_decoding_and_encoding_are_inverse(content: str, bom: bytes) -> None:
    encoding = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}.get(
        bom, "utf-8"
    )
    data = bom + content.encode(encoding)
    text = SourceText.decode("f", data)
    assert (text.text, text.bom, text.encoding) == (content, bom, encoding)
    assert text.encode(text.text) == data
    for offset in range(len(content) + 1):
        assert data[text.byte_offset(offset) :].decode(encoding) == content[offset:]


def test_byte_order_mark_has_no_column() -> None:
    text = SourceText.decode("f", b"\xef\xbb\xbfacks=all")
    assert text.position(0) == Position(1, 1)
    assert text.text == "acks=all"
    assert text.byte_offset(0) == 3


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(TextError, match="binary"):
        SourceText.decode("f", b"a\x00b")
    with pytest.raises(TextError, match="not UTF-8 at byte 1"):
        SourceText.decode("f", b"a\xff")
    with pytest.raises(TextError, match="not UTF-16-LE at byte 2"):
        SourceText.decode("f", b"\xff\xfea\x00b")
    with pytest.raises(TextError, match="not UTF-8 at byte 1"):
        SourceText.decode("f", b"\xef\xbb\xbfa\xff")


def test_latin1_on_request() -> None:
    text = SourceText.decode("f", b"a=\xfcber", latin1=True)
    assert (text.text, text.encoding) == ("a=über", "latin-1")
    assert text.encode(text.text) == b"a=\xfcber"
    assert text.byte_offset(3) == 3
    assert SourceText.decode("f", "ü".encode(), latin1=True).encoding == "utf-8"


def test_utf16_column() -> None:
    text = SourceText("f", "x\n😀é=1")
    assert text.utf16_column(Position(2, 1)) == 0
    assert text.utf16_column(Position(2, 2)) == 2
    assert text.utf16_column(Position(2, 4)) == 4


# 'a\n' "b\u00e9" in Python: an escape, a seam of two literals, another escape
HOST = SourceText("host.py", "x = 'a\\nc' 'b\\u00e9'")
REGION = Region(
    "a\ncbé",
    HOST,
    (
        Piece(0, 1, 5, 1),
        Piece(1, 1, 6, 2),
        Piece(2, 1, 8, 1),
        Piece(3, 1, 12, 1),
        Piece(4, 1, 13, 6),
    ),
)


@pytest.mark.parametrize(
    ("start", "end", "written"),
    [
        (0, 1, "a"),
        (0, 2, "a\\n"),
        (1, 2, "\\n"),
        (2, 3, "c"),
        (3, 5, "b\\u00e9"),
        (4, 5, "\\u00e9"),
        (2, 4, "c' 'b"),
        (0, 5, "a\\nc' 'b\\u00e9"),
    ],
)
def test_region(start: int, end: int, written: str) -> None:
    assert HOST.slice(REGION.span(start, end)) == written


def test_seams_belong_to_the_side_that_is_asked_for() -> None:
    assert REGION.host_offset(3) == 12
    assert REGION.host_offset(3, end=True) == 9
    assert REGION.host_offset(5) == 19
    assert REGION.host_offset(0, end=True) == 5


def test_an_empty_span_has_one_place() -> None:
    for offset in range(6):
        span = REGION.span(offset, offset)
        assert span.start == span.end


def test_nested_region() -> None:
    """JSON in a string in a string: each layer has escapes of its own."""
    host = SourceText("deploy.sh", '\n  echo "{\\"a\\": \\"b\\\\u00e9\\"}"')
    written = host.text
    middle_text = '{"a": "b\\u00e9"}'
    pieces: list[Piece] = []
    place = written.index("{")
    for index, _ in enumerate(middle_text):
        length = 2 if written[place] == "\\" else 1
        pieces.append(Piece(index, 1, place, length))
        place += length
    middle = Region(middle_text, host, tuple(pieces))
    inner = Region("bé", middle, (Piece(0, 1, 7, 1), Piece(1, 1, 8, 6)))
    assert host.slice(inner.span(0, 1)) == "b"
    assert host.slice(inner.span(1, 2)) == "\\\\u00e9"
    assert inner.span(0, 2) == Span("deploy.sh", Position(2, 19), Position(2, 27))


@given(st.lists(st.tuples(st.text("ab\n😀", min_size=1, max_size=3), st.booleans()), max_size=6))
def test_regions_cover_their_host(parts: list[tuple[str, bool]]) -> None:
    """Letters stand for themselves, escapes for one character each."""
    host, text, pieces = "<", "", []
    for part, escaped in parts:
        if escaped:
            pieces.append(Piece(len(text), 1, len(host), len(part) + 1))
            host += "\\" + part
            text += "e"
        else:
            pieces.append(Piece(len(text), len(part), len(host), len(part)))
            host += part
            text += part
    region = Region(text, SourceText("f", host), tuple(pieces))
    for piece in pieces:
        begin = region.host_offset(piece.start)
        end = region.host_offset(piece.start + piece.length, end=True)
        assert (begin, end) == (piece.host_start, piece.host_start + piece.host_length)
    if pieces:
        assert region.host_offset(len(text)) == len(host)


def test_a_region_without_pieces_has_no_place() -> None:
    with pytest.raises(ValueError, match="no place"):
        Region("", HOST, ()).span(0, 0)
