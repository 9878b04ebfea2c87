"""Property sources of JVM applications: Spring's, Quarkus' and Micronaut's application files.

A document of such a file becomes one fact of the role "application": its properties under their
dotted names, each with its place, and every mapping as a place that takes more of them. What
several documents say together (profiles, packaged and external files) is an `Environment`.

Source: Spring Boot reference, "Externalized Configuration" (order of files, profiles, multi-document
files).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from oncelint.formats.tree import Document, Entry, Node, Scalar
from oncelint.formats.tree import Mapping as MappingNode
from oncelint.formats.tree import Sequence as SequenceNode
from oncelint.frameworks.applications.environments import Environment
from oncelint.frameworks.applications.relaxed import Name, elements, uniform
from oncelint.model.facts import (
    Alternative,
    Block,
    Condition,
    ConfigFact,
    Duplicate,
    Home,
    WrittenSetting,
)
from oncelint.model.values import Known, Origin, Span, Value
from oncelint.text import Text

ROLE = "application"
"""The role of a fact that is a document of properties; none of it is left after `assemble`."""

_NAME = re.compile(r"(application|bootstrap)(?:-([\w.+-]+))?\.(?:ya?ml|properties)", re.IGNORECASE)
_ANY_NAME = re.compile(r"([\w.+-]+)\.(?:ya?ml|properties)", re.IGNORECASE)
# A copy that is kept beside the application's own file (application1.yml, application_old.yml).
_PUT_ASIDE = re.compile(r"application[\w ]+\.", re.IGNORECASE)
_PACKAGED = re.compile(r"(?P<module>.*?)(?:^|/)src/(?P<set>\w+)/resources(?:/(?P<inner>.*))?")
_SEPARATORS = ("---",)

# Profiles of development machines and tests: what they relax is no decision about production.
UNJUDGED_PROFILES = frozenset(
    {"test", "tests", "testing", "unittest", "unit-test", "integration-test", "integrationtest"}
    | {"it", "itest", "e2e", "junit", "local", "localhost", "testcontainers", "embedded"}
)


# Documents to facts ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where an application file stands.

    `module` is the folder of the application, `app` its name (of a configuration repository's
    files; "application" for all others), `profile` the one in the file's name, `rank` the order
    among the files of one application: what is higher counts.
    """

    module: str
    app: str
    profile: str
    rank: int
    named: bool


def place_of(path: str, span: Span) -> Place | None:
    """What a file's name and folder say; None when it is no file of properties.

    A document that is embedded in another file is an application of its own.
    """
    folder, _, name = path.rpartition("/")
    match = _NAME.fullmatch(name)
    if match is None:
        other = _ANY_NAME.fullmatch(name)
        if other is None or (_PUT_ASIDE.match(name) and _PACKAGED.fullmatch(folder)):
            return None
        return Place(folder, other[1], "", 0, False)
    profile = match[2] or ""
    if span.path != path:
        return Place(f"{span.path}#{span.start.line}", "application", profile, 0, True)
    rank = 0 if match[1].lower() == "bootstrap" else 100
    packaged = _PACKAGED.fullmatch(folder)
    if packaged is not None:
        module, source = packaged["module"].rstrip("/"), packaged["set"]
        inner = packaged["inner"] or ""
        rank += 10 if inner == "config" else 0
        if inner not in ("", "config"):
            module = folder
        if source != "main":
            module = f"{module}#{source}"
    else:
        external = folder == "config" or folder.endswith("/config")
        module = folder[: -len("config")].rstrip("/") if external else folder
        rank += 220 if external else 200
    rank += 2 if profile else 0
    rank += 1 if name.endswith(".properties") else 0
    return Place(module, "application", profile, rank, True)


def facts_of(
    document: Document,
    text: Text,
    path: str,
    placement: str,
    belongs: Callable[[Name], bool],
    proves: Callable[[Name], bool],
) -> Iterator[ConfigFact]:
    """One fact for each document of an application file: of a file that is named as one when the
    name of some property (its uniform elements) `belongs` to the framework, of any other file
    when one `proves` that it is an application's all the same."""
    number = 0
    for root in document.roots:
        if not isinstance(root, MappingNode):
            continue
        for part, whole in _parts(root, document, path):
            number += 1
            fact = _fact(part, whole, text, path, placement, number)
            if fact is None:
                continue
            tells = belongs if fact.details["named"] else proves
            names = (uniform(elements(one.key)) for one in fact.block.settings)
            if any(name and tells(name) for name in names):
                yield fact


def _parts(root: MappingNode, document: Document, path: str) -> Iterator[tuple[MappingNode, bool]]:
    """The documents of a root: a .properties file is parted by `#---` lines (Spring Boot 2.4)."""
    if not path.endswith(".properties"):
        yield root, True
        return
    cuts = [one.start for one in document.comments if one.text in _SEPARATORS]
    if not cuts:
        yield root, True
        return
    bounds = [root.start, *cuts, root.end + 1]
    for start, end in pairwise(bounds):
        entries = tuple(one for one in root.entries if start <= one.key.start < end)
        if entries:
            yield MappingNode(start, min(end, root.end), entries, root.open_reason), False


def _fact(
    root: MappingNode,
    whole: bool,
    text: Text,
    path: str,
    placement: str,
    number: int,
) -> ConfigFact | None:
    if not root.entries:
        return None
    first = root.entries[0].key
    span = text.span(first.start, first.end)
    place = place_of(path, span)
    if place is None:
        return None
    flat = _Flat(text)
    flat.add(root, "", 0)
    homes = tuple(flat.homes) if whole else ()
    block = Block(tuple(flat.settings.values()), root.open_reason, tuple(flat.duplicates), homes)
    details = {
        "module": place.module,
        "app": place.app,
        "named": "yes" if place.named else "",
        "profile": place.profile,
        "rank": f"{place.rank:04}.{number:04}",
        "file": path,
    }
    return ConfigFact(placement, ("java",), ROLE, block, span, details=details)


@dataclass(slots=True)
class _Flat:
    """A nested mapping as dotted names."""

    text: Text
    settings: dict[str, WrittenSetting] = field(default_factory=dict)
    duplicates: list[Duplicate] = field(default_factory=list)
    homes: list[Home] = field(default_factory=list)

    def add(self, mapping: MappingNode, prefix: str, depth: int) -> None:
        if len(self.homes) >= _MOST:  # aliases of aliases can ask for any number
            return
        span = self.text.span(mapping.start, mapping.end)
        self.homes.append(Home(span, "mapping", prefix, "application"))
        for entry in mapping.entries:
            name = _joined(prefix, entry.key.text)
            if isinstance(entry.value, MappingNode):
                if depth < _DEEPEST:
                    self.add(entry.value, name, depth + 1)
            else:
                self._setting(name, entry)

    def _setting(self, name: str, entry: Entry) -> None:
        value = _written(entry.value)
        if value is None:
            return
        key_span = self.text.span(entry.key.start, entry.key.end)
        earlier = self.settings.pop(name, None)
        if earlier is not None:
            if entry.merged:
                self.settings[name] = earlier
                return
            if earlier.key_span != key_span:
                self.duplicates.append(Duplicate(name, earlier.key_span, key_span))
        span = self.text.span(entry.value.start, entry.value.end)
        shown = self.text.text[entry.value.start : entry.value.end][:200]
        origin = Origin("file", shown, span)
        self.settings[name] = WrittenSetting(
            name, key_span, (Alternative(value, (), span, (origin,)),)
        )


_DEEPEST = 40
_MOST = 5000


def _joined(prefix: str, key: str) -> str:
    if not prefix or key.startswith("["):
        return prefix + key
    return f"{prefix}.{key}"


def _written(node: Node) -> Value | None:
    """A value as it is written; placeholders are resolved later. None for a list of mappings."""
    if isinstance(node, Scalar):
        return Known(node.value)
    if isinstance(node, SequenceNode):
        items = [item.value for item in node.items if isinstance(item, Scalar)]
        if len(items) == len(node.items):
            return Known(tuple(items))
    return None


# Profiles -------------------------------------------------------------------------------------


def is_active(expression: str, active: frozenset[str]) -> bool:
    """Whether a profile expression holds (`Profiles.of`: names, `!`, `&`, `|`, parentheses; a list
    holds when one of its items does). What is no expression does not."""
    return any(_holds(item, active) for item in expression.split(","))


def _holds(text: str, active: frozenset[str]) -> bool:
    tokens = re.findall(r"[()!&|]|[^()!&|\s]+", text)
    parser = _Profiles(tokens, active)
    value = parser.any_of()
    return value and not parser.tokens


@dataclass(slots=True)
class _Profiles:
    tokens: list[str]
    active: frozenset[str]

    def any_of(self) -> bool:
        value = self.all_of()
        while self.tokens[:1] == ["|"]:
            self.tokens.pop(0)
            value = self.all_of() or value
        return value

    def all_of(self) -> bool:
        value = self.one()
        while self.tokens[:1] == ["&"]:
            self.tokens.pop(0)
            value = self.one() and value
        return value

    def one(self) -> bool:
        if not self.tokens:
            return False
        token = self.tokens.pop(0)
        if token == "!":
            return not self.one()
        if token == "(":
            value = self.any_of()
            if self.tokens[:1] == [")"]:
                self.tokens.pop(0)
            return value
        return token in self.active


def named_profiles(expression: str) -> Iterator[str]:
    """The profiles that an expression names without a `!` before them."""
    for match in re.finditer(r"(!?)\s*([^()!&|,\s]+)", expression):
        if not match[1]:
            yield match[2]


# Applications ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sources:
    """The documents of one application, lowest first, each with the expression that decides
    whether it counts (empty: always)."""

    documents: tuple[tuple[str, ConfigFact], ...]

    def environment(self, profile: str = "") -> Environment:
        active = frozenset((profile or "default",))
        return Environment.of(
            [one for when, one in self.documents if not when or is_active(when, active)]
        )

    def profiles(self) -> tuple[str, ...]:
        """The profiles that the documents name and that are judged, each once."""
        named = (one for when, _ in self.documents for one in named_profiles(when))
        return tuple(one for one in dict.fromkeys(named) if one.lower() not in UNJUDGED_PROFILES)


def applications(
    facts: Sequence[ConfigFact], when: Callable[[ConfigFact], str | None]
) -> Iterator[Sources]:
    """The documents of facts by application.

    `when` tells what profile expression a document's own properties carry, None for a document
    that does not count. Files of a configuration repository have the application's name and a
    profile behind it; they lie above the `application` of their folder.
    """
    groups: dict[tuple[str, str], list[tuple[str, ConfigFact]]] = {}
    stems = {(one.details["module"], one.details["app"]) for one in facts}
    for fact in facts:
        own = when(fact)
        if own is None:
            continue
        module, app, profile = fact.details["module"], fact.details["app"], fact.details["profile"]
        if not fact.details["named"]:
            app, profile = _parted(module, app, stems)
        expression = " & ".join(f"({part.replace(',', '|')})" for part in (profile, own) if part)
        groups.setdefault((module, app), []).append((expression, fact))
    for (module, app), documents in groups.items():
        if app != "application":
            documents = [*groups.get((module, "application"), ()), *documents]
        yield Sources(tuple(sorted(documents, key=_order)))


def _order(one: tuple[str, ConfigFact]) -> tuple[bool, bool, str]:
    """Named files by their rank; above them a configuration repository's, those of profiles last."""
    when, fact = one
    of_repository = not fact.details["named"]
    return of_repository, of_repository and bool(when), fact.details["rank"]


def _parted(module: str, stem: str, stems: set[tuple[str, str]]) -> tuple[str, str]:
    """The application and the profile of a configuration repository's file."""
    parts = stem.split("-")
    for size in range(len(parts) - 1, 0, -1):
        app = "-".join(parts[:size])
        if (module, app) in stems:
            return app, "-".join(parts[size:])
    return stem, ""


def with_profiles(
    sources: Sources,
    base: Sequence[ConfigFact],
    profiles: Iterable[str],
    made: Callable[[Environment], Iterable[ConfigFact]],
) -> Iterator[ConfigFact]:
    """The clients of an application without a profile, and those that some profile changes.

    A profile's client stands where the unprofiled one does, so that what is wrong with both is
    found once; `details` tell the profile, and of the unprofiled client those that replace it.
    """
    known = {_identity(one): one for one in base}
    replaced: dict[tuple[str, str, str], list[str]] = {}
    others: list[ConfigFact] = []
    for profile in profiles:
        for fact in made(sources.environment(profile)):
            plain = known.get(_identity(fact))
            if plain is not None and same_settings(plain.block, fact.block):
                continue
            span = plain.span if plain is not None else fact.span
            details = {**fact.details, "profile": profile}
            others.append(replace(fact, span=span, details=details))
            replaced.setdefault(_identity(fact), []).append(profile)
    for key, fact in known.items():
        details = {**fact.details, "replaced": ",".join(replaced[key])} if key in replaced else {}
        yield replace(fact, details=details or fact.details)
    yield from others


def _identity(fact: ConfigFact) -> tuple[str, str, str]:
    return fact.placement, fact.role, fact.name


def same_settings(one: Block, other: Block) -> bool:
    """Whether two blocks say the same."""
    return _worth(one) == _worth(other)


def _worth(block: Block) -> dict[str, list[tuple[Value | None, tuple[Condition, ...]]]]:
    return {
        setting.key: [(each.value, each.when) for each in setting.alternatives]
        for setting in block.settings
    }
