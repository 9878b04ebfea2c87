"""What a `.conf` file is: the formats that are read, and those of other programs."""

from __future__ import annotations

import pytest

from oncelint.discover import kind_of
from oncelint.formats.conf import HEAD, conf_kind

LOGSTASH = 'input {\n  kafka { topics => ["orders"] }\n}\noutput { stdout { } }\n'
FLUENT_BIT = "[SERVICE]\n    Flush 1\n\n[OUTPUT]\n    Name kafka\n    Match *\n"
TELEGRAF = '[agent]\n  interval = "10s"\n  flush_interval = "10s"\n\n[[outputs.kafka]]\n'


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("logstash", LOGSTASH),
        ("logstash", "# a comment: output {\n\n  " + LOGSTASH),
        ("logstash", "\ufeff" + LOGSTASH),
        (
            "logstash",
            'filter {\n  if [type] == "a" {\n    mutate { rename => { "a" => "b" } }\n  }\n}\n',
        ),
        ("logstash", 'output{kafka{topic_id=>"a"}}'),
        ("fluent-bit", FLUENT_BIT),
        ("fluent-bit", FLUENT_BIT.lower()),
        ("fluent-bit", "# written by hand\n@SET brokers=kafka:9092\n" + FLUENT_BIT),
        ("fluent-bit", "[SERVICE]\n    Parsers_File parsers.conf\n@INCLUDE output.conf\n"),
        ("toml", TELEGRAF),
        ("toml", "# Telegraf\n[global_tags]\n\n[agent]\n  metric_batch_size = 1000\n"),
        ("toml", "[[inputs.cpu]]\n  percpu = true\n"),
    ],
)
def test_what_is_read(kind: str, text: str) -> None:
    assert conf_kind(text) == kind
    assert kind_of("deploy/file.conf", text.encode()) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[kafka]\nbootstrap.servers = kafka:9092\n",
        "server {\n  listen 80;\n  location /input { proxy_pass http://app; }\n}\n",
        "events { }\nhttp {\n  map $uri $out { default 1; }\n  output {\n  }\n}\n",
        'kafka {\n  input {\n    topic = "orders"\n  }\n  output {\n    acks = "1"\n  }\n}\n',
        'input {\n  topic = "orders"\n  bootstrap.servers = "kafka:9092"\n}\n',
        'output { kafka { topic: "orders" } }\n',
        "sandbox = true\nsubstituters = https://cache.nixos.org\n",
        "[DEFAULT]\ninput = a\n[agent]\ninterval = 10\n",
        "[Service]\nExecStart=/usr/bin/kafka\nRestart=always\n",
        "[section]\n[[nested]]\nname = kafka\n",
        "output {\n# codec => json\n}\n",
        "input = {\n  a => 1\n}\n",
    ],
)
def test_what_other_programs_have(text: str) -> None:
    assert conf_kind(text) in ("ini", "hocon")


def test_only_the_beginning_tells() -> None:
    assert conf_kind("#" * HEAD + "\n" + LOGSTASH) == "ini"
    assert conf_kind("# a licence\n" * 500 + LOGSTASH) == "logstash"


def test_a_name_tells_before_the_text() -> None:
    assert kind_of("conf/spark-defaults.conf", LOGSTASH.encode()) == "properties"


def test_hocon_is_no_ini_file() -> None:
    text = 'kafka {\n  bootstrap.servers = ["k:9092"]\n  properties {\n    acks = all\n  }\n}\n'
    assert conf_kind(text) == "hocon"
    assert conf_kind("[producer]\nacks = {all}\n") == "ini"
