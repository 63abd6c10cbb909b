"""Files that fall onto a page."""

from __future__ import annotations

import base64
import json

from support.browser import Page

DROP = """(async () => {
  const files = FILES.map(([name, data]) => new File([Uint8Array.from(atob(data), c => c.charCodeAt(0))], name));
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
})()"""


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Let files fall onto the page."""
    listed = json.dumps([[name, base64.b64encode(data).decode()] for name, data in files])
    page.run(DROP.replace("FILES", listed))
