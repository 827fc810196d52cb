"""Errors, sorted by what the caller must do.

    HubError
    +-- RefuseToStart   configuration or surroundings are wrong: end before any work, say the remedy
    +-- TryAgain        a service is away for the moment: keep the input, retry with back-off
    +-- Quarantine      this one record cannot be processed: store it with its reason, go on
    +-- Halt            going on would lose or falsify data: end the process, a person must act

A message names the thing, what was found, what was expected, and what to do.  It never holds a personal value.
"""

from __future__ import annotations


class HubError(Exception):
    """Root of every error that the hub raises on purpose."""


class RefuseToStart(HubError):
    """The process must not begin: a setting, right, schema or service is not as it must be."""


class TryAgain(HubError):
    """The effect did not happen and may succeed later; the caller keeps its input."""


class Quarantine(HubError):
    """One record is refused.

    `code` is a stable word for metrics and filters, `remedy` tells an OPD officer in Indonesian what to do,
    `field` names the attribute or column at fault where one is.
    """

    def __init__(self, code: str, reason: str, *, remedy: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.remedy = remedy
        self.field = field


class Halt(HubError):
    """The process must end with a non-zero code; the message holds the remedy."""
