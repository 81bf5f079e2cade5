// <rappel-3939 fiche="F1234">: asks Allô Service Public 3939 to call back.
//
// Attributes: fiche or sector; src-base, the API's address (default: where this script comes
// from); heading-level (default: 3); theme="dsfr" for pages that load the State's design system:
// light DOM instead of a shadow root. Both themes use the design system's class names. Set by
// us: live, while a request is under way. Slot: relay. A link among the children is shown until
// the script has loaded, and again when the service cannot be reached.
//
// The number to dial, in braces here, is filled in when the script is served.
//
// The usager's number is in the field until it is sent, then nowhere; the ticket is in
// sessionStorage.
(() => {
  'use strict';

  const HOME = new URL(document.currentScript?.src || location.href).origin;
  const POLL_MS = 5000, SLOWEST_POLL_MS = 30000, TIMEOUT_MS = 15000, SLICE_MS = 12;
  const LIVE = ['accepted', 'dialling', 'talking'];
  const AGAIN = 'Aux heures d’ouverture, vous pouvez faire une nouvelle demande ou composer le {number}.';
  const RELAY = 'Personnes sourdes, malentendantes, sourdaveugles ou aphasiques : pour appeler le {number}, utilisez ';

  const MISSED = 'Nous avons essayé de vous joindre, sans succès ; nous réessaierons avant cette heure.';

  const CALL_IN = 'Si vous appelez vous-même le {number} entre-temps, tapez ce code : votre demande de rappel sera annulée.';

  // State -> [kind of alert, title, text]
  const STATES = {
    accepted: ['success', 'Votre demande est enregistrée', 'Gardez votre téléphone près de vous. Après avoir décroché, appuyez sur la touche\u00a01.'],
    dialling: ['info', 'Nous vous appelons', 'Décrochez, puis appuyez sur la touche\u00a01 de votre téléphone.'],
    talking: ['info', 'Vous êtes en communication', 'Votre numéro sera effacé à la fin de l’appel.'],
    done: ['success', 'Le rappel est terminé', 'Votre numéro est effacé.'],
    failed: ['warning', 'Le rappel n’a pas abouti', `Nous n’avons pas réussi à vous joindre ; votre numéro est effacé. ${AGAIN}`],
    cancelled: ['info', 'Votre demande est annulée', 'Votre numéro est effacé.'],
    expired: ['error', 'Le rappel n’a pas pu avoir lieu à temps', `Veuillez nous en excuser. Votre numéro est effacé. ${AGAIN}`],
    lost_reboot: ['error', 'Votre demande est perdue', `Un incident technique a effacé votre numéro. ${AGAIN}`],
    unknown: ['warning', 'Votre demande n’est plus suivie', `Aucun numéro n’est conservé. ${AGAIN}`],
  };
  // Why no callback can be asked for -> title
  const REFUSALS = {
    closed: 'Le service est fermé',
    closing: 'Il est trop tard pour demander un rappel',
    full: 'Toutes les possibilités de rappel sont prises',
    no_agent: 'Le rappel est momentanément indisponible',
    trunk: 'Le rappel est momentanément indisponible',
    unavailable: 'Le rappel est momentanément indisponible',
  };

  const CSS = `
:host { display: block; color-scheme: light; --accent: #0b4f9e; --on: #fff; --line: #6b6b6b; --soft: #555; --bad: #b81c00; --good: #18653a; --warn: #8a5200; }
@supports (color: light-dark(#000, #fff)) { :host { color-scheme: inherit; --accent: light-dark(#0b4f9e, #9cc4ff); --on: light-dark(#fff, #0b1b30); --line: light-dark(#6b6b6b, #9a9a9a); --soft: light-dark(#555, #bdbdbd); --bad: light-dark(#b81c00, #ff9a8a); --good: light-dark(#18653a, #7fd6a0); --warn: light-dark(#8a5200, #f2b866); } }
section { box-sizing: border-box; max-width: 36rem; padding: 1.25rem; border: 1px solid var(--line); border-radius: .5rem; background: Canvas; color: CanvasText; font: 1rem/1.5 system-ui, sans-serif; }
p, .fr-alert { margin: 0 0 1rem; }
.heading { margin: 0 0 .75rem; font-size: 1.25rem; line-height: 1.3; }
.fr-hint-text { display: block; color: var(--soft); font-size: .875rem; font-weight: 400; }
.fr-label { display: block; font-weight: 600; }
.fr-input { box-sizing: border-box; width: 100%; max-width: 20rem; min-height: 2.75rem; margin: .25rem 0; padding: .5rem .75rem; border: 1px solid var(--line); border-radius: .25rem; background: Field; color: FieldText; font: inherit; }
.fr-input-group { margin-bottom: 1rem; }
.fr-input-group--error { padding-left: .75rem; border-left: .25rem solid var(--bad); }
.fr-message { margin: .375rem 0 0; color: var(--bad); font-weight: 600; }
.fr-btn { min-height: 2.75rem; padding: .5rem 1rem; margin-bottom: 1rem; border: 1px solid var(--accent); border-radius: .25rem; background: var(--accent); color: var(--on); font: inherit; font-weight: 600; cursor: pointer; }
.fr-btn--secondary { background: transparent; color: var(--accent); }
.fr-btn:hover { text-decoration: underline; }
.fr-btn[aria-disabled=true] { opacity: .7; cursor: progress; }
.fr-alert { padding: .25rem 0 .25rem .75rem; border-left: .25rem solid var(--accent); }
.fr-alert--success { border-color: var(--good); } .fr-alert--warning { border-color: var(--warn); } .fr-alert--error { border-color: var(--bad); }
.fr-alert p { margin: 0; } .fr-alert__title { font-weight: 700; }
[role=timer], .code { font-size: 1.125rem; font-variant-numeric: tabular-nums; }
:focus-visible { outline: .1875rem solid var(--accent); outline-offset: .1875rem; }
.heading:focus { outline: 0; }
.last { margin: 0; }`;

  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const typeset = (text) => text.replace(/ (?=[;:!?])|(\d) (?=\d|min)/g, '$1\u00a0');
  const two = (n) => String(n).padStart(2, '0');

  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === 'function') node.addEventListener(name, value);
      else node.setAttribute(name, value);
    }
    node.append(...children.map((one) => (typeof one === 'string' ? typeset(one) : one)));
    return node;
  }

  // crypto.randomUUID exists over HTTPS only.
  const newKey = () => crypto.randomUUID?.() ??
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => two(byte.toString(16))).join('');

  // FIPS 180-4. Our own, since crypto.subtle exists over HTTPS only, and is slower for short texts.
  const primes = [];
  for (let n = 2; primes.length < 64; n++) if (primes.every((prime) => n % prime)) primes.push(n);
  const bits = (root) => ((root % 1) * 2 ** 32) | 0;
  const K = Int32Array.from(primes, (prime) => bits(Math.cbrt(prime)));
  const H = Int32Array.from(primes.slice(0, 8), (prime) => bits(Math.sqrt(prime)));
  const W = new Int32Array(64);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));

  // The hash of an ASCII text, as eight words.
  function sha256(text) {
    const words = new Int32Array(((text.length + 72) >> 6) << 4);
    const put = (at, byte) => { words[at >> 2] |= byte << (24 - 8 * (at & 3)); };
    for (let at = 0; at < text.length; at++) put(at, text.charCodeAt(at));
    put(text.length, 128);
    words[words.length - 1] = text.length * 8;
    const hash = H.slice();
    for (let at = 0; at < words.length; at += 16) {
      let a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4], f = hash[5], g = hash[6], h = hash[7];
      for (let t = 0; t < 64; t++) {
        if (t < 16) W[t] = words[at + t];
        else {
          const x = W[t - 15], y = W[t - 2];
          W[t] = W[t - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + W[t - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
        }
        const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + W[t]) | 0;
        const other = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + other) | 0;
      }
      hash[0] += a; hash[1] += b; hash[2] += c; hash[3] += d; hash[4] += e; hash[5] += f; hash[6] += g; hash[7] += h;
    }
    return hash;
  }

  // Altcha's protocol, version 1, in slices, so that the page stays responsive.
  async function solve({ algorithm, challenge, salt, maxnumber, signature }) {
    if (algorithm !== 'SHA-256') throw new Error('unknown challenge');
    const wanted = Int32Array.from(challenge.match(/.{8}/g), (word) => parseInt(word, 16));
    for (let number = 0, since = performance.now(); number <= maxnumber; number++) {
      if (sha256(salt + number).every((word, n) => word === wanted[n])) {
        return btoa(JSON.stringify({ algorithm, challenge, number, salt, signature }));
      }
      if (performance.now() - since > SLICE_MS) {
        await pause(0);
        since = performance.now();
      }
    }
    throw new Error('no solution');
  }

  const fault = (phone) => {
    if (!phone) return 'Indiquez votre numéro de téléphone.';
    const plain = phone.replace(/[\s.()/-]/g, '');
    return /^(\+|00)?\d{9,15}$/.test(plain) ? '' : 'Ce numéro n’est pas complet ou contient autre chose que des chiffres. Exemple : 06 39 98 12 34.';
  };

  let widgets = 0;

  class Rappel extends HTMLElement {
    #section; #heading; #status; #body; #relay; #link; #input; #group; #error; #button;
    #id = `rappel-3939-${++widgets}`;
    #ticket; #state; #shown; #draft; #sending; #countdown; #timer; #delay; #turn = 0;
    #wake = () => { if (!document.hidden && LIVE.includes(this.#state ?? 'accepted')) this.#poll(); };

    connectedCallback() {
      // A script in the head runs before our children, such as the relay, have been parsed.
      if (document.readyState === 'loading') {
        document.addEventListener('DOMContentLoaded', () => this.#start(), { once: true });
      } else this.#start();
    }

    disconnectedCallback() {
      document.removeEventListener('visibilitychange', this.#wake);
      this.#stop();
      this.#draft = null;
    }

    get #base() { return (this.getAttribute('src-base') || HOME).replace(/\/$/, ''); }

    get #stored() {
      try { return sessionStorage.getItem(`rappel-3939 ${this.#base}`); } catch { return null; }
    }

    set #stored(ticket) {
      this.#ticket = ticket;
      try {
        if (ticket) sessionStorage.setItem(`rappel-3939 ${this.#base}`, ticket);
        else sessionStorage.removeItem(`rappel-3939 ${this.#base}`);
      } catch { /* then it is kept in memory only */ }
    }

    #start() {
      if (!this.isConnected) return;
      // What was typed, perhaps in the form that was here before the script had loaded.
      const typed = (this.#input ?? this.querySelector('input[name=phone]'))?.value ?? '';
      if (!this.#section) this.#build();
      document.addEventListener('visibilitychange', this.#wake);
      this.#ticket ??= this.#stored;
      this.toggleAttribute('live', Boolean(this.#ticket));
      if (!this.#ticket) return this.#offer(typed);
      this.#poll();
      this.#service().catch(() => { /* only the relay will be missing */ });
    }

    #build() {
      const light = this.getAttribute('theme') === 'dsfr';
      const links = this.querySelectorAll(':scope > [slot=relay]');
      this.#link = this.querySelector(':scope > a:not([slot])');
      this.#relay = light ? el('span', {}, ...links) : el('slot', { name: 'relay' });
      const level = Number(this.getAttribute('heading-level')) || 3;
      this.#heading = el(`h${level}`, { class: light ? 'fr-h6' : 'heading', id: `${this.#id}-title`, tabindex: '-1' }, 'Se faire rappeler par un informateur');
      this.#status = el('div', { role: 'status' });
      this.#body = el('div', {});
      this.#section = el('section', { 'aria-labelledby': `${this.#id}-title` }, this.#heading, this.#status, this.#body,
        el('p', { class: 'fr-hint-text' }, 'Votre numéro ne sert qu’à ce rappel. Il reste en mémoire, sans être enregistré, est effacé dès que le rappel est terminé et n’est communiqué à personne, pas même à l’informateur.'),
        el('div', { class: 'fr-hint-text last' }, this.#relay));
      this.replaceChildren(...(light ? [this.#section] : links));
      if (light) return;
      const root = this.attachShadow({ mode: 'open' });
      try {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(CSS);
        root.adoptedStyleSheets = [sheet];
      } catch {
        root.append(el('style', {}));
        root.lastChild.textContent = CSS;
      }
      root.append(this.#section);
    }

    // -- what is shown

    get #focused() { return this.#section.contains((this.shadowRoot ?? document).activeElement); }

    #tell(kind, title, ...texts) {
      this.#status.replaceChildren(...(kind ? [el('div', { class: `fr-alert fr-alert--${kind} fr-mb-2w` }, el('p', { class: 'fr-alert__title' }, title),
        ...texts.filter(Boolean).map((text) => el('p', {}, text)))] : []));
    }

    #fill(...body) {
      const focused = this.#focused;
      clearInterval(this.#countdown);
      this.#body.replaceChildren(...body);
      if (focused && !this.#focused) this.#heading.focus();
    }

    #action(label, click, more = '') {
      return el('button', { type: 'button', class: `fr-btn fr-mb-2w ${more}`, click }, label);
    }

    #stop() {
      this.#turn++;
      clearTimeout(this.#timer);
      clearInterval(this.#countdown);
    }

    // -- asking

    async #ask(method, path, body, key) {
      const answer = await fetch(this.#base + path, {
        method, credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer', signal: AbortSignal.timeout?.(TIMEOUT_MS),
        ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key } }),
      });
      const content = await answer.json().catch(() => ({}));
      // Not an answer of the API: something failed on the way.
      if (!answer.ok && !content.error) throw new Error(`HTTP ${answer.status}`);
      return { ...content, status: answer.status };
    }

    async #patiently(...question) {
      for (const wait of [1000, 3000]) {
        try { return await this.#ask(...question); } catch { await pause(wait); }
      }
      return this.#ask(...question);
    }

    // Whether callbacks are taken, or why not; and the relay, unless the page names one.
    async #service() {
      const service = await this.#ask('GET', '/v1/service');
      const { name, url } = service.relay ?? {};
      if (name && !this.#relay.hasChildNodes()) this.#relay.append(typeset(RELAY), el('a', { href: url }, name), '.');
      return service;
    }

    // For the webmaster: browsers do not tell a page why a request failed.
    async #warn() {
      const sent = await fetch(this.#base + '/healthz', { mode: 'no-cors', credentials: 'omit' }).then(() => true, () => false);
      console.warn(sent && new URL(this.#base, location.href).origin !== location.origin
        ? `<rappel-3939>: ${this.#base} refuses this page. Its settings lack the origin "${location.origin}" in callbacks.origins.`
        : `<rappel-3939>: ${this.#base} cannot be asked. Is it running, and does this page's Content-Security-Policy have it in connect-src?`);
    }

    // -- the form

    async #offer(typed = '') {
      this.#stop();
      const mine = this.#turn;
      let service = {}, link;
      try { service = await this.#service(); } catch {
        link = this.#link;
        this.#warn();
      }
      if (mine !== this.#turn) return;
      const { accepted, code, reason, promise_min: minutes } = service.callbacks ?? {};
      if (!accepted) return this.#refuse(code ?? (service.open === false ? 'closed' : 'unavailable'), reason, service.next_opening, link);
      // Some domains are refused: asking for a puzzle says whether ours is one of them.
      const { error } = service.sectors?.some(({ callback }) => !callback) ? await this.#challenge().catch(() => ({})) : {};
      if (mine !== this.#turn) return;
      if (error) return this.#refuse(error.code, error.message);
      this.#tell();
      this.#form(typed, minutes);
    }

    #refuse(code, reason, opening, link) {
      const next = opening && !reason?.includes(opening) ? `Le service ouvre ${opening}.` : '';
      this.#tell(code === 'closed' ? 'info' : 'warning', REFUSALS[code] ?? REFUSALS.unavailable, reason, next);
      this.#fill(this.#action('Vérifier de nouveau', () => this.#offer(), 'fr-btn--secondary'), ...(link ? [el('p', {}, link)] : []));
    }

    #form(typed, minutes) {
      const field = `${this.#id}-phone`;
      this.#input = el('input', { class: 'fr-input', id: field, name: 'phone', type: 'tel', inputmode: 'tel', autocomplete: 'tel', required: '', 'aria-describedby': `${field}-error` });
      this.#input.value = typed;
      this.#error = el('div', { class: 'fr-messages-group', id: `${field}-error` });
      this.#group = el('div', { class: 'fr-input-group' },
        el('label', { class: 'fr-label', for: field }, 'Numéro de téléphone (obligatoire)', el('span', { class: 'fr-hint-text' }, 'Exemple : 06 39 98 12 34')),
        this.#input, this.#error);
      this.#button = el('button', { class: 'fr-btn fr-mb-2w' }, 'Demander un rappel');
      this.#fill(el('form', { novalidate: '', submit: (event) => { event.preventDefault(); this.#submit(); } },
        el('p', {}, `Un informateur vous rappelle dans les ${minutes ?? 45} minutes.`), this.#group, this.#button));
    }

    #mark(message) {
      this.#error.replaceChildren(...(message ? [el('p', { class: 'fr-message fr-message--error' }, message)] : []));
      this.#group.classList.toggle('fr-input-group--error', Boolean(message));
      if (message) {
        this.#input.setAttribute('aria-invalid', 'true');
        this.#input.focus();
      } else this.#input.removeAttribute('aria-invalid');
    }

    async #submit() {
      if (this.#sending) return;
      const phone = this.#input.value.trim();
      this.#tell();
      this.#mark(fault(phone));
      if (fault(phone)) return;
      this.#sending = true;
      this.#button.setAttribute('aria-disabled', 'true');
      this.#button.textContent = 'Envoi en cours…';
      try {
        await this.#send(phone);
      } catch {
        this.#tell('error', 'Votre demande n’a pas pu être transmise', 'Vérifiez votre connexion à internet, puis réessayez. Une demande répétée ne compte qu’une fois.');
      }
      this.#sending = false;
      this.#button.removeAttribute('aria-disabled');
      this.#button.textContent = 'Demander un rappel';
    }

    get #subject() {
      const fiche = this.getAttribute('fiche');
      return fiche ? { fiche } : { sector: this.getAttribute('sector') };
    }

    #challenge() { return this.#patiently('GET', `/v1/callbacks/challenge?${new URLSearchParams(this.#subject)}`); }

    // After a failure of the network, a number is sent again with the same key and content.
    async #send(phone, again = true) {
      if (this.#draft?.phone !== phone) {
        const challenge = await this.#challenge();
        if (challenge.error) return this.#refused(challenge.error);
        const proof = challenge.challenge ? { altcha: await solve(challenge) } : {};
        this.#draft = { phone, key: newKey(), body: { phone, ...this.#subject, ...proof } };
      }
      const { key, body } = this.#draft;
      const answer = await this.#patiently('POST', '/v1/callbacks', body, key);
      this.#draft = null;
      if (answer.error?.field === 'altcha' && again) return this.#send(phone, false);
      if (answer.error) return this.#refused(answer.error);
      this.#stored = answer.ticket;
      this.#input.value = '';
      this.#stop();
      this.#show(answer);
      this.#later(POLL_MS);
    }

    #refused({ code, field, message }) {
      if (field === 'phone') this.#mark(message);
      else if (code in REFUSALS) this.#refuse(code, message);
      else this.#tell('error', 'Votre demande n’a pas été acceptée', message);
    }

    // -- the ticket

    #later(ms) {
      this.#delay = ms;
      clearTimeout(this.#timer);
      if (LIVE.includes(this.#state ?? 'accepted')) this.#timer = setTimeout(this.#wake, ms);
    }

    async #poll() {
      if (!this.#ticket) return;
      clearTimeout(this.#timer);
      const mine = ++this.#turn, before = this.#state;
      try {
        const answer = await this.#ask('GET', `/v1/callbacks/${encodeURIComponent(this.#ticket)}`);
        if (mine !== this.#turn) return;
        if (!answer.state && ![400, 404, 410].includes(answer.status)) throw new Error('no state');
        this.#show({ state: 'unknown', ...answer });
        this.#later(this.#state === before ? Math.min(this.#delay * 1.25, SLOWEST_POLL_MS) : POLL_MS);
      } catch {
        if (mine !== this.#turn) return;
        if (!before) this.#tell('warning', 'Le suivi est momentanément indisponible', 'Votre demande reste enregistrée ; cette page réessaie d’elle-même.');
        this.#later(Math.min((this.#delay ?? POLL_MS) * 2, 2 * SLOWEST_POLL_MS));
      }
    }

    async #cancel() {
      clearTimeout(this.#timer);
      const mine = ++this.#turn;
      try {
        const answer = await this.#patiently('DELETE', `/v1/callbacks/${encodeURIComponent(this.#ticket)}`);
        if (mine !== this.#turn) return;
        if (answer.error) return this.#poll();
        this.#show({ state: 'cancelled', ...answer });
      } catch {
        this.#tell('error', 'L’annulation n’a pas pu être transmise', 'Vérifiez votre connexion à internet, puis réessayez.');
        this.#later(POLL_MS);
      }
    }

    // `now` is the service's clock, if the API gives it: ours may be wrong.
    #show({ state, due_at: due, now, message, reason, call_in_code: code }) {
      const before = this.#shown;
      this.#state = state;
      this.#shown = `${state} ${reason}`;
      if (this.#shown === before) return;
      const [kind, title, text] = STATES[state] ?? STATES.unknown;
      const live = LIVE.includes(state);
      this.toggleAttribute('live', live);
      const at = new Date(due), clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
      const elsewhere = due?.slice(11, 16) === clock ? '' : ' (heure de votre appareil)';
      const promise = `Un informateur vous rappelle au plus tard à ${at.getHours()}\u00a0h\u00a0${two(at.getMinutes())}${elsewhere}.`;
      this.#tell(kind, title, state === 'accepted' && promise, state === 'accepted' && reason && MISSED, live ? text : message || text);
      const cancel = this.#action('Annuler ma demande', () => this.#cancel(), 'fr-btn--secondary');
      const renew = this.#action('Faire une nouvelle demande', () => { this.#stored = this.#state = this.#shown = null; this.#offer(); });
      const timer = el('p', { role: 'timer' });
      const callIn = code ? [el('p', {}, CALL_IN, el('br', {}), el('strong', { class: 'code fr-text--lead' }, code))] : [];
      this.#fill(...(state === 'accepted' ? [timer, cancel, ...callIn] : state === 'dialling' ? [cancel] : live ? [] : [renew]));
      if (state !== 'accepted') return;
      const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
      const ends = at - (now ? new Date(now) - Date.now() : 0);
      const tick = () => {
        const left = Math.ceil((ends - Date.now()) / 1000);
        const minutes = calm ? `${Math.ceil(left / 60)} min` : `${Math.floor(left / 60)} min ${two(left % 60)} s`;
        timer.textContent = typeset(left > 0 ? `Temps restant : ${minutes.replace(/ /g, '\u00a0')}` : 'L’heure prévue est dépassée ; votre demande reste enregistrée.');
      };
      tick();
      this.#countdown = setInterval(tick, 1000);
    }
  }

  if (!customElements.get('rappel-3939')) customElements.define('rappel-3939', Rappel);
})();
