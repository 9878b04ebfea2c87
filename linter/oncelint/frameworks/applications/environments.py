"""The properties of several documents that hold together, and what clients are made of them.

Sources: Spring Boot reference, "Property Placeholders"; `PropertySourcesPlaceholdersResolver`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from oncelint.frameworks.applications.relaxed import Name, elements, key_of, uniform
from oncelint.frameworks.blocks import is_placeholder, layered
from oncelint.model.facts import (
    Alternative,
    Block,
    Condition,
    ConfigFact,
    Duplicate,
    Home,
    WrittenSetting,
)
from oncelint.model.values import Computed, Known, Unknown, Value, scalar_text

_DEEPEST = 40


@dataclass(frozen=True, slots=True)
class Environment:
    """The properties that hold together, lowest document first.

    `settings` are those that count by their uniform names, keyed by their dotted names as they
    are written.
    """

    documents: tuple[ConfigFact, ...]
    settings: Mapping[Name, WrittenSetting]

    @classmethod
    def of(cls, documents: Sequence[ConfigFact]) -> Environment:
        settings: dict[Name, WrittenSetting] = {}
        for block in (one.block for one in documents):
            for setting in block.settings:
                name = uniform(elements(setting.key))
                hidden = settings.pop(name, None)
                if hidden is not None:
                    below, above = (replace(one, key="") for one in (hidden, setting))
                    (merged,) = layered(Block((below,)), Block((above,))).settings
                    setting = replace(merged, key=setting.key)
                settings[name] = setting
        return cls(tuple(documents), settings)

    def has(self, *prefix: str) -> bool:
        """Whether some property stands at or under a name, given by its uniform elements."""
        size = len(prefix)
        return any(name[:size] == prefix for name in self.settings)

    def get(self, *name: str) -> WrittenSetting | None:
        """The property of a name, given by its uniform elements, with its placeholders resolved."""
        found = self.settings.get(name)
        return self.resolved(found) if found is not None else None

    def text(self, *name: str) -> str | None:
        """The known value of a property as a text."""
        found = self.get(*name)
        value = found.value if found is not None else None
        return scalar_text(value.value) if isinstance(value, Known) else None

    def children(self, *prefix: str) -> tuple[str, ...]:
        """The elements that follow a name, as they are written, each once."""
        found: dict[str, str] = {}
        size = len(prefix)
        for name, setting in self.settings.items():
            if name[:size] == prefix and len(name) > size:
                found.setdefault(name[size], elements(setting.key)[size])
        return tuple(found.values())

    def under(self, *prefix: str) -> Iterator[tuple[Name, WrittenSetting]]:
        """The properties under a name with the elements behind it, as they are written."""
        size = len(prefix)
        for name, setting in self.settings.items():
            if name[:size] == prefix and len(name) > size:
                yield elements(setting.key)[size:], self.resolved(setting)

    def resolved(self, setting: WrittenSetting) -> WrittenSetting:
        found: list[Alternative] = []
        for one in setting.alternatives:
            found.extend(self._resolved(one))
        return replace(setting, alternatives=tuple(found))

    def _resolved(self, one: Alternative) -> Iterator[Alternative]:
        value = one.value
        if not isinstance(value, Known) or not isinstance(value.value, str):
            yield one
            return
        text = value.value
        if "${" not in text:
            if is_placeholder(text):
                yield replace(one, value=Unknown(f"the placeholder {text}"))
            else:
                yield one
            return
        for resolved, when in self._text(text, 0):
            origins = one.origins
            yield replace(one, value=resolved, when=(*one.when, *when), origins=origins)

    def _text(self, text: str, depth: int) -> list[tuple[Value, tuple[Condition, ...]]]:
        parts = list(_split(text))
        if len(parts) == 1 and isinstance(parts[0], _Placeholder):
            return self._placeholder(parts[0], depth)
        pieces: list[str] = []
        kinds: set[str] = set()
        for part in parts:
            if isinstance(part, str):
                if "${" in part:
                    return [(Unknown(f"the placeholder {text}"), ())]
                pieces.append(part)
                continue
            options = self._placeholder(part, depth)
            only = options[0][0] if len(options) == 1 else None
            if isinstance(only, Known) and not isinstance(only.value, tuple):
                pieces.append(scalar_text(only.value))
            elif isinstance(only, Computed):
                kinds.update(only.kinds)
                pieces.append(only.template)
            else:
                reason = f"the placeholder {part.written}"
                return [(Unknown(reason, present=True), ())]
        joined = "".join(pieces)
        if kinds:
            return [(Computed(joined, frozenset(kinds)), ())]  # type: ignore[arg-type]
        return [(Known(joined), ())]

    def _placeholder(
        self, part: _Placeholder, depth: int
    ) -> list[tuple[Value, tuple[Condition, ...]]]:
        if part.name.startswith("random."):
            return [(Computed("{" + part.name + "}", frozenset(("random",))), ())]
        found = self.settings.get(uniform(elements(part.name)))
        if found is not None and depth < _DEEPEST:
            options: list[tuple[Value, tuple[Condition, ...]]] = []
            for one in found.alternatives:
                if isinstance(one.value, Known) and isinstance(one.value.value, str):
                    options.extend(self._text(one.value.value, depth + 1))
                elif one.value is not None:
                    options.append((one.value, ()))
            return options
        given = Unknown(f"the placeholder {part.written}", present=True)
        if part.default is None:
            return [(given, ())]
        choice = f"environment variable {part.name}"
        defaults = self._text(part.default, depth + 1) if depth < _DEEPEST else []
        return [
            *((value, (Condition(choice, "is unset"), *when)) for value, when in defaults),
            (given, (Condition(choice, "is set"),)),
        ]


@dataclass(frozen=True, slots=True)
class _Placeholder:
    name: str
    default: str | None
    written: str


def _split(text: str) -> Iterator[str | _Placeholder]:
    """A text parted into literals and placeholders; those within a default stay in it."""
    place = 0
    while (start := text.find("${", place)) >= 0:
        depth, end = 1, start + 2
        while end < len(text) and depth:
            if text.startswith("${", end):
                depth += 1
                end += 1
            elif text[end] == "}":
                depth -= 1
            end += 1
        if depth:
            break
        if start > place:
            yield text[place:start]
        name, colon, default = text[start + 2 : end - 1].partition(":")
        yield _Placeholder(name.strip(), default if colon else None, text[start:end])
        place = end
    if place < len(text):
        yield text[place:]


def blocks_at(
    env: Environment,
    prefix: Name,
    names: Mapping[str, str] | None = None,
    convert: Callable[[str, Value], Value] = lambda key, value: value,
    keep: Callable[[str], bool] = lambda key: True,
) -> Block:
    """The settings of a client under a name, with the client's own keys.

    With `names` (uniform element to key) only the single elements that are named there count,
    each converted from the framework's notation; without, the whole map under the name does.
    """
    found: dict[str, WrittenSetting] = {}
    for rest, setting in env.under(*prefix):
        if names is not None:
            key = names.get(uniform(rest)[0], "") if len(rest) == 1 else ""
        else:
            key = key_of(rest)
        if not key or not keep(key):
            continue
        alternatives = tuple(
            replace(one, value=convert(key, one.value)) if one.value is not None else one
            for one in setting.alternatives
        )
        shown = setting.shown or setting.key
        found[key] = WrittenSetting(key, setting.key_span, alternatives, shown)
    return Block(tuple(found.values()))


def duplicates_at(env: Environment, *prefixes: Name) -> tuple[Duplicate, ...]:
    """The properties under some names that one document has twice."""
    return tuple(
        one
        for document in env.documents
        for one in document.block.duplicates
        if any(uniform(elements(one.key))[: len(prefix)] == prefix for prefix in prefixes)
    )


def home_at(
    env: Environment, target: str, style: str, near: Sequence[Name] = (), inner: str = ""
) -> tuple[Home, ...]:
    """Where a setting can be added under a dotted name: in the uppermost document that has some
    property under it (or under one of the names `near`), the innermost mapping that leads there.
    `inner` is the name of a map under it, which takes its own keys where it is written."""
    wanted = uniform(elements(target))
    for prefix in (wanted, *near):
        for document in reversed(env.documents):
            has = any(
                uniform(elements(one.key))[: len(prefix)] == prefix
                for one in document.block.settings
            )
            if not has:
                continue
            home = _home(document, target, wanted, style)
            if home is not None:
                return (replace(home, inner=_inner(document, home, wanted, inner)),)
    return ()


def _inner(document: ConfigFact, home: Home, wanted: Name, inner: str) -> tuple[Home, ...]:
    name = (*wanted, *uniform((inner,)))
    return tuple(
        Home(one.span, "mapping", f"{home.prefix}{inner}.")
        for one in document.block.homes
        if inner and uniform(elements(one.prefix)) == name
    )


def _home(document: ConfigFact, target: str, wanted: Name, style: str) -> Home | None:
    best: tuple[int, Home] | None = None
    for home in document.block.homes:
        name = uniform(elements(home.prefix))
        if name == wanted[: len(name)] and (best is None or len(name) >= best[0]):
            best = (len(name), home)
    if best is None:
        return None
    rest = _as_written(document, target, wanted)[best[0] :]
    prefix = "".join(f"{one}." for one in rest)
    path = f"{best[1].prefix}." if best[1].prefix else ""
    return Home(best[1].span, "mapping", prefix, style, path=path)


def _as_written(document: ConfigFact, target: str, wanted: Name) -> Name:
    """The elements of a name in the spelling that a document uses for it."""
    spelled = list(elements(target))
    for one in document.block.settings:
        written = elements(one.key)
        name = uniform(written)
        for index in range(min(len(name), len(wanted))):
            if name[: index + 1] != wanted[: index + 1]:
                break
            spelled[index] = written[index]
    return tuple(spelled)


def camel(document: Sequence[ConfigFact], prefix: Name) -> bool:
    """Whether the properties under a name are spelled in camel case, and none with dashes."""
    written = [
        elements(one.key)[len(prefix)]
        for fact in document
        for one in fact.block.settings
        if uniform(elements(one.key))[: len(prefix)] == prefix
        if len(elements(one.key)) > len(prefix)
    ]
    return any(re.search("[a-z][A-Z]", one) for one in written) and not any(
        "-" in one for one in written
    )


def topics_at(
    env: Environment, path: Name, key: str, default: str, separator: str | None = None
) -> str:
    """The topics that a property names, joined by blanks: the default where there is none, nothing
    where it is not known."""
    found = env.get(*path, key)
    if found is None:
        return default
    text = env.text(*path, key)
    return " ".join((text or "").split(separator)) if separator else text or ""
