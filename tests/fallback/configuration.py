"""The shipped configuration, in a folder of its own, for a fallback without a router."""

from pathlib import Path

from router.config import load, new_secrets
from tests.fallback.asterisk_side import free_port


def write(folder: Path, port: int, log_level: str = "info") -> Path:
    """Write all four files into `folder`; return the settings file."""
    shipped = load(None)
    (folder / "3939.toml").write_bytes(shipped.settings.plan.read_bytes())
    (folder / "agents.toml").write_bytes(shipped.settings.agents.read_bytes())
    secrets = folder / "secrets.toml"
    secrets.touch(mode=0o600)
    secrets.write_text(new_secrets(shipped.plan.agents, shipped.plan.desk.supervisor_phones))
    settings = folder / "allo.toml"
    settings.write_text(
        f'secrets = "secrets.toml"\nplan = "3939.toml"\nagents = "agents.toml"\n'
        f'state_dir = "state"\n[asterisk]\nagi_port = {port}\nari_port = {free_port()}\n'
        f'[log]\nlevel = "{log_level}"\n'
    )
    return settings
