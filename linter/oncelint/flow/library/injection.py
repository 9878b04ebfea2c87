"""Dependency injection by library: what a provider gives when it is asked.

dependency-injector's providers are classes whose instances are called for the object
(dependency_injector/providers.pyx: Provider.__call__); arguments that are providers are called
first. FastAPI, FastStream and fast-depends call what stands in `Depends(…)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncelint.flow import calls
from oncelint.flow.library.models import Model, first_of
from oncelint.flow.values import Abs, At, Ext, Fn, Foreign, ListObj, Part, Ref, Slot, Unk

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine

# What a provider is kept as: a call of this, with the class and its arguments given.
_ASKED = "dependency_injector.providers.(asked)"
_MADE = ("Factory", "Singleton", "ThreadSafeSingleton", "ThreadLocalSingleton", "Callable")
_MADE_TOO = ("ContextLocalSingleton", "Resource", "Coroutine")


def _provider(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    if not args:
        return Unk("a provider of nothing", at)
    given = tuple((name, slot.value) for name, slot in named.items())
    return Part(Ext(_ASKED), tuple(args), given)


def _object(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    return Part(Ext(_ASKED), (Ext("builtins.(itself)"), *args), ())


def _asked(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """A provider is called: its arguments first, where they are providers."""
    target, *rest = args
    values = [_given(machine, one, at) for one in rest]
    if isinstance(target, Ext) and target.name == "builtins.(itself)":
        return first_of(values)
    keywords = [
        (name, Slot(_given(machine, slot.value, at), slot.key_at)) for name, slot in named.items()
    ]
    return calls.call(machine, target, values, keywords, at)


def _given(machine: Machine, value: Abs, at: At) -> Abs:
    if is_provider(value):
        return calls.call(machine, value, [], [], at)
    return value


def is_provider(value: Abs) -> bool:
    """Whether a value is a provider of dependency-injector."""
    return isinstance(value, Part) and value.func == Ext(_ASKED)


def injected(machine: Machine, base: Abs, key: Abs, at: At) -> Abs | None:
    """`Provide[Container.service]`: what the provider gives. None for any other subscript."""
    if not isinstance(base, Ext) or not base.name.startswith("dependency_injector.wiring."):
        return None
    if base.name.endswith((".Provide", ".Closing")) and is_provider(key):
        return calls.call(machine, key, [], [], at)
    return key if base.name.endswith(".Closing") else None


def provided(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """`Depends(get_store)`: what the function gives, or first yields."""
    target = args[0] if args else None
    slot = named.get("dependency")
    if target is None and slot is not None:
        target = slot.value
    if not isinstance(target, (Fn, Part, Ref)):
        return Foreign("fastapi.Depends()", tuple(args), at)
    result = calls.call(machine, target, [], [], at)
    obj = machine.obj(result) if isinstance(result, Ref) else None
    if isinstance(obj, ListObj) and obj.generated and obj.items:
        return obj.items[0]
    return result


PROVIDERS: dict[str, Model] = {
    **{f"dependency_injector.providers.{name}": _provider for name in (*_MADE, *_MADE_TOO)},
    "dependency_injector.providers.Object": _object,
    _ASKED: _asked,
}
