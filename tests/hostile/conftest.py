"""A stage of one's own, as the tests of real calls have it."""

from tests.real.conftest import (
    new_cast,
    open_stage,
    pytest_runtest_makereport,
    short_prompts,
    toolbox,
)

__all__ = ["new_cast", "open_stage", "pytest_runtest_makereport", "short_prompts", "toolbox"]
