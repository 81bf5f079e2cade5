"""Hypothesis profiles: `ci` by default, `--hypothesis-profile=long` for a thorough search."""

from pathlib import Path

from hypothesis import HealthCheck, configuration, settings

configuration.set_hypothesis_home_dir(Path(__file__).parent.parent / ".allo" / "hypothesis")
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True)
settings.register_profile(
    "long", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci")
