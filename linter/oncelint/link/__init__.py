"""Linking: all files' facts become one project."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from oncelint.dependencies.resolve import deployment_unit
from oncelint.discover import Candidate, Discovery
from oncelint.flow.machine import Machine
from oncelint.flow.modules import Modules
from oncelint.formats.tree import Node
from oncelint.frameworks import databases
from oncelint.frameworks.python_clients import CONSTRUCTORS, CONSUMERS
from oncelint.link.clients import Surroundings, config_client, is_test, python_clients
from oncelint.link.pipelines import feeds, pairs, with_uses
from oncelint.link.sinks import sinks
from oncelint.link.unresolved import unresolved
from oncelint.model import ir
from oncelint.model.facts import FileFacts, Requirement
from oncelint.model.project import (
    Broker,
    BrokerLimit,
    Client,
    Connector,
    Consumer,
    Producer,
    Project,
)
from oncelint.model.values import Known, Span
from oncelint.settings import Settings

# KafkaConfig's own default for transaction.max.timeout.ms: 15 minutes.
_BROKER_LIMIT_MS = 900_000


@dataclass(frozen=True, slots=True)
class Linked:
    """The project, and the facts of files that were only read because a name led into them."""

    project: Project
    extra: tuple[FileFacts, ...]


def link(
    facts: Sequence[FileFacts],
    discovery: Discovery,
    settings: Settings,
    read: Callable[[str], bytes | None],
) -> Linked:
    """Join the facts; `read` gives the bytes of a project file that was not extracted."""
    extra: list[FileFacts] = []
    modules = Modules(discovery.python_files, lambda path: _on_demand(path, read, extra))
    for one in facts:
        if isinstance(one.module, ir.Module):
            modules.add(one.module)
    requirements: Mapping[str, tuple[Requirement, ...]] = {
        one.path: one.requirements for one in facts if one.requirements
    }
    around = Surroundings(
        requirements,
        discovery.unit_files,
        settings.clients,
        frozenset(deployment_unit(path, discovery.unit_files) for path in discovery.java_files),
        settings.include_tests,
    )
    machine = Machine(
        modules,
        CONSTRUCTORS,
        CONSUMERS,
        databases.METHODS,
        databases.FUNCTIONS,
        _Documents(frozenset(discovery.files), read).find,
    )
    _run(machine, [one.path for one in facts if isinstance(one.module, ir.Module)])
    made = with_uses(python_clients(machine.trace.sites, around), machine.trace.uses)
    claimed = set(machine.trace.config_files)
    configured = [
        config_client(fact, around)
        for one in facts
        if one.path not in claimed
        for fact in one.configs
    ]
    clients: list[Client] = [*(one.client for one in made), *configured]
    producers = tuple(one for one in clients if isinstance(one, Producer))
    consumers = tuple(one for one in clients if isinstance(one, Consumer))
    fed = feeds(made, machine.trace.uses)
    skipped = [item for one in facts for item in one.skipped]
    project = Project(
        producers=producers,
        consumers=consumers,
        clients=tuple(clients),
        connectors=tuple(one for one in clients if isinstance(one, Connector)),
        brokers=tuple(one for one in clients if isinstance(one, Broker)),
        feeds=fed,
        pairs=pairs(producers, consumers, fed),
        sinks=sinks(machine, made, around, discovery.files, read),
        broker_limit=_broker_limit(clients),
        unresolved=unresolved(clients, machine.trace),
        partial=any(item.relevant for item in (*skipped, *discovery.skipped)),
    )
    return Linked(project, tuple(extra))


def _run(machine: Machine, paths: Sequence[str]) -> None:
    """Application code first, so that what it makes is known when libraries are looked at."""
    ordered = sorted(paths, key=lambda path: (is_test(path), path))
    for path in ordered:
        if not machine.exhausted:
            machine.run_module(path)
    for path in ordered:
        if not machine.exhausted:
            machine.run_unreached(path)


def _on_demand(
    path: str, read: Callable[[str], bytes | None], extra: list[FileFacts]
) -> ir.Module | None:
    from oncelint.extract import extract

    data = read(path)
    if data is None:
        return None
    facts = extract(Candidate(path, "python", data, None))
    extra.append(facts)
    return facts.module if isinstance(facts.module, ir.Module) else None


class _Documents:
    """Configuration files that Python code opens by a literal name."""

    def __init__(self, files: frozenset[str], read: Callable[[str], bytes | None]) -> None:
        self.files = files
        self.read = read
        self.parsed: dict[str, tuple[str, Node, Callable[[int, int], Span]] | None] = {}

    def find(self, importer: str, name: str) -> tuple[str, Node, Callable[[int, int], Span]] | None:
        """The tree of the file that `name` means in `importer`: beside it, or from a folder
        above, where the program may be started. None when no or no single file fits."""
        candidates = []
        folder = posixpath.dirname(importer)
        while True:
            path = (
                posixpath.normpath(posixpath.join(folder, name))
                if folder
                else posixpath.normpath(name)
            )
            if path in self.files and path not in candidates:
                candidates.append(path)
            if not folder:
                break
            folder = posixpath.dirname(folder)
        if posixpath.isabs(name) or not candidates:
            return None
        path = candidates[0]
        if path not in self.parsed:
            self.parsed[path] = self._parse(path)
        return self.parsed[path]

    def _parse(self, path: str) -> tuple[str, Node, Callable[[int, int], Span]] | None:
        from oncelint.discover import kind_of
        from oncelint.formats import READERS, read
        from oncelint.formats.templates import template_kind
        from oncelint.formats.tree import FormatError
        from oncelint.text import SourceText, TextError

        kind = kind_of(path) or "ini"
        data = self.read(path)
        if data is None or kind not in READERS:
            return None
        try:
            text = SourceText.decode(path, data, latin1=kind == "properties")
            if template_kind(text.text, path) is not None:
                return None
            document = read(kind, text)
        except (TextError, FormatError):
            return None
        if len(document.roots) != 1:
            return None
        return path, document.roots[0], text.span


def _broker_limit(clients: Sequence[Client]) -> BrokerLimit:
    """The smallest transaction.max.timeout.ms the project's brokers set, else Kafka's default."""
    limits: list[tuple[int, Span | None]] = []
    for client in clients:
        if not isinstance(client, Broker) or client.in_tests:
            continue
        for world in client.worlds:
            setting = world.setting("transaction.max.timeout.ms")
            if setting is None or setting.set_by != "user":
                continue
            if isinstance(setting.value, Known) and isinstance(setting.value.value, int):
                limits.append((setting.value.value, setting.value_span))
    if not limits:
        return BrokerLimit(_BROKER_LIMIT_MS, None)
    value, span = max(limits, key=lambda item: item[0])
    return BrokerLimit(value, span)
