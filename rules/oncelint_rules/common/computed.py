"""What the rules about names that a program makes up at its start share."""

from __future__ import annotations

from collections.abc import Sequence

from oncelint.model import Computed, Setting, Verdict, World, across

# What is another value at every start.
CHANGING = frozenset(("random", "time", "process"))

_WORDS: dict[str, str] = {
    "random": "a random value",
    "time": "the time of the start",
    "process": "a process id",
    "host": "the host name",
}


def kinds(world: World, name: str) -> frozenset[str]:
    """What the user's value of a setting is made of, as `Computed.kinds`; empty when it is known,
    unknown or not the user's. A framework's setting may follow from another one (Faust's id)."""
    setting = world.setting(name)
    if setting is None or setting.set_by not in ("user", "implied"):
        return frozenset()
    if not isinstance(setting.value, Computed):
        return frozenset()
    return frozenset(setting.value.kinds)


def changes(worlds: Sequence[World], name: str) -> Verdict:
    """In which worlds a setting has another value at every start."""
    return across(worlds, lambda world: bool(kinds(world, name) & CHANGING))


def follows_host(worlds: Sequence[World], name: str) -> Verdict:
    """In which worlds a setting changes with the host's name alone, as with every new pod of a
    Deployment; those of a StatefulSet keep theirs."""

    def on_host(world: World) -> bool | None:
        made_of = kinds(world, name)
        return "host" in made_of and not made_of & CHANGING

    return across(worlds, on_host)


def told(setting: Setting, made_of: frozenset[str]) -> str:
    """A computed value and what it is made of, for a sentence: `{uuid4()}, made of a random
    value`."""
    template = setting.value.template if isinstance(setting.value, Computed) else ""
    words = [text for kind, text in _WORDS.items() if kind in made_of]
    return f"{template}, made of {' and '.join(words)}"
