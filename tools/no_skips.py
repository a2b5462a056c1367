"""A pytest plugin for machines that have everything: there a skipped test is a failed one."""

import pytest

ELSEWHERE = "Skipped: for another machine: "
"""How the reason begins where one machine need not have it all: a second Python, say, which another job of the workflow has."""


def is_accepted(report: pytest.TestReport) -> bool:
    """Whether another machine runs it."""
    return isinstance(report.longrepr, tuple) and report.longrepr[2].startswith(ELSEWHERE)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that left tests out for want of something."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    lacking = [report for report in skipped if not is_accepted(report)]
    if lacking and exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(lacking)} tests were skipped, which CI does not accept.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
