// Pictures: times on an axis, and the graph. Texts of others become text nodes only.
"use strict";

const DAY = 86400000;

export const zone = {
  get name() { return localStorage.getItem("zone") === "local" ? undefined : "UTC"; },
  get own() { return Intl.DateTimeFormat().resolvedOptions().timeZone; },
  get words() { return this.name || this.own; },
};

// Every text and every attribute of the page goes through clean(); ours have nothing to clean.
const text = child => typeof child === "string" ? clean(child) : child;

export function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {}))
    if (value === true) node.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, clean(value));
  for (const child of children.flat(9))
    if (child !== null && child !== undefined && child !== false && child !== "") node.append(text(child));
  return node;
}

// C0, C1 and marks that turn text around are shown, not obeyed.
export function clean(text) {
  return String(text ?? "").replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    c => "\\x" + c.codePointAt(0).toString(16).padStart(2, "0"));
}

export function time(text, seconds) {
  const at = typeof text === "number" ? text : Date.parse(text);
  if (!Number.isFinite(at)) return clean(text);
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone.name, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
    second: seconds ? "2-digit" : undefined,
  });
  return parts.format(at);
}

export function day(at) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone.name }).format(at);
}

// The holders of a card in one order: a letter, a colour and a pattern each.
export class Marks {
  constructor() { this.of = new Map(); }
  get(key) {
    if (!this.of.has(key)) this.of.set(key, this.of.size);
    const n = this.of.get(key);
    return { letter: n < 26 ? String.fromCharCode(65 + n) : String(n + 1), color: Math.min(n, 7) };
  }
  mark(key) {
    const { letter, color } = this.get(key);
    return el("span", { class: `mark k${color}`, "aria-hidden": "true" }, letter);
  }
}

const STEPS = [[1, "h"], [6, "h"], [1, "d"], [2, "d"], [7, "d"], [14, "d"], [1, "m"], [3, "m"], [6, "m"], [12, "m"], [60, "m"]];
const LENGTH = { h: DAY / 24, d: DAY, m: 30 * DAY };

// Beginnings of hours, days or months in the chosen zone.
function ticks(from, to, most) {
  const [n, unit] = STEPS.find(([k, u]) => (to - from) / (k * LENGTH[u]) <= most) || STEPS.at(-1);
  const begin = new Date(from), utc = zone.name === "UTC" ? "UTC" : "", out = [];
  const [year, month, date, hour] = ["FullYear", "Month", "Date", "Hours"].map(part => begin[`get${utc}${part}`]());
  const moment = (...parts) => utc ? Date.UTC(...parts) : new Date(...parts).getTime(), up = k => Math.ceil(k / n) * n;
  for (let k = 0, last = from - 1; ; k += n) {
    const at = unit === "m" ? moment(year, up(month) + k, 1) : unit === "d" ? moment(year, month, date + 1 + k) : moment(year, month, date, up(hour) + k);
    if (at > to) return out;
    if (at > last) out.push([at, unit === "h" ? time(at) : day(at)]);
    last = Math.max(last, at);
  }
}

// Rows {label: node, key, bars: [{from, to, words}], loose: bool}: solid bars are episodes; a loose
// row has first and last sight only, and a dashed line between.
export function axis(rows, marks, caption) {
  const all = rows.flatMap(row => row.bars);
  if (!all.length) return el("p", { class: "dim" }, "No times to draw.");
  let from = Math.min(...all.map(b => b.from)), to = Math.max(...all.map(b => b.to));
  const pad = Math.max((to - from) * .02, 1800000);
  from -= pad; to += pad;
  // A text near the right end has no room: on narrow windows and on paper from .72 on, else from .9 on.
  const part = t => (t - from) / (to - from), at = t => `${100 * part(t)}%`, marksAt = ticks(from, to, 7);
  const place = (node, t, end) => { node.style.left = at(t); if (end !== undefined) node.style.width = `${100 * (end - t) / (to - from)}%`; return node; };
  const box = el("div", { class: "axis", role: "group", "aria-label": caption });
  box.append(el("div", { class: "row" }, el("div", { class: "label dim" }, `times in ${zone.words}`),
    el("div", { class: "track ticks", "aria-hidden": "true" }, marksAt.filter(([t]) => part(t) < .9).map(([t, text]) => place(el("span", { class: part(t) > .72 && "tick late" || "tick" }, text), t)))));
  for (const row of rows) {
    const { letter, color } = row.none ? {} : marks.get(row.key);
    const words = row.bars.map(b => b.words).join("; ");
    const track = el("div", { class: "track", role: "img", "aria-label": words }, marksAt.map(([t]) => place(el("span", { class: "grid" }), t)));
    for (const b of row.bars) {
      if (row.loose)
        track.append(place(el("span", { class: `span f${color}`, title: b.words }), b.from, b.to),
          place(el("span", { class: `end f${color}`, title: b.words }), b.from), place(el("span", { class: `end f${color}`, title: b.words }), b.to));
      else
        track.append(place(el("span", { class: row.none ? "bar none" : `bar k${color}`, title: b.words }, row.none ? "" : letter), b.from, b.to));
    }
    box.append(el("div", { class: "row" }, el("div", { class: "label" }, row.label), track));
  }
  return box;
}

function s(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, clean(value));
  node.append(...children.map(text));
  return node;
}

const collate = new Intl.Collator("en", { numeric: true }).compare;
// Texts that read the same, as 01 and 1, have an order too: a picture does not depend on that of the rows.
const order = (a, b) => collate(a, b) || (a < b ? -1 : a > b ? 1 : 0);
const short = (text, n) => { const c = clean(text); return c.length > n ? c.slice(0, n - 1) + "\u2026" : c; };

const UNKNOWN = "holder not known";

function holderOf(owner) {
  return (owner && (owner.registrant || owner.org || (owner.asn && `AS${owner.asn}`))) || UNKNOWN;
}

// The word of a holder's card: of the AS, where it is all that is known.
export const holderWord = text => /^AS\d+$/.test(text) ? text : `registrant:${text}`;

// Three columns, names, addresses, holders, each in the order of the holder: the same data always
// give the same picture. Every known node is a link, in the order of reading.
export function graph(data, marks, href) {
  const addresses = data.nodes.filter(n => n.type === "address"), names = data.nodes.filter(n => n.type === "name");
  const group = new Map(addresses.map(a => [a.id, holderOf(a.owner)]));
  const groups = [...new Set(group.values())].sort(order);
  addresses.sort((a, b) => groups.indexOf(group.get(a.id)) - groups.indexOf(group.get(b.id)) || order(a.id, b.id));
  const first = new Map();
  for (const [i, a] of addresses.entries())
    for (const e of data.edges)
      if (e.address === a.id && !first.has(e.name)) first.set(e.name, i);
  names.sort((a, b) => (first.get(a.id) ?? 1e6) - (first.get(b.id) ?? 1e6) || order(a.id, b.id));
  const row = 24, top = 30, height = top + row * Math.max(names.length, addresses.length, groups.length, 1) + 8, width = 1300;
  const y = i => top + row * i + 12, x = { name: 0, address: 480, holder: 870 };
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": "names, addresses and holders" });
  svg.append(...["names", "addresses", "holders"].map((word, i) => s("text", { x: Object.values(x)[i], y: 14, class: "head" }, word)));
  const nameAt = new Map(names.map((n, i) => [n.id, i])), addressAt = new Map(addresses.map((a, i) => [a.id, i]));
  const edges = [...data.edges].sort((a, b) => order(a.name, b.name) || order(a.address, b.address));
  for (const e of edges)
    svg.append(s("path", { class: "link", d: `M390 ${y(nameAt.get(e.name))} C435 ${y(nameAt.get(e.name))} 435 ${y(addressAt.get(e.address))} 474 ${y(addressAt.get(e.address))}` }));
  for (const [i, a] of addresses.entries())
    svg.append(s("path", { class: "link", d: `M780 ${y(i)} C815 ${y(i)} 815 ${y(groups.indexOf(group.get(a.id)))} 844 ${y(groups.indexOf(group.get(a.id)))}` }));
  const link = (n, i, where, width) => {
    const text = s("text", { x: x[where], y: y(i) + 4 }, short(n.id, width) + (n.list ? ` (${short(n.list, 14)})` : ""));
    svg.append(s("a", { href: href(n.id), class: n.list ? "listed" : "" }, text));
  };
  names.forEach((n, i) => link(n, i, "name", n.list ? 32 : 46));
  addresses.forEach((n, i) => link(n, i, "address", 40));
  const holderLink = (g, text) => g === UNKNOWN ? text : s("a", { href: href(holderWord(g)) }, text);
  groups.forEach((g, i) => {
    const { letter, color } = marks.get(g);
    svg.append(s("rect", { x: 846, y: y(i) - 9, width: 18, height: 18, rx: 3, fill: `var(--c${color})` }),
      s("text", { x: 855, y: y(i) + 5, "text-anchor": "middle", class: `letter l${color}`, "aria-hidden": "true" }, letter),
      holderLink(g, s("text", { x: x.holder, y: y(i) + 4 }, short(g, 46))));
  });
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "graph" }, svg);
}
