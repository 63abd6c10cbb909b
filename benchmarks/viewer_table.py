"""How near the page's pictures are to those of ``splatavatar render``: ``python benchmarks/viewer_table.py AVATAR``.

Ten views of 512x512 pixels in a headless Chromium with software graphics, on the targets that the page blends into. The
figures are levels of 255 where the avatar is: the mean, and of the worst view the 99.9th percentile and the largest.
Then what the page and the element weigh, what the page's own part of a picture costs, as its figures say while a
signal plays, and what three heads cost the processor at each level of detail of a headset, as `?selfcheck` says.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from pathlib import Path

from splatavatar.avatar.file import load_avatar
from splatavatar.viewer.site import FOLDER, load_site

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import chromium
from support.browser import Browser, Page
from support.page_pictures import SIGNAL, SIZE, VIEWS, difference, rendered
from support.serving import serving

STAGES = """(async () => {
  const seen = {};
  for (let i = 0; i < 40; i++) {
    await new Promise(resolve => setTimeout(resolve, 260));
    const list = [...document.querySelectorAll('.stats > *')].map(e => e.textContent);
    for (let k = 0; k < list.length; k += 2)
      if (list[k].endsWith(', ms')) (seen[list[k].slice(0, -4)] ??= []).push(Number(list[k + 1]));
    const play = document.querySelector('.play');
    if (play.textContent === 'Play') play.click();
  }
  return Object.entries(seen).map(([name, all]) => [name, all.sort((a, b) => a - b)[all.length >> 1]]);
})()"""
WORK = ("pose", "depth", "sort", "upload")
"""of the stages, those that are the processor's and not the graphics', which are software here"""
CASES = (("rgba16f", "ffffff"), ("rgba16f", "transparent"), ("rgb10_a2", "ffffff"), ("rgba8", "ffffff"))


def costs(page: Page, address: str) -> None:
    """Print the size of the page, the time to its first picture and the milliseconds of its stages."""
    site = load_site()
    for entry in ("index.html", "room.html"):
        names = [entry, *re.findall(r'"\./([^"]+)"', site[entry].content.decode())]
        size = sum(min(len(site[name].compressed), len(site[name].content)) for name in names)
        print(f"\n{entry} and what it loads: {size / 1000:.1f} kB compressed")
    script = FOLDER.parent / "element" / "splat-avatar.js"
    if script.is_file():
        print(f"the element: {len(gzip.compress(script.read_bytes(), 9)) / 1000:.1f} kB compressed")
    page.open(address)
    loaded = "performance.getEntriesByType('resource').filter(e => e.name.includes('.splatavatar')).at(-1).responseEnd"
    print(f"first picture {page.run(f'document.documentElement.dataset.drawn - {loaded}'):.0f} ms after the file")
    rows = page.run(STAGES)
    print("milliseconds of a picture, median of 40:", ", ".join(f"{name} {value:.2f}" for name, value in rows))


def headset(page: Page, address: str) -> None:
    """Print the processor's milliseconds for three heads at each level of detail."""
    page.open(address)
    state, message = page.state()
    if state != "ready":
        sys.exit(message)
    print("\nmilliseconds of the processor for three heads whose faces move, medians")
    print("level  " + "".join(f"{name:>8}" for name in (*WORK, "sum")))
    for level in page.run("document.documentElement.dataset.selfcheck").split("-")[1:]:
        number, *times = (int(part, 36) for part in level.split("."))
        spent = [time / 100 for time in times[: len(WORK)]]
        print(f"{number:<7}" + "".join(f"{each:8.2f}" for each in (*spent, sum(spent))))


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
        costs(page, f"{address}?signal=signals/{SIGNAL.name}&size=256x256")
        headset(page, f"{address}?selfcheck=16&size=64x64")
    browser.close()


if __name__ == "__main__":
    main()
