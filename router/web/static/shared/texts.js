// What pages say, in French: the one catalogue of all of them, by page and place.
//
// Modules import `texts` and read a member: a misspelt one is an error of types. Markup names one
// by `data-text="poste.title"` (dom.js fills it in). `{…}` in a sentence is filled by `filled`.
// Ordinary spaces are written here; the no-break ones come with `typeset`.

/**
 * Return the sentence, or all those of an object, with its no-break spaces: narrow before ";!?",
 * wide before ":" and inside "« »", and between a figure and its unit.
 * @template T
 * @param {T} said
 * @returns {T}
 */
export function typeset(said) {
  if (typeof said === "string") {
    const set = said
      .replace(/ (?=[;!?])/g, "\u202f")
      .replace(/ (?=[:»])|(?<=«) /g, "\u00a0")
      .replace(/(?<=[\d}]) (?=(?:s|min|h|%)(?!\p{L}))/gu, "\u00a0");
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
  },
});
