"""Disks and memory: room, rights, and that numbers stay in memory."""

import os
from pathlib import Path

from router.doctor.findings import Finding, fault, warning
from router.doctor.surroundings import Surroundings
from router.intake.vault import place_of
from router.store import FILE_NAME as FACTS
from router.store.database_file import BESIDE, asides
from router.store.tickets import FILE_NAME as TICKETS

#: Databases, logs and a new set of prompts.
_ROOM_MB = 200
#: Less than this share of the inodes, and files cannot be made although there is room.
_INODES = 0.05
_OTHERS = 0o007
_GROUP = 0o070
_OTHERS_WRITE = 0o002
_OWNER_WRITES = 0o200
_ROOT = 0


async def secrets_kept(around: Surroundings) -> list[Finding]:
    """Look for secrets that others on the machine can read."""
    findings = []
    file = around.config.settings.secrets
    kept = None if file is None else around.host.owner_and_mode(file)
    if kept is not None:
        owner, mode = kept
        if mode & (_OTHERS | _GROUP):
            findings.append(
                fault(
                    "secrets-readable",
                    str(file),
                    f"others than its owner can read it (mode {mode:03o})",
                    f"chmod 600 {file}",
                )
            )
        router = around.host.router_process()
        if router is not None and owner not in (router.user, _ROOT):
            findings.append(
                warning(
                    "secrets-owner",
                    str(file),
                    f"it belongs to user id {owner}, and the router runs as {router.user}",
                    f"chown {router.user} {file}",
                )
            )
    return findings


async def state_kept(around: Surroundings) -> list[Finding]:
    """Look for folders in which others could read passwords, or put files of theirs."""
    folders = {
        around.asterisk.config_dir: (_OTHERS | _GROUP, "read the passwords there", "700"),
        around.asterisk.log_dir: (_OTHERS, "read Asterisk's log", "700"),
        around.asterisk.state_dir: (_OTHERS_WRITE, "put files of theirs there", "o-w"),
    }
    findings = []
    for folder, (forbidden, what, mend) in folders.items():
        kept = around.host.owner_and_mode(folder)
        if kept is not None and kept[1] & forbidden:
            findings.append(
                fault(
                    "state-open",
                    str(folder),
                    f"others than its owner can {what} (mode {kept[1]:03o})",
                    f"chmod {mend} {folder}",
                )
            )
    return findings


async def room(around: Surroundings) -> list[Finding]:
    """Look for disks that are nearly full."""
    findings = []
    folders = {
        "state_dir": around.asterisk.state_dir,
        "prompts_dir": around.asterisk.prompts_dir,
    }
    seen: set[Path] = set()
    for key, folder in folders.items():
        if folder in seen:
            continue
        seen.add(folder)
        disk = around.host.disk(folder)
        if disk.is_read_only:
            findings.append(
                fault(
                    "disk-read-only",
                    str(folder),
                    f"the disk of {key} is mounted read-only: nothing can be kept there",
                    "See why in dmesg; then: mount -o remount,rw.",
                )
            )
        if disk.free_mb < _ROOM_MB:
            findings.append(
                fault(
                    "disk-full",
                    str(folder),
                    f"the disk of {key} has {disk.free_mb} MB left",
                    "Make room there: facts, tickets and logs cannot be written soon.",
                )
            )
        if disk.free_inodes < _INODES:
            findings.append(
                fault(
                    "inodes-few",
                    str(folder),
                    f"the disk of {key} has {disk.free_inodes:.0%} of its inodes left: no file can "
                    "be made soon",
                    "Find the folder with very many files (du --inodes -x / | sort -n), clear it.",
                )
            )
    return findings


async def databases(around: Surroundings) -> list[Finding]:
    """Look for files of facts and tickets that are damaged, were, or cannot be written."""
    folder, host = around.asterisk.state_dir, around.host
    names, router = host.names(folder), host.router_process()
    findings = []
    for name in (FACTS, TICKETS):
        path = folder / name
        if wrong := host.damage(path):
            findings.append(
                fault(
                    "store-damaged",
                    str(path),
                    f"it is damaged ({wrong}): the router sets it aside when it meets the damage",
                    "Look after the disk (dmesg), then restart the router: a new file is begun.",
                )
            )
        findings += [
            warning(
                "store-set-aside",
                str(folder / aside),
                "this file was damaged and is set aside: figures of before are missing",
                f"sqlite3 {folder / aside} .recover shows what can be saved; then remove it.",
            )
            for aside in sorted(asides(name, names))
        ]
        for one in (name, *(name + beside for beside in BESIDE)):
            kept = host.owner_and_mode(folder / one)
            if kept and router and router.user != _ROOT and not _may_write(router.user, *kept):
                findings.append(
                    fault(
                        "store-rights",
                        str(folder / one),
                        f"user id {router.user}, as which the router runs, may not write it",
                        f"chown {router.user} {folder / one} && chmod 600 {folder / one}",
                    )
                )
    return findings


def _may_write(user: int, owner: int, mode: int) -> bool:
    return user == owner and bool(mode & _OWNER_WRITES)


async def vault(around: Surroundings) -> list[Finding]:
    """Look for a vault that a disk or swap would keep."""
    asked = around.config.settings.callbacks
    if asked.presented is None and asked.vault_dir is None:
        return []
    folder = place_of(asked.vault_dir, around.asterisk.state_dir, os.environ)
    disk = around.host.disk(folder)
    if not disk.is_memory:
        return [
            fault(
                "vault-on-disk",
                str(folder),
                "the numbers of callbacks would be on a disk",
                "Mount a tmpfs there (-o size=64m,mode=700,noswap), or set callbacks.vault_dir.",
            )
        ]
    swaps = around.host.swaps()
    if swaps and not disk.is_noswap:
        return [
            warning(
                "vault-swapped",
                str(folder),
                f"its memory can be swapped to {', '.join(swaps)}, and with it numbers",
                "swapoff -a, or mount the vault's tmpfs with noswap (Linux 6.4 or later).",
            )
        ]
    return []


CHECKS = (secrets_kept, state_kept, room, databases, vault)
