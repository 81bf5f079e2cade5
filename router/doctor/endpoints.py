"""PJSIP's endpoints as Asterisk has them in effect."""

from collections.abc import Mapping

from router.ari.naming import ENDPOINT
from router.asterisk.settings import PROBE_ENDPOINT
from router.doctor.surroundings import Surroundings

#: The context of whatever comes from outside (asterisk-conf/pjsip.conf).
_OUTSIDE = "trunk"


async def from_outside(around: Surroundings) -> dict[str, Mapping[str, str]]:
    """Return the settings of each endpoint that callers come in by, the probe's own left out."""
    found = {}
    for one in await around.ari.get("endpoints/PJSIP"):
        name = one["resource"]
        if name == PROBE_ENDPOINT or name.startswith(ENDPOINT):
            continue
        is_ = await settings_of(around, name)
        if is_.get("context") == _OUTSIDE:
            found[name] = is_
    return found


async def settings_of(around: Surroundings, endpoint: str) -> Mapping[str, str]:
    """Return an endpoint's settings; nothing if there is none."""
    path = f"asterisk/config/dynamic/res_pjsip/endpoint/{endpoint}"
    listed = await around.ari.get(path)
    return {one["attribute"]: one["value"] for one in listed or ()}
