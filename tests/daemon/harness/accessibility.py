"""Faults of a page for people with few colours, with a screen reader, or with the keyboard alone.

faults() looks at the page as it is, by the browser's own accessibility tree and computed styles:
contrast of each visible text (WCAG 2.2, 1.4.3: 4.5, large text 3), names of controls, order of
headings, unique ids. focus_faults() goes through the page by the Tab key.
"""

NAMED = {
    "link", "button", "textbox", "searchbox", "combobox", "checkbox", "image", "img", "region", "navigation", "DisclosureTriangle",
}  # fmt: skip

LOOK = r"""(() => {
const found = [], seen = new Set();
const rgb = text => { const n = (text.match(/[\d.]+/g) || []).map(Number); return n.length < 3 ? null : [n[0], n[1], n[2], n.length > 3 ? n[3] : 1]; };
const over = (top, below) => top.slice(0, 3).map((c, i) => c * top[3] + below[i] * (1 - top[3]));
const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
const back = e => {
  const layers = [];
  for (let at = e; at && at.nodeType === 1; at = at.parentElement) {
    const c = rgb(getComputedStyle(at).backgroundColor);
    if (c && c[3] > 0) { layers.push(c); if (c[3] === 1) break; }
  }
  return layers.reverse().reduce((below, top) => over(top, below), matchMedia("(prefers-color-scheme: dark)").matches ? [18, 22, 28] : [255, 255, 255]);
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let n = walker.nextNode(); n; n = walker.nextNode()) {
  const e = n.parentElement;
  if (!n.textContent.trim() || !e.checkVisibility() || e.closest(".hidden, .skip, script, noscript")) continue;
  const s = getComputedStyle(e), svg = e instanceof SVGElement, size = parseFloat(s.fontSize), bold = Number(s.fontWeight) >= 700;
  const own = svg && e.matches(".letter") ? rgb(getComputedStyle(e.previousElementSibling).fill) : null;
  const color = rgb(svg ? s.fill : s.color), behind = own ? own.slice(0, 3) : back(svg ? e.closest("svg").parentElement : e);
  if (!color) continue;
  const is = ratio(over(color, behind), behind), needs = size >= 24 || (size >= 18.66 && bold) ? 3 : 4.5;
  if (is < needs - .005 && !seen.has(e.className + s.color)) {
    seen.add(e.className + s.color);
    found.push(`contrast ${is.toFixed(2)} of <${e.tagName} class="${e.getAttribute("class") || ""}"> ${n.textContent.trim().slice(0, 40)}`);
  }
}
for (const input of document.querySelectorAll("input[placeholder]")) {
  const is = ratio(over(rgb(getComputedStyle(input, "::placeholder").color), back(input)), back(input));
  if (is < 4.495) found.push(`contrast ${is.toFixed(2)} of the placeholder ${input.placeholder}`);
}
let level = 0;
for (const head of document.querySelectorAll("h1, h2, h3, h4")) {
  const here = Number(head.tagName[1]);
  if (here > level + 1) found.push(`heading ${head.tagName} after level ${level}: ${head.textContent.slice(0, 40)}`);
  if (!head.textContent.trim()) found.push(`an empty ${head.tagName}`);
  level = here;
}
if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
for (const id of new Set(ids)) if (ids.filter(other => other === id).length > 1) found.push(`the id ${id} twice`);
if (!document.documentElement.lang) found.push("no language");
if (!document.title.trim()) found.push("no title");
return found;
})()"""

FOCUS = """(() => {
const e = document.activeElement, s = getComputedStyle(e), t = e.querySelector ? e.querySelector('text') : null, box = e.getBoundingClientRect();
const shows = x => x.outlineStyle !== 'none' && parseFloat(x.outlineWidth) >= 2;
return {name: e.tagName + ' ' + (e.textContent || e.name || '').trim().slice(0, 40), body: e === document.body,
  at: [...document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex]')].indexOf(e),
  visible: shows(s) || (t && shows(getComputedStyle(t))), inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth};
})()"""


def faults(browser):
    """Sentences; none: nothing was found."""
    found = browser.js(LOOK)
    tree = browser.tree()
    found += [f"a {role} without a name" for role, name in tree if role in NAMED and not name.strip()]
    roles = [role for role, _ in tree]
    found += [f"{roles.count(role)} of {role}, not one" for role in ("main", "banner", "search") if roles.count(role) != 1]
    return found


def focus_faults(browser, most):
    """The same for up to so many steps with the Tab key from the begin of the page."""
    found, last = [], -1
    browser.js("document.activeElement.blur(); scrollTo(0, 0); 1")
    for _ in range(most):
        browser.key("Tab")
        here = browser.js(FOCUS)
        if here["body"]:
            break
        if not here["visible"]:
            found.append(f"the focus does not show on {here['name']}")
        if not here["inside"]:
            found.append(f"the focus is out of sight on {here['name']}")
        if here["at"] <= last:
            found.append(f"the focus goes back to {here['name']}")
        last = here["at"]
    return found
