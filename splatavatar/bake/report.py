"""The report of a bake: one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from splatavatar.bake.chart import line_chart
from splatavatar.output import atomic_write

SPLITS = {"val": "novel view (val)", "test": "novel expression (test)", "train": "training pictures (train)"}
METRICS = {
    "psnr": ("PSNR, whole picture", "dB", ".2f"),
    "psnr_masked": ("PSNR inside the matte", "dB", ".2f"),
    "ssim": ("SSIM", "", ".4f"),
    "flip": ("FLIP (smaller is better)", "", ".4f"),
}
JPEG_QUALITY = 85


@dataclass(frozen=True)
class Report:
    """What the page tells."""

    title: str
    thumbnail: bytes
    """PNG or JPEG; empty for none"""
    loss: Sequence[tuple[float, float]]
    """(seconds of wall time, value)"""
    psnr: Sequence[tuple[float, float]]
    """(seconds of wall time, dB)"""
    metrics: Mapping[str, Mapping[str, float | None]]
    """split -> psnr, psnr_masked, ssim, flip: the ``mean`` of ``evaluate``"""
    contact_sheets: Mapping[str, Path]
    """split -> picture file"""
    file_bytes: int
    gaussians: int
    fps: float
    machine: str
    """on what and at which size ``fps`` was measured"""
    seconds: float
    """wall time of the bake"""
    settings: Mapping[str, str]
    command: str
    """what to type to drive the avatar"""


def write_report(path: Path, report: Report) -> None:
    """Write ``report`` as a self-contained page: inline style, charts and pictures, no scripts, light and dark.

    Raises OutputError where ``path`` cannot be written.
    """
    sections = [
        _head(report),
        _facts(report),
        _section("Command", f"<pre><code>{escape(report.command)}</code></pre>"),
        _section("Scores", _metrics_table(report.metrics) if report.metrics else ""),
        _section(
            "Progress",
            '<div class="charts">'
            + line_chart("PSNR of pictures held out", "dB", report.psnr)
            + line_chart("Training loss", "loss", report.loss, from_zero=True)
            + "</div>",
        ),
        *(
            _section(
                f"Render, truth, difference: {SPLITS.get(split, split)}",
                _picture(_jpeg(file), f"contact sheet of {split}"),
            )
            for split, file in report.contact_sheets.items()
        ),
        _section("Settings", _settings_table(report.settings)),
    ]
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head><body><main>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main></body></html>\n"
    )
    with atomic_write(path) as file:
        file.write(page.encode())


def _head(report: Report) -> str:
    picture = _picture(report.thumbnail, f"thumbnail of {report.title}") if report.thumbnail else ""
    return f"<header>{picture}<h1>{escape(report.title)}</h1></header>"


def _facts(report: Report) -> str:
    facts = [
        (f"{report.fps:.0f} FPS", report.machine),
        (f"{report.gaussians:,}", "Gaussians"),
        (f"{report.file_bytes / 1e6:.2f} MB", "avatar file"),
        (_duration(report.seconds), "wall time of the bake"),
    ]
    return (
        '<ul class="facts">'
        + "".join(f"<li><b>{escape(value)}</b><span>{escape(name)}</span></li>" for value, name in facts)
        + "</ul>"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _metrics_table(metrics: Mapping[str, Mapping[str, float | None]]) -> str:
    heads = "".join(f"<th>{name}{f', {unit}' if unit else ''}</th>" for name, unit, _ in METRICS.values())
    rows = []
    for split, means in metrics.items():
        cells = []
        for key, (_, _, style) in METRICS.items():
            value = means.get(key)
            cells.append(f"<td>{'not measured' if value is None else format(value, style)}</td>")
        rows.append(f"<tr><th>{escape(SPLITS.get(split, split))}</th>{''.join(cells)}</tr>")
    note = "<p>Render and truth composited over 0.6 grey, each by its own alpha or matte; means over the pictures.</p>"
    table = f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="wide">{table}</div>{note}'


def _settings_table(settings: Mapping[str, str]) -> str:
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in settings.items())
    return f'<table class="settings"><tbody>{rows}</tbody></table>' if rows else ""


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


def _picture(data: bytes, text: str) -> str:
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    return f'<img alt="{escape(text)}" src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'


def _jpeg(file: Path) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(file) as image:
        image.convert("RGB").save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c1c22;--soft:#62626d;--rule:#dcdce2;--card:#f5f5f8;--line:#2563c9}
@media(prefers-color-scheme:dark){:root{--paper:#17171b;--ink:#ececf0;--soft:#a0a0ac;--rule:#393941;--card:#212127;--line:#7aa7f5}}
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
.facts b{display:block;font-size:1.45rem;line-height:1.3}
.facts span{color:var(--soft);font-size:.86rem}
pre{background:var(--card);border-radius:10px;padding:12px 16px;margin:0;overflow-x:auto;font-size:.9rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:right;padding:7px 10px;border-bottom:1px solid var(--rule);font-weight:400}
thead th{color:var(--soft);font-size:.86rem}
tbody th{text-align:left}
.settings{width:auto}.settings td{text-align:left}.settings th{color:var(--soft)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:20px}
.chart{width:100%;height:auto;font:12px system-ui,sans-serif}
.chart .title{fill:var(--ink);font-weight:600;font-size:13px}
.chart .tick,.chart .last{fill:var(--soft)}
.chart .grid{stroke:var(--rule)}
.chart .axis{stroke:var(--soft)}
.chart .line{fill:none;stroke:var(--line);stroke-width:2;stroke-linejoin:round}
.chart .dot{fill:var(--line)}
section>img{max-width:100%;height:auto;border-radius:8px}
"""
