"""Placement: topics that a command or a container's variable creates.

`kafka-topics(.sh) --create` in scripts, and in whatever scripts stand in; `KAFKA_CREATE_TOPICS`, by
which the image of wurstmeister/kafka-docker creates topics (`name:partitions:replicas[:cleanup]`), and
copies of it under other names: the other images that are known make none of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from oncelint.formats.shell import Command, Word, commands
from oncelint.formats.tree import Document, Node, Scalar, walk
from oncelint.formats.tree import Mapping as MappingNode
from oncelint.formats.tree import Sequence as SequenceNode
from oncelint.frameworks.blocks import is_placeholder
from oncelint.frameworks.needles import CREATE_TOPICS
from oncelint.model.facts import Alternative, Block, ConfigFact, WrittenSetting
from oncelint.model.values import Known, Origin, Span, Unknown, Value
from oncelint.text import Text

_PROGRAM = re.compile(r"kafka-topics(?:\.sh)?")
_NUMBERS = {"--partitions": "partitions", "--replication-factor": "replication.factor"}
_EXPANSION = re.compile(r"\$\{([A-Za-z_]\w*)\}")


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    if document.roots:
        yield from _variables(document, text)
    else:
        yield from _commands(text)


# Commands ----------------------------------------------------------------------------------------


def _commands(text: Text) -> Iterator[ConfigFact]:
    found = commands(text)
    assigned = _assigned(found)
    for command in found:
        words = _arguments(command)
        if any(word.text == "--create" for word in words):
            yield _created(words, assigned, text)


def _arguments(command: Command) -> tuple[Word, ...]:
    """The words behind the program's name, which may stand behind `docker exec …`."""
    for index, word in enumerate(command.words):
        if _PROGRAM.fullmatch(word.text.rpartition("/")[2]):
            return command.words[index + 1 :]
    return ()


def _assigned(found: tuple[Command, ...]) -> Mapping[str, str]:
    """The variables that a script gives one known text."""
    values: dict[str, set[str | None]] = {}
    for command in found:
        if command.words:
            continue
        for word in command.assignments:
            name, _, value = word.text.partition("=")
            values.setdefault(name.rstrip("+"), set()).add(value if word.known else None)
    known: dict[str, str] = {}
    for name, texts in values.items():
        only = next(iter(texts))
        if len(texts) == 1 and only is not None:
            known[name] = only
    return known


def _created(words: tuple[Word, ...], assigned: Mapping[str, str], text: Text) -> ConfigFact:
    settings: dict[str, WrittenSetting] = {}
    name = ""
    start, end = words[0].start, words[0].end
    for option, word, value in _options(words):
        if option == "--topic":
            found = _value(value, assigned)
            name = found.value if isinstance(found, Known) and isinstance(found.value, str) else ""
            start, end = word.start, word.end
        elif option in _NUMBERS:
            key = _NUMBERS[option]
            settings[key] = _setting(key, option, word, value, assigned, text)
        elif option == "--config":
            key, equals, value = value.partition("=")
            if equals:
                settings[key.strip()] = _setting(
                    key.strip(), key.strip(), word, value, assigned, text
                )
    return ConfigFact(
        "kafka-topics command",
        ("java",),
        "topic",
        Block(tuple(settings.values())),
        text.span(start, end),
        name=name,
    )


def _options(words: tuple[Word, ...]) -> Iterator[tuple[str, Word, str]]:
    """Options with the word that has the value: `--topic orders`, `--topic=orders`."""
    for index, word in enumerate(words):
        if not word.text.startswith("--"):
            continue
        option, equals, value = word.text.partition("=")
        if equals:
            yield option, word, value
        elif index + 1 < len(words):
            yield option, words[index + 1], words[index + 1].text


def _setting(
    key: str, shown: str, word: Word, value: str, assigned: Mapping[str, str], text: Text
) -> WrittenSetting:
    return _written(key, shown, _value(value, assigned), value, text.span(word.start, word.end))


def _written(key: str, shown: str, value: Value, told: str, span: Span) -> WrittenSetting:
    alternative = Alternative(value, (), span, (Origin("file", told, span),))
    return WrittenSetting(key, span, (alternative,), shown if shown != key else None)


def _value(written: str, assigned: Mapping[str, str]) -> Value:
    whole = _EXPANSION.fullmatch(written)
    if whole is not None and whole.group(1) in assigned:
        return Known(assigned[whole.group(1)])
    if is_placeholder(written) or "$" in written or "`" in written:
        return Unknown(f"the placeholder {written}")
    return Known(int(written) if written.isascii() and written.isdigit() else written)


# Variables ---------------------------------------------------------------------------------------


def _variables(document: Document, text: Text) -> Iterator[ConfigFact]:
    for root in document.roots:
        nodes = list(walk(root))
        unread = {id(part) for node in nodes for part in _of_other_images(node)}
        for node in nodes:
            if id(node) in unread:
                continue
            if isinstance(node, MappingNode):
                for entry in node.entries:
                    if entry.key.text == CREATE_TOPICS and isinstance(entry.value, Scalar):
                        yield from _listed(entry.value.text, entry.value, text)
            elif isinstance(node, SequenceNode):
                for item in node.items:
                    if isinstance(item, Scalar) and item.text.startswith(f"{CREATE_TOPICS}="):
                        yield from _listed(item.text.partition("=")[2], item, text)


def _of_other_images(node: Node) -> Iterator[Node]:
    """The variables of a container whose image is known to make no topics of them."""
    if not isinstance(node, MappingNode) or node.get("image") is None:
        return
    image = node.get("image")
    from oncelint.frameworks.containers.images import family_of, split  # with its tables

    name = image.text if isinstance(image, Scalar) else ""
    if family_of(name) is None or split(name)[0] == "wurstmeister/kafka":
        return
    for field in ("environment", "env"):
        variables = node.get(field)
        if variables is not None:
            yield from walk(variables)


def _listed(value: str, scalar: Scalar, text: Text) -> Iterator[ConfigFact]:
    place = scalar.start
    for one in re.split(r"[,\n]", value):
        one = one.strip()
        parts = [part.strip() for part in one.split(":")]
        if len(parts) < 3 or is_placeholder(one):
            continue
        found = text.text.find(one, place, scalar.end)
        start, end = (found, found + len(one)) if found >= 0 else (scalar.start, scalar.end)
        place = max(place, start)
        span = text.span(start, end)
        block = Block(
            tuple(
                _written(key, key, _value(part, {}), part, span)
                for key, part in zip(("partitions", "replication.factor"), parts[1:], strict=False)
            )
        )
        yield ConfigFact(CREATE_TOPICS, ("java",), "topic", block, span, name=parts[0])
