"""The `cluster:` of lab.yaml: the scheduler that hands the groups of a night to several machines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from devbench.domain.lab import Cluster
from devbench.domain.place import is_loopback
from devbench.suites.programs import path_at
from devbench.suites.strict import Strict

_WITHOUT_TLS = (
    "{address} is neither tls:// nor on the loopback: whoever reaches a scheduler without TLS runs programs as you. "
    "Write tls://HOST:8786 with ca, cert and key, or reach it through ssh -L as tcp://127.0.0.1:8786"
)


class ClusterFormat(Strict):
    """Where the scheduler is. ca, cert, key: files of TLS, as dask's own options have them; paths start at lab.yaml."""

    scheduler: str
    ca: Annotated[str, Field(min_length=1)] | None = None
    cert: Annotated[str, Field(min_length=1)] | None = None
    key: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        try:
            address = urlsplit(self.scheduler)
            port = address.port
        except ValueError:
            address, port = None, None
        if address is None or not address.hostname or not port or address.scheme not in ("tls", "tcp"):
            raise PydanticCustomError(
                "bad_name",
                "{address} is not the address of a scheduler: write tls://HOST:PORT",
                {"address": repr(self.scheduler)},
            )
        if address.scheme == "tcp" and not is_loopback(address.hostname):
            raise PydanticCustomError("bad_name", _WITHOUT_TLS, {"address": repr(self.scheduler)})
        if address.scheme == "tls" and not (self.ca and self.cert and self.key):
            raise PydanticCustomError("bad_name", "a scheduler with tls:// needs ca, cert and key")
        return self


CLUSTER_KEYS: dict[tuple[str, ...], tuple[str, ...]] = {("cluster",): tuple(ClusterFormat.model_fields)}


def cluster_of(cluster: ClusterFormat, base: Path) -> Cluster:
    """The same as a domain type; paths start at `base`."""
    ca, cert, key = (path_at(base, one) if one else None for one in (cluster.ca, cluster.cert, cluster.key))
    return Cluster(scheduler=cluster.scheduler, ca=ca, cert=cert, key=key)
