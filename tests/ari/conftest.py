import pytest

from tests.ari.translation import Translation


@pytest.fixture
def translation() -> Translation:
    return Translation()
