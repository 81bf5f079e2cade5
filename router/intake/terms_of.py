"""The terms of an intake, as the service's configuration has them."""

import hmac
from pathlib import Path

from router.config import Config, tokens_of
from router.intake.terms import CarrierTerms, Terms


def terms_of(config: Config, vault: Path | None) -> Terms:
    """Return the terms that all intakes of this router have in common.

    `vault` is the vault's folder, None if there is none. The configuration has its secrets:
    whoever calls has checked that.
    """
    given = config.secrets
    assert given is not None, "checked before"
    settings, asked = config.settings, config.settings.callbacks
    return Terms(
        plan=config.plan,
        promise_min=config.plan.callbacks.promise_s // 60,
        origins=frozenset(asked.origins),
        tokens=tokens_of(given),
        proof_of_work=asked.proof_of_work,
        difficulty=asked.difficulty,
        forms_per_minute=asked.forms_per_minute,
        fiction=asked.fiction,
        recycle_numbers=asked.recycle_numbers,
        recycle_s=asked.recycle_s,
        vault=vault,
        ticket_key=_derived(given.code_secret, "callback tickets"),
        challenge_key=_derived(given.code_secret, "callback challenges"),
        code_secret=given.code_secret,
        ari_url=settings.asterisk.ari_url,
        ari_user=settings.asterisk.ari_user,
        ari_password=given.ari_password,
        app=settings.asterisk.app,
        presented=asked.presented,
        carriers={
            carrier.endpoint: CarrierTerms(
                carrier.number_format or asked.number_format,
                carrier.codecs or settings.asterisk.trunk_codecs,
            )
            for carrier in settings.asterisk.trunks
        },
        router_dir=settings.state_dir,
        machines=settings.http.machines,
        log_level=settings.log.level,
        log_console=settings.log.format == "console",
    )


def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, f"allo {purpose}".encode(), "sha256")
