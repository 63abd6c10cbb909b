"""The frame of a page: inline style, pictures inside of it, no scripts, light and dark."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from splatavatar.page.words import words

if TYPE_CHECKING:
    from PIL.Image import Image

JPEG_QUALITY = 85


def document(title: str, sections: Sequence[str]) -> bytes:
    """The page that holds ``sections``; empty ones are left out."""
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{words(title)}</title><style>{STYLE}</style></head><body><main>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main></body></html>\n"
    )
    return page.encode("utf-8", "backslashreplace")  # halves of surrogate pairs, which names of files may hold


def section(title: str, content: str) -> str:
    """The ``content`` under a heading; nothing without content."""
    return f"<section><h2>{words(title)}</h2>{content}</section>" if content else ""


def facts(values: Sequence[tuple[str, str]]) -> str:
    """Cards of (figure, what it is)."""
    cards = "".join(f"<li><b>{words(value)}</b><span>{words(name)}</span></li>" for value, name in values)
    return f'<ul class="facts">{cards}</ul>'


def items(sentences: Sequence[str]) -> str:
    """A list; nothing without sentences."""
    return f"<ul>{''.join(f'<li>{words(s)}</li>' for s in sentences)}</ul>" if sentences else ""


def picture(data: bytes, text: str) -> str:
    """A PNG or JPEG within the page; ``text`` says what it shows."""
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f'<img alt="{words(text)}" src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'


def jpeg(source: Path | NDArray[np.uint8], quality: int = JPEG_QUALITY) -> bytes:
    """A picture file, or (H, W, 3) RGB, as JPEG."""
    from PIL import Image

    if isinstance(source, Path):
        with Image.open(source) as image:
            return _encoded(image, quality)
    return _encoded(Image.fromarray(source), quality)


def _encoded(image: Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c1c22;--soft:#62626d;--rule:#dcdce2;--card:#f5f5f8;--line:#2563c9;
--c1:#c2410c;--c2:#15803d;--c3:#9333ea;--c4:#b8860b;--c5:#be185d}
@media(prefers-color-scheme:dark){:root{--paper:#17171b;--ink:#ececf0;--soft:#a0a0ac;--rule:#393941;--card:#212127;--line:#7aa7f5;
--c1:#fb923c;--c2:#4ade80;--c3:#c084fc;--c4:#eab308;--c5:#f472b6}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1040px;margin:0 auto;padding:24px 20px 64px}
header{display:flex;align-items:center;gap:20px}
header img{width:112px;height:112px;object-fit:cover;border-radius:12px}
h1{font-size:1.9rem;margin:0;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:36px 0 10px}
p{color:var(--soft);font-size:.88rem;margin:8px 0}
.facts{list-style:none;margin:22px 0 0;padding:0}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:12px}
.facts li{background:var(--card);border-radius:10px;padding:12px 16px}
.facts b{display:block;font-size:1.45rem;line-height:1.3;overflow-wrap:anywhere}
.facts span{color:var(--soft);font-size:.86rem}
pre{background:var(--card);border-radius:10px;padding:12px 16px;margin:0;overflow-x:auto;font-size:.9rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:7px 10px;border-bottom:1px solid var(--rule);font-weight:400}
thead th{color:var(--soft);font-size:.86rem}
tbody th{text-align:left}
.settings{width:auto}.settings td{text-align:left}.settings th{color:var(--soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:20px}
.strips{overflow-x:auto}
.strips .chart{display:block;min-width:760px;margin-bottom:14px}
.chart{width:100%;height:auto;font:12px system-ui,sans-serif}
.chart .title{fill:var(--ink);font-weight:600;font-size:13px}
.chart .tick,.chart .last{fill:var(--soft)}
.chart .grid{stroke:var(--rule)}
.chart .axis{stroke:var(--soft)}
.chart .line{fill:none;stroke:var(--line);stroke-width:2;stroke-linejoin:round}
.strips .line{stroke-width:1.3}
.chart .c1{stroke:var(--c1)}.chart .c2{stroke:var(--c2)}.chart .c3{stroke:var(--c3)}
.chart .c4{stroke:var(--c4)}.chart .c5{stroke:var(--c5)}
.chart .dot{fill:var(--line)}
.chart .mark{stroke:var(--ink);stroke-width:.7}
.chart .shade{fill:var(--rule)}
section>img{max-width:100%;height:auto;border-radius:8px}
section>ul{margin:0;padding-left:20px}section li{margin:6px 0}
figure{margin:0 0 22px}
figcaption{color:var(--soft);font-size:.88rem;margin:0 0 6px;overflow-wrap:anywhere}
.row{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(300px,100%),1fr));gap:8px}
.row img{width:100%;height:auto;display:block;border-radius:6px}
"""
