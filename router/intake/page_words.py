"""What `/rappel` says in French, apart from its markup.

"{number}" stands for the number that people dial (`sentences.with_number`).
"""

from collections.abc import Mapping

AGAIN = "Aux heures d’ouverture, vous pouvez faire une nouvelle demande ou composer le {number}."
MISSED = "Nous avons essayé de vous joindre, sans succès ; nous réessaierons avant cette heure."
CALL_IN = (
    "Si vous appelez vous-même le {number} entre-temps, tapez ce code : votre demande de rappel "
    "sera annulée."
)

#: State -> kind of alert, title, text; the widget has the same table, word for word.
STATES: Mapping[str, tuple[str, str, str]] = {
    "accepted": (
        "success",
        "Votre demande est enregistrée",
        "Gardez votre téléphone près de vous. Après avoir décroché, appuyez sur la touche\u00a01.",
    ),
    "dialling": (
        "info",
        "Nous vous appelons",
        "Décrochez, puis appuyez sur la touche\u00a01 de votre téléphone.",
    ),
    "talking": (
        "info",
        "Vous êtes en communication",
        "Votre numéro sera effacé à la fin de l’appel.",
    ),
    "done": ("success", "Le rappel est terminé", "Votre numéro est effacé."),
    "failed": (
        "warning",
        "Le rappel n’a pas abouti",
        f"Nous n’avons pas réussi à vous joindre ; votre numéro est effacé. {AGAIN}",
    ),
    "cancelled": ("info", "Votre demande est annulée", "Votre numéro est effacé."),
    "expired": (
        "error",
        "Le rappel n’a pas pu avoir lieu à temps",
        f"Veuillez nous en excuser. Votre numéro est effacé. {AGAIN}",
    ),
    "lost_reboot": (
        "error",
        "Votre demande est perdue",
        f"Un incident technique a effacé votre numéro. {AGAIN}",
    ),
    "unknown": (
        "warning",
        "Votre demande n’est plus suivie",
        f"Aucun numéro n’est conservé. {AGAIN}",
    ),
}

#: Why an address or a form names nothing to be called back about -> title, text.
UNKNOWN: Mapping[str, tuple[str, str]] = {
    "unknown_fiche": (
        "Fiche introuvable",
        "Cette fiche n’est pas connue du service. Elle a peut-être été déplacée ou retirée.",
    ),
    "unknown_sector": ("Domaine introuvable", "Ce domaine n’est pas connu du service."),
    "missing_field": ("Domaine à préciser", "Votre demande ne dit pas sur quoi elle porte."),
    "ambiguous": (
        "Domaine à préciser",
        "L’adresse de cette page désigne à la fois une fiche et un domaine.",
    ),
}

HEADING = "Se faire rappeler par un informateur"
EXAMPLE = "Exemple : 06\u00a039\u00a098\u00a012\u00a034"
PRIVACY = (
    "Votre numéro ne sert qu’à ce rappel. Il reste en mémoire, sans être enregistré, est effacé "
    "dès que le rappel est terminé et n’est communiqué à personne, pas même à l’informateur."
)
NO_SCRIPT = (
    "Sans JavaScript, le suivi ne se met pas à jour de lui-même : utilisez le bouton "
    "« Actualiser » de la page suivante."
)
INTRODUCTION = (
    "Une question sur vos droits ou vos démarches ? Un informateur spécialisé vous répond par "
    "téléphone."
)
GENERAL = (
    "service d’information généraliste, sans accès aux dossiers personnels. Les appels sont "
    "anonymes."
)
NOTICE = (
    "Objet : vous rappeler. Donnée : le numéro que vous indiquez, rien d’autre. Base : mission "
    "d’intérêt public. Destinataires : aucun ; l’opérateur téléphonique achemine l’appel. "
    "Durée : jusqu’à la fin du rappel, en mémoire seulement. Vous pouvez annuler votre demande, "
    "ce qui efface aussitôt le numéro."
)
