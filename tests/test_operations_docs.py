"""What wakes people at night exists: every figure, label and command that alarms and runbook name."""

import configparser
import re

import pytest
import yaml

from tests.rendering import PROJECT, ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RULES = yaml.safe_load((ROOT / "docs" / "examples" / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
ENGINE = ROOT / PROJECT / "gateway"
COMMANDS = {path.stem for path in (ENGINE / "management" / "commands").glob("*.py")}
SELECTOR = re.compile(r"(websocket_\w+)(?:\{(.*?)\})?")


def code(*names: str) -> str:
    return "\n".join((ENGINE / name).read_text(encoding="utf-8") for name in names)


FIGURES = set(re.findall(r'"(websocket_\w+)"', code("metrics.py", "monitoring.py")))
VALUES = {
    "code": {"accepted", "handled", "error", *re.findall(r'code, status, message = "(\w+)"', code("exceptions.py"))},
    "outcome": set(re.findall(r'^    [A-Z]+ = "(\w+)"', code("transports.py"), re.MULTILINE)),
    "status": {"403"},
    "kind": {"none"} | set(re.findall(r'^    [A-Z]+ = "(\w+)"', code("wire.py"), re.MULTILINE)),
    "handler": {""},
}


def alarm_number(rule: dict[str, str]) -> int:
    found = re.search(r"\(runbook: (\d+)\)$", rule["annotations"]["summary"])
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alarm_asks_for_figures_that_there_are(rule: dict[str, str]) -> None:
    """With labels and values that the code writes: an alarm that selects nothing never rings."""
    for name, selected in SELECTOR.findall(rule["expr"]):
        assert name.removesuffix("_bucket") in FIGURES
        for label, values in re.findall(r'(\w+)(?:=|!=|!~|=~)"(.*?)"', selected):
            assert set(values.split("|")) <= VALUES[label]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alarm_says_who_is_woken(rule: dict[str, dict[str, str]]) -> None:
    """Now, or tomorrow morning."""
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_every_alarm_has_its_number_in_the_runbook() -> None:
    """In the same order, and no number without an alarm."""
    numbered = re.findall(r"^(\d+)\. \*\*", PAGE.split("## Runbook", 1)[1], re.MULTILINE)

    assert [alarm_number(rule) for rule in RULES] == [int(number) for number in numbered]


def test_the_commands_of_the_page_exist() -> None:
    """In its sentences, its units and its schedules."""
    named = set(re.findall(r"manage\.py (\w+)", PAGE)) | set(re.findall(r"\b(clea\w+_\w+)\b", PAGE))

    assert named <= COMMANDS


@pytest.mark.parametrize("number", [0, 1])
def test_the_systemd_units_can_be_read(number: int) -> None:
    """A service that the timer of the same name starts."""
    unit = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)[number]
    parser = configparser.ConfigParser(strict=False)

    parser.read_string(unit)

    assert {"Service", "Timer"} & set(parser.sections())


def test_prometheus_is_told_how_to_ask() -> None:
    """The scrape configuration is YAML, with the credentials that /metrics wants."""
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None

    (job,) = yaml.safe_load(found[1])["scrape_configs"]

    assert "WEBSOCKET_METRICS_TOKEN" in job["authorization"]["credentials"]
