"""devbench's own answer to `devbench_fetch_model`: addresses on the web. Files on disk are used where they are."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from devbench.errors import ModelError
from devbench.hookspecs import hookimpl

_LOG = logging.getLogger("devbench.models")
_SILENCE_LIMIT_S = 60


class WebFetcher:
    """Downloads http and https sources."""

    @hookimpl(trylast=True)
    def devbench_fetch_model(self, source: str, into: Path) -> Path | None:
        """The downloaded file; None for other schemes."""
        address = urlsplit(source)
        if address.scheme not in ("http", "https"):
            return None
        from urllib.request import urlopen

        path = into / (Path(address.path).name or "model")
        _LOG.info("downloading %s", source)
        try:
            with urlopen(source, timeout=_SILENCE_LIMIT_S) as answer, path.open("wb") as file:  # noqa: S310 - http(s) only, see above
                shutil.copyfileobj(answer, file)
                announced = answer.headers.get("Content-Length")
        except (OSError, ValueError) as error:
            cause = getattr(error, "reason", None) or error
            reason = getattr(cause, "strerror", None) or cause
            raise ModelError(
                f"{source}: cannot be downloaded: {reason}",
                "Is the address right, and the network up? A file can also be given by its path.",
            ) from error
        if announced and path.stat().st_size != int(announced):
            raise ModelError(f"{source}: the download was cut short ({path.stat().st_size} of {announced} bytes)")
        return path
