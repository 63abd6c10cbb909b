"""Where the ``splatavatar`` command begins."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C while its modules are read ends it as quietly as later."""
    try:
        from splatavatar.cli.app import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()
