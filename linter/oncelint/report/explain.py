"""`oncelint explain`: every setting of a client, and where each value comes from."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from oncelint.model.values import as_text
from oncelint.model.versions import span_text
from oncelint.report.json import origin, subject
from oncelint.report.text import headline, origin_text, printable

if TYPE_CHECKING:
    from oncelint.model.project import Client, Setting, World


def explain_json(clients: Sequence[Client]) -> str:
    """The clients as subjects, with each world's settings and their origins."""
    data = [
        {**subject(client), "worlds": [_world(world) for world in client.worlds]}
        for client in clients
    ]
    return json.dumps({"schema": "oncelint/1", "clients": data}, indent=2) + "\n"


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


def explain_text(clients: Sequence[Client], display: Callable[[str], str]) -> str:
    """The clients one after another; a setting that is the same in all worlds is said once."""
    return "\n".join(_client(client, display) for client in clients)


def _client(client: Client, display: Callable[[str], str]) -> str:
    start = client.span.start
    kind = type(client).__name__.lower()
    lines = [
        f"{display(client.span.path)}:{start.line}:{start.column}: {kind} {client.construct},"
        f" {headline(client)}"
    ]
    reasons = dict.fromkeys(world.open_reason for world in client.worlds if world.open_reason)
    lines += [f"  more settings may be missing here: {reason}" for reason in reasons]
    own, rest = _split(client)
    for title, names in (("set here", own), ("as the client has it", rest)):
        if names:
            lines += ["", f"  {title}"]
            for name in names:
                lines += _setting(client, name, display)
    errors = dict.fromkeys(item.error for world in client.worlds for item in world.contradictions)
    if errors:
        lines += ["", "  the client says"] + [f"    {error}" for error in errors]
    return "".join(f"{printable(line)}\n" for line in lines)


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
        key = (as_text(setting.value), tuple(_origins(setting, display)))
        cases.setdefault(key, []).append(world)
    spelled = dict.fromkeys(setting.spelled for _, setting in held if setting.spelled != name)
    label = f"{name} ({', '.join(spelled)})" if spelled else name
    lines: list[str] = []
    for (value, origins), worlds in cases.items():
        where = "" if len(cases) == 1 and len(worlds) == len(client.worlds) else _where(worlds)
        lines.append(f"    {label} = {value}{where}")
        lines += [f"        {origin}" for origin in origins]
    return lines


def _where(worlds: Sequence[World]) -> str:
    versions = span_text(version for world in worlds for version in world.versions)
    conditions = [
        " and ".join(f"{item.choice} {item.branch}" for item in world.conditions)
        for world in worlds
    ]
    parts = [f"with {worlds[0].client} {versions}"] if versions else []
    told = list(dict.fromkeys(condition for condition in conditions if condition))
    if told and len(told) <= 3:
        parts.append("when " + " or ".join(told))
    return f"   [{', '.join(parts)}]" if parts else ""


def _origins(setting: Setting, display: Callable[[str], str]) -> list[str]:
    return [origin_text(item, display) for item in setting.origins] or [_SET_BY[setting.set_by]]


_SET_BY = {
    "user": "set by the user",
    "default": "the client's default",
    "implied": "implied by other settings",
    "lock": "locked by the framework",
}
