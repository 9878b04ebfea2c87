"""Linking: all files' facts become one project."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from oncelint.dependencies.resolve import deployment_unit
from oncelint.discover import Candidate, Discovery
from oncelint.flow.machine import Machine
from oncelint.flow.modules import Modules
from oncelint.frameworks import assemble
from oncelint.frameworks.python import databases, stores
from oncelint.frameworks.python.clients import CONSTRUCTORS, CONSUMERS
from oncelint.frameworks.python.streaming import STREAMS
from oncelint.link.checkpoints import checkpointed
from oncelint.link.clients import Surroundings, config_client, is_test, python_clients
from oncelint.link.clusters import broker_limit, clusters
from oncelint.link.connect import with_workers
from oncelint.link.demand import Imports
from oncelint.link.files import ProjectFiles
from oncelint.link.loops import consume_loops
from oncelint.link.outline import Outlines
from oncelint.link.producers import lifecycles
from oncelint.link.replicas import configured as configured_producers
from oncelint.link.sinks import find
from oncelint.link.topics import declared_pairs, feeds, pairs, with_uses
from oncelint.link.transactions import transaction_traces
from oncelint.link.transactions.counting import counted_offsets
from oncelint.link.unresolved import unresolved
from oncelint.link.workloads import ROLE, workloads
from oncelint.model import ir
from oncelint.model.facts import ConfigFact, ErrorRecord, FileFacts, Requirement
from oncelint.model.project import (
    Client,
    Consumer,
    Producer,
    Project,
)
from oncelint.settings import Settings


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
    imports = Imports(others, modules, discovery.imports, read)
    machine.importers_of = imports.of_name
    led_in = imports.leading_to(ours)
    machine.bearing = frozenset((*bearing, *led_in))
    _run(machine, [*bearing, *(path for path in led_in if modules.get(path) is not None)])
    used = {use.site for use in machine.trace.uses}
    made = with_uses(python_clients(machine.trace.sites, around, used), machine.trace.uses)
    outlines = Outlines(machine.modules)
    made = counted_offsets(made, machine.trace, outlines)
    claimed = set(machine.trace.config_files)
    made_by_calls, complete = _built(machine, read)
    joined = assemble(
        [
            *(fact for one in facts if one.path not in claimed for fact in one.configs),
            *made_by_calls,
        ],
        read,
    )
    told = [config_client(fact, around) for fact in joined if fact.role != ROLE]
    configured = with_workers(complete(told))
    clients: list[Client] = [*(one.client for one in made), *configured]
    producers = tuple(one for one in clients if isinstance(one, Producer))
    consumers = tuple(one for one in clients if isinstance(one, Consumer))
    fed = feeds(made, machine.trace.uses)
    written = find(machine, made, around, discovery.files, read)
    skipped = [item for one in facts for item in one.skipped]
    groups = clusters(clients)
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
        broker_limit=broker_limit(groups),
        unresolved=unresolved(clients, machine.trace),
        partial=any(item.relevant for item in (*skipped, *discovery.skipped)),
        pipelines=consume_loops(machine, made, written.by_execution, around, outlines.afresh()),
        transactions=(
            *transaction_traces(
                machine.trace.stories, made, written.by_execution, outlines.afresh().get
            ),
            *checkpointed(configured),
        ),
        lifecycles=(
            *lifecycles(made, machine.trace, outlines.afresh()),
            *configured_producers(configured),
        ),
        clusters=groups,
        workloads=workloads((fact for fact in joined if fact.role == ROLE), around),
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


def _built(
    machine: Machine, read: Callable[[str], bytes | None]
) -> tuple[list[ConfigFact], Callable[[list[Client]], list[Client]]]:
    """The facts of what a program builds by calls, and how their clients are completed; most
    projects build nothing so."""
    if not machine.building:
        return [], lambda clients: clients
    from oncelint.link.builders import built, complete, is_kafka, tables
    from oncelint.link.scripts import facts_of_scripts

    every = built(machine.trace, machine.modules)
    made = [one for one in every if is_kafka(one)]
    facts = [one.fact for one in made]
    scripts, inserts = tuple(machine.trace.scripts), machine.trace.inserts
    facts.extend(facts_of_scripts(scripts, inserts, tables(every), read))
    return facts, lambda clients: complete(clients, made, machine.trace)


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
