"""The house's rules, read from the sources: who may import whom, and what the core may call."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROUTER = TESTS.parent / "router"
MODULES = sorted(ROUTER.rglob("*.py"))

#: Rooms by floor, from the bottom up; each may import its own floor and those below.
FLOORS = (
    {"errors"},
    {"certificates", "clock", "core", "lifeline", "notify", "places", "ports"},
    {"access", "french", "locks"},
    {
        "ari",
        "asterisk",
        "config",
        "logs",
        "probe",
        "replay",
        "report",
        "simulation",
        "store",
        "tasks",
        "voice",
        "web",
    },
    {"demo", "deploy", "doctor", "fallback", "intake", "planning", "refusals"},
    {"service"},
    {"cli"},
)
CORE_MAY_IMPORT = frozenset(
    {"bisect", "collections", "collections.abc", "dataclasses", "datetime", "enum", "hashlib"}
    | {"heapq", "hmac", "itertools", "math", "typing", "zoneinfo"}
)
#: Clock, chance, files, processes, screens: the shells' business.
FORBIDDEN_CALLS = frozenset(
    {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}
    | {"now", "today", "utcnow", "read_text", "write_text"}
)
FORBIDDEN_NAMES = frozenset({"utils", "helpers", "manager", "common", "base", "misc"})

#: Modules without a test module of their own, and what tests them instead.
TESTED_ELSEWHERE = {
    "clock.py": "service/test_live.py",
    "errors.py": "each by the test of what raises it",
    "core/ids.py": "names only",
    "asterisk/carriers.py": "values only",
    "core/events.py": "values only",
    "core/commands.py": "values only",
    "core/facts.py": "values only",
    "core/call/life.py": "values only",
    "core/routing.py": "test_every_state.py; test_engine_properties.py: every event, any order",
    "core/call/talk_keys.py": "test_talk.py, and test_engine_properties.py presses any keys",
    "core/desk/by_phone.py": "test_desk.py",
    "store/standing.py": "values only",
    "probe/standing.py": "values only",
    "probe/steps.py": "probe/test_schedule.py: each failure; tests/real with Asterisk",
    "core/requests.py": "values only",
    "core/desk/desk_view.py": "values only",
    "core/desk/desk_call.py": "a table and its values: test_desk.py",
    "core/plan.py": "values only; test_plan.py tests what builds them",
    "core/callback/attempt.py": "test_callbacks.py",
    "core/callback/pickup.py": "test_callbacks.py",
    "core/callback/endings.py": "test_callback_failures.py",
    "core/callback/open_tickets.py": "test_callbacks.py, test_callback_restarts.py",
    "asterisk/console.py": "asterisk/test_server.py, and cli/test_telephony.py from outside",
    "asterisk/foreground.py": "cli/test_telephony.py, from outside",
    "asterisk/music.py": "asterisk/test_folders.py",
    "deploy/defaults.py": "deploy/test_installing.py: a person's file, a default that changes",
    "deploy/program.py": "deploy/test_installing.py",
    "deploy/removing.py": "deploy/test_installing.py",
    "fallback/line.py": "fallback/test_door.py: every command, and whatever may be answered",
    "fallback/process.py": "fallback/test_service.py, and tests/real/test_gap_calls.py",
    "fallback/watch.py": "fallback/test_service.py, and tests/real/test_gap_calls.py",
    "intake/__main__.py": "the process: tests/intake starts it for real",
    "ari/orders.py": "values only",
    "intake/backend.py": "a protocol, and values",
    "intake/child.py": "intake/test_succession.py",
    "intake/confinement.py": "intake/test_succession.py: signals, cores, the router's death",
    "intake/ledger.py": "intake/test_interface.py and intake/test_supervisor.py",
    "intake/sockets.py": "intake/test_supervisor.py, intake/test_hand_on.py",
    "intake/terms.py": "values only",
    "intake/page_words.py": "intake/test_rappel.py, and intake/test_widget_source.py",
    "intake/guard.py": "intake/test_interface.py, intake/test_hand_on.py",
    "intake/wear.py": "intake/test_reception.py, intake/test_succession.py",
    "intake/terms_of.py": "every test of tests/intake with a scene is given these",
    "intake/openapi.py": "intake/test_interface.py reads what is served",
    "core/call/offer.py": "test_callbacks.py, and test_every_state.py's state `entering`",
    "core/standing.py": "test_estimate.py the formula, test_waiting.py what is told",
    "service/callbacks.py": "service/test_promises.py, and tests/real: test_callback_kills.py",
    "simulation/breakdowns.py": "simulation/test_figures.py: tables add up to the service",
    "simulation/counted.py": "simulation/test_figures.py",
    "simulation/charts.py": "simulation/test_page.py and test_plot.py",
    "simulation/heats.py": "simulation/test_page.py",
    "simulation/tally.py": "simulation/test_figures.py: against every fact, counted again",
    "service/service.py": "tests/real: the whole service, and test_stage.py",
    "web/backend.py": "web/test_desk.py and web/test_supervision.py: every token",
    "web/snapshot.py": "web/test_api.py and web/test_pages.py",
    "web/metrics.py": "web/test_api.py parses what is served",
    "web/fallback_metrics.py": "web/test_api.py",
    "core/switchboard.py": "state shared by journey and distribution: test_every_state.py",
}


def imports(path: Path) -> Iterator[str]:
    """Yield every module that the file imports, in functions and under conditions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            assert node.module is not None
            if node.module in ("router", "router.core"):
                named = (alias.name for alias in node.names if not alias.name.startswith("__"))
                yield from (f"{node.module}.{name}" for name in named)
            else:
                yield node.module


def module_name(path: Path) -> str:
    """The name by which the file is imported."""
    parts = path.relative_to(ROUTER.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def modules_of(path: Path, names: Collection[str]) -> Iterator[str]:
    """Yield those of `names` that the file imports: "from a import b" may be the module a.b."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from (full & set(names)) or {node.module} & set(names)


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the last name of every call with its line: "datetime.now()" is "now"."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield ast.unparse(node.func).rpartition(".")[2], node.lineno


def room(name: str) -> str:
    """The part of the house: "router.core.plan" is in "core"."""
    return name.split(".")[1]


def own_room(path: Path) -> str:
    return path.relative_to(ROUTER).parts[0].removesuffix(".py")


def floor(name: str) -> int:
    for height, rooms in enumerate(FLOORS):
        if name in rooms:
            return height
    raise AssertionError(f"router.{name} has no place in FLOORS")


def relative(path: Path) -> str:
    return path.relative_to(ROUTER).as_posix()


@pytest.mark.parametrize("path", sorted((ROUTER / "core").rglob("*.py")), ids=relative)
def test_the_core_imports_only_itself_the_errors_and_a_short_list(path: Path) -> None:
    for module in imports(path):
        ours = module.startswith("router.core.") or module == "router.errors"
        assert ours or module in CORE_MAY_IMPORT, module


@pytest.mark.parametrize("path", sorted((ROUTER / "core").rglob("*.py")), ids=relative)
def test_the_core_reads_no_clock_and_touches_nothing(path: Path) -> None:
    assert [(name, line) for name, line in calls(path) if name in FORBIDDEN_CALLS] == []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_modules_import_downwards(path: Path) -> None:
    if path == ROUTER / "__init__.py":
        assert list(imports(path)) == []
        return
    for module in imports(path):
        if module.startswith("router.") and room(module) != own_room(path):
            assert floor(room(module)) <= floor(own_room(path)), module


def test_rooms_on_one_floor_do_not_lean_on_each_other_in_a_circle() -> None:
    leans: dict[str, set[str]] = {}
    for path in MODULES:
        ours = leans.setdefault(own_room(path), set())
        ours |= {room(one) for one in imports(path) if one.startswith("router.")} - {own_room(path)}
    while leans:
        free = {name for name, on in leans.items() if not on & leans.keys()}
        assert free, f"a circle among {sorted(leans)}"
        leans = {name: on for name, on in leans.items() if name not in free}


def test_no_modules_lean_on_each_other_in_a_circle() -> None:
    """Imports for the type checker alone count as well."""
    names = {module_name(path): path for path in MODULES}
    leans = {name: {*modules_of(path, names)} - {name} for name, path in names.items()}
    while free := {name for name, on in leans.items() if not on & leans.keys()}:
        leans = {name: on for name, on in leans.items() if name not in free}

    assert leans == {}


def test_pages_never_know_the_engine_at_work() -> None:
    for path in (ROUTER / "web").rglob("*.py"):
        assert "router.service.live" not in set(imports(path))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_modules_are_named_by_what_they_hold(path: Path) -> None:
    assert FORBIDDEN_NAMES.isdisjoint(part.removesuffix(".py") for part in path.parts[-3:])


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name != "__init__.py"], ids=relative
)
def test_every_module_has_a_test_module_or_a_reason(path: Path) -> None:
    """Its own, or its package's: test_menus.py, test_config_menus.py, test_config.py."""
    package = path.parent.name
    own = {f"test_{path.stem}.py", f"test_{package}_{path.stem}.py", f"test_{package}.py"}
    exists = any(one.name in own for one in TESTS.rglob("test_*.py"))

    assert exists or TESTED_ELSEWHERE.get(relative(path)), relative(path)


def test_no_reason_is_out_of_date() -> None:
    for name in TESTED_ELSEWHERE:
        assert (ROUTER / name).exists(), name
