// Cards of names, places, clients and lists.
"use strict";
import { el, clean, time, axis, graph, holderWord, Marks } from "/pictures.js";

export const to = word => `#/card/${encodeURIComponent(word)}`;
const linkTo = (word, hash) => el("a", { href: hash || to(word), class: "mono" }, clean(word));

export async function api(path, query, body) {
  const url = new URL(`/api/${path}`, location);
  for (const [k, v] of Object.entries(query || {})) if (v) url.searchParams.set(k, v);
  const options = body ? { method: "POST", headers: { "Content-Type": "application/json", "Sinkwatch-Change": "1" }, body: JSON.stringify(body) } : {};
  let answer;
  try {
    answer = await fetch(url, options);
  } catch {
    throw new Error("the server does not answer");
  }
  const data = await answer.json();
  if (data && data.error) throw new Error(data.error.message);
  return data;
}

// Columns [heading, cell function, class]; empty columns are left out.
export function table(rows, columns, empty) {
  if (!rows.length) return el("p", { class: "dim" }, empty);
  const cells = rows.map(row => columns.map(([, of]) => of(row)));
  const some = columns.map((c, i) => cells.some(row => row[i] !== "" && row[i] !== null && row[i] !== undefined && !(Array.isArray(row[i]) && !row[i].length)));
  // Narrow windows show a row as a block with the heading before each cell; the roles stay.
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": columns[0][0] }, el("table", { role: "table" },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, columns.map(([head, , kind], i) => some[i] && el("th", { scope: "col", role: "columnheader", class: kind }, head)))),
    el("tbody", { role: "rowgroup" }, cells.map(row => el("tr", { role: "row" }, row.map((cell, i) => some[i] && el("td", { role: "cell", class: columns[i][2], "data-head": columns[i][0] }, el("div", {}, cell))))))));
}

function tile(head, ...text) {
  return el("div", { class: "tile" }, el("span", {}, head), el("b", {}, ...text));
}

const section = (title, ...children) => el("section", {}, el("h2", {}, title), ...children);
const asText = asn => asn ? `AS${asn}` : "";
const NONE = "no answer";
const holderKey = f => (f.holder && f.holder.name) || f.registrant || f.org || asText(f.asn) || NONE;
const holderLink = f => holderKey(f) === NONE ? "holder not known" : el("a", { href: to(holderWord(holderKey(f))) }, clean(holderKey(f)));
const kindTag = l => el("span", { class: `tag ${l.kind}` }, `${l.kind}: `, el("a", { href: `#/list/${encodeURIComponent(l.list)}` }, clean(l.list)));

function classOf(holder) {
  if (!holder || !holder.class) return "class not known";
  return [holder.class, el("span", { class: "dim" }, ` by ${clean(holder.reason)} `), publicTag(holder)];
}

function anomalyWords(texts) {
  return (texts || []).map(text => el("div", { class: "bad" }, clean(String(text).replace(/ @(\S+)$/, (_, t) => ` at ${time(t)}`))));
}

function unknown(card) {
  if (!card.unknown.length) return null;
  return section("What is not known", el("ul", {}, card.unknown.map(text => el("li", {}, clean(text)))));
}

// The rows of a page among those that were read, and the way to the page behind.
function pages(card, shown, read, all) {
  const links = [], first = card.offset + 1;
  if (card.from) links.push(el("a", { href: to(card.word) }, "first page"), " ");
  if (card.next) links.push(el("a", { href: `${to(card.word)}/${card.next}` }, "next page"));
  if (!shown && !links.length) return null;
  return el("p", { class: "more" }, shown ? `rows ${first} to ${first + shown - 1} of ${all ? "" : "at least "}${read} ` : "no row ", links);
}

// Of a range: how far the look at the tracked addresses came.
function rangePages(card) {
  if (card.in_range || !card.tracked) return pages(card, card.addresses.length, card.in_range, true);
  const upTo = card.next ? Number(card.next) : card.tracked, found = card.addresses.length, links = [];
  if (card.from) links.push(el("a", { href: to(card.word) }, "first page"), " ");
  if (card.next) links.push(el("a", { href: `${to(card.word)}/${card.next}` }, "look further back"));
  const first = card.offset ? `Found ${found}` : card.next ? `The first ${found} of at least ${found}` : `All ${found}`;
  return el("p", { class: "more" }, `${first}: tracked addresses ${card.offset + 1} to ${upTo} of ${card.tracked} were looked at, seen last first. `, links);
}

// ---- check ----

function gets(v) {
  if (!v) return "the true answer: no rule acts";
  const parts = [v.taken, v.shadow && `(shadow mode; without it ${v.wanted})`, v.sinkhole4, v.sinkhole6, v.cname, v.ttl !== undefined && `TTL ${v.ttl}`, v.ede !== undefined && `EDE ${v.ede}`];
  return parts.filter(Boolean).map(clean).join(" ");
}

function answers(card) {
  const check = card.check;
  if (!check) return section("Lists", lists(card));
  return section("Lists, and the answer to a client", lists(card),
    el("p", {}, el("strong", {}, check.by_group ? "A client in every group gets: " : "A client gets: "), gets(check.verdict), check.why && el("span", { class: "dim" }, ` (${clean(check.why)})`)),
    check.verdict_over_tcp && el("p", {}, el("strong", {}, "Over TCP: "), gets(check.verdict_over_tcp)),
    byGroup(check),
    check.protected && el("p", { class: "bad" }, `An indicator inside a protected owner: ${clean(check.protected.indicator)} ${clean(check.protected.owner)}`),
    el("p", { class: "dim" }, "Judged by the resolver's code. Aliases and addresses of a name, and lists about addresses of clients, are judged separately."));
}

// Client groups with answers of their own; without any, all clients get the same.
function byGroup(check) {
  if (!check.by_group) return null;
  const groups = a => [...a.groups, a.no_group && "clients in no group"].filter(Boolean).map(clean).join(", ");
  return table(check.by_group, [
    ["Client group", groups], ["Gets", a => gets(a.verdict)], ["Over TCP", a => a.verdict_over_tcp ? gets(a.verdict_over_tcp) : ""], ["Why", a => clean(a.why)]], "");
}

function lists(card) {
  const won = new Set((card.check && card.check.matches || []).filter(m => m.winner).map(m => m.list + " " + m.indicator));
  return table(card.lists, [
    ["List", kindTag], ["Indicator", l => linkTo(l.indicator, `#/indicator/${encodeURIComponent(l.indicator)}`)], ["Action", l => l.kind === "ioc" || l.kind === "allow" ? l.action : ""],
    ["Verdict", l => l.expired ? "expired" : won.has(l.list + " " + l.indicator) ? el("span", { class: "bad" }, "wins") : ""],
    ["Facts", l => Object.entries(l.facts || {}).map(([k, v]) => el("div", {}, el("span", { class: "dim" }, clean(k) + " "), clean(typeof v === "string" ? v : JSON.stringify(v))))],
    ["Note", l => clean(l.note)],
  ], "On no list.");
}

// ---- parts that come later, by a question of their own ----

function later(title, load) {
  const box = section(title, el("p", { class: "dim" }, "Loading ..."));
  const show = nodes => box.replaceChildren(box.firstChild, ...nodes.flat(9).filter(Boolean));
  load(show).catch(error => show([el("p", { class: "bad" }, clean(error.message))]));
  return box;
}

function reach(data, again) {
  const words = `looked at ${data.looked} entries` + (data.back_to ? `, back to ${time(data.back_to)}` : "");
  return el("p", { class: "dim" }, words, data.next ? [" ", button("look further back", () => again(data.next))] : "; there are no older ones");
}

export function button(text, action) {
  const node = el("button", { type: "button" }, text);
  node.addEventListener("click", action);
  return node;
}

export function clients(title, sought) {
  return later(title, async show => {
    const look = async before => {
      const data = await api("clients", { ...sought, before });
      show([table(data.clients, [
        ["Client", c => data.hidden ? c.client : linkTo(c.client, `#/client/${encodeURIComponent(c.client)}`)],
        ["First", c => time(c.first), "t"], ["Last", c => time(c.last), "t"], ["Count", c => String(c.count), "n"],
        ["Action", c => clean(c.action)], ["Asked for", c => Object.keys(c.questions).map(q => el("div", {}, linkTo(q)))],
      ], "No recorded question: events are recorded where a rule of a list matched."),
      data.hidden && el("p", { class: "dim" }, "This server shows clients as numbers."), reach(data, look)]);
    };
    await look("");
  });
}

export function anomalies(sought) {
  return later("Anomalies, with the evidence", async show => {
    const look = async before => {
      const data = await api("anomalies", { ...sought, before });
      show([table(data.documents, [
        ["Time", d => time(d["@timestamp"]), "t"], ["Anomaly", d => el("span", { class: "bad" }, clean(d.event.action))],
        ["Severity", d => String(d.event.severity ?? ""), "n"],
        ["Name", d => linkTo(d.sinkwatch.anomaly.name)], ["Address", d => d.sinkwatch.anomaly.address && linkTo(d.sinkwatch.anomaly.address)],
        ["Owner", d => ownerWords(d.sinkwatch.anomaly.owner)],
        ["Evidence", d => el("details", {}, el("summary", {}, "document"), el("pre", {}, JSON.stringify(d.sinkwatch.anomaly, null, 1).split("\n").flatMap(line => [line, el("br")])))],
      ], "No anomaly in these entries."), reach(data, look)]);
    };
    await look("");
  });
}

function ownerWords(owner) {
  if (!owner) return "";
  const as = owner.as || {};
  return [owner.registrant, owner.netname, owner.country, as.number && `AS${as.number} ${(as.organization || {}).name || ""}`].filter(Boolean).map(clean).join(", ");
}

function past(word) {
  return later("Memory: resolved before it was listed?", async show => {
    const data = await api("past", { q: word });
    const columns = [["Name", r => linkTo(r.name)], ["Type", r => clean(r.type)],
      ["Data", r => r.type === "A" || r.type === "AAAA" ? linkTo(r.rdata) : el("span", { class: "mono" }, clean(r.rdata))],
      ["First", r => time(r.first), "t"], ["Last", r => time(r.last), "t"], ["Count", r => String(r.count), "n"]];
    const kept = data.state === "kept";
    show([!kept && el("p", { class: data.state.startsWith("damaged") ? "bad" : "dim" }, `The memory is ${clean(data.state)}.`),
      (kept || data.records.length > 0) && table(data.records, columns, "The memory has no record: no resolver of this memory asked for it in the time that is kept."),
      data.more && el("p", { class: "dim" }, "These are the first 200 records; sinkwatch memory shows all.")]);
  });
}

function around(word, marks = new Marks()) {
  return later("Around it", async show => {
    const data = await api("graph", { q: word });
    if (data.edges.length < 1) return show([el("p", { class: "dim" }, "Nothing to draw.")]);
    const cut = (data.cut.max || 0);
    show([graph(data, marks, to), cut > 0 && el("p", { class: "dim" }, `${cut} further sights are not drawn.`)]);
  });
}

// Names that contain a text, on lists and on the tracked addresses; a look goes on by the button.
export function parts(text) {
  return later("Names that contain it", async show => {
    const by = new Map();
    let partly = 0;
    const look = async from => {
      const data = await api("find", { q: text, from });
      partly += data.partly;
      for (const n of data.names) {
        if (!by.has(n.name)) by.set(n.name, { name: n.name, lists: new Set(), addresses: new Set() });
        if (n.list) by.get(n.name).lists.add(n.list);
        if (n.address) by.get(n.name).addresses.add(n.address);
      }
      show([table([...by.values()], [["Name", r => linkTo(r.name)], ["On lists", r => [...r.lists].map(l => el("div", {}, el("a", { href: `#/list/${encodeURIComponent(l)}` }, clean(l))))],
        ["Seen at", r => [...r.addresses].slice(0, 5).map(a => el("div", {}, linkTo(a)))]], "None so far."),
      el("p", { class: "dim" }, data.next ? ["Looked at ", data.next[0] === "l" ? "some of the lists" : `all lists, and at the ${data.next.slice(1)} tracked addresses seen last`, ". ", button("look further", () => look(data.next))]
        : "All lists and all tracked addresses were looked at.", partly ? ` At ${partly} of the addresses only a part of their names was looked at: open the address for all of them.` : "")]);
    };
    await look("");
  });
}

// ---- names ----

function episodesOf(card, marks) {
  const begin = h => String(h.episodes && h.episodes[0] && h.episodes[0].from);
  const rows = [...card.holders].sort((a, b) => begin(a) < begin(b) ? -1 : 1).map(h => ({
    key: holderKey(h), none: h.key === "none",
    label: h.key === "none" ? "no answer" : [marks.mark(holderKey(h)), holderLink(h), el("div", { class: "dim" }, classOf(h.holder))],
    bars: (h.episodes || []).map(e => ({ from: Date.parse(e.from), to: Date.parse(e.to), words: `${clean(holderKey(h))} from ${time(e.from)} to ${time(e.to)}, ${e.count} times` })).filter(b => Number.isFinite(b.from) && Number.isFinite(b.to)),
  })).filter(row => row.bars.length);
  return rows;
}

function addressRows(card, marks) {
  return [...card.addresses].sort((a, b) => Date.parse(a.first) - Date.parse(b.first)).slice(0, 40).map(a => ({
    key: holderKey(a), loose: true, label: [marks.mark(holderKey(a)), linkTo(a.address)],
    bars: [{ from: Date.parse(a.first), to: Date.parse(a.last), words: `${a.address} first seen ${time(a.first)}, last seen ${time(a.last)}, ${a.count} times` }].filter(b => Number.isFinite(b.from) && Number.isFinite(b.to)),
  }));
}

function addressTable(card, marks) {
  return table(card.addresses, [
    ["Address", a => linkTo(a.address)],
    ["Holder", a => [marks.mark(holderKey(a)), holderLink(a)]],
    ["Class", a => classOf(a.holder)], ["Country", a => clean(a.country)], ["Netname", a => clean(a.netname)],
    ["AS", a => a.asn ? [linkTo(asText(a.asn)), " ", clean(a.org)] : ""], ["Network", a => a.prefix && linkTo(a.prefix)],
    ["First", a => time(a.first), "t"], ["Last", a => time(a.last), "t"], ["Count", a => String(a.count ?? ""), "n"], ["Sweeps", a => String(a.sweeps || ""), "n"],
    ["Former owners", a => (a.former || []).map(f => el("div", {}, `${clean(f.registrant || f.org || asText(f.asn))} until ${time(f.last)}`))],
    ["Anomalies", a => anomalyWords(a.anomalies)],
  ], "The history has no address of this name.");
}

function servers(zoneOf) {
  if (!zoneOf) return section("Name servers", el("p", { class: "dim" }, "Not recorded."));
  return section("Name servers", el("p", {}, "Zone ", linkTo(zoneOf.name)), table(zoneOf.servers, [
    ["Server", r => clean(r.server)], ["Address", r => linkTo(r.address)], ["Holder", r => clean(holderKey(r))], ["AS", r => asText(r.asn)],
    ["First", r => time(r.first), "t"], ["Last", r => time(r.last), "t"], ["Anomalies", r => anomalyWords(r.anomalies)]], ""));
}

export function nameCard(card) {
  const marks = new Marks(), now = card.addresses[0], rows = episodesOf(card, marks);
  return [
    el("h1", {}, clean(card.word), el("small", {}, "name")),
    card.lists.map(kindTag),
    !now && !card.lists.length && el("p", {}, "Nothing is known of this name. ", el("a", { href: `#/find/${encodeURIComponent(card.word)}` }, "Names that contain it")),
    el("div", { class: "tiles" },
      now && tile("last seen at", linkTo(now.address), " ", time(now.last)),
      now && tile("holder there", clean(holderKey(now)), el("span", {}, [" ", classOf(now.holder)])),
      now && now.asn && tile("AS", linkTo(asText(now.asn)), " ", clean(now.org)),
      now && now.country && tile("country, netname", [clean(now.country), " ", clean(now.netname)])),
    anomalyWords(card.anomalies),
    rows.length > 0 && section("Holders over time", el("p", { class: "dim" }, "A bar is an episode: a time in which answers led to the holder. Between two bars the name was elsewhere, or nobody asked."), axis(rows, marks, "episodes of holders")),
    section("Addresses, latest first", card.addresses.length > 0 && axis(addressRows(card, marks), marks, "first and last sight of addresses"),
      card.addresses.length > 0 && el("p", { class: "dim" }, "Of an address the first and the last sight are known, not the time between: the line is dashed."),
      addressTable(card, marks), pages(card, card.addresses.length, card.addresses_read, !card.history_cut)),
    answers(card), clients("Clients that asked", { name: card.word }), anomalies({ name: card.word }), servers(card.zone), past(card.word), around(card.word, marks), unknown(card),
  ];
}

// ---- places ----

function placeTiles(p) {
  const o = p.owner, as = o && o.as;
  if (!o) return el("p", { class: "dim" }, "No database knows the owner.");
  return el("div", { class: "tiles" },
    tile("holder", clean((p.holder && p.holder.name) || "not known"), el("span", {}, [" ", classOf(p.holder)])),
    o.registered && tile("registered range", linkTo(o.registered), " ", clean(o.netname)), o.country && tile("country", linkTo(`country:${o.country}`)),
    o.prefix && tile("network", linkTo(o.prefix)),
    as && tile("carrier", linkTo(asText(as.number)), " ", clean((as.organization || {}).name), el("span", {}, p.carrier_class ? ` ${p.carrier_class}` : "")));
}

function nameTable(card) {
  return table(card.names, [
    ["Name", r => linkTo(r.name)], ["Address", r => card.kind === "range" ? linkTo(r.address) : ""],
    ["Lists", r => r.lists && r.lists.length ? r.lists.map(kindTag) : r.list ? kindTag({ kind: "ioc", list: r.list }) : r.lists ? "" : "not looked up"],
    ["Holder at the time", r => r.holder ? [clean(r.holder.name), " ", publicTag(r.holder)] : ""],
    ["First", r => time(r.first), "t"], ["Last", r => time(r.last), "t"], ["Count", r => String(r.count ?? ""), "n"], ["Sweeps", r => String(r.sweeps || ""), "n"],
    ["Anomalies", r => anomalyWords(r.anomalies)],
  ], "No name was seen there.");
}

function nameAxis(card) {
  const marks = new Marks(), by = new Map();
  for (const r of card.names) {
    const key = r.lists && r.lists.length ? r.lists[0].kind : r.list ? "ioc" : "on no list";
    if (!by.has(r.name)) by.set(r.name, { key, loose: true, label: [marks.mark(key), linkTo(r.name)], bars: [] });
    by.get(r.name).bars.push({ from: Date.parse(r.first), to: Date.parse(r.last), words: `${clean(r.name)} at ${r.address}: first ${time(r.first)}, last ${time(r.last)}` });
  }
  const rows = [...by.values()].filter(r => r.bars.every(b => Number.isFinite(b.from) && Number.isFinite(b.to))).slice(0, 40);
  rows.sort((a, b) => a.bars[0].from - b.bars[0].from);
  return [el("p", { class: "dim" }, [...marks.of.keys()].map(k => [marks.mark(k), k, " "])), axis(rows, marks, "first and last sight of names")];
}

// A public body is a holder of a class of the setting protected-classes.
const publicTag = holder => holder && holder.protected ? el("span", { class: "tag public" }, "public body") : "";
const namesOf = (card, fits) => new Set(card.names.filter(fits).map(r => r.name)).size;

function sumOf(card) {
  const names = namesOf(card, () => true), listed = namesOf(card, r => r.list || (r.lists || []).some(l => l.kind === "ioc"));
  const all = (card.kind === "address" ? card.names_read : names) + card.names_cut;
  const watched = namesOf(card, r => (r.lists || []).some(l => l.kind === "watch")), at = namesOf(card, r => r.holder && r.holder.protected);
  return el("p", {}, `${card.names_of_all ? "" : "At least "}${all} ${all === 1 ? "name" : "names"} here; on this page ${names}: ${listed} listed, ${watched} watched, ${at} with a public body.`);
}

export function placeCard(card) {
  const single = card.kind === "address";
  return [
    el("h1", {}, clean(card.word), el("small", {}, single ? "address" : "range")),
    card.lists.map(kindTag),
    card.place && placeTiles(card.place),
    sumOf(card),
    card.addresses && section("Addresses, seen last first", table(card.addresses, [
      ["Address", p => linkTo(p.address)], ["Holder", p => clean(p.holder.name)], ["Class", p => classOf(p.holder)],
      ["Registered", p => p.owner && p.owner.registered ? linkTo(p.owner.registered) : ""], ["Netname", p => clean(p.owner && p.owner.netname)], ["Country", p => clean(p.owner && p.owner.country)],
      ["AS", p => p.owner && p.owner.as ? [linkTo(asText(p.owner.as.number)), " ", clean((p.owner.as.organization || {}).name)] : ""]], "No address of a listed or watched name."), rangePages(card)),
    section("Names seen there", card.names.length > 0 && nameAxis(card), nameTable(card), single && pages(card, card.names.length, card.names_read + card.names_cut, card.names_of_all)),
    answers(card), !single && hits(card.word), single && anomalies({ address: card.word }), single && clients("Questions of this address as a client", { client: card.word }), single && past(card.word), around(card.word), unknown(card),
  ];
}

export function clientCard(address) {
  return [el("h1", {}, clean(address), el("small", {}, "client")), el("p", {}, linkTo(address), " as an address of answers"), clients("Questions that a rule matched", { client: address })];
}

const hits = indicator => clients("Hits of this indicator", { indicator });

// An indicator as a list has it; its subject has a card of its own.
export function indicatorCard(data) {
  const subject = data.indicator.replace(/^(\*\.|=)/, "");
  return [el("h1", {}, clean(data.indicator), el("small", {}, "indicator")), data.lists.map(kindTag),
    section("Lists that have it", data.lists.length ? lists(data) : el("p", {}, "No list has this indicator. Another one may cover the same names or addresses: see the card.")),
    el("p", {}, "Card: ", linkTo(subject)), hits(data.indicator), unknown(data)];
}

export function listCard(name, all) {
  const one = all.find(l => l.name === name);
  return [el("h1", {}, clean(name), el("small", {}, "list")),
    one ? el("div", { class: "tiles" }, tile("kind", clean(one.policy && one.policy.kind)), tile("action", clean(one.policy && one.policy.action)), tile("indicators", String(one.count)),
      one.policy && one.policy.note && tile("note", clean(one.policy.note)), one.problem && tile("problem", el("span", { class: "bad" }, clean(one.problem)))) : el("p", { class: "dim" }, "There is no such list."),
    clients("Clients that met the list", { list: name }), anomalies({ list: name })];
}
