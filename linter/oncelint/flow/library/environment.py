"""Variables of the environment and settings classes: a default is one world, the environment
another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oncelint.flow import calls
from oncelint.flow.library.models import first_of
from oncelint.flow.values import Abs, At, Comp, Ext, Foreign, Lit, Slot, Unk, phi

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


# Objects that read variables of the environment when called, or through a method named by type.
ENVIRONMENT_READERS = frozenset({"starlette.config.Config()", "environs.Env()", "environ.Env()"})


READER_METHODS = frozenset({"str", "int", "bool", "float", "list", "get", "url", "__call__"})


_HOST_VARIABLES = frozenset({"HOSTNAME", "POD_NAME", "COMPUTERNAME", "HOST"})


SETTINGS_CLASSES = frozenset(
    {"pydantic.BaseSettings", "pydantic_settings.BaseSettings", "pydantic.v1.BaseSettings"}
)


def environment(name: str, default: Abs | None, at: At) -> Abs:
    """A variable of the environment: its default is one world, the environment another."""
    if name in _HOST_VARIABLES:
        given: Abs = Comp("{" + name + "}", frozenset(("host",)), at)
    else:
        given = Unk(f"environment variable {name}", at, present=True)
    if default is None:
        return given
    return phi(f"environment variable {name}", [("is unset", default), ("is set", given)])


def setting_default(name: str, value: Abs, at: At, prefix: str = "") -> Abs:
    """A field of a settings class: its default, unless the environment sets it.

    The variable is named like the field, behind the class's prefix, or as an alias says.
    """
    variable = prefix + name
    default: Abs | None = value
    if isinstance(value, Foreign) and value.path == FIELD:
        given, alias = value.made_from
        default = None if isinstance(given, Ext) else given
        if isinstance(alias, Lit) and isinstance(alias.value, str):
            variable = alias.value
    return environment(variable.upper(), default, at)


# A field of a model or dataclass that is declared by a call: its default (`...` when there is
# none) and the name it is read by elsewhere (None when that is its own).
FIELD = "Field()"


def field_default(value: Abs, at: At) -> Abs:
    """What a class attribute is worth on an instance that did not set it."""
    if isinstance(value, Foreign) and value.path == FIELD:
        default = value.made_from[0]
        return Unk("a field that has no default", at) if isinstance(default, Ext) else default
    return value


def declare_field(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """pydantic.Field, dataclasses.field and kin."""
    default: Abs = Ext("builtins.Ellipsis")
    if args:
        default = args[0]
    elif "default" in named:
        default = named["default"].value
    else:
        factory = named.get("default_factory") or named.get("factory")
        if factory is not None:
            default = calls.call(machine, factory.value, [], [], at)
    alias: Abs = Lit(None)
    for key in ("env", "validation_alias", "alias"):
        if key in named:
            alias = named[key].value
    return Foreign(FIELD, (default, alias), at)


def optional_variable(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    name = first_of(args)
    default: Abs | None = args[1] if len(args) > 1 else None
    for key in ("default", "fallback"):
        if key in named:
            default = named[key].value
    if not isinstance(name, Lit) or not isinstance(name.value, str):
        return Unk("an environment variable whose name is not known", at)
    if default is None:
        default = Lit(None, at)
    return environment(name.value, default, at)


def required_variable(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
    """decouple.config, environs.Env, django-environ: without a default the variable must be set."""
    if len(args) > 1 or "default" in named:
        return optional_variable(machine, args, named, at)
    name = first_of(args)
    text = str(name.value) if isinstance(name, Lit) else "?"
    return environment(text, None, at)
