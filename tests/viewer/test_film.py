"""Films that the page records."""

from __future__ import annotations

from collections.abc import Callable

from support.browser import Page

KEPT = """
window.streams = [];
HTMLCanvasElement.prototype.captureStream = (capture => function (...given) {
  const stream = capture.apply(this, given);
  streams.push(stream);
  return stream;
})(HTMLCanvasElement.prototype.captureStream);
"""
"""lets a test look at what pictures are copied for"""


def test_after_a_film_no_picture_is_copied_any_more(light: str, open_page: Callable[..., Page]) -> None:
    page = open_page("")
    page.call("Page.addScriptToEvaluateOnNewDocument", source=KEPT)
    page.open(light)
    page.press("Record film")
    page.run("new Promise(resolve => setTimeout(resolve, 300))")
    state = "streams.flatMap(stream => stream.getVideoTracks()).map(track => track.readyState)"
    assert page.run(state) == ["live"]
    page.press("Stop film")
    page.wait("document.querySelector('.status').textContent === 'The film is saved.'")
    assert page.run(state) == ["ended"] and page.messages == []
