"""Definitions of a run's figures: those of the report, and what only a simulation sees.

In a simulation each caller's wait is known exactly, and each informateur is observed once a minute.
As everywhere, a definition never changes under its id.
"""

from collections.abc import Mapping

from router.core.callback.tickets import Refusal
from router.report.definition import Definition, Unit
from router.report.figures import DEFINITIONS as COUNTED
from router.report.words import NO_BREAK

#: Why a callback request was refused: in French, and as its definition's formula has it.
REFUSALS: Mapping[Refusal, tuple[str, str]] = {
    Refusal.FULL: (f"Refus{NO_BREAK}: promesse intenable à ce moment", "in the time promised"),
    Refusal.CLOSING: (f"Refus{NO_BREAK}: trop près de la fermeture", "before closing time"),
    Refusal.CLOSED: (f"Refus{NO_BREAK}: service fermé", "the service is closed"),
    Refusal.NO_AGENT: (
        f"Refus{NO_BREAK}: aucun informateur en poste",
        "nobody on duty in that sector",
    ),
    Refusal.TRUNK: (f"Refus{NO_BREAK}: appels sortants impossibles", "no calls go out"),
    Refusal.UNAVAILABLE: (f"Refus{NO_BREAK}: téléphonie indisponible", "Asterisk is away"),
}


def refused(refusal: Refusal) -> str:
    """Return the id of the figure that counts requests refused for that reason."""
    return f"request-refused-{refusal.value.replace('_', '-')}/1"


def _made(id_: str, name: str, short: str, unit: Unit, formula: str) -> Definition:
    """Return the definition of a figure that is not made of columns."""
    return Definition(id_, name, short, (), (), unit, formula)


_COUNT, _SHARE, _SECONDS, _NUMBER = Unit.COUNT, Unit.SHARE, Unit.SECONDS, Unit.NUMBER
_OWN = (
    # Those who call.
    _made(
        "wait/1",
        "Attente moyenne",
        "Moyenne",
        _SECONDS,
        "seconds from joining the queue, or asking to be called back, to the first "
        "conversation, of those who had one; their mean",
    ),
    _made(
        "wait-median/1",
        "Attente médiane",
        "Médiane",
        _SECONDS,
        "the least whole number of seconds that at least half of those served (see wait/1) "
        "did not wait longer than",
    ),
    _made(
        "wait-p95/1",
        "Attente de 95 % des usagers au plus",
        "95 %",
        _SECONDS,
        "as wait-median/1, of 95 in 100",
    ),
    _made(
        "live-wait-median/1",
        "Attente médiane des appels directs",
        "Directs, médiane",
        _SECONDS,
        "wait-median/1 of live calls answered",
    ),
    _made(
        "live-wait-p95/1",
        "Attente de 95 % des appels directs au plus",
        "Directs, 95 %",
        _SECONDS,
        "wait-p95/1 of live calls answered",
    ),
    _made(
        "gave-up-after/1",
        "Attente moyenne avant abandon",
        "Avant abandon",
        _SECONDS,
        "seconds waited by live callers who abandoned; their mean",
    ),
    # Those who are called back.
    _made(
        "callback-wait/1", "Délai moyen de rappel", "Délai", _SECONDS, "wait/1 of answered tickets"
    ),
    _made(
        "callback-wait-median/1",
        "Délai médian de rappel",
        "Délai médian",
        _SECONDS,
        "wait-median/1 of answered tickets",
    ),
    _made(
        "callback-wait-p95/1",
        "Délai de 95 % des rappels au plus",
        "Délai 95 %",
        _SECONDS,
        "wait-p95/1 of answered tickets",
    ),
    _made(
        "request/1",
        "Demandes de rappel",
        "Demandes",
        _COUNT,
        "requests to be called back, on web pages and from the queue",
    ),
    _made(
        "request-accepted/1",
        "Demandes de rappel acceptées",
        "Acceptées",
        _COUNT,
        "requests for which a callback was promised",
    ),
    _made(
        "request-by-phone/1",
        "Acceptées depuis la file d’attente",
        "Par téléphone",
        _COUNT,
        "callers in the queue to whom a callback was promised",
    ),
    *(
        _made(refused(one), name, name, _COUNT, f"requests refused: {why}")
        for one, (name, why) in REFUSALS.items()
    ),
    _made(
        "acceptance/1",
        "Taux d’acceptation des demandes",
        "Acceptation",
        _SHARE,
        "requests accepted / requests",
    ),
    _made(
        "attempts/1",
        "Appels composés par demande acceptée",
        "Composés",
        _NUMBER,
        "attempts to dial / tickets ended",
    ),
    # Informateurs, looked at every minute while the service is open.
    _made("agents/1", "Informateurs du plan", "Au plan", _COUNT, "informateurs of the plan"),
    _made(
        "on-duty/1",
        "Informateurs en poste",
        "En poste",
        _NUMBER,
        "informateurs logged in, pauses included; mean of looks",
    ),
    _made(
        "ready/1",
        "Informateurs disponibles",
        "Disponibles",
        _NUMBER,
        "informateurs ready for a call; mean of looks",
    ),
    _made(
        "busy/1",
        "Informateurs occupés",
        "Occupés",
        _NUMBER,
        "informateurs reserved, rung, talking or wrapping up; mean of looks",
    ),
    _made(
        "needed/1",
        "Informateurs nécessaires",
        "Nécessaires",
        _COUNT,
        "least informateurs ready or busy, team by team, with whom Erlang C answers 80 % within "
        "the callers' target; the load is busy/1, so whoever gave up is not in it",
    ),
    _made(
        "occupancy/1",
        "Taux d’occupation",
        "Occupation",
        _SHARE,
        "busy/1 / (busy/1 + ready/1), over all looks; who pauses counts for neither",
    ),
    # Load and requests of a half-hour of the week.
    _made(
        "load/1",
        "Demandes par demi-heure",
        "Par demi-heure",
        _NUMBER,
        "live calls offered and callbacks asked for, of one opening of that half-hour; mean",
    ),
    # Fairness.
    _made(
        "wait-to-promise/1",
        "Attente rapportée à la promesse",
        "Attente / promesse",
        _NUMBER,
        "wait/1 / what is promised: the target for live callers, the promise for callbacks",
    ),
    _made(
        "fairness-kept/1",
        f"Équité entre les accès{NO_BREAK}: promesses tenues",
        "Équité (promesses)",
        _NUMBER,
        "Jain's index, (sum x)^2 / (n sum x^2), over the doors with x = promise-kept/2; 1: alike "
        "(Jain, Chiu, Hawe 1984)",
    ),
    _made(
        "fairness-wait/1",
        f"Équité entre les accès{NO_BREAK}: attente rapportée à la promesse",
        "Équité (attente)",
        _NUMBER,
        "Jain's index over the doors with x = wait-to-promise/1",
    ),
    # What callers heard about their wait.
    _made(
        "told/1",
        "Appelants à qui une attente a été annoncée",
        "Annonces",
        _COUNT,
        "callers told a bound of the wait who were served, or left when it was over",
    ),
    _made(
        "told-within/1",
        "Attentes dans la limite annoncée",
        "Dans la limite",
        _SHARE,
        "served within the first bound they heard, from then on / told/1",
    ),
    _made(
        "told-ratio/1",
        "Limite annoncée rapportée à l’attente (médiane)",
        "Limite / attente",
        _NUMBER,
        "median of first bound heard / wait from then on, of those served",
    ),
    # Laws that hold in every run.
    _made(
        "waiting-seen/1",
        "Appelants en attente, observés",
        "Observés",
        _NUMBER,
        "callers waiting, ringing included; mean of looks",
    ),
    _made(
        "waiting-due/1",
        "Appelants en attente, d’après la loi de Little",
        "Attendus",
        _NUMBER,
        "L = λW: callers who joined the queue per second of looks × mean wait, whatever became "
        "of them (Little 1961); the second wait of those given on is not in it",
    ),
    _made(
        "little/1",
        "Observés / attendus",
        "L / λW",
        _NUMBER,
        "waiting-seen/1 / waiting-due/1",
    ),
    _made(
        "most-waiting/1",
        "Appelants en attente, au plus",
        "Au plus",
        _COUNT,
        "most callers waiting at a look",
    ),
)

DEFINITIONS: Mapping[str, Definition] = {**COUNTED, **{one.id: one for one in _OWN}}
