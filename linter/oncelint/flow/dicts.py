"""Joining and merging of dicts, entry by entry."""

from __future__ import annotations

from oncelint.flow.values import Abs, DictObj, Missing, Phi, Slot, Unk, phi


def may_be_missing(value: Abs) -> bool:
    return isinstance(value, Missing) or (
        isinstance(value, Phi) and any(may_be_missing(one) for _, one in value.branches)
    )


def join_dicts(choice: str, dicts: list[tuple[str, DictObj]]) -> DictObj:
    """The dict that is one of several, entry by entry."""
    slots: dict[str, Slot] = {}
    for key in {key: None for _, one in dicts for key in one.slots}:
        first = dicts[0][1].slots.get(key)
        if first is not None and all(one.slots.get(key) is first for _, one in dicts):
            slots[key] = first
            continue
        places = [one.slots[key].key_at for _, one in dicts if key in one.slots]
        values = [
            (label, one.slots[key].value if key in one.slots else Missing()) for label, one in dicts
        ]
        slots[key] = Slot(phi(choice, values), places[0])
    reasons = [one.open for _, one in dicts if one.open]
    twice = tuple(dict.fromkeys(item for _, one in dicts for item in one.twice))
    homes = {one.home for _, one in dicts}
    home = homes.pop() if len(homes) == 1 else None
    return DictObj(slots, reasons[0] if reasons else None, twice, home=home)


def merge_dicts(base: DictObj, over: DictObj) -> DictObj:
    """`{**base, **over}`: where an entry of `over` may be missing, the one of `base` shows."""
    slots = dict(base.slots)
    for key, slot in over.slots.items():
        if may_be_missing(slot.value):
            beneath = slots[key].value if key in slots else Missing()
            slots[key] = Slot(_fill(slot.value, beneath), slot.key_at)
        else:
            slots[key] = slot
    if over.open:
        # what is not seen may override everything that is
        slots = {
            key: slot
            if key in over.slots
            else Slot(
                phi(over.open, [("kept", slot.value), ("overridden", Unk(over.open))]), slot.key_at
            )
            for key, slot in slots.items()
        }
    environment = base.environment or over.environment
    return DictObj(slots, base.open or over.open, (*base.twice, *over.twice), environment)


def _fill(value: Abs, beneath: Abs) -> Abs:
    if isinstance(value, Missing):
        return beneath
    if isinstance(value, Phi):
        return phi(value.choice, [(label, _fill(one, beneath)) for label, one in value.branches])
    return value
