"""What is said, as audio: the catalogue of sentences, the voices, the files for Asterisk."""

from router.voice.catalogue import Catalogue, Prompt, load_catalogue
from router.voice.recordings import missing, recorded, script
from router.voice.rendering import Progress, Rendered, durations, render, stale
from router.voice.synthesis import EspeakVoice, PiperVoice, Tools, Voice

__all__ = [
    "Catalogue",
    "EspeakVoice",
    "PiperVoice",
    "Progress",
    "Prompt",
    "Rendered",
    "Tools",
    "Voice",
    "durations",
    "load_catalogue",
    "missing",
    "recorded",
    "render",
    "script",
    "stale",
]
