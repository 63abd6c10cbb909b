"""The report of a bake: one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splatavatar.array_types import Bytes
from splatavatar.output import atomic_write
from splatavatar.page.chart import line_chart
from splatavatar.page.document import document, facts, items, jpeg, picture, section
from splatavatar.page.words import words

SPLITS = {"val": "novel view (val)", "test": "novel expression (test)", "train": "training pictures (train)"}
METRICS = {
    "psnr": ("PSNR, whole picture", "dB", ".2f"),
    "psnr_masked": ("PSNR inside the matte", "dB", ".2f"),
    "psnr_head": ("PSNR inside the head", "dB", ".2f"),
    "ssim": ("SSIM", "", ".4f"),
    "flip": ("FLIP (smaller is better)", "", ".4f"),
    "alpha": ("alpha inside the matte", "", ".4f"),
}


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
    """split -> psnr, psnr_masked, psnr_head, ssim, flip, alpha: the ``mean`` of ``score_split``"""
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
    views: Bytes
    """(H, W, 3) RGB: the avatar from every side and in several expressions"""
    lacks: Sequence[str] = ()
    """sentences on what the capture lacks"""
    completed: Sequence[str] = ()
    """sentences on what of the person was completed rather than seen"""
    held_out: bool = True
    """whether ``psnr`` is of pictures held out; else it is of some that were trained on"""
    unfinished: str = ""
    """why the avatar is none yet; empty where it is one"""


def write_report(path: Path, report: Report) -> None:
    """Write ``report`` as a self-contained page: inline style, charts and pictures, no scripts, light and dark.

    Raises OutputError where ``path`` cannot be written.
    """
    sections = [
        _head(report),
        section("Unfinished", f"<p>{words(report.unfinished)}</p>" if report.unfinished else ""),
        _facts(report),
        section("Command", f"<pre><code>{words(report.command)}</code></pre>"),
        section("From every side, and other faces", picture(jpeg(report.views), "the avatar from every side")),
        section("Scores", _metrics_table(report.metrics) if report.metrics else ""),
        section(
            "Progress",
            '<div class="charts">'
            + line_chart(f"PSNR of pictures {'held out' if report.held_out else 'trained on'}", "dB", report.psnr)
            + line_chart("Training loss", "loss", report.loss, from_zero=True)
            + "</div>",
        ),
        *(
            section(
                f"Render, truth, difference: {SPLITS.get(split, split)}",
                picture(jpeg(file), f"contact sheet of {split}"),
            )
            for split, file in report.contact_sheets.items()
        ),
        section("Completed, not seen", items(report.completed)),
        section("What the capture lacks", items(report.lacks)),
        section("Settings", _settings_table(report.settings)),
    ]
    with atomic_write(path) as file:
        file.write(document(report.title, sections))


def _head(report: Report) -> str:
    portrait = picture(report.thumbnail, f"thumbnail of {report.title}") if report.thumbnail else ""
    return f"<header>{portrait}<h1>{words(report.title)}</h1></header>"


def _facts(report: Report) -> str:
    return facts(
        [
            (f"{report.fps:.0f} FPS", report.machine),
            (f"{report.gaussians:,}", "Gaussians"),
            (f"{report.file_bytes / 1e6:.2f} MB", "avatar file"),
            (_duration(report.seconds), "wall time of the bake"),
        ]
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
        rows.append(f"<tr><th>{words(SPLITS.get(split, split))}</th>{''.join(cells)}</tr>")
    note = "<p>Render and truth composited over 0.6 grey, each by its own alpha or matte; means over the pictures.</p>"
    table = f"<table><thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<div class="wide">{table}</div>{note}'


def _settings_table(settings: Mapping[str, str]) -> str:
    rows = "".join(f"<tr><th>{words(name)}</th><td>{words(value)}</td></tr>" for name, value in settings.items())
    return f'<table class="settings"><tbody>{rows}</tbody></table>' if rows else ""
