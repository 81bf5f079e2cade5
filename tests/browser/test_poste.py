"""The desk page by keyboard alone, in every state: log-in, work, notes, breakdowns."""

import asyncio
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestServer, unused_port

from router.core.desk.agents import AgentState, PastCall
from router.core.facts import Door
from router.core.ids import AgentId, PhoneId
from router.core.requests import (
    Cancel,
    Complete,
    Consult,
    End,
    Hold,
    LogIn,
    LogOut,
    Note,
    Noting,
    Pause,
    Ready,
    Refer,
    Reply,
    Request,
    Result,
    Retrieve,
    Transfer,
)
from router.core.today import Message
from tests.browser import chromium
from tests.browser.chromium import Page
from tests.browser.desk_states import STATES
from tests.browser.poste import Poste
from tests.browser.shown import TOUCH
from tests.patience import PATIENCE_S
from tests.service_plan import FICHE, HOUSING, MONDAY_10H, WORK
from tests.web.desk_scene import LUNCH, ME, TAXES, Engine, a_view

pytestmark = pytest.mark.browser

#: What can be asked for in each state.
BUTTONS = {
    "off": [],
    "away": [],
    "ready": ["pause", "elsewhere"],
    "ringing": ["pauseAfter"],
    "ringing for a callback": ["pauseAfter"],
    "answering": ["pauseAfter"],
    "talking": ["pauseAfter", "hold", "transfer", "consult", "refer", "end"],
    "holding": ["pauseAfter", "forget", "retrieve", "transfer", "consult", "refer"],
    "consulting": ["pauseAfter", "complete (off)", "cancel"],
    "consulting, joined": ["pauseAfter", "complete", "cancel"],
    "consulted": ["pauseAfter"],
    "referring": ["pauseAfter", "cancel"],
    "noting": ["ready", "pause", "elsewhere"],
    "ready, still noting": ["pause", "elsewhere"],
    "paused": ["ready", "pause", "elsewhere"],
    "paused after a missed call": ["ready", "pause", "elsewhere"],
}
_NAMED = ("Enter", "Tab", "Escape", "ArrowDown", "ArrowUp")
#: Keys after which something is to be chosen.
_OPENING = ("p", "t", "c", "o")
#: What it says there: the state, and what it means.
WORDS = {
    "off": ("Hors service", "Aucun appel n’arrive à ce poste."),
    "away": ("Téléphone absent", "Le téléphone 101 n’est pas raccordé au service."),
    "ready": ("Disponible", "1 appel sans réponse."),
    "ringing": ("Appel entrant", "Décrochez : une voix annonce l’appel"),
    "ringing for a callback": ("Appel entrant", "Décrochez"),
    "answering": ("Appel annoncé", "la personne arrive ensuite"),
    "talking": ("En conversation", ""),
    "holding": ("Appel en attente", "La personne entend de la musique."),
    "consulting": ("Consultation en cours", ""),
    "consulting, joined": ("Consultation en cours", ""),
    "consulted": ("Avis demandé", "Un poste vous demande un avis."),
    "referring": ("Mise en relation", "le numéro est composé"),
    "noting": ("Notes d’appel", "Aucun appel n’arrive avant la fin de ce délai."),
    "ready, still noting": ("Disponible", ""),
    "paused": ("En pause", "Repas. Jusqu’à 10 h 10 au plus tard, puis le service prend fin."),
    "paused after a missed call": ("En pause", "Les appels reprennent à 10 h 00."),
}


async def asked(engine: Engine, *requests: Request) -> None:
    """Wait until exactly these have been asked for, and forget them."""
    async with asyncio.timeout(PATIENCE_S):
        while len(engine.asked) < len(requests):
            await asyncio.sleep(0.01)
    assert engine.asked == [(ME, one) for one in requests]
    engine.asked.clear()


# Log-in.


async def test_a_log_in_by_the_keyboard(poste: Poste) -> None:
    await poste.open()
    assert await poste.focus() == "number"
    await poste.log_in()

    await poste.says("#state", "Disponible")
    assert await poste.focus() == "state"
    assert await poste.text("#whose") == "Poste 101"
    assert await poste.page.js("document.title") == "Disponible – poste 101"


async def test_the_token_is_in_the_memory_of_the_page_alone(poste: Poste) -> None:
    await poste.at_work()
    kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    assert await poste.page.js(kept) == '[{},{"poste.number":"101"},""]'
    assert not any("=" in one for one in poste.page.requests)  # and in no address
    assert not await poste.page.js("document.documentElement.outerHTML.includes('4711')")

    await poste.page.reload()
    await poste.page.until("focused() === 'pin'")
    assert await poste.page.js("number.value") == "101"
    await poste.log_in()
    await poste.says("#state", "Disponible")


async def test_what_is_missing_is_said_and_led_to(poste: Poste) -> None:
    await poste.open()
    await poste.page.press("Enter")
    await poste.says("#log-in-fault", "Indiquez votre numéro d’informateur.")
    assert await poste.focus() == "number"
    await poste.page.type(ME)
    await poste.page.press("Enter")
    await poste.says("#log-in-fault", "Indiquez votre code personnel.")
    assert await poste.focus() == "pin"
    assert await poste.page.js("pin.getAttribute('aria-invalid')") == "true"
    assert await poste.page.js("number.hasAttribute('aria-invalid')") is False


async def test_wrong_pins_are_refused_and_then_locked(poste: Poste, engine: Engine) -> None:
    await poste.open()
    await poste.log_in(pin="0000")
    await poste.says("#log-in-fault", "L’identifiant ou le code secret est inexact.")
    assert await poste.page.js("pin.value") == ""
    for _ in range(2):
        await poste.page.type("0000")
        await poste.page.press("Enter")
        await poste.page.until("pin.value === ''")
    await poste.says("#log-in-fault", "Réessayez dans 5 minutes.")


async def test_a_second_log_in_on_the_same_page_has_one_of_everything(
    poste: Poste, engine: Engine
) -> None:
    await poste.at_work()
    await leave(poste, "page")
    await poste.log_in()
    await poste.says("#state", "Disponible")
    engine.views[ME] = STATES["noting"]
    await poste.page.until("focused() === 'INPUT'")
    engine.reply = Reply.NOTED
    await poste.page.press("Enter")
    await asked(engine, Note(), Ready())


# States.


@pytest.mark.parametrize("state", STATES)
async def test_each_state_in_words_and_buttons(poste: Poste, engine: Engine, state: str) -> None:
    engine.views[ME] = STATES[state]
    await poste.at_work()
    name, meaning = WORDS[state]
    await poste.says("#state", name)
    assert meaning.replace("\u00a0", " ") in await poste.text("#state-more")
    assert await poste.buttons() == BUTTONS[state]
    # Off duty it is asked where calls are to be answered.
    assert bool(await poste.text("#begin")) is (state in ("off", "away"))
    assert bool(await poste.text("#note")) is (STATES[state].noting is not None)
    assert bool(await poste.text("#call")) is (STATES[state].call is not None)


async def test_the_call_is_shown_with_the_page_that_was_read(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    engine.views[ME] = STATES["talking"]
    await poste.says("#call-sector", "Logement")
    assert await poste.text("#call-fiche-title") == "Bail"
    assert await poste.text("#call-waited") == "42 s"
    assert "2 min" in await poste.text("#call-talked")
    assert await poste.text("#call-kind") == (
        "Appel avec le code d’une page, transmis par un autre poste"
    )
    assert await poste.text("#watched") == "Supervision : claire participe à cet appel."
    link = "document.querySelector('#call-link')"
    assert await poste.page.js(f"{link}.href") == f"https://www.example.org/fiches/{FICHE}"
    assert await poste.page.js(f"[{link}.target, {link}.rel].join()") == (
        "_blank,noopener noreferrer"
    )


async def test_clocks_go_on_between_two_changes(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["noting"]
    await poste.at_work()
    first = await poste.text("#since")
    await poste.page.until(f"said('#since') !== {first!r}")
    assert await poste.text("#since-words") == "Reste"
    await poste.page.until("/^2[0-6] s$/.test(said('#since'))")


async def test_changes_are_announced_to_those_who_do_not_look(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    told = "document.querySelector('#told').textContent.replace(/\\s+/g, ' ')"
    assert await poste.page.js(told) == ""
    engine.views[ME] = STATES["ringing"]
    await poste.page.until(
        f"{told} === 'Appel : Logement, Bail, appel avec le code d’une page, attente 42 s.'"
    )
    engine.views[ME] = STATES["paused after a missed call"]
    await poste.page.until(f"{told}.startsWith('En pause. Appel sans réponse.')")


async def test_the_end_of_the_notes_is_announced_once(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    noting = STATES["noting"].noting
    assert noting is not None
    engine.views[ME] = replace(
        STATES["noting"],
        until_at=MONDAY_10H + 11,
        noting=replace(noting, until_at=MONDAY_10H + 11),
    )
    told = "document.querySelector('#told').textContent.replace(/\\s+/g, ' ')"
    await poste.page.until(f"/^Plus que (10|[1-9]) s pour noter l’appel.$/.test({told})")


async def test_what_supervisors_say_and_do_is_told(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    message = Message(MONDAY_10H - 60, "claire", "Fermeture à 16 h 30.")
    engine.views[ME] = replace(STATES["paused"], message=message, directed_by="claire")
    await poste.says("#message", "Message de claire, 9 h 59 : Fermeture à 16 h 30.")
    await poste.says("#watched", "État décidé par la supervision (claire).")
    told = "document.querySelector('#told').textContent.replace(/\\s+/g, ' ')"
    await poste.page.until(
        f"{told}.startsWith('En pause. ') && "
        f"{told}.endsWith(' Message de claire, 9 h 59 : Fermeture à 16 h 30.')"
    )


async def test_the_focus_does_not_vanish_with_a_button(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["paused"]
    await poste.at_work()
    await poste.page.js("document.querySelector('#do-ready').focus()")
    engine.views[ME] = STATES["ready"]
    await poste.page.until("focused() === 'state'")


# What is asked for.


@pytest.mark.parametrize(
    ("state", "keys", "request_"),
    [
        ("paused", "r", Ready()),
        ("noting", "r", Ready()),
        ("holding", "r", Ready()),  # takes back what was asked for
        ("talking", "a", Hold()),
        ("holding", "a", Retrieve()),
        ("consulting", "a", Cancel()),
        ("consulting, joined", "v", Complete()),
        ("referring", "a", Cancel()),
        ("talking", "f", End()),
        ("ready", ["p", "Enter"], Pause(LUNCH)),
        ("talking", ["p", "repas", "Enter"], Pause(LUNCH)),
        ("ready", ["p", "1", "Enter"], Pause(LUNCH)),  # the key of the desk phone
        ("talking", ["t", "trav", "Enter"], Transfer(WORK)),
        ("holding", ["t", "ArrowDown", "ArrowUp", "ArrowDown", "Enter"], None),
        ("talking", ["c", "trav", "Enter"], Consult(WORK)),
        ("talking", ["o", "IMPOTS", "Enter"], Refer(TAXES, spoken=False)),
        ("talking", ["o", "12", "Tab", "Tab", "Enter"], Refer(TAXES, spoken=True)),
    ],
)
async def test_all_that_a_desk_phone_s_keys_do(
    poste: Poste, engine: Engine, state: str, keys: str | list[str], request_: Request | None
) -> None:
    engine.views[ME] = STATES[state]
    await poste.at_work()
    await poste.says("#state", WORDS[state][0])
    await type_all(poste.page, keys)
    second = list(engine.plan.domains)[1]
    await asked(engine, request_ or Transfer(second))
    await poste.says("#said", "Les appels peuvent être présentés.")  # the engine's reply


async def type_all(page: Page, keys: str | list[str]) -> None:
    """Press keys by their names, and type what is longer; letters are typed into a search."""
    for one in [keys] if isinstance(keys, str) else keys:
        searches = await page.js("focused() === 'choice-search'")
        if one in _NAMED or (len(one) == 1 and not searches):
            await page.press(one)
        else:
            await page.type(one)
        if one in _OPENING:
            await page.until("document.querySelector('dialog[open]')")


async def test_nothing_is_asked_for_when_nothing_is_chosen(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["talking"]
    await poste.at_work()
    await poste.page.press("t")
    await poste.page.until("document.querySelector('dialog[open]')")
    await poste.page.type("zzz")
    await poste.says("#choice-found", "Aucun résultat.")
    assert await poste.page.js("document.querySelector('#choice button').disabled")
    await poste.page.press("Enter")
    await poste.page.press("Escape")
    await poste.page.until("!document.querySelector('dialog[open]')")
    assert engine.asked == []


async def test_a_service_without_a_number_can_only_be_told(poste: Poste, engine: Engine) -> None:
    entry = replace(engine.plan.directory[TAXES], number=None)
    engine.plan = replace(engine.plan, directory={TAXES: entry})
    engine.sessions.change(engine.plan, engine.pins, b"secret")
    async with TestServer(engine.application()) as server:
        other = Poste(poste.page, str(server.make_url("")).rstrip("/"))
        engine.views[ME] = STATES["talking"]
        await other.at_work()
        await other.page.press("o")
        await other.page.until("document.querySelector('dialog[open]')")
        await other.says("#choice-list", "sans numéro")
        assert await other.page.js("document.querySelector('#choice button').disabled")


async def test_a_refusal_is_said(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["talking"]
    engine.reply = Reply.NOBODY_FREE
    await poste.at_work()
    await type_all(poste.page, ["c", "trav", "Enter"])
    await poste.says("#said", "Aucun informateur de ce domaine n’est disponible.")


async def test_a_choice_is_closed_with_the_call_that_it_was_for(
    poste: Poste, engine: Engine
) -> None:
    engine.views[ME] = STATES["talking"]
    await poste.at_work()
    await poste.page.press("t")
    await poste.page.until("document.querySelector('dialog[open]')")
    engine.views[ME] = STATES["noting"]
    await poste.page.until("!document.querySelector('dialog[open]')")
    assert engine.asked == []


async def test_a_key_alone_does_nothing_where_it_could_be_meant_otherwise(
    poste: Poste, engine: Engine
) -> None:
    engine.views[ME] = STATES["talking"]
    await poste.at_work()
    await poste.page.press("a", control=True)
    await poste.page.press("?")
    await poste.page.until("document.querySelector('#help[open]')")
    await poste.page.press("a")
    await poste.page.press("Escape")
    engine.views[ME] = STATES["off"]
    await poste.says("#state", "Hors service")
    await poste.page.js(
        "document.querySelector('[value=other]').click(); otherPhone.focus()".replace(
            "otherPhone", "document.querySelector('#other-phone')"
        )
    )
    await poste.page.press("a")
    assert await poste.page.js("document.querySelector('#other-phone').value") == "a"
    assert engine.asked == []


async def test_single_keys_can_be_switched_off(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["talking"]
    await poste.at_work()
    await poste.page.press("?")
    await poste.page.until("focused() === 'use-shortcuts'")
    await poste.page.press(" ")
    await poste.page.press("Escape")
    await poste.page.press("a")
    assert not await poste.page.js("document.querySelector('#do-hold kbd').checkVisibility()")
    await poste.page.reload()
    await poste.log_in()
    await poste.says("#state", "En conversation")
    await poste.page.press("a")
    assert engine.asked == []


async def test_every_shortcut_is_in_the_list(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["talking"]
    await poste.at_work()
    used = await poste.page.js(
        "[...document.querySelectorAll('[data-key]')].map((one) => one.dataset.key.toUpperCase())"
    )
    await poste.page.press("?")
    listed = await poste.page.js(
        "[...document.querySelectorAll('#help kbd')].map((one) => one.textContent)"
    )
    assert set(used) <= set(listed)
    assert {one for one in listed if len(one) == 1} <= set(used)


# Notes.


async def test_a_note_by_the_keyboard(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    engine.views[ME] = STATES["noting"]
    await poste.page.until("focused() === 'INPUT'")  # the first question has the focus
    assert await poste.text("#note-about") == "Bail"
    engine.reply = Reply.NOTING
    await poste.page.press("ArrowDown")
    await poste.page.press("ArrowDown")
    await asked(engine, Noting())  # once, with the first answer
    await poste.page.press("Tab")
    await poste.page.press("ArrowDown")
    await poste.page.press("Tab")
    await poste.page.press(" ")
    engine.reply = Reply.NOTED
    await poste.page.press("Enter", control=True)

    note = Note(result=Result.REFERRED, referral=TAXES, improve=True)
    await asked(engine, note, Ready())


async def test_a_note_alone_leaves_the_rest_of_the_time(poste: Poste, engine: Engine) -> None:
    engine.reply = Reply.NOTED
    engine.views[ME] = STATES["noting"]
    await poste.at_work()
    await poste.page.js("[...note.querySelectorAll('button')].at(-2).click()")
    await asked(engine, Note())


async def test_another_subject(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["noting"]
    await poste.at_work()
    engine.reply = Reply.NOTING
    await poste.page.js("document.querySelector('#note .subject button').click()")
    await poste.page.until("document.querySelector('dialog[open]')")
    await poste.page.type("travail")
    await poste.page.press("Enter")
    await poste.says("#note-about", "Travail")
    await asked(engine, Noting())
    engine.reply = Reply.NOTED
    await poste.page.js("document.querySelector('#note button.first').click()")
    await asked(engine, Note(subject=WORK), Ready())


async def test_a_note_that_is_refused_makes_nobody_ready(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["noting"]
    await poste.at_work()
    engine.reply = Reply.NOTHING_TO_NOTE
    await poste.page.js("document.querySelector('#note button.first').click()")
    await poste.says("#said", "Il n’y a pas d’appel à noter")
    await asked(engine, Note())


async def test_the_next_call_s_note_begins_anew(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    engine.views[ME] = STATES["noting"]
    await poste.page.until("focused() === 'INPUT'")
    engine.reply = Reply.NOTING
    await poste.page.press("ArrowDown")
    await asked(engine, Noting())
    for state in ("ready", "talking", "noting"):
        engine.views[ME] = STATES[state]
        await poste.says("#state", WORDS[state][0])
    checked = "document.querySelector('#note [name=result]:checked').value"
    assert await poste.page.js(checked) == "answered"


# Beginning and leaving.


async def test_taking_up_work_at_the_own_phone(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["off"]
    engine.reply = Reply.LOGGED_IN
    await poste.at_work()
    await poste.page.press("Tab")
    await poste.page.press("Enter")
    await asked(engine, LogIn(PhoneId(ME)))


async def test_taking_up_work_at_another_phone(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["off"]
    engine.reply = Reply.LOGGED_IN
    await poste.at_work()
    await poste.page.press("Tab")
    await poste.page.press("ArrowDown")
    await poste.says("#other-field", "Numéro de ce téléphone")
    await poste.page.press("Tab")
    await poste.page.type("102")
    await poste.page.press("Enter")
    await asked(engine, LogIn(PhoneId("102")))


async def test_another_phone_is_taken_after_leaving_this_one(poste: Poste, engine: Engine) -> None:
    engine.reply = Reply.LOGGED_OUT
    await poste.at_work()
    await poste.page.js("document.querySelector('#do-elsewhere').click()")
    await asked(engine, LogOut())
    engine.views[ME] = STATES["off"]
    await poste.says("#begin", "Où répondez-vous aux appels ?")


async def leave(poste: Poste, how: str) -> None:
    await poste.page.js("document.querySelector('#leave-button').click()")
    await poste.page.until("document.querySelector('#leave[open]')")
    await poste.page.js(f"document.querySelector('#leave [value={how}]').click()")


async def test_the_page_alone_is_left(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    await leave(poste, "page")
    await poste.says("#log-in-fault", "La session est fermée.")
    assert engine.asked == []
    assert f"DELETE {poste.home}/v1/agents/me/session" in poste.page.requests


async def test_the_work_is_ended_with_the_page(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    engine.reply = Reply.LOGGED_OUT
    engine.views[ME] = a_view()
    await poste.page.js("document.querySelector('#leave-button').click()")
    await poste.page.until("document.querySelector('#leave[open]')")
    engine.views[ME] = STATES["off"]
    await poste.says("#state", "Hors service")
    await poste.page.press("Enter")
    await asked(engine, LogOut())
    await poste.says("#log-in-fault", "La session est fermée.")


async def test_during_a_call_the_page_stays_until_its_end(poste: Poste, engine: Engine) -> None:
    engine.views[ME] = STATES["talking"]
    await poste.at_work()
    engine.reply = Reply.AFTER_CALL
    await leave(poste, "duty")
    await asked(engine, LogOut())
    engine.views[ME] = replace(STATES["talking"], leaving=True)
    await poste.says("#wish", "Après cet appel : fin de service.")
    engine.views[ME] = replace(STATES["noting"], leaving=True)
    await poste.says("#state", "Notes d’appel")
    engine.views[ME] = STATES["off"]
    await poste.says("#log-in-fault", "La session est fermée.")


# Breakdowns.


async def test_a_lost_connection_is_said_and_comes_back_by_itself(
    browser: str, engine: Engine
) -> None:
    port = unused_port()
    async with chromium.page(browser, TOUCH) as page:
        poste = Poste(page, f"http://127.0.0.1:{port}")
        async with TestServer(engine.application(), port=port):
            engine.views[ME] = STATES["talking"]
            await poste.at_work()
            assert await poste.text("#connection") == "Relié au service"
        await poste.says("#connection", "Liaison perdue depuis")
        await poste.says("#fault", "La liaison avec le service est perdue.")
        assert await page.js("document.querySelector('#fault').role") == "alert"
        assert all(one.endswith("(off)") for one in await poste.buttons())
        await page.press("a")
        await asyncio.sleep(0.1)
        engine.views[ME] = STATES["paused"]
        async with TestServer(engine.application(), port=port):
            await poste.says("#state", "En pause")
            await poste.says("#said", "La liaison avec le service est rétablie.")
            assert await poste.text("#fault") == ""
            assert await poste.buttons() == BUTTONS["paused"]
        assert engine.asked == []


async def test_a_network_that_is_gone_is_noticed_at_once(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    await poste.page.offline(off=True)
    await poste.says("#fault", "La liaison avec le service est perdue.")
    engine.views[ME] = STATES["paused"]
    await poste.page.offline(off=False)
    await poste.says("#state", "En pause")
    assert await poste.text("#fault") == ""


async def test_what_is_asked_for_meanwhile_is_said_not_to_have_got_through(
    poste: Poste, engine: Engine
) -> None:
    engine.views[ME] = STATES["talking"]
    await poste.at_work()
    await poste.page.offline(off=True)
    await poste.page.press("a")
    await poste.says("#said", "Le service redémarre ou est indisponible.")
    assert engine.asked == []


async def test_a_session_that_is_over_asks_for_the_pin_again(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    engine.sessions.change(engine.plan, engine.pins, b"another secret")
    await poste.says("#log-in-fault", "La session a pris fin.")
    assert await poste.focus() == "pin"
    await poste.log_in()
    await poste.says("#state", "Disponible")


async def test_who_is_taken_out_of_the_plan_is_told(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    engine.sessions.change(replace(engine.plan, agents={}), engine.pins, b"secret")
    await poste.says("#log-in-fault", "La session a pris fin.")


async def test_a_session_goes_on_as_long_as_the_page_is_open(browser: str, engine: Engine) -> None:
    # Minutes pass in milliseconds; what is shorter takes its time.
    haste = """
    const later = window.setTimeout;
    window.setTimeout = (what, ms, ...more) => later(what, ms > 60_000 ? 50 : ms, ...more);
    """
    async with (
        TestServer(engine.application()) as server,
        chromium.page(browser, haste + TOUCH) as page,
    ):
        poste = Poste(page, str(server.make_url("")).rstrip("/"))
        await poste.at_work()
        renewed = f"POST {poste.home}/v1/agents/me/session"
        async with asyncio.timeout(PATIENCE_S):
            while page.requests.count(renewed) < 3:
                await asyncio.sleep(0.02)
        assert await poste.text("#state") == "Disponible"


# The day.


async def test_the_calls_of_the_day(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    assert await poste.text("#today-none") == "Aucun appel pour le moment."
    engine.past = [
        PastCall(MONDAY_10H - 600, 200, HOUSING, None, Door.MENU, Result.PARTLY),
        PastCall(MONDAY_10H - 60, 61, HOUSING, FICHE, Door.CALLBACK),
    ]
    for state in ("talking", "noting"):
        engine.views[ME] = STATES[state]
        await poste.says("#state", WORDS[state][0])
    await poste.says("#today", "9 h 59 Bail Rappel demandé, 1 min 01 s Sans note")
    await poste.says(
        "#today", "9 h 50 Logement Appel, domaine choisi au clavier, 3 min 20 s Noté : Réponse"
    )


async def test_two_desks_are_two_informateurs(browser: str, poste: Poste, engine: Engine) -> None:
    other = AgentId("102")
    engine.views[other] = a_view(other, state=AgentState.PAUSED, reason=LUNCH)
    await poste.at_work()
    async with chromium.page(browser, TOUCH) as page:
        second = Poste(page, poste.home)
        await second.open()
        await second.log_in("102", "4712")
        await second.says("#state", "En pause")
    assert await poste.text("#state") == "Disponible"
