"""How well lips and voice agree on the page of a talking avatar: ``python benchmarks/agent_page.py [--seconds N]``.

A service opens the avatar's mouth for exactly as long as it sounds a tone, again and again at uneven times. The page,
in a headless Chromium, notes when it hands the tone to its sound output and when it hands the opened mouth to the
graphics. Once on a line without jitter; once where faces and packets of sound are each held back by up to ``--jitter``
milliseconds, and one face of twenty is lost. Other work beside it is seen in the figures: give it the cores.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np

from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.library import DEMO
from support import chromium
from support.browser import Browser
from support.lips_and_sound import NOTING, mouth_after_tone
from support.thinned import thinned
from support.tone_service import ToneFace, ToneService, tone_service


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--jitter", type=float, default=60.0, help="milliseconds")
    arguments = parser.parse_args()
    program = chromium.find()
    if program is None:
        sys.exit(chromium.HOW)
    with TemporaryDirectory() as folder, closing(Browser(*program)) as browser:
        path = Path(folder, "light.splatavatar")
        save_avatar(path, thinned(load_avatar(DEMO), 20))
        for jitter, loss in ((0.0, 0.0), (arguments.jitter / 1000, 0.05)):
            service = ToneService(path.read_bytes(), ToneFace(), jitter=jitter, loss=loss)
            with tone_service(service) as address, closing(browser.page(320, 240)) as page:
                page.call("Page.addScriptToEvaluateOnNewDocument", source=NOTING)
                page.open(address)
                time.sleep(6)
                page.run("void listen()")
                time.sleep(arguments.seconds)
                off = mouth_after_tone(page)
            told = ", ".join(f"{value:.0f}" for value in np.percentile(off, [0, 50, 95, 100]))
            print(f"jitter {1000 * jitter:.0f} ms, {loss:.0%} lost: a mouth after its tone, {len(off)} times: "
                  f"{told} ms (least, median, p95, most)")  # fmt: skip


if __name__ == "__main__":
    main()
