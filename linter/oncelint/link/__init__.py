"""Linking: all files' facts become one project."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from oncelint.dependencies.resolve import deployment_unit
from oncelint.discover import Candidate, Discovery
from oncelint.flow.machine import Machine
from oncelint.flow.modules import Modules
from oncelint.frameworks import assemble, databases, stores
from oncelint.frameworks.python_clients import CONSTRUCTORS, CONSUMERS
from oncelint.frameworks.streaming import STREAMS
from oncelint.link.clients import Surroundings, config_client, is_test, python_clients
from oncelint.link.demand import Imports
from oncelint.link.files import ProjectFiles
from oncelint.link.loops import consume_loops
from oncelint.link.outline import Outlines
from oncelint.link.producers import lifecycles
from oncelint.link.sinks import find
from oncelint.link.topics import declared_pairs, feeds, pairs, with_uses
from oncelint.link.transactions import transaction_traces
from oncelint.link.transactions.counting import counted_offsets
from oncelint.link.unresolved import unresolved
from oncelint.model import ir
from oncelint.model.facts import ErrorRecord, FileFacts, Requirement
from oncelint.model.project import (
    Broker,
    BrokerLimit,
    Client,
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
        CONSUMERS | STREAMS.keys(),
        databases.METHODS | stores.DECLARING,
        databases.FUNCTIONS,
        ProjectFiles(frozenset(discovery.files), read),
    )
    bearing = [
        one.path
        for one in facts
        if isinstance(one.module, ir.Module) and one.module.packages & machine.packages
    ]
    ours = {path for path in bearing if not is_test(path)}
    others = [p for p in discovery.python_files if p not in ours and not is_test(p)]
    imports = Imports(others, modules, read)
    machine.importers_of = imports.of_name
    led_in = imports.leading_to(ours)
    machine.bearing = frozenset((*bearing, *led_in))
    _run(machine, [*bearing, *(path for path in led_in if modules.get(path) is not None)])
    used = {use.site for use in machine.trace.uses}
    made = with_uses(python_clients(machine.trace.sites, around, used), machine.trace.uses)
    outlines = Outlines(machine.modules)
    made = counted_offsets(made, machine.trace, outlines)
    claimed = set(machine.trace.config_files)
    configured = [
        config_client(fact, around)
        for fact in assemble(
            [fact for one in facts if one.path not in claimed for fact in one.configs], read
        )
    ]
    clients: list[Client] = [*(one.client for one in made), *configured]
    producers = tuple(one for one in clients if isinstance(one, Producer))
    consumers = tuple(one for one in clients if isinstance(one, Consumer))
    fed = feeds(made, machine.trace.uses)
    written = find(machine, made, around, discovery.files, read)
    skipped = [item for one in facts for item in one.skipped]
    project = Project(
        producers=producers,
        consumers=consumers,
        clients=tuple(clients),
        feeds=fed,
        pairs=(
            *pairs(producers, consumers, fed),
            *declared_pairs(settings.pipelines, producers, consumers),
        ),
        sinks=written.sinks,
        broker_limit=_broker_limit(clients),
        unresolved=unresolved(clients, machine.trace),
        partial=any(item.relevant for item in (*skipped, *discovery.skipped)),
        pipelines=consume_loops(machine, made, written.by_execution, around, outlines.afresh()),
        transactions=transaction_traces(
            machine.trace.stories, made, written.by_execution, outlines.afresh().get
        ),
        lifecycles=lifecycles(made, machine.trace, outlines.afresh()),
    )
    extra.extend(
        FileFacts(at.path, errors=(ErrorRecord(message, None, at.path),))
        for at, message in machine.trace.errors
    )
    return Linked(project, tuple(extra))


def _run(machine: Machine, paths: Sequence[str]) -> None:
    """Application code first, so that what it makes is known when libraries are looked at."""
    ordered = sorted(paths, key=lambda path: (is_test(path), path))
    for run in (machine.run_module, machine.run_unreached):
        for path in ordered:
            if machine.exhausted:
                machine.abandon(path)
            else:
                run(path)
        machine.run_entries()
    machine.run_starved()


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


def _broker_limit(clients: Sequence[Client]) -> BrokerLimit:
    """The largest transaction.max.timeout.ms the project's brokers set, else Kafka's default."""
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
