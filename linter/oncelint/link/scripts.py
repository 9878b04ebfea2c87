"""SQL that a program has run by an engine: read as one script for each module, where it stands in the
module's literals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from oncelint.flow.blocks import span_of
from oncelint.flow.values import At
from oncelint.formats import read as read_document
from oncelint.frameworks import flink, recognise
from oncelint.model.facts import Block, ConfigFact
from oncelint.python.literals import template_of
from oncelint.text import Piece, Region, SourceText, TextError

_BETWEEN = ";\n"
# What an f-string puts in, for readers of configuration: a placeholder.
_HOLE, _FILLED_IN = "{}", "${}"


def facts_of_scripts(
    places: Sequence[At],
    inserts: Mapping[At, str],
    read: Callable[[str], bytes | None],
) -> Iterator[ConfigFact]:
    """What the statements at some places configure, and which of their tables are inserted into by
    calls; `read` gives the bytes of a project's file."""
    by_path: dict[str, list[At]] = {}
    for at in places:
        by_path.setdefault(at.path, []).append(at)
    for path, here in by_path.items():
        data = read(path)
        if data is None:
            continue
        try:
            source = SourceText.decode(path, data)
        except TextError:
            continue
        region = _joined(source, sorted(here, key=lambda at: at.place))
        if region is not None:
            tables: set[str] = set()
            for fact in recognise("sql", read_document("sql", region), region, path):
                tables |= {fact.details["table"]} if fact.role == flink.TABLE else set()
                # the writers of SQL do not write into literals of Python
                yield replace(fact, block=replace(fact.block, homes=()))
            for at, table in inserts.items():
                if at.path == path and table in tables:
                    details = {"job": path, "table": table}
                    yield ConfigFact(
                        "flink sql",
                        flink.DIALECT,
                        flink.INSERT,
                        Block(()),
                        span_of(at),
                        details=details,
                    )


def _joined(source: SourceText, places: Sequence[At]) -> Region | None:
    """The literals at some places as one text."""
    texts: list[str] = []
    pieces: list[Piece] = []
    done = 0
    for at in places:
        span = span_of(at)
        start = source.offset(span.start)
        template = template_of(source.slice(span))
        if template is None:
            continue
        for piece in template.pieces:
            text = template.text[piece.start : piece.start + piece.length]
            if template.formatted and text == _HOLE:
                text = _FILLED_IN
            pieces.append(Piece(done, len(text), start + piece.host_start, piece.host_length))
            texts.append(text)
            done += len(text)
        texts.append(_BETWEEN)
        done += len(_BETWEEN)
    return Region("".join(texts), source, tuple(pieces)) if pieces else None


__all__ = ["facts_of_scripts"]
