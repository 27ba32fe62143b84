"""devbench's own answer to `devbench_fetch_model`: addresses on the web. Files on disk are used where they are."""

from __future__ import annotations

import logging
import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from devbench.errors import ModelError
from devbench.hookspecs import hookimpl

_LOG = logging.getLogger("devbench.models")


class WebFetcher:
    """Downloads http and https sources."""

    @hookimpl(trylast=True)
    def devbench_fetch_model(self, source: str, into: Path) -> Path | None:
        """The downloaded file; None for other schemes."""
        try:
            address = urlsplit(source)
        except ValueError as error:
            raise ModelError(f"{source}: is not an address: {error}", "An address is https://host/path.") from error
        if address.scheme not in ("http", "https"):
            return None
        from devbench.models.download import download

        path = into / _file_name(address.path)
        _LOG.info("downloading %s", source)
        download(source, path)
        return path


def _file_name(path: str) -> str:
    """The name that the address gives the file, where it is a plain one and not that of the cache's card."""
    name = PurePosixPath(path).name
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", name) and name != "artifact.json" else "model"
