"""What is a template and what only looks like one."""

from __future__ import annotations

import pytest

from oncelint.formats.templates import template_kind


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("server.properties.j2", "a=b", "Jinja template"),
        ("x.YML.J2", "a: b", "Jinja template"),
        ("x.yaml.erb", "a: b", "ERB template"),
        ("x.mustache", "", "Mustache template"),
        ("x.json.tmpl", '{"a": "{{ .Values.b }}"}', "Helm template"),
        ("x.properties.tpl", "a={{ .b }}", "Go template"),
        ("client.properties.template", "a=${B}", "envsubst template"),
        (".env.template", "A=", "template"),
        ("x.conf.template", "a={{ b }}", "Jinja template"),
        ("chart/templates/a.yaml", 'a: "{{ .Values.b }}"', "Helm template"),
        ("templates/a.yaml", 'a: "{{ if .Values.b }}x{{ end }}"', "Helm template"),
        ("templates/a.yaml", '{{- include "x" . }}', "Helm template"),
        ("a.yaml", "a: {{ .Values.b }}", "Helm template"),
        ("a.yaml", "a: {{ .x }}", "Go template"),
        ("a.yaml", "a: b-{{ $x }}", "Go template"),
        ("a.yaml", "{{- range .xs }}\n- a\n{{- end }}", "Go template"),
        ("a.yml", "a: {{ kafka_host }}", "Jinja template"),
        ("a.yml", "{% if x %}\na: b\n{% endif %}", "Jinja template"),
        ("a.yml", "a: |\n  {{ x }}\nb: {{ y }}", "Jinja template"),
        ("a.yml", "- a: |\n    {{ x }}\n  b: {{ y }}", "Jinja template"),
        ("a.yml", "- |\n  {{ x }}\n- {{ y }}", "Jinja template"),
        ("a.yml", "a: don't {{ x }} don't", "Jinja template"),
        ("a.yml", "a: <%= ENV['X'] %>", "ERB template"),
        ("a.json", '{"a": {{ b }}}', "Jinja template"),
        ("a.toml", "a = {{ b }}", "Jinja template"),
        ("a.properties", "a={{ b }}", "Jinja template"),
        ("a.properties", "a='{{ b }}'", "Jinja template"),
        ("a.ini", "[a]\nb = {{ c }}", "Jinja template"),
        ("a.sql", "select * from {{ ref('x') }}", "Jinja template"),
        (".env", "A={{ b }}", "Jinja template"),
        (".env.production", "A={{ b }}", "Jinja template"),
    ],
)
def test_template(path: str, text: str, kind: str) -> None:
    assert template_kind(text, path) == kind


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("application.properties", "a=${B:c}"),
        ("compose.yaml", "a: ${B:-c}\nb: $${c}"),
        (".github/workflows/a.yml", "run: echo ${{ matrix.x }}\nif: ${{ a }}"),
        ("rules.yaml", "summary: \"{{ $labels.topic }} lags\"\nb: '{{ x }}'"),
        ("rules.yaml", "a: >-\n  {{ $labels.topic }}\n\n  lags\nb: 1"),
        ("rules.yaml", "- a: |  # c\n    x\n    {{ y }}\n  b: 1"),
        ("rules.yaml", "a: |\r\n  {{ y }}\r\nb: 1"),
        ("a.yaml", "a: b # {{ c }}\n# {% d %}"),
        ("a.yaml", 'a: "x\n  {{ y }}"'),
        ("a.yaml", "a: 'it''s {{ y }}'"),
        ("a.yaml", "a: [\"{{ x }}\", '{{ y }}']"),
        ("a.json", '{"a": "{{ b }}", "c": "\\"{{ d }}"}'),
        ("a.json", '{"a": {"b": {}}}'),
        ("a.toml", "a = '{{ b }}'"),
        ("a.properties", "# {{ b }}\n! {% c %}\na=%d{HH}"),
        (".env", "A='{{ b }}'"),
        ("a.py", "x = {{1}, {2}}\ny = f'{{ z }}'"),
        ("a.sh", "docker inspect --format {{.State}} x"),
        ("templates/a.yaml", "a: b"),
        ("README.md", "{{ x }}"),
    ],
)
def test_no_template(path: str, text: str) -> None:
    assert template_kind(text, path) is None
