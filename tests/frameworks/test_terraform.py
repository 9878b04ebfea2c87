"""Topics and brokers of Terraform: what providers call things, variables, and what is joined."""

from __future__ import annotations

from collections.abc import Mapping

from oncelint.formats import read
from oncelint.frameworks.terraform import assemble, recognise
from oncelint.model.facts import ConfigFact
from oncelint.model.values import Known
from oncelint.text import SourceText


def facts(files: Mapping[str, str]) -> list[ConfigFact]:
    """The facts of the .tf files among some, joined."""
    found: list[ConfigFact] = []
    for path, source in files.items():
        if path.endswith(".tf"):
            text = SourceText(path, source)
            found.extend(recognise(read("hcl", text), text, path))
    encoded = {path: source.encode() for path, source in files.items()}
    return list(assemble(found, encoded.get))


def told(fact: ConfigFact) -> dict[str, object]:
    return {
        one.key: one.value.value if isinstance(one.value, Known) else None
        for one in fact.block.settings
    }


TOPIC = """resource "kafka_topic" "x" {
  name               = "orders"
  partitions         = 6
  replication_factor = var.copies
  config = {
    "min.insync.replicas" = local.least
  }
}
"""
DEFAULTS = 'variable "copies" {\n  default = 3\n}\n'


def test_a_variable_has_its_default() -> None:
    (fact,) = facts({"a/t.tf": TOPIC, "a/variables.tf": DEFAULTS + "locals {\n  least = 2\n}\n"})
    assert told(fact) == {"partitions": 6, "replication.factor": 3, "min.insync.replicas": 2}
    factor = next(one for one in fact.block.settings if one.key == "replication.factor")
    assert [origin.note for origin in factor.alternatives[0].origins] == [
        "the value of var.copies",
        "",
    ]


def test_a_variable_of_another_folder_is_another_one() -> None:
    (fact,) = facts({"a/t.tf": TOPIC, "variables.tf": DEFAULTS})
    assert told(fact)["replication.factor"] is None


def test_two_defaults_are_none() -> None:
    (fact,) = facts({"t.tf": DEFAULTS.replace("3", "1") + TOPIC, "variables.tf": DEFAULTS})
    assert told(fact)["replication.factor"] is None


def test_what_tfvars_says_otherwise() -> None:
    files = {"t.tf": TOPIC, "variables.tf": DEFAULTS}
    (same,) = facts({**files, "terraform.tfvars": "copies = 3\n"})
    (other,) = facts({**files, "terraform.tfvars": "copies = 1\n"})
    assert told(same)["replication.factor"] == 3
    assert told(other)["replication.factor"] is None


def test_a_module_does_not_say() -> None:
    (fact,) = facts({"modules/kafka/t.tf": TOPIC, "modules/kafka/variables.tf": DEFAULTS})
    assert told(fact)["replication.factor"] is None


def test_names_with_underscores() -> None:
    source = """resource "aiven_kafka_topic" "x" {
  service_name = "main"
  topic_name   = "orders"
  partitions   = 3
  replication  = 2
  config {
    min_insync_replicas = 1
  }
}
"""
    (fact,) = facts({"t.tf": source})
    assert fact.name == "orders"
    assert told(fact) == {"partitions": 3, "replication.factor": 2, "min.insync.replicas": 1}
    assert fact.details["managed"] == "Aiven"
    assert [home.style for home in fact.block.homes] == ["snake"]


def test_a_dynamic_block_leaves_the_settings_open() -> None:
    source = """resource "aiven_kafka_topic" "x" {
  topic_name  = "orders"
  partitions  = 3
  replication = 2
  dynamic "config" {
    for_each = var.config
    content {
      min_insync_replicas = config.value
    }
  }
}
"""
    (fact,) = facts({"t.tf": source})
    assert fact.block.open_reason is not None


MSK = """resource "aws_msk_cluster" "c" {
  cluster_name           = "c"
  kafka_version          = "3.5.1"
  number_of_broker_nodes = var.brokers
  broker_node_group_info {
    client_subnets = [a.id, b.id, c.id]
  }
  configuration_info {
    arn = aws_msk_configuration.c.arn
  }
}
"""
CONFIGURATION = """resource "aws_msk_configuration" "c" {
  server_properties = <<EOT
min.insync.replicas = 1
EOT
}
"""


def test_a_cluster_gets_its_configuration() -> None:
    variable = 'variable "brokers" {\n  default = 6\n}\n'
    (fact,) = facts({"c.tf": MSK, "d.tf": CONFIGURATION, "variables.tf": variable})
    assert (fact.instances, fact.versions, told(fact)) == (
        6,
        ("3.5.1",),
        {"min.insync.replicas": "1"},
    )
    assert fact.block.open_reason is None
    assert [layer.at("default.replication.factor", "3.5.1") for layer in fact.layers] == [3]


def test_a_configuration_from_elsewhere_leaves_a_cluster_open() -> None:
    (fact,) = facts({"c.tf": MSK})
    assert fact.instances is None
    assert fact.block.open_reason is not None


def test_a_configuration_without_a_cluster() -> None:
    (fact,) = facts({"d.tf": CONFIGURATION})
    assert fact.instances is None
    assert told(fact) == {"min.insync.replicas": "1"}
