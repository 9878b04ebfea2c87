"""int(), float(), str() and bool()."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from oncelint.flow import expressions
from oncelint.flow.library.models import Model
from oncelint.flow.values import Abs, At, Comp, Lit, Rec, Slot, Unk

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


def conversion(convert: Callable[[object], object]) -> Model:
    def model(machine: Machine, args: list[Abs], named: dict[str, Slot], at: At) -> Abs:
        def one(value: Abs) -> Abs:
            if isinstance(value, Lit):
                try:
                    result = convert(value.value)
                except (TypeError, ValueError, OverflowError):
                    return Unk("a conversion that fails", at)
                if isinstance(result, (str, int, float, bool)):
                    return Lit(result, value.at)
            if isinstance(value, (Comp, Unk, Rec)):
                return value
            return expressions.derived(machine, [value], "a converted value", at)

        if not args:
            return Unk("a conversion of nothing", at)
        return machine.over(args[0], one)

    return model


def to_int(value: object) -> object:
    return int(value) if isinstance(value, (str, int, float)) else None


def to_float(value: object) -> object:
    return float(value) if isinstance(value, (str, int, float)) else None
