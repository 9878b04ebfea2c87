"""Runs one program of a document under fixtures/failures, and has it fail where it says so.

    python -m tests.broker.play PROGRAM SERVERS FAILS_AT

PROGRAM is a file of the text that `failures.set_off` gave. Its process is killed, or its call raises, at the
record of the value FAILS_AT, if there is one.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.broker.consumers import kafka_python

LAST = "last"
STRUCK = "struck"  # a file that says that something went wrong
_PASSED = "passed"  # and one that another member is at a record
_WHILE_S = 5  # many times as long as auto commit waits
_LONG = 1200  # tenths of a second; a group waits some seconds for a member


class Play:
    """What the marks of a program call."""

    consumer = staticmethod(kafka_python)

    def __init__(self, servers: str, fails_at: str) -> None:
        self.servers = servers
        self.fails_at = fails_at

    def killed(self, of: Callable[[], tuple[Any, ...]]) -> None:
        if self._here(of):
            os._exit(9)

    def killed_late(self, of: Callable[[], tuple[Any, ...]]) -> None:
        if self._here(of):
            time.sleep(_WHILE_S)
            os._exit(9)

    def raises(self, of: Callable[[], tuple[Any, ...]]) -> None:
        if self._here(of):
            self.fails_at = ""  # a second attempt succeeds
            raise of()[1]

    def waits(self, of: Callable[[], tuple[Any, ...]]) -> None:
        """Until another member of the group stands here as well."""
        if not self._here(of):
            Path(_PASSED).touch()
            return
        self.fails_at = ""
        for _ in range(_LONG):
            if Path(_PASSED).exists():
                break
            time.sleep(0.1)

    def fenced(self, of: Callable[[], tuple[Any, ...]]) -> None:
        if self._here(of):
            from confluent_kafka import Producer

            self.fails_at = ""
            name = {"bootstrap.servers": self.servers, "transactional.id": of()[1]}
            Producer(name).init_transactions(30)

    def ends(self, of: Callable[[], tuple[Any, ...]]) -> None:
        try:
            (value,) = of()
        except NameError:
            return  # no record was taken yet
        if value.decode() == LAST:
            raise SystemExit

    def _here(self, of: Callable[[], tuple[Any, ...]]) -> bool:
        here = bool(of()[0].decode() == self.fails_at)
        if here:
            Path(STRUCK).touch()
        return here


def main(program: str, servers: str, fails_at: str) -> None:
    text = Path(program).read_text(encoding="utf-8")
    code = compile(re.sub(r"\bKafkaConsumer\(", "play.consumer(", text), program, "exec")
    exec(code, {"__name__": "__main__", "play": Play(servers, fails_at)})


if __name__ == "__main__":
    main(*sys.argv[1:])
