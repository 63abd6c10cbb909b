"""How near the page's pictures are to those of ``splatavatar render``: ``python benchmarks/viewer_table.py AVATAR``.

Ten views of 512x512 pixels in a headless Chromium with software graphics, on the targets that the page blends into. The
figures are levels of 255 where the avatar is: the mean, and of the worst view the 99.9th percentile and the largest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "viewer"))

import chromium
from browser import Browser
from pictures import SIGNAL, SIZE, VIEWS, difference, rendered
from serving import serving

from splatavatar.avatar.file import load_avatar

CASES = (("rgba16f", "ffffff"), ("rgba16f", "transparent"), ("rgb10_a2", "ffffff"), ("rgba8", "ffffff"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("avatar", type=Path)
    options = parser.parse_args()
    program = chromium.find()
    if program is None:
        sys.exit(chromium.HOW)
    avatar = load_avatar(options.avatar)
    alphas = [rendered(avatar, view, None)[..., 3] for view in VIEWS]
    browser = Browser(*program)
    with serving(options.avatar, {SIGNAL.name: SIGNAL}) as address:
        page = browser.page(SIZE, SIZE)
        print(f"{'target':10} {'background':12} {'mean':>6} {'p99.9':>6} {'max':>6}")
        for target, background in CASES:
            found = []
            for view, alpha in zip(VIEWS, alphas, strict=True):
                page.open(f"{address}?{view.query(background, target=target)}")
                state, message = page.state()
                if state != "ready":
                    sys.exit(message)
                shot = page.screenshot(SIZE, SIZE)
                clear = background == "transparent"
                reference = rendered(avatar, view, None if clear else (1.0, 1.0, 1.0))
                found.append(difference(shot if clear else shot[..., :3], reference, alpha))
            mean = sum(each.mean for each in found) / len(found)
            p999, largest = max(each.p999 for each in found), max(each.largest for each in found)
            print(f"{target:10} {background:12} {mean:6.3f} {p999:6.2f} {largest:6.2f}")
    browser.close()


if __name__ == "__main__":
    main()
