"""The settings of a private Asterisk at its own ports, to test how it is started and laid out."""

from pathlib import Path

from router.asterisk.server import AsteriskServer
from router.asterisk.settings import AgentPhone, AsteriskSettings

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-secret-of-twenty-six-xxx"


def make_settings(folder: Path) -> AsteriskSettings:
    return AsteriskSettings(
        state_dir=folder,
        prompts_dir=folder / "prompts",
        service_numbers=("3939",),
        longest_call_s=7200,
        ari_password=SECRET,
        trunk_bind="127.0.0.1:25070",
        agents_bind="127.0.0.1:25072",
        ari_port=28098,
        ami_port=25078,
        probe_port=25076,
        rtp_first=31000,
        rtp_last=31099,
        agents=(AgentPhone("lea", SECRET),),
    )


def faults(asterisk: AsteriskServer) -> list[str]:
    text = asterisk.log_path.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if " built by " not in line]


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
