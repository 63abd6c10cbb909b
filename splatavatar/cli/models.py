"""``splatavatar models``."""

from __future__ import annotations

from typing import Annotated

import typer

from splatavatar.cli.progress import progress_bar
from splatavatar.cli.terminal import tell

models = typer.Typer(help="List and fetch the models that no library ships.", no_args_is_help=True)


@models.command("list")
def list_() -> None:
    """Show every model: size, licence, purpose, and where it is."""
    from splatavatar.errors import DependencyError
    from splatavatar.models import MODELS, locate

    for model in MODELS.values():
        try:
            where = str(locate(model.name))
        except DependencyError:
            where = f"not here; fetch it with: {model.command}"
        tell(f"{model.name}  {model.size / 1e6:.1f} MB  {model.licence}  {model.purpose}")
        tell(f"  {where}")


@models.command("pull")
def pull(
    page: Annotated[
        bool, typer.Option("--page", help="Also what the viewer's page runs for its own camera and microphone.")
    ] = False,
) -> None:
    """Fetch models into the cache folder and check them."""
    from splatavatar.models import MODELS
    from splatavatar.models import pull as fetch

    for name, model in MODELS.items():
        if model.page and not page:
            continue
        with progress_bar(f"fetching {name}") as progress:
            path = fetch(name, progress)
        tell(str(path))
