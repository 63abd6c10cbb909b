"""An emulated headset (iwer) in a page of the tests."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from splatavatar.viewer import site
from support.browser import Page

IWER = Path(site.__file__).parent / "web" / "node_modules" / "iwer" / "build" / "iwer.min.js"
SIZE = 512
"""pixels of each side of an eye's picture"""
FOV_Y = 0.7
"""radians"""
EYE = (0.1, 1.55, 0.2)
"""metres; of the middle between the eyes"""
APART = 0.064
"""metres between the eyes"""
INSTALL = f"""
globalThis.headset = new IWER.XRDevice(IWER.metaQuest3);
headset.installRuntime({{ forceInstall: true }});
headset.stereoEnabled = true;
headset.ipd = {APART};
headset.fovy = {FOV_Y};
headset.position.set({EYE[0]}, {EYE[1]}, {EYE[2]});
const request = navigator.xr.requestSession.bind(navigator.xr);
navigator.xr.requestSession = async (...options) => (globalThis.session = await request(...options));
"""
PICTURE = """new Promise(resolve => session.requestAnimationFrame(() => resolve(
  session.renderState.baseLayer.context.canvas.toDataURL())))"""


def wear(page: Page, address: str, mode: str) -> None:
    """Open the page with a headset on and enter its ``mode``, VR or AR; wait until the head is placed."""
    page.call("Page.addScriptToEvaluateOnNewDocument", source=IWER.read_text() + INSTALL)
    page.open(address)
    page.press(f"Enter {mode}")
    page.wait("document.documentElement.dataset.placed")
    assert page.messages == []


def eyes(page: Page) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (SIZE, SIZE, 4) of what the left and the right eye see, with straight alpha."""
    data = page.run(PICTURE).partition(",")[2]
    both = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))
    assert both.shape == (SIZE, 2 * SIZE, 4)
    return both[:, :SIZE], both[:, SIZE:]


def placed(page: Page) -> np.ndarray:
    """Where the head stands: x, y, z in metres, radians about +Y, and its scale."""
    return np.array([float(x) for x in page.run("document.documentElement.dataset.placed").split()])


def frames(page: Page, count: int = 3) -> None:
    """Let pictures pass."""
    for _ in range(count):
        page.run("new Promise(resolve => session.requestAnimationFrame(() => resolve()))")
