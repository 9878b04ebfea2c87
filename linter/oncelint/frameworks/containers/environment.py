"""Variables of a container: how they are written, and what placeholders in them stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from oncelint.formats import read as parse
from oncelint.formats.tree import Entry, FormatError, Node, Scalar, Sequence
from oncelint.formats.tree import Mapping as MappingNode
from oncelint.formats.views import assignments
from oncelint.model.facts import (
    Alternative,
    Block,
    Condition,
    Duplicate,
    Home,
    WrittenSetting,
)
from oncelint.model.values import Known, Origin, Span, Unknown, Value
from oncelint.text import SourceText, Text, TextError

Read = Callable[[str], "bytes | None"]

_LONGEST = 200
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def block_of(node: Node | None, text: Text) -> Block:
    """The variables of an `environment:`, a mapping or a list of `NAME=value`, with their values
    as written; one without a value comes from the shell."""
    if isinstance(node, MappingNode):
        home = Home(text.span(node.start, node.end), "mapping")
        return _block(node.entries, text, node.open_reason, home)
    if isinstance(node, Sequence):
        view = assignments(node, text)
        bare = [item for item in node.items if isinstance(item, Scalar) and "=" not in item.text]
        if view is None and len(bare) < len(node.items):
            return Block((), "an environment that is written in another way")
        entries = [
            *(view.entries if view is not None else ()),
            *(Entry(item, Scalar(item.end, item.end, None, "")) for item in bare),
        ]
        home = Home(text.span(node.start, node.end), "mapping")
        return _block(entries, text, None, home)
    return Block(())


def _block(
    entries: list[Entry] | tuple[Entry, ...], text: Text, open_reason: str | None, home: Home
) -> Block:
    settings: dict[str, WrittenSetting] = {}
    duplicates: list[Duplicate] = []
    for entry in entries:
        name = entry.key.text
        key_span = text.span(entry.key.start, entry.key.end)
        earlier = settings.pop(name, None)
        if earlier is not None:
            if entry.merged:
                settings[name] = earlier
                continue
            if earlier.key_span != key_span:
                duplicates.append(Duplicate(name, earlier.key_span, key_span))
        settings[name] = WrittenSetting(name, key_span, (_written(entry.value, text),))
    return Block(tuple(settings.values()), open_reason, tuple(duplicates), (home,))


def _written(node: Node, text: Text) -> Alternative:
    span = text.span(node.start, node.end)
    shown = text.text[node.start : node.end][:_LONGEST]
    value: Value = Unknown("a nested value")
    if isinstance(node, Scalar):
        nothing = node.value is None
        value = Unknown("a variable of the shell") if nothing else Known(node.text)
    return Alternative(value, (), span, (Origin("file", shown, span),))


# Placeholders ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Variables:
    """The variables that docker compose fills in: those of the `.env` beside the file.

    What the shell has besides is not known.
    """

    read: Read
    folder: str
    given: Mapping[str, str] = field(default_factory=dict)
    _found: dict[str, tuple[str, Span]] | None = None

    def get(self, name: str) -> tuple[str, Span | None] | None:
        if name in self.given:
            return self.given[name], None
        if self._found is None:
            self._found = dict(_dotenv(self.read, joined(self.folder, ".env")))
        return self._found.get(name)


def _dotenv(read: Read, path: str) -> Iterator[tuple[str, tuple[str, Span]]]:
    for entry, text in entries_of(read, path) or ():
        if isinstance(entry.value, Scalar):
            span = text.span(entry.value.start, entry.value.end)
            yield entry.key.text, (entry.value.text, span)


def entries_of(read: Read, path: str) -> list[tuple[Entry, SourceText]] | None:
    """The entries of an environment file; None when it cannot be read."""
    data = read(path)
    if data is None:
        return None
    try:
        text = SourceText.decode(path, data)
        root = parse("dotenv", text).roots[0]
    except (TextError, FormatError):
        return None
    return [(entry, text) for entry in root.entries] if isinstance(root, MappingNode) else []


def file_block(read: Read, path: str) -> Block | None:
    """The variables of an environment file; None when it cannot be read."""
    entries = entries_of(read, path)
    if entries is None:
        return None
    homes = {text.span(0, len(text.text)): None for _, text in entries}
    settings = {
        entry.key.text: WrittenSetting(
            entry.key.text,
            text.span(entry.key.start, entry.key.end),
            (_written(entry.value, text),),
        )
        for entry, text in entries
    }
    return Block(tuple(settings.values()), homes=tuple(Home(span, "mapping") for span in homes))


def joined(folder: str, path: str) -> str:
    """A path from a folder of the project, its dots resolved; empty when it leads out of it."""
    parts = [part for part in folder.split("/") if part]
    for part in path.replace("\\", "/").split("/"):
        if part in ("", "."):
            continue
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


@dataclass(slots=True)
class _Outcome:
    """What a text with placeholders becomes. `text` is None when something is not known, `unset`
    are the variables whose defaults are in it."""

    text: str | None
    reason: str = ""
    unset: list[str] = field(default_factory=list)
    origins: list[Origin] = field(default_factory=list)
    whole: Span | None = None


def filled(text: str, variables: Variables) -> str | None:
    """A text with its placeholders filled in, defaults included; None when one has neither."""
    return _outcome(text, variables).text


def settled(block: Block, variables: Variables) -> Block:
    """A block with its placeholders filled in: a default is one world, the environment another."""
    return replace(
        block, settings=tuple(_settled(setting, variables) for setting in block.settings)
    )


def _settled(setting: WrittenSetting, variables: Variables) -> WrittenSetting:
    (written,) = setting.alternatives
    value = written.value
    if not isinstance(value, Known) or not isinstance(value.value, str) or "$" not in value.value:
        return setting
    outcome = _outcome(value.value, variables)
    origins = (*outcome.origins, *written.origins)
    if outcome.text is None:
        unknown = replace(written, value=Unknown(outcome.reason), span=None)
        return replace(setting, alternatives=(unknown,))
    plain = not outcome.unset and not outcome.origins
    known = Alternative(Known(outcome.text), (), written.span if plain else outcome.whole, origins)
    if not outcome.unset:
        return replace(setting, alternatives=(known,))
    names = list(dict.fromkeys(outcome.unset))
    unset = [Condition(f"environment variable {name}", "is unset") for name in names]
    alternatives = [replace(known, when=tuple(unset))]
    for index, name in enumerate(names):
        reason = f"the environment variable {name}"
        when = (*unset[:index], Condition(f"environment variable {name}", "is set"))
        alternatives.append(Alternative(Unknown(reason), when, None, written.origins))
    return replace(setting, alternatives=tuple(alternatives))


_LONGEST_FILLED = 5000
"""Characters of a text with placeholders: looking for closing braces takes quadratic time."""
_DEEPEST = 10
"""Levels of defaults inside defaults that are followed."""


def _outcome(text: str, variables: Variables, depth: int = 0) -> _Outcome:
    if depth > _DEEPEST or ("$" in text and len(text) > _LONGEST_FILLED):
        return _Outcome(None, "a placeholder among too much else")
    result = _Outcome("")
    parts: list[str] = []
    place = 0
    while (dollar := text.find("$", place)) >= 0:
        parts.append(text[place:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            place = dollar + 2
            continue
        end = _closing(text, dollar + 2) if following == "{" else None
        if end is not None:
            inner, place = text[dollar + 2 : end], end + 1
        else:
            name = _NAME.match(text, dollar + 1)
            if name is None:
                parts.append("$")
                place = dollar + 1
                continue
            inner, place = name.group(), name.end()
        one = _variable(inner, variables, depth)
        result.unset += one.unset
        result.origins += one.origins
        if (dollar, place) == (0, len(text)):
            result.whole = one.whole
        if one.text is None:
            result.text, result.reason = None, result.reason or one.reason
        else:
            parts.append(one.text)
    if result.text is not None:
        result.text = "".join((*parts, text[place:]))
    return result


def _closing(text: str, place: int) -> int | None:
    """The brace that closes the one before `place`."""
    depth = 1
    for index in range(place, len(text)):
        depth += (text[index] == "{") - (text[index] == "}")
        if depth == 0:
            return index
    return None


def _variable(inner: str, variables: Variables, depth: int) -> _Outcome:
    """`NAME`, and what stands behind it in braces."""
    name = _NAME.match(inner)
    if name is None:
        return _Outcome(None, f"the placeholder ${{{inner}}}")
    rest = inner[name.end() :]
    operator = rest[:2] if rest[:1] == ":" else rest[:1]
    word = rest[len(operator) :]
    found = variables.get(name.group())
    if found is not None and not (found[0] == "" and operator == ":-"):
        if operator in ("+", ":+"):
            return _Outcome(None, f"the placeholder ${{{inner}}}")
        value, span = found
        if "$" in value:
            return _Outcome(None, f"the variable {name.group()}, which is put together of others")
        origin = Origin("file", value[:_LONGEST], span, f"the variable {name.group()}")
        return _Outcome(value, origins=[origin], whole=span)
    if operator in ("-", ":-"):
        default = _outcome(word, variables, depth + 1)
        default.unset.insert(0, name.group())
        default.whole = None
        return default
    return _Outcome(None, f"the environment variable {name.group()}")
