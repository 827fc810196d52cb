"""The transport's settings, each with the reason for its default."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tuning:
    """Bounds of memory, time and order of one app."""

    records: int = 500
    """Most records of one poll, and so of one batch."""
    batch_bytes: int = 4 * 1024 * 1024
    """Most bytes of one batch; a larger single record travels alone (raw messages may have 16 MB)."""
    fetch_bytes: int = 4 * 1024 * 1024
    """Most bytes of one partition that one answer of a broker holds."""
    in_hand: int = 2
    """Most batches of one partition between delivery and acknowledgement."""
    serial: bool = False
    """One batch at a time over all partitions and topics; for a stage whose state is one whole."""
    backoff_s: float = 0.2
    """Pause before a failed batch is read again; doubled at every failure in a row."""
    backoff_max_s: float = 10.0
    settle_s: float = 5.0
    """How long a revoke or a stop waits for batches in hand."""
    commit_s: float = 3.0
    """How long one commit may take before it counts as failed and is repeated."""
    commit_every_s: float = 1.0
    commit_patience_s: float = 30.0
    """After commits have failed for so long although Kafka answers others, the process ends and is started anew."""
    held_s: float = 10.0
    """Pause before a partition whose offset lies outside the log is looked at again."""
    fetch_wait_ms: int = 100
    """How long a broker may wait for the first byte."""
    prefetch_backoff_s: float = 0.005
    """aiokafka lets a partition with unread records delay its neighbours for this long; its own default is 0.1."""
    session_s: float = 10.0
    heartbeat_s: float = 2.0
    poll_interval_s: float = 600.0
    """After this long without a sign from the event loop the broker gives the partitions to another member."""
    request_s: float = 40.0
    end_s: float = 15.0
    """How long an orderly end after a fatal error may take before the process is ended hard."""
