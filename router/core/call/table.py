"""The life of a call as a table: what handles each event, and which states may follow."""

from collections.abc import Callable

from router.core.call.distribution import Distribution
from router.core.call.journey import Journey
from router.core.call.life import CONVERSATION, AsideEvent, Call, CallState, Due, WatchEvent
from router.core.call.no_key import NoKey
from router.core.call.offer import Offer
from router.core.call.referral import Referral
from router.core.call.supervision import Supervision
from router.core.call.talk import Talk
from router.core.call.talk_keys import TalkKeys
from router.core.call.votes import Votes
from router.core.call.waiting import Waiting
from router.core.desk.agents import AgentDesk
from router.core.events import (
    CallerSpoke,
    CallLeft,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegKeyPressed,
    LegRang,
    NumberTaken,
    PhoneVanished,
    PromptEnded,
)
from router.core.requests import Cancel, Complete, Consult, End, Hold, Refer, Retrieve, Transfer
from router.core.reservation import Ringing
from router.core.switchboard import Switchboard
from router.core.table import Row, told, when

S = CallState
CallRow = Row[CallState, Call]
#: A prompt is over. One that could not be played counts as heard, if the caller is still there.
_HEARD = (PromptEnded, Due.UNHEARD)
#: The caller is alone and waits for nobody.
_ALONE = (S.WELCOME, S.CLOSED, S.QUESTION, S.CHECKING, S.MENU, S.PAGE, S.READING, S.LEAVING)
#: Where an answer at the question or in a menu may lead.
_ONWARD = (S.QUESTION, S.CHECKING, S.MENU, S.PAGE, S.WAITING, S.LEAVING)
#: Back in the queue, or told why not.
_QUEUED = (S.WAITING, S.LEAVING)
#: The conversation is over, and the caller is still there.
_AFTER = (S.VOTING, S.LEAVING)


def call_rows(
    board: Switchboard,
    journey: Journey,
    no_key: NoKey,
    waiting: Waiting,
    offer: Offer,
    distribution: Distribution,
    talk: Talk,
    keys: TalkKeys,
    referral: Referral,
    supervision: Supervision,
    votes: Votes,
) -> list[CallRow]:
    """Return every row; where no state follows, the call stays in its own or is over."""
    rows = [
        told(S.WELCOME, KeyPressed, journey.key_skips_welcome, *_ONWARD),
        *said(S.WELCOME, journey.ask, S.QUESTION),
        told(S.CLOSED, KeyPressed, journey.key_skips_closed, *_ONWARD),
        *said(S.CLOSED, journey.offer_information, S.MENU),
        told(S.QUESTION, KeyPressed, journey.question_key, *_ONWARD),
        *(when(S.QUESTION, heard, journey.await_first_key) for heard in _HEARD),
        when(S.QUESTION, Due.STEP, journey.question_silence, S.MENU, *_QUEUED),
        told(S.QUESTION, CallerSpoke, no_key.spoke),
        when(S.CHECKING, Due.STEP, journey.check_code, S.QUESTION, S.MENU, *_QUEUED),
        told(S.MENU, KeyPressed, journey.menu_key, *_ONWARD),
        *(when(S.MENU, heard, journey.await_first_key) for heard in _HEARD),
        when(S.MENU, Due.STEP, journey.menu_silence, S.QUESTION, *_QUEUED),
        told(S.MENU, CallerSpoke, no_key.spoke),
        told(S.PAGE, KeyPressed, journey.key_leaves_page, *_ONWARD),
        *said(S.PAGE, journey.page_over, S.QUESTION, S.MENU),
        # In the queue.
        *said(S.WAITING, board.play_music),
        when(S.WAITING, Due.ANNOUNCE, waiting.announce),
        when(S.WAITING, Due.LONGEST, waiting.waited_too_long, S.LEAVING),
        told(S.WAITING, KeyPressed, offer.waiting_key, S.ENTERING),
        told(S.WAITING, AgentDesk, distribution.ring, S.RINGING, as_=Ringing.TURN),
        when(S.WAITING, CallLeft, waiting.waiting_caller_left),
        told(S.ENTERING, NumberTaken, offer.number_taken, *_QUEUED),
        when(S.ENTERING, Due.STEP, offer.entry_over, *_QUEUED),
        when(S.ENTERING, CallLeft, offer.entering_caller_left),
        *said(S.RINGING, board.play_music),
        when(S.RINGING, LegRang, distribution.rang),
        when(S.RINGING, Ringing.OVER, distribution.no_answer, *_QUEUED),
        when(S.RINGING, LegAnswered, distribution.tell_informateur, S.WHISPERING, S.TALKING),
        told(S.RINGING, LegEnded, distribution.missed, *_QUEUED),
        when(S.RINGING, PhoneVanished, distribution.phone_vanished, *_QUEUED),
        when(S.RINGING, CallLeft, distribution.ringing_caller_left),
        *said(S.WHISPERING, board.play_music),
        when(S.WHISPERING, Due.WHISPER, distribution.join, S.TALKING),
        when(S.WHISPERING, Due.UNTOLD, distribution.verify_informateur),
        told(S.WHISPERING, LegEnded, distribution.missed, *_QUEUED),
        when(S.WHISPERING, CallLeft, distribution.talking_caller_left),
        # With an informateur.
        told(S.TALKING, LegEnded, distribution.informateur_left, S.WAITING, *_AFTER),
        when(S.TALKING, CallLeft, distribution.talking_caller_left),
        when(S.TALKING, Hold, talk.hold, S.HELD),
        when(S.TALKING, End, distribution.end_talk, *_AFTER),
        told(S.TALKING, Transfer, talk.transfer, *_QUEUED),
        told(S.TALKING, Consult, talk.consult, S.CONSULTING),
        told(S.TALKING, Refer, referral.refer, S.REFERRING, S.READING),
        when(S.TALKING, WatchEvent.ANSWERED, supervision.answered),
        when(S.TALKING, WatchEvent.BEGUN, supervision.begin),
        when(S.TALKING, WatchEvent.UNTOLD, supervision.end),
        when(S.TALKING, WatchEvent.ENDED, supervision.left),
        when(S.TALKING, WatchEvent.DEAF, supervision.deaf),
        when(S.HELD, Retrieve, talk.retrieve, S.TALKING),
        told(S.HELD, Transfer, talk.transfer, *_QUEUED),
        told(S.HELD, Consult, talk.consult, S.CONSULTING),
        told(S.HELD, Refer, referral.refer, S.REFERRING, S.READING),
        told(S.HELD, LegEnded, talk.informateur_left_caller_on_hold, *_QUEUED),
        when(S.HELD, CallLeft, distribution.talking_caller_left),
        when(S.CONSULTING, AsideEvent.RANG, talk.colleague_rang),
        when(S.CONSULTING, AsideEvent.VANISHED, talk.colleague_vanished, S.TALKING),
        when(S.CONSULTING, AsideEvent.ANSWERED, talk.tell_colleague),
        when(S.CONSULTING, AsideEvent.TOLD, talk.join_colleague),
        when(S.CONSULTING, Due.WHISPER, talk.join_colleague),
        when(S.CONSULTING, Due.UNTOLD, talk.verify_colleague),
        told(S.CONSULTING, LegEnded, talk.colleague_left, S.TALKING, as_=AsideEvent.ENDED),
        when(S.CONSULTING, AsideEvent.UNANSWERED, talk.colleague_unanswered, S.TALKING),
        when(S.CONSULTING, Complete, talk.complete, S.TALKING),
        when(S.CONSULTING, Cancel, talk.cancel, S.TALKING),
        when(S.CONSULTING, Retrieve, talk.cancel, S.TALKING),
        told(S.CONSULTING, LegEnded, talk.informateur_left_consultation, S.TALKING, *_QUEUED),
        when(S.CONSULTING, CallLeft, talk.caller_left_aside),
        *said(S.REFERRING, board.play_music),
        when(S.REFERRING, AsideEvent.ANSWERED, referral.answered, S.REFERRED),
        told(
            *(S.REFERRING, LegEnded, referral.failed, S.TALKING, S.READING),
            as_=AsideEvent.ENDED,
        ),
        when(S.REFERRING, AsideEvent.UNANSWERED, referral.unanswered, S.TALKING, S.READING),
        when(S.REFERRING, Cancel, talk.cancel, S.TALKING),
        when(S.REFERRING, Retrieve, talk.cancel, S.TALKING),
        when(S.REFERRING, LegEnded, referral.informateur_left),
        when(S.REFERRING, CallLeft, talk.caller_left_aside),
        when(S.REFERRED, AsideEvent.ENDED, referral.over, *_AFTER),
        when(S.REFERRED, CallLeft, referral.caller_left),
        when(S.READING, KeyPressed, referral.reading_over, *_AFTER),
        *said(S.READING, referral.reading_over, *_AFTER),
        # The end.
        told(S.VOTING, KeyPressed, votes.vote_key, S.LEAVING),
        *(when(S.VOTING, heard, votes.await_vote) for heard in _HEARD),
        when(S.VOTING, Due.STEP, votes.no_vote, S.LEAVING),
        when(S.VOTING, CallLeft, votes.voter_left),
        *said(S.LEAVING, board.hang_up),
    ]
    rows += [when(state, CallLeft, board.end) for state in _ALONE]
    for state in sorted(CONVERSATION):
        rows.append(told(state, LegKeyPressed, keys.pressed))
        rows.append(when(state, Due.KEYS, keys.forgotten))
    return rows


def said(state: S, answer: Callable[[Call], None], *leads_to: S) -> list[CallRow]:
    """Return the rows for a prompt that is over: heard, or heard for all we know."""
    return [when(state, over, answer, *leads_to) for over in (*_HEARD, Due.STEP)]
