"""Text of others within a page."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from splatavatar.page.chart import line_chart, strip
from splatavatar.page.document import document, facts, items, picture, section
from splatavatar.page.words import words

HARM = "<script>alert(1)</script>\"' onload='x' & \x1b[2J\r\n\udcff\ud800\u202etxt"
SHOWN = "<script>alert(1)</script>\"' onload='x' & \\x1b[2J\\r\\n\\xff\\ud800\\u202etxt"


class Parts(HTMLParser):
    """The elements, attributes and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.values: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.values += [value or "" for _, value in attrs]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_words_are_shown_as_they_are_but_for_what_cannot_be_seen() -> None:
    assert Parts(f"<p>{words(HARM)}</p>").text == SHOWN
    assert Parts(f'<p title="{words(HARM)}">').values == [SHOWN]
    assert words(3) == "3"


PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    "part",
    [
        section(HARM, "<p></p>"),
        facts([(HARM, HARM)]),
        items([HARM]),
        picture(PNG, HARM),
        line_chart(HARM, HARM, [(0.0, 1.0), (1.0, 2.0)]),
        strip(HARM, HARM, {HARM: [(0.0, 1.0), (1.0, 2.0)]}, HARM),
    ],
    ids=["section", "facts", "items", "picture", "chart", "strip"],
)
def test_no_part_of_a_page_lets_a_name_do_anything(part: str) -> None:
    page = document(HARM, [part]).decode()
    parts = Parts(page)
    assert "script" not in parts.elements
    assert SHOWN in parts.text
    assert SHOWN in parts.text.replace(SHOWN, "", 1) or SHOWN in parts.values
    if part.startswith("<svg"):
        ElementTree.fromstring(part)
