"""One dialect table: what a client library declares, version by version, folded into change points.

A *snapshot* is everything one version declares. `build_table` folds snapshots into the JSON object that
the linter reads, `snapshot_at` unfolds it again for one version, so that a test can hold a table against
an installed client.

Shape of a setting in the JSON, beyond what its key names say:

* `values`, `min`, `max` and `ignore_case` are unions over all versions (a value is only ruled out when no
  version takes it); `values` of a number are words it takes besides.
* `type`, `classes` and `hidden` are those of the newest version that has the setting.
* `defaults` belongs to the first of `roles` that is as old as the setting; a role whose default or
  lifetime differs is listed under `role_defaults`, `roles_since` and `roles_removed`.
* `absent` lists versions between `since` and `removed` that lack the setting (a backport to an older
  series, or a removal that was taken back).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

ROLES = ("producer", "consumer", "admin")
"""The roles a setting can have, in the order in which tables list them."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One setting as one version of a client declares it.

    Attributes:
        canonical: the name shared by all dialects, dotted as Kafka's own documentation has it.
        spellings: every name the client accepts, the preferred one first.
        type: boolean, int, float, string, password, list, enum, callable or any.
        defaults: role to JSON value; a role that is missing does not take the setting.
        values: the values the client accepts by name, or None when any value of the type goes.
        minimum: least number accepted, or None.
        maximum: greatest number accepted, or None.
        deprecated: what the client says about its deprecation, or None.
        classes: the only client classes that take it, or empty when all classes of the role do.
        hidden: accepted, though the client's own documentation leaves it out.
        ignore_case: the values are taken in upper and lower case.
    """

    canonical: str
    spellings: tuple[str, ...]
    type: str
    defaults: Mapping[str, Any]
    values: tuple[Any, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    deprecated: str | None = None
    classes: tuple[str, ...] = field(default=())
    hidden: bool = False
    ignore_case: bool = False


Snapshot = Mapping[str, Declared]
"""Canonical name to declaration, for one version of one client."""


def snapshot_of(declared: Iterable[Declared]) -> dict[str, Declared]:
    """Index declarations by canonical name.

    Raises:
        ValueError: two declarations claim one canonical name or one spelling.
    """
    snapshot: dict[str, Declared] = {}
    owner: dict[str, str] = {}
    for setting in declared:
        if setting.canonical in snapshot:
            raise ValueError(f"{setting.canonical} is declared twice")
        snapshot[setting.canonical] = setting
        for spelling in setting.spellings:
            if spelling in owner:
                raise ValueError(f"{spelling} names {owner[spelling]} and {setting.canonical}")
            owner[spelling] = setting.canonical
    return snapshot


def build_table(
    dialect: str,
    distribution: str,
    source: str,
    snapshots: Sequence[tuple[str, Snapshot]],
) -> dict[str, Any]:
    """Fold snapshots, given in ascending order of version, into one table.

    Raises:
        ValueError: one role or spelling of a setting comes back after it was removed, which a table cannot say.
    """
    versions = [version for version, _ in snapshots]
    names = sorted({name for _, snapshot in snapshots for name in snapshot})
    return {
        "dialect": dialect,
        "distribution": distribution,
        "source": source,
        "versions": versions,
        "settings": {
            name: _fold([(v, s.get(name)) for v, s in snapshots], versions) for name in names
        },
    }


def _fold(
    history: Sequence[tuple[str, Declared | None]], versions: Sequence[str]
) -> dict[str, Any]:
    present = [(version, setting) for version, setting in history if setting is not None]
    newest = present[-1][1]
    present = [(version, _with_roles_of(newest, setting)) for version, setting in present]
    having = {version for version, _ in present}
    first_index, last_index = versions.index(present[0][0]), versions.index(present[-1][0])
    lifetime = versions[first_index : last_index + 1]
    since = lifetime[0]
    removed = versions[last_index + 1] if last_index + 1 < len(versions) else None
    alive = [version for version, _ in present]
    roles = [r for r in ROLES if any(r in setting.defaults for _, setting in present)]
    changes = {role: _changes(present, role) for role in roles}
    lives = {
        role: _span(
            [v for v, setting in present if role in setting.defaults],
            alive,
            removed,
            f"{newest.canonical} of the {role}",
        )
        for role in roles
    }
    first = next(role for role in roles if lives[role][0] == since)
    folded: dict[str, Any] = {
        "spellings": _spellings(present),
        "type": newest.type,
        "roles": roles,
        "values": _union(present),
        "min": _bound(min, [setting.minimum for _, setting in present]),
        "max": _bound(max, [setting.maximum for _, setting in present]),
        "defaults": changes[first],
        "since": since,
        "removed": removed,
        "deprecated": _deprecation(present),
    }
    optional = {
        "absent": [version for version in lifetime if version not in having],
        "role_defaults": {
            r: changes[r]
            for r in roles
            if _timeline(changes[r], versions) != _timeline(changes[first], versions)
        },
        "roles_since": {r: lives[r][0] for r in roles if lives[r][0] != since},
        "roles_removed": {r: lives[r][1] for r in roles if lives[r][1] != removed},
        "spellings_since": _younger_spellings(present, alive, removed),
        "classes": list(newest.classes),
        "hidden": newest.hidden,
        "ignore_case": any(setting.ignore_case for _, setting in present),
    }
    return folded | {key: value for key, value in optional.items() if value}


def _with_roles_of(newest: Declared, setting: Declared) -> Declared:
    """An undocumented setting's roles cannot be read; once it is documented they are known in hindsight."""
    if not setting.hidden or newest.hidden:
        return setting
    default = next(iter(setting.defaults.values()))
    return replace(setting, defaults=dict.fromkeys(newest.defaults, default))


def _span(
    having: Sequence[str], alive: Sequence[str], removed: str | None, what: str
) -> tuple[str, str | None]:
    """First version of a role or spelling, and the first of its setting's versions without it."""
    start = alive.index(having[0])
    end = start + len(having)
    if list(alive[start:end]) != list(having):
        raise ValueError(f"{what} comes back after it was removed: {having}")
    return having[0], alive[end] if end < len(alive) else removed


def _changes(present: Sequence[tuple[str, Declared]], role: str) -> list[list[Any]]:
    changes: list[list[Any]] = []
    for version, setting in present:
        if role not in setting.defaults:
            continue
        default = setting.defaults[role]
        if not changes or not same(changes[-1][1], default):
            changes.append([version, default])
    return changes


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same, telling true from 1 and 1 from 1.0."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _timeline(changes: Sequence[Sequence[Any]], versions: Sequence[str]) -> list[str]:
    """The default at each version, as JSON text; a role's missing years do not make it differ."""
    points = {version: json.dumps(value) for version, value in changes}
    line: list[str] = []
    current = json.dumps(changes[0][1])
    for version in versions:
        current = points.get(version, current)
        line.append(current)
    return line


def _spellings(present: Sequence[tuple[str, Declared]]) -> list[str]:
    ordered: dict[str, None] = {}
    for _, setting in reversed(present):
        ordered.update(dict.fromkeys(setting.spellings))
    return list(ordered)


def _younger_spellings(
    present: Sequence[tuple[str, Declared]], alive: Sequence[str], removed: str | None
) -> dict[str, str]:
    younger: dict[str, str] = {}
    for spelling in _spellings(present):
        having = [version for version, setting in present if spelling in setting.spellings]
        start, end = _span(having, alive, removed, spelling)
        if end != removed:
            raise ValueError(f"the spelling {spelling} was removed in {end} before its setting")
        if start != alive[0]:
            younger[spelling] = start
    return younger


def _union(present: Sequence[tuple[str, Declared]]) -> list[Any] | None:
    if any(setting.values is None for _, setting in present):
        return None
    ordered: dict[str, Any] = {}
    for _, setting in reversed(present):
        for value in setting.values or ():
            ordered.setdefault(json.dumps(value), value)
    return list(ordered.values())


def _bound(pick: Any, bounds: Sequence[float | None]) -> Any:
    known = [bound for bound in bounds if bound is not None]
    return pick(known) if len(known) == len(bounds) else None


def _deprecation(present: Sequence[tuple[str, Declared]]) -> dict[str, str] | None:
    newest = present[-1][1]
    if newest.deprecated is None:
        return None
    since = present[-1][0]
    for version, setting in reversed(present):
        if setting.deprecated is None:
            break
        since = version
    return {"since": since, "note": newest.deprecated}


def snapshot_at(table: Mapping[str, Any], version: str) -> dict[str, dict[str, Any]]:
    """What the table says about one version: canonical name to spellings and defaults by role.

    Raises:
        ValueError: the table does not have that version.
    """
    versions: list[str] = table["versions"]
    at = versions.index(version)

    def alive(since: str, removed: str | None) -> bool:
        return versions.index(since) <= at and (removed is None or at < versions.index(removed))

    snapshot: dict[str, dict[str, Any]] = {}
    for name, setting in table["settings"].items():
        if not alive(setting["since"], setting["removed"]) or version in setting.get("absent", ()):
            continue
        younger = setting.get("spellings_since", {})
        defaults: dict[str, Any] = {}
        for role in setting["roles"]:
            since = setting.get("roles_since", {}).get(role, setting["since"])
            removed = setting.get("roles_removed", {}).get(role, setting["removed"])
            if alive(since, removed):
                changes = setting.get("role_defaults", {}).get(role, setting["defaults"])
                defaults[role] = _default_at(changes, versions, at)
        snapshot[name] = {
            "spellings": [
                s for s in setting["spellings"] if versions.index(younger.get(s, versions[0])) <= at
            ],
            "defaults": defaults,
        }
    return snapshot


def _default_at(changes: Sequence[Sequence[Any]], versions: Sequence[str], at: int) -> Any:
    value = changes[0][1]
    for since, default in changes:
        if versions.index(since) <= at:
            value = default
    return value


def render(table: Mapping[str, Any]) -> str:
    """The table as JSON text: keys sorted, one field of a setting a line, so that a diff names what moved."""
    lines = ["{"]
    for key in ("dialect", "distribution"):
        lines.append(f" {json.dumps(key)}: {json.dumps(table[key])},")
    lines.append(' "settings": {')
    names = sorted(table["settings"])
    for index, name in enumerate(names):
        setting = table["settings"][name]
        lines.append(f"  {json.dumps(name)}: {{")
        fields = sorted(setting)
        for position, key in enumerate(fields):
            comma = "," if position < len(fields) - 1 else ""
            text = json.dumps(setting[key], ensure_ascii=False, sort_keys=True)
            lines.append(f"   {json.dumps(key)}: {text}{comma}")
        lines.append("  }," if index < len(names) - 1 else "  }")
    lines.append(" },")
    lines.append(f' "source": {json.dumps(table["source"])},')
    lines.append(f' "versions": {json.dumps(table["versions"])}')
    lines.append("}")
    return "\n".join(lines) + "\n"
