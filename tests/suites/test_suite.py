"""Suites: every mistake at once, each with its place; and nothing that a file says can hurt."""

import json
import os
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from devbench.errors import SuiteError
from devbench.suites.format import Suite
from devbench.suites.strict import KnownNames
from devbench.suites.suite import parse_suite, read_suite
from devbench.suites.yaml_file import LARGEST_FILE_BYTES

KNOWN = KnownNames(
    models=("mobilenet_v1", "mobilenet_v2"),
    devices={"desktop-cpu": ("litert", "tflite-runtime"), "coral-usb": ()},
    options={"litert": {"threads": 1}, "tflite-runtime": {"threads": 1}},
)
REPOSITORY = Path(__file__).parents[2]


def _mistakes(text: str) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        parse_suite(text, "s.yaml", KNOWN)
    return caught.value.message.splitlines()


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    assert _mistakes(
        """name: "my suite!"
models: [mobilenet_v1, mobilnet_v2, {name: x, source: a.tflite, sha256: 12ab, lables: y}]
devices:
  - desktop-cpuu
  - {desktop-cpu: {runtime: [litert, tflight], thread: [1, 2]}}
precision: int7
measure: {rounds: three, cap_s: -1, foo: 1}
compare: {baseline: coral, between_models: [inception_v4]}
rums: 3
"""
    ) == [
        "s.yaml:1:7: 'my suite!' is not a name: it may have letters, digits, '.', '_', '+' and '-',"
        " and begins with one of the first two",
        "s.yaml:2:24: unknown model 'mobilnet_v2'; did you mean 'mobilenet_v2'?",
        "s.yaml:2:73: 'sha256' cannot be '12ab': it is written in lower-case hexadecimal digits, all of them",
        "s.yaml:2:79: unknown key 'lables'; did you mean 'labels'?",
        "s.yaml:4:5: unknown device 'desktop-cpuu'; did you mean 'desktop-cpu'?",
        "s.yaml:5:29: unknown runtime 'tflight' for desktop-cpu; known: litert, tflite-runtime",
        "s.yaml:5:48: unknown option 'thread' of desktop-cpu; did you mean 'threads'?",
        "s.yaml:6:12: 'precision' cannot be 'int7'; did you mean 'int8'?",
        "s.yaml:7:19: 'rounds' must be a whole number, not 'three'",
        "s.yaml:7:33: 'cap_s' cannot be -1: input should be greater than 0",
        "s.yaml:7:37: unknown key 'foo'; known: budget, cap_s, max_rounds, min_runs, min_s, percentiles, precision,"
        " profile, rounds, time_limit_s, warmup_cap_s, warmup_runs, warmup_s",
        "s.yaml:8:21: 'coral' is not a device of this suite; known: desktop-cpu, desktop-cpuu",
        "s.yaml:8:45: 'inception_v4' is not a model of this suite; known: mobilenet_v1, mobilnet_v2, x",
        "s.yaml:9:1: unknown key 'rums'; known: compare, devices, input, labels,"
        " learn, measure, models, name, precision, quality, references, seed, test, weights",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "s.yaml:1:1: must be a mapping, not empty"),
        ("- a\n- b\n", "s.yaml:1:1: must be a mapping, not ['a', 'b']"),
        ("name: [a\n", "s.yaml:2:1: not YAML: a comma or the closing bracket is missing before this"),
        (
            "name: a\nmodels:\n- b: c\n d: e\n",
            "s.yaml:4:2: not YAML: this line is not indented like those that it belongs",
        ),
        ("models:\n\t- a\n", "s.yaml:2:1: not YAML: tabs are not allowed here"),
        ("name: a: b\n", "s.yaml:1:8: not YAML: a colon is not allowed here: put quotes around text"),
        ("a: &x [1]\nb: [*x, *x, *x]\n", "s.yaml:2:5: aliases (*x) are not supported"),
        ("name: a\nname: b\n", "s.yaml:2:1: 'name' is given twice"),
        ("? [a]\n: b\n", "s.yaml:1:3: a key must be a word"),
        ("name: !!python/object:os.system {}\n", "s.yaml:1:7: tags (!!python/object:os.system) are not supported"),
        ("name: !!python/name:os.system x\n", "s.yaml:1:7: tags (!!python/name:os.system) are not supported"),
        ("name: a\nseed: !!timestamp x\n", "s.yaml:2:7: tags (!!timestamp) are not supported"),
        ('name: a\nseed: !!int ""\n', "s.yaml:2:7: '' is not a valid int"),
        ("name: a\nseed: !!bool x\n", "s.yaml:2:7: 'x' is not a valid bool"),
        ("name: a\nseed: 0x" + "f" * 4000, "s.yaml:2:7: '0xffff"),
        ("name: a\nseed: " + "9" * 5000, "s.yaml:2:7: '9999"),
        ('name: "\\ud800"\n', "s.yaml:1:7: the character U+D800 is not allowed in a name or a path"),
        ('name: "\\UFFFFFFFF"\n', "s.yaml:1:10: not YAML: an escape or a version is out of range"),
        ('models: [{name: a, source: "a\\0b"}]\n', "s.yaml:1:28: the character U+0000 is not allowed in a name"),
        ('models:\n- {name: a, source: "http://["}\n', "s.yaml:2:21: 'source' cannot be 'http://[': an address is"),
        ("models:\n- {name: a, source: 'http:///x'}\n", "s.yaml:2:21: 'source' cannot be 'http:///x': an address is"),
        (
            "models:\n- {name: a, source: http://h/a b}\n",
            "s.yaml:2:21: 'source' cannot be 'http://h/a b': in an address",
        ),
        (
            "models:\n- {name: a, compiled: http://h:x/}\n",
            "s.yaml:2:23: 'compiled' cannot be 'http://h:x/': an address",
        ),
        ("name: a\ninput: ''\n", "s.yaml:2:8: 'image' must not be empty"),
        ("name: a\nname: \x00\n", "s.yaml:2:7: the character U+0000 is not allowed in YAML"),
        ("a: 1\n---\nb: 1\n", "s.yaml:2:1: a second document begins here"),
        ("a: " + "[" * 5000 + "]" * 5000, "s.yaml:1:20: nested more than 16 levels deep"),
        ("devices: [{desktop-cpu: {threads: [1, two]}}]\n", "s.yaml:1:35: 'threads' must be a whole number, not 'two'"),
        (
            "models:\n- mine.tflite\n",
            "s.yaml:2:3: 'mine.tflite' looks like a file: write {name: mine, source: mine.tfl",
        ),
        ("places: []\n", "s.yaml: this is a lab file, and not a suite"),
        ("devices: [cpu]\n", "s.yaml:1:11: unknown device 'cpu'; did you mean 'desktop-cpu'?"),
        (
            f"devices: [{{desktop-cpu: {{threads: {list(range(2000))}}}}}]\n",
            "s.yaml:1:11: these options have 2000 combinations; at most 1000 can be measured",
        ),
        ("name: s\nmodels: []\ndevices: [desktop-cpu]\n", "s.yaml:2:9: 'models' must not be empty"),
        (
            "name: s\nmodels: [mobilenet_v1, mobilenet_v1]\ndevices: [desktop-cpu]\n",
            "s.yaml:2:24: model 'mobilenet_v1' is listed twice: give one another name",
        ),
        (
            "name: s\nmodels: [mobilenet_v1]\ndevices: [desktop-cpu]\nmeasure:\n  min_s: 5\n  cap_s: 2\n",
            "s.yaml:6:10: cap_s (2) is less than min_s (5)",
        ),
        (
            "name: s\nmodels: []\ndevices: [desktop-cpu]\nmeasure: {cap_s: 0.1, percentiles: [99], min_runs: 50}\n",
            "s.yaml:4:18: cap_s (0.1) is less than min_s (0.5)",
        ),
        (
            "name: s\nmodels: []\ndevices: [desktop-cpu]\nmeasure: {cap_s: 0.1, percentiles: [99], min_runs: 50}\n",
            "s.yaml:4:36: p99 needs 662 samples, and rounds × min_runs are 250",
        ),
        (
            "name: s\nmodels: [mobilenet_v1]\ndevices: [desktop-cpu]\nmeasure: {cap_s: 300, time_limit_s: 300}\n",
            "s.yaml:4:37: time_limit_s (300) is less than warm-up and cap_s (302)",
        ),
        (
            "name: s\nmodels: [mobilenet_v1]\ndevices: [desktop-cpu]\nmeasure: {time_limit_s: .inf}\n",
            "s.yaml:4:25: '.inf' is not a finite number",
        ),
        (
            "name: s\nmodels: [mobilenet_v1]\ndevices: [desktop-cpu]\nmeasure: fast\n",
            "s.yaml:4:10: 'profile' cannot be 'fast'",
        ),
    ],
)
def test_a_bad_file_is_refused_with_its_place(text: str, mistake: str) -> None:
    assert any(mistake in line for line in _mistakes(text)), _mistakes(text)


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)
    )
    assert "aliases (*a) are not supported" in _mistakes(bomb)[0]


def test_many_mistakes_are_cut_short() -> None:
    found = _mistakes("models: [" + "1, " * 200 + "]\n")
    assert len(found) == 51
    assert found[-1].startswith("… and 15")


def test_what_is_not_a_file_of_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large").write_text("#" * (1 << 20))
    os.mkfifo(tmp_path / "pipe")
    reasons = {
        "binary": "not UTF-8 text",
        "large": "It is larger than 64 KiB",
        "pipe": "It is a pipe or a device",
        "": "Is a directory",
        "n" * 300: "File name too long",
        "gone": "No such file or directory",
    }
    for name, reason in reasons.items():
        with pytest.raises(SuiteError, match=reason):
            read_suite(tmp_path / name, KNOWN)
    with pytest.raises(SuiteError, match="It is a pipe or a device"):
        read_suite(Path("/dev/zero"), KNOWN)


@pytest.mark.parametrize("piece", ["[", "{a: ", "- ", "? ", "a: [b]\n", "&a ", "[],", "'x' ", '"\\x41"', "!!x ", "#\n"])
def test_the_time_to_read_is_linear(piece: str) -> None:
    text = "a: [" * (piece == "[],") + piece * (LARGEST_FILE_BYTES // len(piece))
    start = time.process_time()
    with pytest.raises(SuiteError):
        parse_suite(text, "s.yaml", KNOWN)
    assert time.process_time() - start < 5, "a quadratic one takes minutes"


def test_the_ways_to_write_a_device_mean_the_same() -> None:
    def device(text: str) -> object:
        return parse_suite(f"name: s\nmodels: [mobilenet_v1]\ndevices: [{text}]\n", "s", KNOWN).devices[0]

    assert device("{desktop-cpu: {runtime: litert, threads: 2}}") == device(
        "{name: desktop-cpu, runtime: [litert], threads: [2]}"
    )
    assert device("desktop-cpu") == device("{desktop-cpu: {}}") == device("{name: desktop-cpu}")


def test_the_schema_for_editors_is_the_one_of_the_types() -> None:
    written = json.loads((REPOSITORY / "docs" / "suite.schema.json").read_text())
    assert written == Suite.model_json_schema(), "make it anew: see docs/suites.md"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_text("\ufeffname: s\nmodels: [mobilenet_v1]\ndevices: [desktop-cpu]\n")
    assert read_suite(path, KNOWN).name == "s"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("{min_s: 100}", {"cap_s": 100, "time_limit_s": 300}),
        ("{cap_s: 400}", {"time_limit_s": 804}),
        ("{warmup_cap_s: 0, warmup_s: 200, cap_s: 120}", {"time_limit_s": 640}),
        ("{warmup_s: 9}", {"warmup_cap_s": 9}),
        ("{rounds: 12}", {"max_rounds": 12}),
        ("{precision: null}", {"precision": None}),
        ("{warmup_cap_s: 0, warmup_s: 3}", {"warmup_cap_s": 0, "warmup_s": 3}),
    ],
)
def test_a_minimum_raises_its_maximum_and_null_asks_for_no_precision(text: str, settings: dict[str, object]) -> None:
    suite = f"name: s\nmodels: [mobilenet_v1]\ndevices: [desktop-cpu]\nmeasure: {text}\n"
    found = asdict(parse_suite(suite, "s.yaml", KNOWN).measure.settings())
    assert {name: found[name] for name in settings} == settings
