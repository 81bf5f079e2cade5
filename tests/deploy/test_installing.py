"""What is laid below a folder: once, again, and after somebody has changed it."""

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.config import Faulty, read_all
from router.deploy import installing, removing
from router.deploy.layout import Ground
from router.errors import ConfigError, DiskError, SetupError
from tests.deploy.image import Image

CARRIER = {"asterisk": {"trunk_hosts": ("192.0.2.1",), "trunk_peer": "192.0.2.1:5060"}}


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Image:
    # The image has no programs of its own to start.
    monkeypatch.setattr("router.deploy.running.System.compile", lambda self, lib: None)
    monkeypatch.setattr("router.deploy.running.System.render_prompts", _nothing)
    return Image(tmp_path)


def _nothing(_: object) -> Iterator[str]:
    yield from ()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_laid(image: Image) -> None:
    image.install()
    for path in (
        "/usr/bin/allo",
        "/usr/lib/allo/router/cli/app.py",
        "/usr/lib/allo/router/web/static/shared/design.css",
        "/usr/lib/allo/router/shipped/asterisk-conf/pjsip.conf",
        "/usr/lib/allo/asterisk/one.txt",
        "/usr/lib/allo/packages/one.txt",
        "/usr/lib/systemd/system/allo-router.service",
        "/usr/share/doc/allo/operation.md",
        "/etc/logrotate.d/allo",
    ):
        assert image.at(path).is_file(), path
    assert mode(image.at("/usr/bin/allo")) == 0o755
    assert mode(image.at("/etc/allo")) == 0o750
    assert mode(image.at("/etc/allo/allo.toml")) == 0o640
    assert mode(image.at("/etc/allo/secrets.toml")) == 0o600
    wanted = image.at("/etc/systemd/system/multi-user.target.wants/allo.target")
    assert wanted.readlink() == Path("/usr/lib/systemd/system/allo.target")


def test_a_plan_of_it_changes_nothing(image: Image) -> None:
    job = image.planned()
    assert image.files() == {}
    assert Path("/etc/allo/allo.toml") in {one.thing.path for one in job.changes}


def test_again_it_changes_nothing(image: Image) -> None:
    image.install()
    before = image.files()
    assert image.planned().changes == ()
    image.install()
    assert image.files() == before


def test_only_what_differs_is_laid_again(image: Image) -> None:
    image.install()
    image.at("/usr/bin/allo").chmod(0o700)
    image.at("/usr/lib/allo/VERSION").write_text("0\n")
    image.at("/usr/share/doc/allo/copyright").unlink()
    changes = {str(one) for one in image.planned().changes}
    assert changes == {
        "of another mode: /usr/bin/allo",
        "changed: /usr/lib/allo/VERSION",
        "new: /usr/share/doc/allo/copyright",
    }


def test_what_is_laid_is_a_service_that_can_be_read(image: Image) -> None:
    image.install(CARRIER)
    read = read_all(image.at("/etc/allo/allo.toml"))
    assert not isinstance(read, Faulty), read.problems
    assert read.settings.asterisk.trunk_peer == "192.0.2.1:5060"
    assert read.settings.callbacks.fiction is False
    assert read.settings.asterisk.trunk_qualify_s > 0
    assert str(read.settings.state_dir) == "/var/lib/allo"
    assert set(read.plan.agents) == {"101", "102", "103"}
    assert read.secrets is not None


# The admin's files.


def test_a_file_that_somebody_changed_stays_and_the_new_default_lands_beside(image: Image) -> None:
    image.install()
    plan, default = "/etc/allo/3939.toml", "/etc/allo/.defaults/3939.toml"
    shipped = image.text(plan)
    image.at(plan).write_text(f"{shipped}# ours\n")
    assert image.planned().changes == ()  # the default is the same

    image.at(default).write_text("# an older default\n")
    assert "new: /etc/allo/3939.toml.new" in image.install()
    assert image.text(plan) == f"{shipped}# ours\n"
    assert image.text(f"{plan}.new") == image.text(default) == shipped
    assert image.planned().changes == ()  # said once
    steps = "\n".join(installing.next_steps(image.planned()))
    assert "/etc/allo/3939.toml.new" in steps  # and kept in mind


def test_a_file_that_nobody_changed_takes_the_new_default(image: Image) -> None:
    image.install()
    older = "# an older default\n"
    for path in ("/etc/allo/agents.toml", "/etc/allo/.defaults/agents.toml"):
        image.at(path).write_text(older)
    assert "changed: /etc/allo/agents.toml" in image.install()
    assert image.text("/etc/allo/agents.toml") != older
    assert not image.at("/etc/allo/agents.toml.new").exists()


def test_secrets_are_made_once(image: Image) -> None:
    assert "new: /etc/allo/secrets.toml" in image.install()
    first = image.text("/etc/allo/secrets.toml")
    assert set(tomllib.loads(first)["agents"]) == {"101", "102", "103", "901"}
    image.install()
    assert image.text("/etc/allo/secrets.toml") == first


def test_secrets_are_for_the_admin_s_own_informateurs(image: Image) -> None:
    image.install()
    image.at("/etc/allo/secrets.toml").unlink()
    agents = image.at("/etc/allo/agents.toml")
    agents.write_text(agents.read_text().replace("\n101 =", "\n201 ="))
    image.install()
    made = tomllib.loads(image.text("/etc/allo/secrets.toml"))
    assert set(made["pins"]) == {"201", "102", "103"}


def test_flags_change_their_keys_in_a_file_that_somebody_changed(image: Image) -> None:
    image.install()
    settings = image.at("/etc/allo/allo.toml")
    settings.write_text(settings.read_text().replace("#max_calls = 400", "max_calls = 30 # ours"))
    assert "changed: /etc/allo/allo.toml" in image.install(CARRIER)
    read = tomllib.loads(settings.read_text())
    assert read["asterisk"]["max_calls"] == 30
    assert read["asterisk"]["trunk_hosts"] == ["192.0.2.1"]
    assert "# ours" in settings.read_text()
    assert not image.at("/etc/allo/allo.toml.new").exists()
    assert image.planned().changes == ()


def test_what_was_found_out_counts_only_at_first(image: Image) -> None:
    image.install(found={"asterisk": {"ari_port": 8098}})
    image.install(found={"asterisk": {"ari_port": 8108}})
    assert tomllib.loads(image.text("/etc/allo/allo.toml"))["asterisk"]["ari_port"] == 8098
    image.install(CARRIER)
    assert tomllib.loads(image.text("/etc/allo/allo.toml"))["asterisk"]["ari_port"] == 8098


def test_a_key_that_cannot_be_set_is_named(image: Image) -> None:
    image.install()
    settings = image.at("/etc/allo/allo.toml")
    several = '[asterisk]\ntrunk_hosts = [\n  "192.0.2.7",\n]\n'
    settings.write_text(settings.read_text().replace("[asterisk]\n", several))
    with pytest.raises(ConfigError, match=r"allo\.toml: set asterisk\.trunk_hosts there by hand"):
        image.planned(CARRIER)


def test_files_that_cannot_be_read_are_named_and_left_alone(image: Image) -> None:
    image.install()
    settings = image.at("/etc/allo/allo.toml")
    settings.write_text("[asterisk\n")
    with pytest.raises(ConfigError, match=r"/etc/allo/allo\.toml: is not valid TOML: .* Mend it"):
        image.planned(CARRIER)
    assert image.planned().changes == ()  # without flags it is nobody's business
    settings.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"/etc/allo/allo\.toml: is not UTF-8 text"):
        image.planned()


def test_wrong_files_of_the_admin_s_hinder_no_program(image: Image) -> None:
    image.install()
    image.at("/etc/allo/secrets.toml").unlink()
    image.at("/etc/allo/agents.toml").write_text("101 = { travail = 9 }\n")
    image.at("/usr/bin/allo").unlink()
    assert "new: /usr/bin/allo" in image.install()
    assert not image.at("/etc/allo/secrets.toml").exists()
    with pytest.raises(ConfigError, match=r"agents\.toml: "):
        list(installing.next_steps(image.planned()))


def test_settings_that_would_be_wrong_are_refused_before_anything_changes(image: Image) -> None:
    wrong = {"callbacks": {"presented": "3939"}}
    with pytest.raises(ConfigError, match=r"callbacks\.presented: callbacks need a way out"):
        installing.check_settings(image.ground, wrong, wrong)
    image.install()
    image.at("/etc/allo/allo.toml").write_text("port = 1\n")  # a fault that was there before
    with pytest.raises(ConfigError) as refused:
        installing.check_settings(image.ground, wrong, wrong)
    assert ["callbacks.presented" in one.place for one in refused.value.problems] == [True]


# The system around it.


def test_a_target_that_somebody_disabled_stays_disabled(image: Image) -> None:
    image.install()
    wanted = image.at("/etc/systemd/system/multi-user.target.wants/allo.target")
    wanted.unlink()
    image.install()
    assert not wanted.is_symlink()


@pytest.mark.parametrize(("release", "is_laid"), [(252, False), (257, True)])
def test_later_starts_wait_longer_where_systemd_can(
    image: Image, release: int, is_laid: bool
) -> None:
    library = image.at(f"/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-{release}.so")
    library.parent.mkdir(parents=True)
    library.touch()
    image.install()
    drop_in = "/etc/systemd/system/allo-router.service.d/allo-backoff.conf"
    assert image.at(drop_in).exists() is is_laid


def test_another_asterisk_is_left_alone(image: Image) -> None:
    other = image.at("/etc/asterisk/pjsip.conf")
    other.parent.mkdir(parents=True)
    other.write_text("; somebody else's\n")
    before = image.files()
    image.install()
    assert before.items() <= image.files().items()


def test_a_debian_package_is_not_overwritten(image: Image) -> None:
    listed = image.at("/var/lib/dpkg/info/allo.list")
    listed.parent.mkdir(parents=True)
    listed.touch()
    with pytest.raises(SetupError, match=r"belongs to the Debian package allo"):
        image.planned()
    with pytest.raises(SetupError, match=r"apt remove allo"):
        removing.remove(image.ground, image.said.append, purge=False)


def test_a_person_of_that_name_is_not_taken_for_the_service(image: Image) -> None:
    image.at("/etc").mkdir()
    image.at("/etc/passwd").write_text("allo:x:1000:1000::/home/allo:/bin/sh\n")
    image.at("/etc/group").write_text("allo:x:1000:\n")
    with pytest.raises(SetupError, match="a person's account"):
        image.planned()


def test_a_full_disk_is_seen_before_anything_changes(
    image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 1_000_000}))
    with pytest.raises(DiskError, match=r"has 1 MB left on its disk: \d+ MB are needed"):
        image.planned()
    assert image.files() == {}


def test_only_root_may_change_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SetupError, match="only root can install"):
        installing.check_rights(Ground())
    installing.check_rights(Ground(tmp_path))


def test_it_ends_with_what_is_left_to_do(image: Image) -> None:
    image.install()
    steps = "\n".join(installing.next_steps(image.planned()))
    assert "--carrier" in steps
    assert "systemctl start allo.target" in steps
    image.install(CARRIER)
    assert "--carrier" not in "\n".join(installing.next_steps(image.planned()))


# Away again.


def test_uninstalled_it_leaves_what_is_the_admin_s(image: Image) -> None:
    image.install()
    removing.remove(image.ground, image.said.append, purge=False)
    left = {Path(path).relative_to(image.ground.root).as_posix() for path in image.files()}
    assert left
    assert all(path.startswith(("etc/allo/", "etc/logrotate.d/allo")) for path in left)
    image.install()  # and back, with the same secrets
    assert "new: /etc/allo/secrets.toml" not in image.said
    link = "new: /etc/systemd/system/multi-user.target.wants/allo.target"
    assert f"{link} -> /usr/lib/systemd/system/allo.target" in image.said


def test_purged_nothing_is_left(image: Image) -> None:
    image.install()
    switched_on = image.at("/etc/systemd/system/allo.target.wants/allo-refusals.service")
    switched_on.parent.mkdir()
    switched_on.symlink_to("/usr/lib/systemd/system/allo-refusals.service")  # systemctl enable
    gone = {str(path) for path in removing.laid(image.ground, purge=True)}
    assert {"/etc/allo", "/var/lib/allo", "/usr/lib/allo", "/usr/bin/allo"} <= gone
    removing.remove(image.ground, image.said.append, purge=True)
    assert image.files() == {}
    assert [*removing.laid(image.ground, purge=True)] == []
