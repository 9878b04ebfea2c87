"""A TCP proxy on loopback that loses the broker's answers to Produce requests.

It forwards every byte as it is. When it is told to lose an answer, the Produce request still
reaches the broker, the answer does not come back and the connection closes: the state a client
is in after a network failure between the broker's append and its acknowledgement.
"""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType

from broker import LOOPBACK

PRODUCE_API_KEY = 0
REQUEST_HEADER = struct.Struct(">hhi")  # api key, api version, correlation id
IDLE_SECONDS = 120.0


def read_exactly(stream: socket.socket, count: int) -> bytes:
    """Read `count` bytes; raise ConnectionError when the peer closes first."""
    received = bytearray()
    while len(received) < count:
        chunk = stream.recv(count - len(received))
        if not chunk:
            raise ConnectionError("closed by the peer")
        received += chunk
    return bytes(received)


def read_frame(stream: socket.socket) -> bytes:
    """Read one length-prefixed Kafka message and return it with its four length bytes."""
    prefix = read_exactly(stream, 4)
    return prefix + read_exactly(stream, struct.unpack(">i", prefix)[0])


@dataclass(slots=True)
class AnswerLosingProxy:
    """Forward `port` to `upstream_port`, losing the answers to the first `lose` Produce requests.

    A Produce request without an answer (acks=0) is not counted, as there is nothing to lose.
    """

    port: int
    upstream_port: int
    lose: int
    lost: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> "AnswerLosingProxy":
        server = socket.create_server((LOOPBACK, self.port))
        self._open.append(server)
        threading.Thread(target=self._accept, args=(server,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            for stream in self._open:
                hang_up(stream)
        # The next proxy binds the same port.
        time.sleep(0.1)

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
                broker = socket.create_connection((LOOPBACK, self.upstream_port), 5.0)
            except OSError:
                return
            produce_ids: set[int] = set()
            with self._lock:
                self._open += [client, broker]
            for stream in (client, broker):
                stream.settimeout(IDLE_SECONDS)
            for pump in (self._requests, self._answers):
                threading.Thread(
                    target=pump, args=(client, broker, produce_ids), daemon=True
                ).start()

    def _requests(
        self, client: socket.socket, broker: socket.socket, produce_ids: set[int]
    ) -> None:
        with closing_both(client, broker):
            while True:
                frame = read_frame(client)
                api_key, _, correlation_id = REQUEST_HEADER.unpack_from(frame, 4)
                if api_key == PRODUCE_API_KEY:
                    produce_ids.add(correlation_id)
                broker.sendall(frame)

    def _answers(self, client: socket.socket, broker: socket.socket, produce_ids: set[int]) -> None:
        with closing_both(client, broker):
            while True:
                frame = read_frame(broker)
                (correlation_id,) = struct.unpack_from(">i", frame, 4)
                if correlation_id in produce_ids and self._lose_this_one():
                    return
                client.sendall(frame)

    def _lose_this_one(self) -> bool:
        with self._lock:
            if self.lost >= self.lose:
                return False
            self.lost += 1
            return True


def hang_up(stream: socket.socket) -> None:
    """Shut the socket down before closing it, which also wakes a thread that reads from it."""
    with contextlib.suppress(OSError):
        stream.shutdown(socket.SHUT_RDWR)
    stream.close()


@contextlib.contextmanager
def closing_both(client: socket.socket, broker: socket.socket) -> Iterator[None]:
    """Close both sides when either ends; a closed or silent connection is no error here."""
    try:
        with contextlib.suppress(OSError):
            yield
    finally:
        hang_up(client)
        hang_up(broker)
