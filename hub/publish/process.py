"""`satudata run publish`: the publisher as a process, with its probe and its signals."""

from __future__ import annotations

import signal
import threading
from functools import partial

from hub.publish.outbox import Outbox
from hub.publish.publisher import Publisher
from hub.wire import log
from hub.wire.clock import SystemClock
from hub.wire.probe import Probe
from hub.wire.settings import Settings
from hub.wire.transactional import PUBLISHER, TransactionalSender

_LOG = log.get(__name__)


def run(settings: Settings) -> int:
    """Publish until SIGTERM or SIGINT; raises Halt when another publisher took over."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sender = TransactionalSender(settings.endpoint("kafka"), PUBLISHER)
    publisher = Publisher(partial(Outbox, settings.endpoint("database")), sender, SystemClock(), stop)
    probe = Probe("publish", settings.home, settings.probe_port)
    probe.ready = lambda: publisher.fault
    _LOG.info("publish_started", probe_port=probe.port)
    try:
        publisher.run()
    finally:
        publisher.close()
        sender.close()
        probe.close()
    _LOG.info("publish_stopped")
    return 0
