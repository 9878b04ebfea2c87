"""What the rules about connectors share: what a setting of a connector comes to, and how it is told.

Connectors read their settings as texts, and those that choose among words take them in upper and
lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from oncelint.model import Connector, Known, Setting, Span, World, as_text, speak


def value(world: World, name: str, default: str = "") -> str | None:
    """What a setting comes to, in lower case; `default` where nobody sets it, and None when that
    is not known."""
    setting = world.setting(name)
    if setting is None:
        return default.lower() if world.open_reason is None else None
    if not isinstance(setting.value, Known):
        return None
    found = setting.value.value
    return (default if found is None else as_text(setting.value)).strip().lower()


def simple(name: str) -> str:
    """A class's name without its package: connectors load strategies by their full names."""
    return name.rpartition(".")[2].rpartition("$")[2]


def told(setting: Setting | None, name: str, default: str) -> str:
    """A setting's value in a sentence: `insert.mode is insert by default`, a class without its
    package."""
    if setting is None or setting.set_by == "default":
        return f"{name if setting is None else setting.spelled} is {default} by default"
    text = as_text(setting.value)
    return f"{setting.spelled} is {simple(text) if _CLASS.fullmatch(text) else text}"


_CLASS = re.compile(r"(?:[a-z]\w*\.){2,}[A-Z][\w$]*")


def spot(setting: Setting | None, connector: Connector, world: World) -> Span:
    """Where a finding about a setting stands; what is missing has no place of its own: the class is
    what it is missing of."""
    written = setting if setting is not None and setting.key_span is not None else None
    return speak.place(written or world.setting("connector.class"), connector)


@dataclass(frozen=True, slots=True)
class Switch:
    """A setting of a connector, and those of its values that have the effect in question."""

    key: str
    values: tuple[str, ...]

    def on(self, world: World) -> bool | None:
        found = value(world, self.key)
        return None if found is None else found in self.values


def switches(fact: str | None) -> Iterator[Switch]:
    """The switches of a connector's fact, written as `key=value|value; key=value`."""
    for one in (fact or "").split(";"):
        key, _, values = one.strip().partition("=")
        if key:
            yield Switch(key, tuple(each.lower() for each in values.split("|")))


def name_of(connector: Connector, world: World) -> str | None:
    """What a connector is called where it is registered; None when its file does not say."""
    known = connector.details.get("connector")
    if known:
        return known
    found = world.known("name")
    return found if isinstance(found, str) and found else None
