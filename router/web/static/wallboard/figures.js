// Figures as they are shown: in their unit, beside what the service aims at.

import { filled, texts } from "../shared/texts.js";

/** @typedef {import("./types").Figure} Figure */
/** @typedef {import("./types").Definition} Definition */

const { wallboard: said } = texts;

/**
 * Return a duration, the shorter the longer ago: "45 s", "2 min 05 s", "12 min", "1 h 02 min".
 * @param {number} seconds
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (whole < 60) return filled(said.durations.seconds, { seconds: whole });
  if (whole < 600) return filled(said.durations.precise, { minutes, seconds: two(whole % 60) });
  if (whole < 3600) return filled(said.durations.minutes, { minutes });
  return filled(said.durations.hours, {
    hours: Math.floor(minutes / 60),
    minutes: two(minutes % 60),
  });
}

/**
 * Return the time of day of an instant: "10 h 05".
 * @param {number} at
 * @param {string} zone
 */
export function clock(at, zone) {
  const parts = new Intl.DateTimeFormat("fr-FR", {
    timeZone: zone,
    hour: "numeric",
    minute: "2-digit",
  }).formatToParts(at * 1000);
  const part = (/** @type {string} */ type) => parts.find((one) => one.type === type)?.value ?? "";
  return filled(said.durations.timeOfDay, { hours: part("hour"), minutes: part("minute") });
}

/**
 * Return a share: "91 %".
 * @param {number} share
 */
function percent(share) {
  const digits = share > 0 && share < 1 && Math.round(share * 100) % 100 === 0 ? 1 : 0;
  return filled(said.percent, { value: (share * 100).toFixed(digits).replace(".", ",") });
}

/**
 * Return what a figure is worth now, as a number in its unit; null: nothing.
 * @param {Figure} figure
 * @param {number} now
 */
export function worth(figure, now) {
  if (figure.since_at !== undefined) return Math.max(0, now - figure.since_at);
  return figure.value ?? null;
}

/**
 * @param {number} value
 * @param {Definition} definition
 */
function inUnit(value, definition) {
  if (definition.unit === "share") return percent(value);
  if (definition.unit === "seconds") return duration(value);
  return value.toLocaleString("fr-FR");
}

/**
 * Return a figure as it is shown.
 * @param {Figure} figure
 * @param {Definition} definition
 * @param {number} now
 */
export function shown(figure, definition, now) {
  if (figure.low !== undefined && figure.high !== undefined) {
    const [low, high] = [Math.round(figure.low / 60), Math.round(figure.high / 60)];
    return low ? filled(said.between, { low, high }) : filled(said.lessThan, { high });
  }
  const value = worth(figure, now);
  return value === null ? said.none : inUnit(value, definition);
}

/**
 * Return both numbers of a share in words; "" if it is none.
 * @param {Figure} figure
 * @param {Definition | undefined} definition
 */
export function parts(figure, definition) {
  if (figure.part === undefined || !figure.of) return "";
  if (definition?.unit !== "share") return filled(said.of, { of: figure.of.toLocaleString("fr-FR") });
  return filled(said.partOf, {
    part: figure.part.toLocaleString("fr-FR"),
    of: figure.of.toLocaleString("fr-FR"),
  });
}

/**
 * Return what the service aims at, in words; "" if it does not.
 * @param {Definition} definition
 */
export function goal(definition) {
  if (definition.at_least !== undefined) {
    return filled(said.atLeast, { goal: inUnit(definition.at_least, definition) });
  }
  if (definition.at_most === undefined || definition.at_most === 0) return "";
  const whole = definition.unit === "seconds" && definition.at_most % 60 === 0;
  const minutes = filled(said.durations.minutes, { minutes: definition.at_most / 60 });
  return filled(said.atMost, { goal: whole ? minutes : inUnit(definition.at_most, definition) });
}

/**
 * Return what is said beside a figure: of how many, and what the service aims at.
 * @param {Figure} figure
 * @param {Definition} definition
 */
export function beside(figure, definition) {
  const wanted = goal(definition);
  return [parts(figure, definition), wanted && filled(said.goal, { goal: wanted })]
    .filter(Boolean)
    .join(said.and);
}

/**
 * Return a figure's name, as short as the wallboard has it.
 * @param {string} id
 * @param {Definition | undefined} definition
 */
export function shortName(id, definition) {
  const names = /** @type {Record<string, string>} */ (said.short);
  return names[id] ?? definition?.short ?? id;
}

/**
 * Return whether a figure is not as the service wants it.
 * @param {Figure} figure
 * @param {Definition} definition
 * @param {number} now
 */
export function isOff(figure, definition, now) {
  const value = worth(figure, now);
  if (value === null) return false;
  if (definition.at_least !== undefined && value < definition.at_least) return true;
  return definition.at_most !== undefined && value > definition.at_most;
}
