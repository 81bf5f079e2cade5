// What pages say, in French: the one catalogue of all of them, by page and place.
//
// Modules import `texts` and read a member: a misspelt one is an error of types. Markup names one
// by `data-text="poste.title"` (dom.js fills it in). `{…}` in a sentence is filled by `filled`.
// Ordinary spaces are written here; the no-break ones come with `typeset`.

/**
 * Return the sentence, or all those of an object, with its no-break spaces: narrow before ";!?",
 * wide before ":", inside "« »", and within "2 min 05 s".
 * @template T
 * @param {T} said
 * @returns {T}
 */
export function typeset(said) {
  if (typeof said === "string") {
    const set = said
      .replace(/ (?=[;!?])/g, "\u202f")
      .replace(/ (?=[:»])|(?<=«) /g, "\u00a0")
      .replace(/(?<=[\d}]) (?=(?:s|min|h|%)(?!\p{L}))/gu, "\u00a0")
      .replace(/(?<=(?<!\p{L})(?:min|h)) (?=[\d{])/gu, "\u00a0");
    return /** @type {T} */ (set);
  }
  const all = Object.entries(/** @type {Record<string, unknown>} */ (said));
  return /** @type {T} */ (Object.fromEntries(all.map(([name, one]) => [name, typeset(one)])));
}

/**
 * Return the sentence with `values` in the place of their names in braces.
 * @param {string} sentence
 * @param {Record<string, string | number>} values
 */
export function filled(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/**
 * Return which of two forms a count takes: 0 and 1 are singular in French.
 * @param {number} count
 * @param {{ one: string, other: string }} forms
 */
export function counted(count, forms) {
  return filled(Math.abs(count) < 2 ? forms.one : forms.other, { count });
}

export const texts = typeset({
  shared: {
    skip: "Aller au contenu",
    noService: "Le service redémarre ou est indisponible.",
    close: "Fermer",
    // What an informateur does, on the desk and on the wallboard alike.
    doing: {
      off: "Hors service",
      away: "Téléphone absent",
      ready: "Disponible",
      ringing: "Appel entrant",
      answering: "Appel annoncé",
      talking: "En conversation",
      holding: "Appel en attente",
      consulting: "Consultation en cours",
      consulted: "Avis demandé",
      referring: "Mise en relation",
      noting: "Notes d’appel",
      paused: "En pause",
    },
    durations: {
      hours: "{hours} h {minutes} min",
      minutes: "{minutes} min {seconds} s",
      seconds: "{seconds} s",
      timeOfDay: "{hours} h {minutes}",
    },
  },

  poste: {
    title: "Poste d’informateur",
    of: "Poste {agent}",
    documentTitle: "{doing} – poste {agent}",

    connection: {
      joined: "Relié au service",
      lost: "Liaison perdue depuis {since}",
      lostAlert:
        "La liaison avec le service est perdue. Les conversations continuent ; ce qui est " +
        "affiché peut ne plus être exact. La page essaie de rétablir la liaison.",
      back: "La liaison avec le service est rétablie.",
    },

    logIn: {
      title: "Ouvrir ma session",
      introduction: "Avec le numéro et le code personnel qui servent aussi au téléphone.",
      number: "Numéro d’informateur",
      pin: "Code personnel",
      pinHint: "De 4 à 8 chiffres. Il n’est pas conservé par cette page.",
      enter: "Ouvrir",
      missingNumber: "Indiquez votre numéro d’informateur.",
      missingPin: "Indiquez votre code personnel.",
      over: "La session a pris fin. Indiquez de nouveau votre code personnel.",
      closed: "La session est fermée.",
    },

    begin: {
      where: "Où répondez-vous aux appels ?",
      phone: "Mon téléphone (poste {agent})",
      browser: "Ce navigateur",
      other: "Un autre téléphone",
      otherNumber: "Numéro de ce téléphone",
      start: "Prendre mon service",
    },

    // Below the state: what it means, or what to do.
    state: {
      label: "Mon état",
      since: "depuis",
      left: "Reste",
      at: "Poste {phone}",
      ready: "Le prochain appel peut arriver à tout moment.",
      ringing: "Décrochez : une voix annonce l’appel, puis la personne est en ligne.",
      answering: "Écoutez l’annonce ; la personne arrive ensuite.",
      dialling: "Écoutez l’annonce ; le numéro de la personne est composé ensuite.",
      holding: "La personne entend de la musique.",
      consulting: "La personne entend de la musique.",
      consulted: "Un poste vous demande un avis. La personne entend de la musique.",
      referring: "La personne entend de la musique, le numéro est composé.",
      noting: "Aucun appel n’arrive avant la fin de ce délai.",
      off: "Aucun appel n’arrive à ce poste.",
      away:
        "Le téléphone {phone} n’est pas raccordé au service. Les appels reprennent dès qu’il " +
        "l’est de nouveau.",
      until: "Jusqu’à {until} au plus tard, puis le service prend fin.",
      untilReady: "Les appels reprennent à {until}.",
      misses: { one: "{count} appel sans réponse", other: "{count} appels sans réponse" },
      watched: "Supervision : {supervisor} participe à cet appel.",
      directed: "État décidé par la supervision ({supervisor}).",
      message: "Message de {supervisor}, {at} : {text}",
      pauseAfter: "Après cet appel : pause ({reason}).",
      leaveAfter: "Après cet appel : fin de service.",
      soon: "Plus que {left} pour noter l’appel.",
    },

    actions: {
      ready: "Reprendre les appels",
      pause: "Pause",
      pauseAfter: "Pause après l’appel",
      forget: "Annuler la demande",
      elsewhere: "Changer de téléphone",
      hold: "Mettre en attente",
      retrieve: "Reprendre la personne",
      transfer: "Transférer",
      consult: "Consulter",
      refer: "Orienter",
      complete: "Transmettre l’appel",
      cancel: "Revenir à la personne",
      end: "Terminer l’appel",
      readFiche: "Lire la fiche {fiche}",
      help: "Raccourcis",
      leave: "Quitter",
    },

    call: {
      title: "Appel en cours",
      incoming: "Appel entrant",
      kind: "Arrivée",
      waited: "Attente",
      talked: "Conversation",
      why: "Pourquoi cet appel arrive ici",
      passedOn: "{kind}, transmis par un autre poste",
      announced: "Appel : {sector}, {kind}, attente {waited}.",
      consulting: "Consultation : {sector}. Le poste est appelé.",
      consulted: "Consultation : {sector}. Le poste est en ligne avec vous.",
      referring: "Mise en relation : {entry}.",
    },

    doors: {
      none: "appel",
      code: "appel avec le code d’une page",
      menu: "appel, domaine choisi au clavier",
      "no-key": "appel, domaine non précisé",
      callback: "rappel demandé",
    },

    choose: {
      search: "Chercher par nom ou par code",
      none: "Aucun résultat.",
      found: { one: "{count} résultat", other: "{count} résultats" },
      cancel: "Annuler",
      choose: "Choisir",
      pause: "Motif de la pause",
      transfer: "Transférer vers quel domaine ?",
      consult: "Consulter quel domaine ?",
      refer: "Orienter vers quel organisme ?",
      subject: "Sujet de l’appel",
      put: "Mettre en relation",
      tell: "Dire le numéro",
      noNumber: "sans numéro",
      longest: "{longest} au plus",
    },

    note: {
      title: "Noter l’appel",
      left: "Reste",
      subject: "Sujet",
      change: "Changer le sujet",
      result: "Réponse",
      referral: "Organisme indiqué",
      noReferral: "Aucun",
      improve: "La fiche est à améliorer (erreur, manque ou phrase obscure)",
      save: "Noter",
      saveReady: "Noter et reprendre",
      moreTime: "Plus de temps",
      sent: "{subject} : {result}",
    },

    today: {
      title: "Mes appels du jour",
      none: "Aucun appel pour le moment.",
      line: "{kind}, {talked}",
      noted: "noté : {result}",
      notNoted: "sans note",
    },

    help: {
      title: "Raccourcis du clavier",
      introduction:
        "Une seule touche, hors d’un champ de saisie. La touche est écrite sur chaque bouton.",
      use: "Utiliser les raccourcis à une touche",
      keys: {
        r: "Reprendre les appels, après une pause ou les notes",
        p: "Pause ; pendant un appel, la demander pour la suite",
        a: "Mettre la personne en attente, puis la reprendre",
        t: "Transférer à un autre domaine",
        c: "Consulter un autre domaine",
        v: "Transmettre l’appel au poste consulté",
        o: "Orienter vers un autre organisme",
        f: "Terminer l’appel",
        l: "Lire la fiche que la personne a lue",
        "?": "Cette liste",
      },
      enter: "Ctrl + Entrée",
      enterDoes: "Noter l’appel et reprendre, depuis les notes",
      escape: "Échap",
      escapeDoes: "Fermer une fenêtre sans rien changer",
    },

    leave: {
      title: "Quitter",
      introduction: "Voulez-vous aussi terminer votre service ?",
      endOfDuty: "Fin de service : plus aucun appel",
      pageOnly: "Fermer cette page seulement : le téléphone continue de sonner",
      stay: "Rester",
    },
  },

  wallboard: {
    title: "Tableau de bord",
    titleFresh: "{name} – tableau de bord",
    titleStale: "⚠ {name} – données figées",
    service: "L’ensemble du service",
    callbacks: "Rappels",
    sectors: "Domaines",
    informateurs: "Informateurs",
    informateur: "Informateur {id}",
    nobody: "Aucune session n’est ouverte.",
    leave: "Quitter",

    enter: {
      title: "Ouvrir le tableau de bord",
      introduction: "Avec un jeton de lecture ou de supervision.",
      token: "Jeton d’accès",
      hint: "Il reste dans la mémoire de cette page, et disparaît avec elle.",
      enter: "Ouvrir",
      missing: "Indiquez votre jeton d’accès.",
      unknown: "Le service ne répond pas. Réessayez dans un instant.",
      over: "Ce jeton n’ouvre plus le tableau de bord.",
    },

    views: { label: "Présentation", tiles: "Tuiles", tables: "Tableaux" },
    tables: {
      sector: "Domaine",
      figures: {
        name: "Chiffre",
        value: "Valeur",
        parts: "Rapport",
        goal: "Objectif",
        sentence: "Définition",
      },
      informateurs: {
        id: "Informateur",
        doing: "État",
        lasted: "Depuis",
        limit: "Durée prévue",
        sector: "Domaine de l’appel",
        watched: "Supervision",
      },
    },

    open: {
      open: "Ouvert",
      until: "Ouvert jusqu’à {at}",
      earlier: "Ouvert, fermeture avancée à {at}",
      closed: "Fermé",
      closedUntil: "Fermé jusqu’à {at}",
      closedEarlyUntil: "Fermé avant l’heure, jusqu’à {at}",
      draining: "Aucun nouvel appel n’est pris",
    },
    feedFresh: "En direct",
    feedStale: "Données figées",
    stale:
      "Données figées : aucune nouvelle du service depuis {duration}. Ce qui est affiché date de " +
      "{at} et n’est peut-être plus exact. La page se reconnecte d’elle-même.",
    telephonyAway:
      "La téléphonie est coupée. L’état des appels et des postes date de {since} ; les conversations " +
      "en cours continuent peut-être.",
    telephonyNever: "La téléphonie est coupée : l’état des appels n’est pas connu.",
    message: "{text} ({by}, {at})",

    durations: {
      seconds: "{seconds} s",
      precise: "{minutes} min {seconds}",
      minutes: "{minutes} min",
      hours: "{hours} h {minutes}",
      timeOfDay: "{hours} h {minutes}",
    },
    percent: "{value} %",
    between: "{low} à {high} min",
    lessThan: "moins de {high} min",
    none: "–",
    partOf: "{part} sur {of}",
    of: "sur {of}",
    // Figures by their ids, where the report's own short names need its surroundings.
    short: {
      "longest-wait/1": "Plus longue attente",
      "ready/1": "Disponibles",
      "pickup/2": "Taux de décroché",
      "service-level-offered/2": "Niveau de service",
      "abandonment/2": "Abandon",
      "asa/1": "Attente moyenne",
      "callbacks-soon/1": "Rappels dus sous 10 min",
      "callbacks-at-risk/1": "Rappels menacés",
      "callbacks-late/1": "Rappels en retard",
      "callbacks-open/1": "Rappels promis",
      "broken/1": "Rappels non effectués",
    },
    and: ", ",
    list: ", ",
    atLeast: "{goal} au moins",
    atMost: "{goal} au plus",
    goal: "objectif {goal}",
    off: "⚠ {words}",
    shouldBeNone: "il ne devrait y en avoir aucun",
    ofOnDuty: "sur {count} en poste",
    waitingWord: "en attente",
    since: "depuis {duration}",
    lateSince: "⚠ {since}",
    staff: { one: "{count} libre sur {onDuty}", other: "{count} libres sur {onDuty}" },
    unstaffed: "personne en poste",
    told: "annoncé {wait}",
    pickup: "décroché {share}",
    // What an informateur does, where there is little room.
    doing: {
      away: "Sans téléphone",
      consulting: "Consultation",
      referring: "Orientation",
    },
    doingMore: "{doing} ({more})",
    over: "⚠ {duration}",
    watched: "supervision",
    skill: "{sector} (niveau {level})",
    definition: "Définition {id}, {age}.",
    age: "à jour à {duration} près",
    ageOfDay: "depuis minuit, {age}",
    ageUnknown: "inconnu en ce moment",

    facts: {
      lasted: "Depuis",
      limit: "Durée prévue",
      over: "Attention",
      overYes: "La durée prévue est dépassée.",
      sector: "Domaine de l’appel",
      directedBy: "Décidé par",
      watchedBy: "Supervision en cours",
      skills: "Domaines",
      moved: "Domaines du jour",
    },
    why: {
      ask: "Pourquoi le dernier appel est-il arrivé là ?",
      none: "Aucun appel n’est encore arrivé à ce poste.",
    },

    alerts: {
      and: " ",
      more: "Et d’autres encore.",
      stale: "Les données sont figées : le service ne répond plus.",
      fresh: "Les données sont de nouveau à jour.",
      telephony: "La téléphonie est coupée.",
      late: "{sector} : l’attente dépasse l’objectif.",
      over: "Un poste dépasse la durée prévue.",
    },

    direct: {
      open: "Diriger",
      title: "Diriger le service aujourd’hui",
      why: "Motif (conservé avec votre nom)",
      missing: "Indiquez le motif.",
      watch: {
        title: "Prendre part à l’appel",
        as: "Comment",
        phone: "À votre poste",
        button: "Appeler mon poste",
        how: {
          listen: "Écouter",
          whisper: "Souffler : seul l’informateur vous entend",
          join: "Participer : chacun vous entend",
        },
      },
      pause: {
        title: "Mettre en pause",
        reason: "Motif de la pause",
        button: "Mettre en pause",
      },
      ready: { title: "Mettre fin à la pause", button: "Rendre disponible" },
      skills: {
        title: "Domaines du jour",
        legend: "Jusqu’à la fin de la journée",
        none: "Non",
        level: "Niveau {level}",
        button: "Confier ces domaines",
        back: "Revenir aux domaines prévus",
      },
      close: {
        title: "Fermer plus tôt",
        until: "Aujourd’hui, le service ferme à {at}. Les personnes en attente seront servies.",
        closed: "Le service est fermé en ce moment.",
        at: "À (laisser vide : maintenant)",
        button: "Fermer plus tôt",
      },
      reopen: { title: "Rétablir les horaires prévus", button: "Rouvrir" },
      message: {
        title: "Message à tous",
        hint: "Sur ce tableau et sur chaque poste, jusqu’à la fin de la journée. Vide : plus rien.",
        text: "Message",
        button: "Afficher",
      },
    },
  },
});
