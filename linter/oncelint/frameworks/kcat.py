"""Placement: kcat (formerly kafkacat) in scripts, and in whatever scripts stand in.

Its `-X property=value` go to librdkafka, the topic's before the client's, with or without `topic.`
before them; `-P` makes a producer, `-C` and `-G group` a consumer (kcat.c, argparse and try_conf_set).
It reads a file of the user's own besides (`~/.config/kcat.conf`, `-F file`), so that what a command does
not say is not known. The tools for trying things out by hand (kafka-console-producer,
kafka-producer-perf-test and their like) are no part of a pipeline, and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oncelint.formats.shell import Command, Word, commands
from oncelint.formats.tree import Document
from oncelint.frameworks.blocks import is_placeholder
from oncelint.model.facts import Alternative, Block, ConfigFact, Duplicate, WrittenSetting
from oncelint.model.values import Known, Origin, Span, Unknown, Value
from oncelint.text import Text

# the program, or its image
_PROGRAM = re.compile(r"(?:kcat|kafkacat)(?::[\w.-]+)?")
_VALUED = frozenset("GMtpbzoDKkHdFXcfsrm")
_ROLES = {"P": "producer", "C": "consumer", "G": "consumer"}
_OTHER_MODES = frozenset("LQM")
_ELSEWHERE = "kcat reads a configuration file besides"
# what is no property of librdkafka: questions, and the Schema Registry client's own
_NO_SETTING = ("list", "help", "dump", "schema.registry.")


@dataclass(frozen=True, slots=True)
class _Option:
    """An option's letter, with its value and the word that holds it from `start` on."""

    letter: str
    value: str = ""
    word: Word | None = None
    start: int = 0


def recognise(document: Document, text: Text, path: str) -> Iterator[ConfigFact]:
    for command in commands(text):
        words = _arguments(command)
        if words:
            fact = _client(list(_options(words)), text)
            if fact is not None:
                yield fact


def _arguments(command: Command) -> tuple[Word, ...]:
    """The words behind the program's name, which may stand behind `docker run …`."""
    for index, word in enumerate(command.words):
        if _PROGRAM.fullmatch(word.text.rpartition("/")[2]):
            return command.words[index + 1 :]
    return ()


def _options(words: Sequence[Word]) -> Iterator[_Option]:
    """The options as getopt takes them: letters together, a value behind its letter or apart."""
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        letters = word.text
        if not letters.startswith("-") or len(letters) < 2 or letters.startswith("--"):
            continue
        for at, letter in enumerate(letters[1:], start=2):
            if letter not in _VALUED:
                yield _Option(letter)
                continue
            if letters[at:]:
                yield _Option(letter, letters[at:], word, at)
            elif index < len(words):
                yield _Option(letter, words[index].text, words[index])
                index += 1
            break


def _client(options: Sequence[_Option], text: Text) -> ConfigFact | None:
    modes = [one.letter for one in options if one.letter in _ROLES or one.letter in _OTHER_MODES]
    written = [(one, one.word) for one in options if one.letter == "X" and one.word is not None]
    if len(modes) != 1 or modes[0] not in _ROLES:
        # without a mode it is a consumer or a producer by where its input comes from
        return None
    settings: dict[str, WrittenSetting] = {}
    duplicates: list[Duplicate] = []
    for option, word in written:
        key, equals, value = option.value.partition("=")
        if not equals or key.startswith(_NO_SETTING):
            continue
        span = _part(word, option, text)
        name = key.removeprefix("topic.")
        earlier = settings.pop(name, None)
        if earlier is not None:
            duplicates.append(Duplicate(key, earlier.key_span, span))
        settings[name] = _setting(name, key, value, span)
    if not settings:
        return None
    return ConfigFact(
        "kcat command",
        ("librdkafka",),
        _ROLES[modes[0]],
        Block(tuple(settings.values()), _ELSEWHERE, tuple(duplicates)),
        next(iter(settings.values())).key_span,
        closed=True,
        instances=None,
        details={"client": "kcat"},
    )


def _part(word: Word, option: _Option, text: Text) -> Span:
    """Where an option's value stands: in its word, behind its letter."""
    plain = len(word.parts) == 1 and word.parts[0].quoting == "plain"
    return text.span(word.start + (option.start if plain else 0), word.end)


def _setting(name: str, key: str, value: str, span: Span) -> WrittenSetting:
    alternative = Alternative(_value(value), (), span, (Origin("file", value, span),))
    return WrittenSetting(name, span, (alternative,), key if key != name else None)


def _value(written: str) -> Value:
    if is_placeholder(written) or "$" in written:
        return Unknown(f"the placeholder {written}")
    return Known(int(written) if written.isascii() and written.isdigit() else written)
