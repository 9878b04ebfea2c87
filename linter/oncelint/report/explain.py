"""`oncelint explain`: every setting of a client and where it comes from, or a write and its way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from oncelint.model.sinks import Sink
from oncelint.model.values import as_text
from oncelint.model.versions import span_text
from oncelint.report.json import origin, place, sink_subject, subject
from oncelint.report.text import headline, origin_text, printable

if TYPE_CHECKING:
    from oncelint.model.project import Client, Setting, World
    from oncelint.model.values import Span


def explain_json(found: Sequence[Client | Sink]) -> str:
    """The clients with each world's settings and their origins, and the writes."""
    data = {
        "schema": "oncelint/1",
        "clients": [
            {**subject(one), "worlds": [_world(world) for world in one.worlds]}
            for one in found
            if not isinstance(one, Sink)
        ],
        "sinks": [_written(one) for one in found if isinstance(one, Sink)],
    }
    return json.dumps(data, indent=2) + "\n"


def _written(sink: Sink) -> dict[str, Any]:
    return {
        **sink_subject(sink),
        "statement": sink.statement,
        "keys": None if sink.keys is None else [sorted(key) for key in sink.keys],
        "steps": [{**place(step.span), "label": step.label} for step in sink.path],
        "consumer": place(sink.consumer.span),
    }


def _world(world: World) -> dict[str, Any]:
    return {
        "client": world.client,
        "versions": list(world.versions),
        "conditions": [{"choice": item.choice, "branch": item.branch} for item in world.conditions],
        "open": world.open_reason,
        "contradictions": [
            {"settings": list(item.settings), "outcome": item.outcome, "error": item.error}
            for item in world.contradictions
        ],
        "settings": {
            name: {
                "spelled": setting.spelled,
                "value": as_text(setting.value),
                "set_by": setting.set_by,
                "origins": [origin(item) for item in setting.origins],
            }
            for name, setting in sorted(world.settings.items())
        },
    }


def explain_text(found: Sequence[Client | Sink], display: Callable[[str], str]) -> str:
    """The clients and writes one after another.

    What is the same for several callers of one construction is said once, and so is a setting that
    is the same in all worlds.
    """
    clients = [one for one in found if not isinstance(one, Sink)]
    blocks = [*_clients(clients, display)]
    blocks += [_sink(one, display) for one in found if isinstance(one, Sink)]
    return "\n".join("".join(f"{printable(line)}\n" for line in block) for block in blocks)


def _clients(clients: Sequence[Client], display: Callable[[str], str]) -> list[list[str]]:
    """A block for each client; equal ones are one, headed by all their callers."""
    alike: dict[tuple[str, ...], list[Client]] = {}
    for client in clients:
        alike.setdefault((_heading(client, display), *_client(client, display)), []).append(client)
    groups = list(alike.values())
    deepest = max((len(client.path) for client in clients), default=0)
    callers = [_callers(group, 1, display) for group in groups]
    for depth in range(2, deepest + 1):
        if len({one for told in callers for one in told}) == sum(map(len, callers)):
            break  # no two blocks have a caller in common
        callers = [_callers(group, depth, display) for group in groups]
    blocks: list[list[str]] = []
    for (heading, *body), called in zip(alike, callers, strict=True):
        told = f", as called from {' and '.join(called)}" if called and len(clients) > 1 else ""
        blocks.append([heading + told, *body])
    return blocks


def _callers(
    clients: Sequence[Client], depth: int, display: Callable[[str], str]
) -> tuple[str, ...]:
    """Where each client's construction was reached from: its last `depth` calls, nearest first."""
    paths = [[_line(step.span, display) for step in one.path[::-1][:depth]] for one in clients]
    return tuple(dict.fromkeys(" by ".join(path) for path in paths if path))


def _line(span: Span, display: Callable[[str], str]) -> str:
    return f"{display(span.path)}:{span.start.line}"


def _heading(client: Client, display: Callable[[str], str]) -> str:
    kind = client.role
    where = f"{_line(client.span, display)}:{client.span.start.column}"
    return f"{where}: {kind} {client.construct}, {headline(client)}"


# What a client's guarantees hang on: worth a line where a client does not know it.
_GUARANTEES = {
    "producer": ("enable.idempotence", "transactional.id"),
    "consumer": ("isolation.level",),
}


def _client(client: Client, display: Callable[[str], str]) -> list[str]:
    reasons = dict.fromkeys(world.open_reason for world in client.worlds if world.open_reason)
    lines = [f"  more settings may be missing here: {reason}" for reason in reasons]
    own, rest = _split(client)
    if client.worlds:
        known = {*own, *rest}
        rest = sorted({*rest, *_GUARANTEES.get(client.role, ())} - set(own))
        lacking = [name for name in rest if name not in known]
    else:
        lacking = []
    for title, names in (("set here", own), ("as the client has it", rest)):
        if names:
            lines += ["", f"  {title}"]
            for name in names:
                if name in lacking:
                    lines.append(f"    {name} is not known to {_versions(client.worlds)}")
                else:
                    lines += _setting(client, name, display)
    errors = dict.fromkeys(item.error for world in client.worlds for item in world.contradictions)
    if errors:
        lines += ["", "  the client says"] + [f"    {error}" for error in errors]
    return lines


def _sink(sink: Sink, display: Callable[[str], str]) -> list[str]:
    """A write: what it is, what keeps it from being repeated, and how records get there."""
    table = f" into {sink.table}" if sink.table else ""
    where = f"{_line(sink.span, display)}:{sink.span.start.column}"
    lines = [f"{where}: {sink.operation}{table}, {sink.library}", ""]
    if sink.statement is not None:
        at = f"   [{_line(sink.statement_span, display)}]" if sink.statement_span else ""
        lines.append(f"    statement: {' '.join(sink.statement.split())}{at}")
    if sink.columns:
        lines.append(f"    columns: {', '.join(sink.columns)}")
    lines.append(f"    guard: {sink.guard or 'none seen'}")
    lines.append(f"    unique keys the record fills: {_keys(sink)}")
    if sink.keys_span is not None:
        lines.append(f"        declared at {_line(sink.keys_span, display)}")
    caught = "whatever it is" if sink.swallowed else "yes" if sink.caught else "no"
    lines.append(f"    violation caught: {caught}")
    lines.append(f"    certain: {sink.confidence} confidence")
    consumer = sink.consumer
    lines += [
        "",
        f"  consumer: {consumer.construct} at {_line(consumer.span, display)}",
        "",
        "  path",
    ]
    lines += [
        f"    {number}. {_line(step.span, display)}: {step.label}"
        for number, step in enumerate(sink.path, 1)
    ]
    return lines


def _keys(sink: Sink) -> str:
    if sink.guard is not None:
        return "not asked, as a guard is there"
    if sink.keys is None:
        return "not known, no declaration of the table was found"
    told = sorted(f"({', '.join(sorted(key))})" for key in sink.keys)
    return ", ".join(told) or "none"


def _split(client: Client) -> tuple[list[str], list[str]]:
    """The settings somebody set, and those the client has by itself; each sorted."""
    names = sorted({name for world in client.worlds for name in world.settings})
    own = [
        name
        for name in names
        if any(
            found.set_by != "default" for world in client.worlds if (found := world.setting(name))
        )
    ]
    return own, [name for name in names if name not in own]


def _setting(client: Client, name: str, display: Callable[[str], str]) -> list[str]:
    held = [(world, found) for world in client.worlds if (found := world.setting(name))]
    cases: dict[tuple[str, tuple[str, ...]], list[World]] = {}
    for world, setting in held:
        # the default of several versions is one case, whichever of them it was looked up for
        origins = () if _plain_default(setting) else tuple(_origins(setting, display))
        cases.setdefault((as_text(setting.value), origins), []).append(world)
    spelled = dict.fromkeys(setting.spelled for _, setting in held if setting.spelled != name)
    label = f"{name} ({', '.join(spelled)})" if spelled else name
    lines: list[str] = []
    for (value, origins), worlds in cases.items():
        lines.append(f"    {label} = {value}{_where(worlds, client.worlds)}")
        lines += [f"        {told}" for told in origins or (f"default of {_versions(worlds)}",)]
    without = [world for world in client.worlds if world.setting(name) is None]
    if without:
        lines.append(f"    {name} is not known to {_versions(without)}")
    return lines


def _plain_default(setting: Setting) -> bool:
    """Whether the value is the client's own for its version, and nothing else bears on it."""
    return (
        setting.set_by == "default"
        and len(setting.origins) == 1
        and setting.origins[0].note.startswith("default of ")
    )


def _versions(worlds: Iterable[World]) -> str:
    """The client libraries of some worlds, each with its versions."""
    versions: dict[str, list[str]] = {}
    for world in worlds:
        versions.setdefault(world.client, []).extend(world.versions)
    return " or ".join(f"{name} {span_text(each)}".rstrip() for name, each in versions.items())


def _where(worlds: Sequence[World], possible: Sequence[World]) -> str:
    """What tells some worlds from the other possible ones, in brackets; empty when they are all."""
    if len(worlds) == len(possible):
        return ""
    held = _versions(worlds)
    parts = [f"with {held}"] if held != _versions(possible) else []
    if told := _conditions(worlds, possible):
        parts.append(f"when {told}")
    return f"   [{', '.join(parts)}]" if parts else ""


def _conditions(worlds: Sequence[World], possible: Sequence[World]) -> str:
    """The conditions all of the worlds share and some other one does not; else each world's own."""
    shared = [
        item
        for item in worlds[0].conditions
        if all(item in world.conditions for world in worlds)
        and not all(item in world.conditions for world in possible)
    ]
    if shared:
        return " and ".join(f"{item.choice} {item.branch}" for item in shared)
    each = dict.fromkeys(
        " and ".join(f"{item.choice} {item.branch}" for item in world.conditions)
        for world in worlds
    )
    told = [one for one in each if one]
    return " or ".join(told) if len(told) <= 3 else ""


def _origins(setting: Setting, display: Callable[[str], str]) -> list[str]:
    return [origin_text(item, display) for item in setting.origins] or [_SET_BY[setting.set_by]]


_SET_BY = {
    "user": "set by the user",
    "default": "the client's default",
    "implied": "implied by other settings",
    "lock": "locked by the framework",
}
