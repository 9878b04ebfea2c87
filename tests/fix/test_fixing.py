"""Whole projects, fixed: what several fixes of one project come to together."""

from __future__ import annotations

from pathlib import Path

from oncelint import api
from oncelint.settings import Settings


def _fixed(folder: Path, files: dict[str, str], **settings: object) -> tuple[dict[str, str], int]:
    """The changed files and the number of fixes that were dropped; fixing again changes nothing."""
    for name, text in files.items():
        (folder / name).write_text(text)
    options = Settings(**settings)  # type: ignore[arg-type]
    done = api.fix([str(folder)], settings=options, root=folder, unsafe=True)
    after = {path: change.after for path, change in done.changes.items()}
    again = api.fix([str(folder)], settings=options, root=folder, unsafe=True, overlay=after)
    assert not again.changes
    return {path: data.decode() for path, data in after.items()}, len(done.dropped)


_CONFLUENT = {"requirements.txt": "confluent-kafka==2.15.0\n"}
_SEND = 'producer.produce("orders", b"1")\n'


def test_what_does_more_at_a_place_goes_first(tmp_path: Path) -> None:
    text = (
        "from confluent_kafka import Producer\n"
        'CONF = {"bootstrap.servers": "k:9092", "linger.ms": 5}\n'
        'CONF["acks"] = 1\n'
        "producer = Producer(CONF)\n" + _SEND
    )
    changed, dropped = _fixed(tmp_path, {**_CONFLUENT, "app.py": text})
    expected = text.replace(
        'CONF["acks"] = 1\n', 'CONF["acks"] = "all"\nCONF["enable.idempotence"] = True\n'
    )
    assert (changed, dropped) == ({"app.py": expected}, 0)


def test_an_argument_comes_from_one_place_alone(tmp_path: Path) -> None:
    text = (
        "from kafka import KafkaProducer\n\n\n"
        "def build(**more):\n"
        '    return KafkaProducer(bootstrap_servers="k:9092", **more)\n\n\n'
        "plain = build()\n"
        "fast = build(acks=0)\n"
    )
    files = {"requirements.txt": "kafka-python==2.3.0\n", "app.py": text}
    changed, dropped = _fixed(tmp_path, files)
    assert dropped == 0
    calls: list[dict[str, object]] = []

    def construct(**settings: object) -> None:
        calls.append(settings)

    code = changed["app.py"].replace("from kafka import KafkaProducer\n", "")
    exec(code, {"KafkaProducer": construct})  # a keyword that is given twice is a TypeError
    assert calls[1]["acks"] == "all"
    assert calls[1]["enable_idempotence"] is True


def test_two_slips_that_exclude_each_other_once_they_are_right(tmp_path: Path) -> None:
    text = (
        "from confluent_kafka import Producer\n"
        'producer = Producer({"bootstrap.servers": "k:9092", "transactional.id": "a",'
        ' "transaction.timout.ms": 30000, "message.timout.ms": 60000})\n' + _SEND
    )
    files = {**_CONFLUENT, "app.py": text}
    changed, _ = _fixed(tmp_path, files, select=("unknown-key",))
    after = changed.get("app.py", text)
    report = api.check(
        [str(tmp_path)], settings=Settings(), root=tmp_path, overlay={"app.py": after.encode()}
    )
    (client,) = report.subjects
    both = "transaction.timeout.ms" in after and "message.timeout.ms" in after
    assert not both or not any(world.refuses() for world in client.worlds)


def test_an_anchor_is_edited_once(tmp_path: Path) -> None:
    conf = (
        "orders: &orders\n  bootstrap.servers: k:9092\n  acks: 1\n"
        "audit:\n  <<: *orders\n  client.id: audit\n"
    )
    text = (
        "import yaml\nfrom confluent_kafka import Producer\n"
        'with open("conf.yaml") as file:\n    conf = yaml.safe_load(file)\n'
        'producer = Producer(conf["orders"])\naudit = Producer(conf["audit"])\n'
        + _SEND
        + 'audit.produce("audit", b"1")\n'
    )
    changed, dropped = _fixed(tmp_path, {**_CONFLUENT, "app.py": text, "conf.yaml": conf})
    expected = conf.replace("  acks: 1\n", "  acks: all\n  enable.idempotence: true\n")
    assert (changed, dropped) == ({"conf.yaml": expected}, 0)


def test_what_one_branch_says_is_no_place_for_all(tmp_path: Path) -> None:
    text = (
        "import os\nfrom confluent_kafka import Producer\n"
        'conf = {"bootstrap.servers": "k:9092"}\n'
        'if os.environ.get("STAGE") == "prod":\n    conf["acks"] = "all"\n'
        'else:\n    conf["acks"] = "1"\n'
        "producer = Producer(conf)\n" + _SEND
    )
    changed, dropped = _fixed(tmp_path, {**_CONFLUENT, "app.py": text})
    expected = text.replace('"1"', '"all"').replace(
        '"k:9092"}', '"k:9092", "enable.idempotence": "true"}'
    )
    expected = expected.replace('b"all"', 'b"1"')
    assert (changed, dropped) == ({"app.py": expected}, 0)


def test_a_value_that_another_client_takes_for_a_number_stays(tmp_path: Path) -> None:
    text = (
        "import json\nfrom kafka import KafkaProducer\n"
        'cfg = json.load(open("cfg.json"))\n'
        'p = KafkaProducer(bootstrap_servers="k:9092", acks=cfg["acks"], enable_idempotence=False)\n'
        'q = KafkaProducer(bootstrap_servers="k:9092", retries=cfg["acks"])\n'
        'p.send("a", b"1")\nq.send("a", b"1")\n'
    )
    files = {
        "requirements.txt": "kafka-python==2.3.0\n",
        "app.py": text,
        "cfg.json": '{"acks": 1}\n',
    }
    changed, dropped = _fixed(tmp_path, files)
    assert dropped == 0
    assert "cfg.json" not in changed
