"""What the service writes of itself: a line for each thing that happens, and nothing of what is said or shown.

There is no field for a key, a token, a text, a sound or the name of a person, so that none can come in by mistake.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import datetime, timezone
from typing import Any, TextIO

from splatavatar.printable import printable

LOG = logging.getLogger("splatavatar.serve")
OURS = "splatavatar"
_SHORT = 8
"""characters of the id of a session that are written: enough to follow one, too few to use it"""
_FIELDS = "splatavatar_fields"
_SECRET = re.compile(r"sak_[\w-]+|(?i:bearer)\s+\S+|(?i:token|key|password|secret)=[^\s&]+|[A-Za-z0-9_-]{32,}")
"""what looks like a key or a token"""
_HIDDEN = "[hidden]"


def log_event(
    event: str,
    *,
    session: str | None = None,
    mode: str | None = None,
    key: str | None = None,
    seconds: float | None = None,
    status: int | None = None,
    reason: str | None = None,
    address: str | None = None,
    count: int | None = None,
    failed: bool = False,
) -> None:
    """Write that something happened.

    Args:
        event: what, in one word such as ``opened``.
        session: the id of a session, of which the beginning is written.
        mode: ``video`` or ``client``.
        key: the id of a key (``Key.id``), which is not the key.
        seconds: how long it took or lasted.
        status: of an answer.
        reason: a word: why something was refused or ended.
        address: of who asked; written only where ``configure_logs`` was told to.
        count: how many.
        failed: whether somebody should look at it.
    """
    fields: dict[str, Any] = {
        "session": None if session is None else session.rpartition(".")[2][:_SHORT],
        "mode": mode,
        "key": key,
        "seconds": None if seconds is None else round(seconds, 3),
        "status": status,
        "reason": reason,
        "address": address,
        "count": count,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    LOG.log(logging.WARNING if failed else logging.INFO, "%s", event, extra={_FIELDS: given})


def configure_logs(json: bool, addresses: bool = False, stream: TextIO | None = None) -> None:
    """Have everything that is logged in this process written to standard error, one line each.

    Of other packages their warnings are named, with the kind of an error, but not told: they may hold addresses or
    what somebody has sent.

    Args:
        json: JSON with ``time``, ``level``, ``event`` and what else is known; else words for who reads along.
        addresses: whether addresses of those who ask are written.
        stream: where to; standard error unless given.
    """
    handler = _Replaced(stream if stream is not None else sys.stderr)
    handler.setFormatter(_Lines(json, addresses))
    root = logging.getLogger()
    for before in [each for each in root.handlers if isinstance(each, _Replaced)]:
        root.removeHandler(before)
    root.addHandler(handler)
    logging.getLogger(OURS).setLevel(logging.INFO)


class _Replaced(logging.StreamHandler[TextIO]):
    """The handler of ``configure_logs``, of which there is one."""


class _Lines(logging.Formatter):
    def __init__(self, as_json: bool, addresses: bool) -> None:
        super().__init__()
        self._json, self._addresses = as_json, addresses

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds")
        fields = self._fields(record)
        if self._json:
            return json.dumps({"time": time, "level": record.levelname.lower(), **fields})
        event, *rest = fields.values()
        told = (f"{name}={value}" for name, value in zip(list(fields)[1:], rest, strict=True))
        return " ".join([time, record.levelname.lower(), str(event), *told])

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        known: dict[str, Any] | None = getattr(record, _FIELDS, None)
        error = {} if record.exc_info is None or record.exc_info[0] is None else _told(record.exc_info)
        if known is not None:
            shown = {name: printable(value) if isinstance(value, str) else value for name, value in known.items()}
            if not self._addresses:
                shown.pop("address", None)
            return {"event": printable(record.getMessage()), **shown, **error}
        if record.name == OURS or record.name.startswith(f"{OURS}."):
            return {"event": "message", "text": hidden(printable(record.getMessage())), **error}
        return {"event": "other", "logger": record.name, **error}


def hidden(text: str) -> str:
    """The text without what looks like a key or a token."""
    return _SECRET.sub(_HIDDEN, text)


def _told(exc_info: Any) -> dict[str, str]:
    """The kind of an error and where it came from; its words may be of others."""
    kind, _, traceback = exc_info
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    where = {} if traceback is None else {"at": f"{traceback.tb_frame.f_code.co_name}:{traceback.tb_lineno}"}
    return {"error": kind.__name__, **where}
