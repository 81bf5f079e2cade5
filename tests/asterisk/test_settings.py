"""What follows from the settings of an Asterisk."""

import os
import re
from pathlib import Path

import pytest

from router.asterisk.settings import SOCKET_NAME, as_sent
from tests.asterisk.live import SECRET, make_settings


@pytest.mark.parametrize(
    ("numbers", "forms"),
    [
        (("3939", "+333939", "00333939", "333939"), "3939 +333939 00333939 333939"),
        (
            ("0199003939", "+33199003939", "0033199003939", "33199003939"),
            "0199003939 +33199003939 0033199003939 33199003939",
        ),
        (("+35227860000", "0035227860000"), "+35227860000 0035227860000 35227860000"),
    ],
)
def test_a_number_is_known_in_every_form_whichever_is_given(
    numbers: tuple[str, ...], forms: str
) -> None:
    for number in numbers:
        assert as_sent(number)[0] == number
        assert set(as_sent(number)) == set(forms.split())


def test_secrets_stay_out_of_tracebacks(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, registration_password="p-secret")
    assert SECRET not in repr(settings)
    assert "p-secret" not in repr(settings)


def test_the_path_of_the_control_socket_is_short_enough(tmp_path: Path) -> None:
    assert make_settings(Path("/srv/allo")).run_dir == Path("/srv/allo/run")
    deep = make_settings(tmp_path / ("é" * 60))
    assert len(os.fsencode(deep.run_dir / SOCKET_NAME)) <= 107
    assert deep.run_dir != make_settings(tmp_path / ("è" * 60)).run_dir


def test_each_node_has_a_local_address_as_its_entity_id(tmp_path: Path) -> None:
    first = make_settings(tmp_path, node="allo-1").entity_id
    assert re.fullmatch(r"02(:[0-9a-f]{2}){5}", first)
    assert first != make_settings(tmp_path, node="allo-2").entity_id
