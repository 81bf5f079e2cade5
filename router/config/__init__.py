"""The configuration: TOML files -> Plan, Settings and Secrets, with every error at once.

Four files: the plan (what the service is), the informateurs, the settings of one deployment
(allo.toml), and the secrets. Unknown keys are errors, with a suggestion.
"""

from router.config.agreement import asterisk_settings
from router.config.files import Config, Faulty, load, read_all
from router.config.goals import Goals, Publication, Published
from router.config.plan import load_plan
from router.config.secrets import Access, Secrets, load_secrets, new_secrets
from router.config.settings import Callbacks, Http, Log, Probe, Retention, Settings, VoiceChoice
from router.config.tokens import tokens_of

__all__ = [
    "Access",
    "Callbacks",
    "Config",
    "Faulty",
    "Goals",
    "Http",
    "Log",
    "Probe",
    "Publication",
    "Published",
    "Retention",
    "Secrets",
    "Settings",
    "VoiceChoice",
    "asterisk_settings",
    "load",
    "load_plan",
    "load_secrets",
    "new_secrets",
    "read_all",
    "tokens_of",
]
