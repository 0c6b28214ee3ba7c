"""How bibmill meets Prefect: the environment it needs, and one refresh run as its flow.

The flow itself is in `flows.refresh`, its schedule in `flows.schedule`. Nothing here imports
Prefect before the environment is prepared, because Prefect reads it once, while it is imported.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.pipeline import Outcome, Settings

ENVIRONMENT = {
    # Nothing is sent anywhere: no first-run event, no heartbeat of a temporary server.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    # A busy machine may need longer than 20 s to start a temporary server.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}
"""Defaults for every use of Prefect; what the user has set stands."""

QUIET = {
    # bibmill prints its own lines. Prefect's go to the server's log of the run all the same, and
    # what the temporary server says of itself ("database is locked", harmless) goes nowhere.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}
"""Defaults for a single refresh, unless the user asks for Prefect's log by its level."""

console: ContextVar[Callable[[str], None] | None] = ContextVar("console", default=None)
"""Where the lines of a refresh go besides the log of its run."""


class OrchestrationError(Exception):
    """Prefect could not run the flow; the message says what to do."""


def prepare_environment() -> None:
    """Set the defaults of `ENVIRONMENT`; to be called before Prefect is imported."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def run_flow(settings: Settings, report: Callable[[str], None]) -> Outcome:
    """Run one refresh as a Prefect flow in this process, and tell `report` each step.

    The run shows up on the server of PREFECT_API_URL; without one, Prefect starts a temporary
    server. Raises OrchestrationError where neither can be reached.
    """
    prepare_environment()
    if "PREFECT_LOGGING_LEVEL" not in os.environ:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
    from flows.refresh import refresh

    token = console.set(report)
    try:
        state: Any = refresh(
            raw=str(settings.raw),
            warehouse=str(settings.warehouse),
            full=settings.full,
            dry_run=settings.dry_run,
            strict=settings.strict,
            return_state=True,
        )
    except (RuntimeError, OSError, ValueError) as error:
        raise unreachable(error) from error
    finally:
        console.reset(token)
    result: Outcome | Exception = state.result(raise_on_failure=False)
    if isinstance(result, Exception):
        raise result
    return result


def unreachable(error: Exception) -> OrchestrationError:
    """Return the error that says which server could not be reached, and what to do."""
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    if url:
        reason = f"Prefect's server at {url} does not answer ({_first_line(error)})"
        advice = "start it with `prefect server start`, or give PREFECT_API_URL another address"
    else:
        reason = f"Prefect's temporary server did not start ({_first_line(error)})"
        advice = "see why with PREFECT_LOGGING_LEVEL=INFO, or give PREFECT_HOME a new folder"
    return OrchestrationError(f"{reason}: {advice}. `bibmill refresh --direct` needs no server.")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
