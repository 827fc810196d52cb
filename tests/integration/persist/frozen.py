"""A writer that stands still inside its transaction, run as `python -m tests.integration.persist.frozen URL EPOCH HOW`.

It says `inside` once the lease row is locked, and after a line on its standard input tries to commit.
"""

from __future__ import annotations

import sys

import psycopg

from hub.persist import connection, lease
from hub.wire.errors import HubError


def main(url: str, epoch: int, how: str) -> None:
    """Begin, lock, stand still between statements (`idle`) or inside a COPY (`copy`), then go on."""
    database = connection.writer(url)
    try:
        with database.transaction():
            lease.check(database, epoch)
            database.execute('update link."offset" set next_offset = 99')
            if how == "copy":
                with database.cursor().copy("copy link.floor (source, tbl, floor) from stdin") as target:
                    target.write_row(("a", "b", b"c"))
                    _stand()
            else:
                _stand()
    except (psycopg.Error, HubError) as error:
        print("refused", type(error).__name__, flush=True)
    else:
        print("committed", flush=True)


def _stand() -> None:
    print("inside", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
