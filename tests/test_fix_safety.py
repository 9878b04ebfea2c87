"""How safe producer-not-idempotent calls its fix, by what stands beside the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from oncelint import api
from oncelint.model.finding import Goal
from oncelint.settings import Settings

_BESIDE = {
    "nothing": ("", "safe", ()),
    "acks that fit": ('"acks": "all"', "safe", ()),
    "acks of one": ('"acks": 1', "unsafe", ("acks",)),
    "acks of one by default": ('"acks": os.environ.get("ACKS", "1")', "unsafe", ("acks",)),
    "acks that is not known": ('"acks": os.environ["ACKS"]', "unsafe", ("acks",)),
    "no retries by default": (
        '"retries": int(os.environ.get("RETRIES", "0"))',
        "unsafe",
        ("retries",),
    ),
    "both by default": (
        '"acks": os.environ.get("ACKS", "1"), "retries": int(os.environ.get("RETRIES", "0"))',
        "unsafe",
        ("acks", "retries"),
    ),
    "a part that is not seen": ("**json.loads(os.environ['MORE'])", "unsafe", ()),
}


def _goal(folder: Path, beside: str) -> Goal:
    (folder / "requirements.txt").write_text("confluent-kafka==2.15.0\n")
    (folder / "app.py").write_text(
        "import json, os\n"
        "from confluent_kafka import Producer\n"
        f'producer = Producer({{{beside}{", " if beside else ""}"enable.idempotence": False,'
        ' "bootstrap.servers": "kafka:9092"})\n'
        'producer.produce("orders", b"1")\n'
    )
    report = api.check([str(folder)], settings=Settings(min_confidence="low"), root=folder)
    (goal,) = (one.goal for one in report.findings if one.rule == "producer-not-idempotent")
    assert goal is not None
    return goal


@pytest.mark.parametrize("case", _BESIDE)
def test_safety(case: str, tmp_path: Path) -> None:
    beside, safety, named = _BESIDE[case]
    goal = _goal(tmp_path, beside)
    assert goal.safety == safety
    told = {name for name in ("acks", "retries") if f"{name} " in goal.title}
    assert told == set(named)
