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
from oncelint.model.values import Span
from oncelint.python.literals import template_of
from oncelint.text import Piece, Region, SourceText, TextError

_BETWEEN = ";\n"
# What an f-string puts in, for readers of configuration: a placeholder.
_HOLE, _FILLED_IN = "{}", "${}"


def facts_of_scripts(
    places: Sequence[At],
    inserts: Mapping[At, str],
    described: Mapping[str, Mapping[str, bool]],
    read: Callable[[str], bytes | None],
) -> Iterator[ConfigFact]:
    """What the statements at some places configure, and which tables are inserted into by them and by
    calls.

    `described` are the tables of the Table API, by file and name, and whether they are Kafka's;
    `read` gives the bytes of a project's file.
    """
    by_path: dict[str, list[At]] = {}
    for at in places:
        by_path.setdefault(at.path, []).append(at)
    kafka = {name for names in described.values() for name, yes in names.items() if yes}
    others: dict[str, set[str]] = {
        path: {name for name, yes in names.items() if not yes} for path, names in described.items()
    }
    for path, here in by_path.items():
        region = _script(path, here, read)
        if region is None:
            continue
        created = flink.created(region)
        ours = others.setdefault(path, set())
        ours |= created
        told: set[Span] = set()
        for fact in recognise("sql", read_document("sql", region), region, path):
            name = fact.details.get("table", "")
            if fact.role == flink.TABLE:
                kafka.add(name)
                ours.discard(name)
            if fact.role == flink.INSERT:
                told.add(fact.span)
                if name in others[path]:
                    continue
            # the writers of SQL do not write into literals of Python
            yield replace(fact, block=replace(fact.block, homes=()))
        for fact in flink.inserts_into(region, path, kafka - ours):
            if fact.span not in told:
                yield fact
    for at, table in inserts.items():
        name = table.rpartition(".")[2].strip("`")
        if name in kafka and name not in others.get(at.path, ()):
            details = {"job": at.path, "table": name}
            span = span_of(at)
            yield ConfigFact(
                "flink sql", flink.DIALECT, flink.INSERT, Block(()), span, details=details
            )


def _script(path: str, places: Sequence[At], read: Callable[[str], bytes | None]) -> Region | None:
    """The statements at some places of a module as one script."""
    data = read(path)
    if data is None:
        return None
    try:
        source = SourceText.decode(path, data)
    except TextError:
        return None
    return _joined(source, sorted(places, key=lambda at: at.place))


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
