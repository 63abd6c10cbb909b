from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splatavatar.bake.reporting.page import Report, write_report
from splatavatar.errors import OutputError


class Page(HTMLParser):
    """Tags, attributes and text; counts that every tag is closed."""

    void = ("meta", "img", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def report(tmp_path: Path) -> Report:
    sheet = tmp_path / "sheet.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)).save(sheet)
    seconds = np.linspace(0, 60, 20)
    return Report(
        title="Ann <of> Aberdeen",
        thumbnail=sheet.read_bytes(),
        loss=[(float(s), float(0.2 * np.exp(-s / 15) + 0.01)) for s in seconds],
        psnr=[(float(s), float(34 - 10 * np.exp(-s / 15))) for s in seconds],
        metrics={
            "val": {"psnr": 33.514, "psnr_masked": 28.7, "ssim": 0.93125, "flip": None},
            "test": {"psnr": 36.1, "psnr_masked": 33.0, "ssim": 0.95, "flip": 0.0421},
        },
        contact_sheets={"val": sheet},
        file_bytes=5_432_100,
        gaussians=48_211,
        fps=127.4,
        machine="2 threads of a test machine, 512x512",
        seconds=61.2,
        settings={"preset": "fast", "seed": "0"},
        command="splatavatar drive out/ann.splatavatar --signal hello.npz -o ann.mp4",
        views=np.full((20, 60, 3), 90, np.uint8),
        lacks=["The mouth <never> opens."],
    )


def test_the_page_tells_what_the_report_holds(report: Report, tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", report)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    assert page.open == []
    for text in (
        "Ann <of> Aberdeen", "127 FPS", "2 threads of a test machine, 512x512", "48,211", "5.43 MB", "1 min 1 s",
        "33.51", "28.70", "0.9313", "not measured", "0.0421", "novel view (val)", "fast", report.command,
        "The mouth <never> opens.", "Render, truth, difference: novel view (val)", "wall time, seconds",
    ):  # fmt: skip
        assert text in page.text
    assert "<of>" not in html


def test_the_page_needs_nothing_but_itself(report: Report, tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", report)
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    tags = [tag for tag, _ in page.tags]
    assert "script" not in tags
    assert "link" not in tags
    sources = [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert [str(source)[:15] for source in sources] == ["data:image/png;", "data:image/jpeg", "data:image/jpeg"]
    assert not re.search(r"https?://|url\(|@import", html)
    assert "prefers-color-scheme:dark" in html
    assert tags.count("svg") == 2


def test_a_report_without_scores_or_pictures(report: Report, tmp_path: Path) -> None:
    from dataclasses import replace

    bare = replace(report, thumbnail=b"", metrics={}, contact_sheets={}, lacks=[], loss=[], psnr=[(0.0, float("nan"))])
    write_report(tmp_path / "report.html", bare)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert [attributes["alt"] for tag, attributes in page.tags if tag == "img"] == ["the avatar from every side"]
    assert page.text.count("no data") == 2
    assert "Scores" not in page.text
    assert "lacks" not in page.text


def test_a_folder_that_is_not_there(report: Report, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_report(tmp_path / "gone" / "report.html", report)
