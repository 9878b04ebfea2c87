"""The shape of a model: what a call of a library function gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from oncelint.flow.values import Abs, At, Lit, Slot

if TYPE_CHECKING:
    from oncelint.flow.machine import Machine


Model = Callable[["Machine", "list[Abs]", "dict[str, Slot]", At], Abs]


def first_of(args: list[Abs]) -> Abs:
    return args[0] if args else Lit(None)
