"""The protocol of sources, as plug-ins import it."""

from __future__ import annotations

import pytest

from splatavatar.drive.sources import source
from splatavatar.drive.sources.thread import Thread


def test_plug_ins_find_the_thread_where_it_was() -> None:
    with pytest.warns(DeprecationWarning, match=r"source\.Thread is now splatavatar\.drive\.sources\.thread\.Thread"):
        assert source.Thread is Thread


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nobody'"):
        source.nobody  # noqa: B018
