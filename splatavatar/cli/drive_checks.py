"""Options of ``splatavatar drive`` that do nothing without others: said before anything is opened."""

from __future__ import annotations

from splatavatar.errors import SettingsError

NEEDS = {
    "--fps": "is the frame rate of files that are driven live; a file that is played keeps its own.",
    "--calibrate": "learns a live face; it needs --webcam, --livelink, --osc or --source.",
    "--listen": "is for --livelink and --osc.",
    "--as": "says whose face --webcam and --video show.",
    "--mood": "is that of a face which a voice drives; it needs --audio, --mic or --source.",
    "--behaviour": "is how far head and eyes move by a voice; it needs --audio, --mic or --source, and no --no-idle.",
    "--model": "is for --webcam and --video.",
    "--name": "is who sits in the room of --room.",
    "--port": "is the port of the page that --view serves.",
    "--share": "lets others open the page that --view serves.",
    "--certificate": "is for the page that --view serves.",
    "--key": "is for the page that --view serves.",
    "--allow-origin": "lets pages of other servers follow what --view serves.",
    "--label": "is in a corner of pictures; it needs -o, --window, --virtual-camera or --sink.",
    "--no-marks": "leaves marks out of pictures; it needs -o, --window, --virtual-camera or --sink.",
    "--without-consent": "shows an avatar to others; it needs --room, or --view with --share.",
}
"""what such options are for"""


def check_purpose(given: dict[str, bool], works: dict[str, bool]) -> None:
    """Raises SettingsError for the first option that is ``given`` and does not work here, saying what it ``NEEDS``."""
    for option, wanted in given.items():
        if wanted and not works[option]:
            raise SettingsError(f"{option} {NEEDS[option]}")
