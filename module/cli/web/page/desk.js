// The desk: from the address bar to a view. Documents come from /api; no text of others becomes markup.
"use strict";
import { el, clean, time, zone } from "/pictures.js";
import { anomalies, api, button, clientCard, indicatorCard, listCard, nameCard, parts, placeCard, table, to } from "/cards.js";

const main = document.getElementById("main"), said = document.getElementById("said");
let source = null, turn = 0, about = {};
let again = null; // draws a view anew that has a state of its own: events that came, a pasted text

function show(...nodes) {
  main.replaceChildren(...nodes.flat(9).filter(Boolean));
}

// ---- search ----

async function search(text) {
  const mine = turn, found = await api("search", { q: text });
  if (mine !== turn) return; // another view was opened meanwhile
  const indicator = found.hits.find(h => h.kind === "indicator");
  if (indicator) return void location.replace(hashOf(indicator));
  const exact = found.hits.filter(h => h.kind !== "client" && h.kind !== "list" && h.kind !== "holder"), whole = text.includes(".") || (exact[0] || {}).kind !== "name";
  if (whole && (found.hits.length === 1 || (exact.length === 1 && !found.hits.some(h => h.kind === "list"))))
    return void location.replace(hashOf(exact[0] || found.hits[0]));
  show(el("h1", {}, "Search: ", clean(text)), table(found.hits, [
    ["Kind", h => h.kind], ["Word", h => el("a", { href: hashOf(h) }, clean(h.word))], ["What is known", h => clean(h.hint)]],
  `Nothing has this form, and no list has such a name. ${clean(found.why || "")}`), /^[a-z0-9._-]{2,}$/i.test(text) && parts(text));
}

function hashOf(hit) {
  const word = encodeURIComponent(hit.word);
  return hit.kind === "list" ? `#/list/${word}` : hit.kind === "client" ? `#/client/${word}` : hit.kind === "indicator" ? `#/indicator/${word}` : to(hit.word);
}

// Addresses of a rare holder may be far back: the look goes on until one is found.
async function card(word, from) {
  const mine = turn;
  let data = await api("card", { q: word, from });
  while (mine === turn && data.kind === "range" && data.next && !data.addresses.length) {
    show(el("h1", {}, clean(word)), el("p", { class: "dim" }, `Looked at ${data.next} of ${data.tracked} tracked addresses ...`));
    from = data.next;
    data = await api("card", { q: word, from });
  }
  data.from = from;
  return data.kind === "name" ? nameCard(data) : placeCard(data);
}

// ---- live ----

const MINUTES = 5;

function top(pieces, section, n) {
  const sum = new Map();
  for (const piece of pieces)
    for (const [key, value] of Object.entries(piece[section] || {})) sum.set(key, (sum.get(key) || 0) + value);
  return [...sum].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, n);
}

const linkOf = (section, word) => {
  const href = { names: to(word), lists: `#/list/${encodeURIComponent(word)}`, clients: `#/client/${encodeURIComponent(word)}` }[section];
  return href ? el("a", { href }, clean(word)) : clean(word);
};

function live() {
  const pieces = [], shown = [];
  // Redis numbers entries: upto - base have come since the page was opened, got of them arrived here.
  let paused = false, base = null, upto = 0, got = 0, behind = 0, uncounted = false, cut = false;
  const passed = () => Math.max(upto - base - got, 0);
  const filter = {};
  const field = (name, label) => {
    const input = el("input", { name, size: 12, "aria-label": label, placeholder: label });
    input.addEventListener("input", () => { filter[name] = input.value.trim(); draw(); });
    return input;
  };
  const rows = el("div"), topHead = el("h2", {}, `The last ${MINUTES} minutes`), tops = el("div", { class: "columns" }), sum = el("p", {}, "Waiting for events ...");
  const pause = button("Pause", () => { paused = !paused; pause.textContent = paused ? "Go on" : "Pause"; });
  // A list names the client groups that it is for; a list without groups is for everybody.
  const group = el("select", { "aria-label": "client group", hidden: true }, el("option", { value: "" }, "lists of every client group")), groupsOf = new Map();
  group.addEventListener("change", () => draw());
  api("lists").then(all => {
    for (const l of all) groupsOf.set(l.name, (l.policy && l.policy.groups) || []);
    const names = [...new Set([...groupsOf.values()].flat())].sort();
    group.append(...names.map(name => el("option", { value: name }, clean(name))));
    group.hidden = !names.length;
  }).catch(() => {});
  const fits = e => (!group.value || (groupsOf.get(e.list) || []).includes(group.value)) && Object.entries(filter).every(([k, v]) => !v || (k === "severity" ? (e.severity || 0) >= Number(v) : String(e[k] || "").includes(v)));
  const draw = () => {
    const hits = pieces.reduce((n, p) => n + (p.hits || 0), 0), entries = pieces.reduce((n, p) => n + (p.entries || 0), 0);
    sum.textContent = `${hits} hits in ${entries} entries in the last ${MINUTES} minutes; ${shown.length} entries are kept here. Since the page was opened: ${got} entries counted, ${passed()} passed over${uncounted ? " (at least: this Redis does not number entries)" : ""}${behind ? `, ${behind} to be read` : ""}.`;
    sum.className = passed() || uncounted ? "bad" : "";
    rows.replaceChildren(table(shown.filter(fits).slice(0, 60), [
      ["Time", e => time(e.time, true), "t"], ["Action", e => e.anomaly ? el("span", { class: "bad" }, clean(e.action)) : clean(e.action)],
      ["Name", e => e.name && el("a", { href: to(e.name) }, clean(e.name))], ["Type", e => clean(e.qtype)], ["List", e => e.list && linkOf("lists", e.list)],
      ["Client", e => e.client && linkOf("clients", e.client)], ["Severity", e => String(e.severity ?? ""), "n"], ["Count", e => String(e.count ?? ""), "n"], ["Resolver", e => clean(e.resolver)]],
    shown.length ? "No entry fits the filter." : "No event yet."));
    topHead.textContent = `The last ${MINUTES} minutes` + (cut ? ", of the first 200 names and clients of each half second" : "");
    tops.replaceChildren(...[["lists", "Lists"], ["names", "Names"], ["clients", "Clients"], ["actions", "Actions"], ["anomalies", "Anomalies"]].map(([key, title]) =>
      el("div", {}, el("h2", {}, title), table(top(pieces, key, 8), [[title, r => linkOf(key, r[0])], ["Count", r => String(r[1]), "n"]], "none"))));
  };
  again = draw;
  source = new EventSource("/api/live");
  source.addEventListener("message", message => {
    const piece = JSON.parse(message.data);
    piece.at = Date.now();
    pieces.push(piece);
    while (pieces.length && pieces[0].at < Date.now() - MINUTES * 60000) pieces.shift();
    base ??= piece.upto - (piece.entries || 0);
    upto = piece.upto;
    got += piece.entries || 0;
    if (upto - base < got) base = upto - got; // the server began anew
    behind = piece.behind || 0;
    uncounted ||= !!piece.uncounted;
    cut ||= !!piece.tops_cut;
    shown.unshift(...piece.sample.reverse());
    shown.length = Math.min(shown.length, 300);
    if (piece.error) sum.textContent = clean(piece.error);
    if (!paused && !piece.error) draw();
  });
  source.addEventListener("open", () => { if (!pieces.length) sum.textContent = "Following. Nothing has happened since."; });
  source.addEventListener("error", () => { sum.textContent = "The connection is broken; the browser tries again."; });
  show(el("h1", {}, "Live"), sum, el("div", { class: "filters" }, field("list", "list"), field("action", "action"), field("name", "name"), field("client", "client"), field("severity", "severity from"), group, pause),
    rows, topHead, tops);
}

// ---- the deployment ----

function allAnomalies() {
  return [el("h1", {}, "Anomalies"), anomalies({})];
}

// The folder of a resolver's memory, by the resolver's own report; {}: it keeps none.
function memoryWords(memory) {
  if (!memory || !memory.state) return "";
  const stopped = memory.state !== "recording", size = `${((memory.octets || 0) / 1048576).toFixed(1)} MiB in ${memory.files || 0} files`;
  return [el("div", { class: stopped ? "bad" : "" }, clean(memory.state), memory.problem && `: ${clean(memory.problem)}`), el("div", {}, size),
    memory.oldest && el("div", {}, `since ${time(memory.oldest)}`), el("div", { class: "dim" }, `${memory.sightings_per_second || 0} sightings a second`)];
}

async function fleet() {
  const data = await api("fleet");
  return [el("h1", {}, "Resolvers"), el("p", { class: "dim" }, `Redis at ${clean(data.redis)}; last change ${time(Number(String(data.last_change).split("-")[0]), true)} (${clean(data.last_change)})`),
    table(data.resolvers, [
      ["Resolver", r => clean(r.id)], ["State", r => el("span", { class: r.live && r.state === "following" ? "good" : "bad" }, r.live ? clean(r.state) : "silent")],
      ["Reported", r => time(r.reported * 1000, true), "t"], ["Behind", r => (r.behind ?? "?") + (r.behind_more ? "+" : ""), "n"], ["Hits", r => String(r.hits ?? ""), "n"],
      ["Memory", r => memoryWords(r.memory)], ["Version", r => clean(r.version)], ["Unbound", r => clean(r.unbound)],
      ["Fault", r => r.last_error ? el("span", { class: "bad" }, clean(r.last_error)) : ""]], "No resolver has reported.")];
}

async function feeds() {
  const data = await api("feeds");
  return [el("h1", {}, "Feeds"), table(data, [
    ["Feed", f => clean(f.name)], ["State", f => el("span", { class: f.state === "failed" || f.state === "stale" ? "bad" : "" }, clean(f.state))], ["List", f => f.list && el("a", { href: `#/list/${encodeURIComponent(f.list)}` }, clean(f.list))], ["Source", f => clean(f.source)],
    ["Last run", f => f.status && f.status.last_run ? time(f.status.last_run) : "", "t"], ["Last success", f => f.status && f.status.last_success ? time(f.status.last_success) : "", "t"],
    ["Problem", f => f.status && f.status.problem ? el("span", { class: "bad" }, clean(f.status.problem)) : ""]], "No feed is defined.")];
}

async function lists() {
  const data = await api("lists");
  return [el("h1", {}, "Lists"), table(data, [
    ["List", l => el("a", { href: `#/list/${encodeURIComponent(l.name)}` }, clean(l.name))], ["Kind", l => el("span", { class: `tag ${l.policy ? clean(l.policy.kind) : ""}` }, clean(l.policy && l.policy.kind))],
    ["Action", l => clean(l.policy && l.policy.action)], ["Mode", l => l.policy && l.policy.shadow ? "shadow" : ""], ["Indicators", l => String(l.count ?? ""), "n"],
    ["Note", l => clean(l.policy && (l.policy.note || l.policy.owner))], ["Problem", l => l.problem ? el("span", { class: "bad" }, clean(l.problem)) : ""]], "There are no lists.")];
}

// ---- changes ----

async function change() {
  again = () => {}; // it shows no times
  const all = (await api("lists")).filter(l => l.policy);
  const pick = el("select", { id: "list" }, all.map(l => el("option", { value: l.name }, clean(l.name))));
  const text = el("textarea", { id: "indicators", spellcheck: "false" }), result = el("div", { "aria-live": "polite" });
  const body = () => ({ list: pick.value, indicators: text.value.split(/[\s,]+/).filter(Boolean) });
  const run = action => async () => {
    try { await action(); } catch (error) { result.replaceChildren(el("p", { class: "bad" }, clean(error.message))); }
  };
  const look = button("See what it would do", run(async () => result.replaceChildren(...preview(await api("preview", {}, body())).flat(9).filter(Boolean))));
  const add = button("Add to the list", run(async () => added(await api("add", {}, body()), result)));
  return [el("h1", {}, "What a change would do"), el("div", { class: "fields" },
    el("label", { for: "list" }, "List"), pick, el("label", { for: "indicators" }, "Names, addresses, prefixes, AS numbers, one on a line"), text,
    el("div", { class: "filters" }, look, about.changes ? add : el("span", { class: "dim" }, "This server makes no changes: it was started without --allow-changes."))), result];
}

function preview(data) {
  const memory = data.memory;
  return [el("h2", {}, "Preview"), table(data.items, [
    ["Text", i => el("span", { class: "mono" }, clean(i.text))], ["Indicator", i => el("span", { class: "mono" }, clean(i.indicator))],
    ["Result", i => i.accepted ? (i.own ? el("span", { class: "bad" }, "covers a name of your own lists") : el("span", { class: "good" }, "accepted")) : el("span", { class: "bad" }, `refused: ${clean(i.why)}`)]], ""),
  data.own_cut && el("p", { class: "bad" }, "Your own lists have more names than are compared here: some may be covered. sinkwatch import compares all."),
  el("h2", {}, `What it would have touched in the last ${data.days} days, by the memory`),
  memory ? touched(memory) : el("p", { class: data.memory_problem ? "bad" : "dim" }, data.memory_problem ? `The memory cannot be asked: ${clean(data.memory_problem)}` : "No memory is kept: nothing says what the change would have touched.")];
}

// Names that the memory has: those received most, and the holder of their latest address.
function touched(memory) {
  const more = memory.names - memory.most.length;
  return [el("p", {}, `Indicators that were resolved: ${memory.indicators}. Names: ${memory.names}. Records received: ${memory.count}.`,
    memory.left_out ? ` AS numbers and holders, which are not looked for: ${memory.left_out}.` : ""),
  table(memory.most, [["Name", m => el("a", { href: to(m.name), class: "mono" }, clean(m.name))], ["Received", m => String(m.count), "n"], ["AS and registrant", m => clean(m.holder)]],
    "Nothing: no name of these indicators was resolved in these days."),
  memory.cut && el("p", { class: "bad" }, "The change covers more of the memory than is looked at here: the numbers are too low. sinkwatch import --preview looks at all."),
  more > 0 && el("p", { class: "dim" }, `${more} more names were received less often.`)].filter(Boolean);
}

const stamp = id => String(id || "0-0").split("-").map(Number);
const reached = (r, id) => { const [a, b] = stamp(r.applied), [c, d] = stamp(id); return a > c || (a === c && b >= d); };

async function added(data, box) {
  const mine = turn, rows = el("div");
  box.replaceChildren(el("h2", {}, "Added"), el("p", {}, `${data.added} added, ${data.there} there already, ${(data.refused || []).length} refused`),
    table(data.refused || [], [["Refused", r => clean(r.item)], ["Why", r => clean(r.why)]], ""), rows);
  for (let end = Date.now() + 60000; data.change && mine === turn && Date.now() < end;) {
    const state = await api("fleet"), live = state.resolvers.filter(r => r.live);
    rows.replaceChildren(table(live, [["Resolver", r => clean(r.id)], ["Change", r => reached(r, data.change) ? el("span", { class: "good" }, "enforces it") : "not yet"]], "No resolver has reported."));
    if (live.every(r => reached(r, data.change))) break;
    await new Promise(resolve => setTimeout(resolve, 500));
  }
}

// ---- the way ----

const views = { anomalies: allAnomalies, fleet, feeds, lists, change };

async function go() {
  const mine = ++turn, [, view = "live", word = "", more = ""] = location.hash.split("/").map(decodeURIComponentSafe);
  if (source) source.close();
  source = again = null;
  for (const link of document.querySelectorAll("nav a"))
    if (link.hash === `#/${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  main.setAttribute("aria-busy", "true");
  try {
    if (view === "search") await search(word);
    else if (view === "live" || !view) live();
    else {
      const nodes = view === "card" ? await card(word, more) : view === "client" ? clientCard(word)
        : view === "find" ? [el("h1", {}, "Names that contain ", clean(word)), parts(word)]
        : view === "indicator" ? indicatorCard(await api("indicator", { q: word }))
        : view === "list" ? listCard(word, await api("lists")) : views[view] ? await views[view]() : [el("h1", {}, "There is no such view")];
      if (mine === turn) show(nodes);
    }
  } catch (error) {
    if (mine === turn) show(el("h1", {}, clean(word) || "Sinkwatch"), el("p", { class: "bad" }, clean(error.message)));
  }
  if (mine !== turn) return;
  main.removeAttribute("aria-busy");
  const head = main.querySelector("h1");
  document.title = head ? `${head.firstChild.textContent} - Sinkwatch` : "Sinkwatch";
  said.textContent = head ? head.textContent : "";
  document.getElementById("paper").textContent = `Sinkwatch, data of ${time(Date.now(), true)}. Times in ${zone.words}.`;
  scrollTo(0, 0);
}

function decodeURIComponentSafe(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

document.getElementById("search").addEventListener("submit", event => {
  event.preventDefault();
  const text = document.getElementById("word").value.trim();
  if (!text) return;
  const hash = `#/search/${encodeURIComponent(text)}`;
  if (location.hash === hash) go();
  else location.hash = hash;
});
const zoneBox = document.getElementById("zone");
zoneBox.value = localStorage.getItem("zone") || "utc";
zoneBox.options[1].textContent = `of this browser: ${zone.own}`;
zoneBox.addEventListener("change", () => { localStorage.setItem("zone", zoneBox.value); (again || go)(); });
addEventListener("hashchange", go);
addEventListener("keydown", event => {
  if (event.key === "/" && !/input|textarea|select/i.test(event.target.tagName)) {
    event.preventDefault();
    document.getElementById("word").focus();
    document.getElementById("word").select();
  }
});
api("about").then(data => { about = data; }).catch(() => {}).finally(go);
