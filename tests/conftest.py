"""Hypothesis profiles: `ci` by default, `--hypothesis-profile=long` for a thorough search."""

from hypothesis import HealthCheck, configuration, settings

from router import places

configuration.set_hypothesis_home_dir(places.HOME / "hypothesis")
settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True)
settings.register_profile(
    "long", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci")
