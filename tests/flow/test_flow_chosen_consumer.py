"""A consumer that is one branch of a choice is still where the records come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.projects import cases, run

HEAD = """\
import sqlite3
import sys
import time

from kafka import KafkaConsumer

connection = sqlite3.connect("orders.db")

"""
LOOP = """\

for message in consumer:
    connection.execute("INSERT INTO orders (total) VALUES (?)", (message.value,))
"""
MADE = 'KafkaConsumer("orders", group_id="orders", auto_offset_reset="earliest")'

SHAPES: dict[str, str] = {
    "plainly": f"consumer = {MADE}\n",
    "in a try that goes on": (
        f"consumer = None\ntry:\n    consumer = {MADE}\nexcept Exception:\n    print('later')\n"
    ),
    "in a loop of attempts": (
        "consumer = None\nfor attempt in range(10):\n    try:\n"
        f"        consumer = {MADE}\n        break\n    except Exception:\n        time.sleep(1)\n"
    ),
    "in an endless loop of attempts": (
        "consumer = None\nwhile consumer is None:\n    try:\n"
        f"        consumer = {MADE}\n    except Exception:\n        time.sleep(1)\n"
    ),
    "by a function that may give nothing": (
        f"def connect():\n    try:\n        return {MADE}\n    except Exception:\n"
        "        return None\n\n\nconsumer = connect()\n"
    ),
    "by a function that tries again": (
        f"def connect():\n    while True:\n        try:\n            return {MADE}\n"
        "        except Exception:\n            time.sleep(1)\n\n\nconsumer = connect()\n"
    ),
    "in one branch": f"if sys.argv[1:]:\n    consumer = {MADE}\nelse:\n    consumer = None\n",
    "in both branches": (
        f"if sys.argv[1:]:\n    consumer = {MADE}\nelse:\n    consumer = {MADE}\n"
    ),
}


@pytest.mark.parametrize("source", cases(SHAPES))
def test_its_records_are_followed(source: str, tmp_path: Path) -> None:
    report = run(tmp_path, HEAD + source + LOOP)
    found = {f.rule: f.confidence for f in report.findings if f.group == "sinks"}
    assert set(found) == {"insert-without-conflict-key"}
    assert len({sink.span for sink in report.sinks}) == 1
