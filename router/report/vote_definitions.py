"""Definitions of the figures of what callers voted and what informateurs noted."""

from router.report.columns import Column
from router.report.definition import Definition, Unit, count_of

_SHARE = Unit.SHARE

#: In the order in which they are listed.
VOTES_AND_NOTES = (
    Definition(
        "satisfaction/1",
        "Taux de satisfaction",
        "Satisfaction",
        (Column.SATISFIED,),
        (Column.ANSWERS,),
        _SHARE,
        "scores that the plan counts as satisfied / answers (service-2025)",
        "Notes que le service compte comme satisfaites, rapportées aux réponses.",
    ),
    Definition(
        "mean-score/1",
        "Note moyenne",
        "Note",
        (Column.POINTS,),
        (Column.ANSWERS,),
        Unit.NUMBER,
        "scores added up / answers to a question of scores; never of yes and no",
        "Notes additionnées, rapportées aux réponses. Une question à laquelle on répond par "
        "oui ou non n’en a pas.",
    ),
    Definition(
        "yes/1",
        "Part de «\u00a0oui\u00a0»",
        "Part de oui",
        (Column.SATISFIED,),
        (Column.ANSWERS,),
        _SHARE,
        "answers that say yes / answers to a question of yes or no",
        "Réponses «\u00a0oui\u00a0», rapportées aux réponses.",
    ),
    Definition(
        "response-rate/1",
        "Taux de réponse",
        "Taux de réponse",
        (Column.ANSWERS,),
        (Column.ASKED,),
        _SHARE,
        "answers / callers to whom the question was put",
        "Réponses, rapportées aux personnes à qui la question a été posée.",
    ),
    count_of(
        "asked/1",
        "Personnes interrogées",
        "Interrogées",
        Column.ASKED,
        "callers to whom the question was put",
        "Personnes à qui la question a été posée.",
    ),
    count_of(
        "answers/1",
        "Réponses aux questions",
        "Réponses",
        Column.ANSWERS,
        "callers who answered the question",
        "Personnes qui ont répondu à la question par une touche.",
    ),
    count_of(
        "satisfied/1",
        "Réponses favorables",
        "Favorables",
        Column.SATISFIED,
        "answers that say yes, or with a score that the plan counts as satisfied",
        "Réponses «\u00a0oui\u00a0», ou notes que le service compte comme satisfaites.",
    ),
    count_of(
        "score/1",
        "Votes par réponse",
        "Votes",
        Column.SCORE,
        "answers that are alike",
        "Réponses données par la même touche.",
    ),
    count_of(
        "invited/1",
        "Personnes invitées à voter",
        "Invitées",
        Column.INVITED,
        "callers to whom the first question was put: published + late + lost",
        "Personnes à qui la première question a été posée, que leur vote soit publié ou non.",
    ),
    count_of(
        "published-votes/1",
        "Personnes dont le vote est publié",
        "Votes publiés",
        Column.PUBLISHED,
        "callers to whom the first question was put, and whose answer or silence is published",
        "Leur réponse, ou leur silence, est dans les chiffres de chaque question.",
    ),
    count_of(
        "late-votes/1",
        "Personnes dont le vote attend d’être publié",
        "Votes en attente",
        Column.WAITING,
        "callers asked on a day that is not over, whose votes wait for five answers to each "
        "question, or for the day's end; told even if few, because it counts who was asked, "
        "neither who answered nor how",
        "Un vote n’est publié qu’avec d’autres\u00a0: dès que cinq réponses du jour à chaque "
        "question sont réunies, et au plus tard le lendemain. Ce nombre est celui des "
        "personnes interrogées, et ne dit ni qui a répondu, ni comment.",
    ),
    count_of(
        "lost-votes/1",
        "Personnes dont le vote a été perdu",
        "Votes perdus",
        Column.VOTES_LOST,
        "callers asked on a day that is over, whose votes waited when the service broke off",
        "Leur vote attendait quand le service s’est arrêté brusquement.",
    ),
    count_of(
        "noted/1",
        "Appels notés",
        "Notés",
        Column.NOTED,
        "calls that informateurs noted",
        "Appels dont l’informateur a noté le sujet.",
    ),
    count_of(
        "improve/1",
        "Page à améliorer",
        "À améliorer",
        Column.IMPROVE,
        "notes that say that the page should be clearer",
        "Notes qui disent que la page devrait être plus claire.",
    ),
    count_of(
        "sent/1",
        "Appels orientés",
        "Orientés",
        Column.SENT,
        "calls put through to an entry of the directory, or to whom it was spoken",
        "Appels transférés vers un autre service, ou à qui son numéro a été dit.",
    ),
    count_of(
        "advised/1",
        "Orientations notées",
        "Orientations notées",
        Column.ADVISED,
        "notes that name an entry of the directory",
        "Notes où l’informateur a nommé un autre service.",
    ),
)
