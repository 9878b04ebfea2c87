"""What a fix does, in words: the changes as the file spells them, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from oncelint.fix.solve import Added, Changed, Removed, Solution
from oncelint.frameworks.spelling import told
from oncelint.model.project import Client
from oncelint.model.speak import value as value_in
from oncelint.model.values import Known, Value, as_text, scalar_text


def title_of(client: Client, solution: Solution) -> str:
    """What a fix does: the changes in the file's spelling, then what follows from them."""
    home = client.block.homes[0] if client.block.homes else None
    sets, removes, renames = [], [], []
    for change in solution.changes:
        if isinstance(change, Added):
            value = value_in(client, change.name, scalar_text(change.value))
            sets.append(f"{told(home, change.key)} to {value}")
        elif isinstance(change, Changed):
            key = change.setting.shown or change.setting.key
            sets.append(f"{key} to {value_in(client, change.name, scalar_text(change.value))}")
        elif isinstance(change, Removed):
            removes.append(change.spelled)
        else:
            renames.append(f"{change.old} to {change.new}")
    groups = (("set", sets), ("remove", removes), ("rename", renames))
    title = _joined([f"{verb} {_joined(dict.fromkeys(parts))}" for verb, parts in groups if parts])
    named = {change.name for change in solution.changes if not isinstance(change, Removed)}
    effects = [
        f"{spelled(solution, name)} {_either(values)}"
        for name, values in solution.effects().items()
        if name not in named and not all(_is_gone(value) for value in values)
    ]
    return f"{title}, which makes {_joined(effects)}" if effects else title


def _is_gone(value: Value) -> bool:
    return not isinstance(value, Known)


def _either(values: Sequence[Value]) -> str:
    return " or ".join(dict.fromkeys(as_text(one) for one in values if isinstance(one, Known)))


def spelled(solution: Solution, name: str) -> str:
    return next(
        (found.spelled for world in solution.after if (found := world.setting(name)) is not None),
        name,
    )


def _joined(parts: Iterable[str]) -> str:
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
