/*
 * report_style.h - style, script and Content-Security-Policy of the page that report.h describes.
 *
 * The policy names style and script by the SHA-256 of the text (CSP Level 3, 8.1): a change of the
 * text needs a change of the hash. tests/daemon/test_cli_report.py computes the hashes and reports
 * the right values. Six colours from the palettes of Okabe and Ito and of Tol, which people who see
 * few colours tell apart, each with a pattern (D-200).
 */
#ifndef SW_CLI_REPORT_REPORT_STYLE_H
#define SW_CLI_REPORT_REPORT_STYLE_H

/* clang-format off */
#define REPORT_POLICY \
    "default-src 'none'; style-src 'sha256-PB6BT8rqLaoEUTdNsO5F2g94GLaVelMGgroDv7ZehPY='; " \
    "script-src 'sha256-PrbMUsWZ2YpBKuAx0JMVhdUzjv8uMVb1ejNomOKFoN4='; base-uri 'none'; form-action 'none'"

#define REPORT_STYLE \
    "\n" \
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1c2430;--dim:#566070;--line:#d5dbe3;--soft:#f3f5f8;--bad:#b3261e;--link:#0b57b0;\n" \
    "--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#aa3377;--c4:#e0a100;--c5:#6cb8e6;--c6:#8a93a0}\n" \
    "@media screen and (prefers-color-scheme:dark){:root{--bg:#14181f;--fg:#e3e8ef;--dim:#9aa6b6;--line:#343d4a;--soft:#1d232c;--bad:#ff8a80;--link:#8ab8ff;\n" \
    "--c0:#3d9bd6;--c1:#e8762a;--c2:#1fbf91;--c3:#d673ab;--c4:#e8b530;--c5:#9fd4f5;--c6:#7a8494}}\n" \
    "*{box-sizing:border-box}\n" \
    "html{scroll-padding-top:1rem}\n" \
    "body{margin:1.2rem auto;max-width:1800px;padding:0 1rem;background:var(--bg);color:var(--fg);font:15px/1.4 system-ui,sans-serif}\n" \
    "h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.2rem;margin:2rem 0 .6rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}\n" \
    "h3{font-size:1rem;margin:0 0 .3rem;overflow-wrap:anywhere}h4{font-size:.85rem;margin:.6rem 0 .1rem;color:var(--dim)}\n" \
    "p{color:var(--dim);margin:.4rem 0}small,.lab small{color:var(--dim);font-size:.85em}.cut{font-style:italic;color:var(--dim)}\n" \
    "a{color:var(--link);text-underline-offset:2px;overflow-wrap:anywhere}a.listed{font-weight:700;color:var(--bad)}.bad{color:var(--bad)}\n" \
    "a:focus-visible,button:focus-visible,input:focus-visible,summary:focus-visible{outline:3px solid var(--c0);outline-offset:1px}\n" \
    "nav{display:flex;flex-wrap:wrap;gap:.3rem 1rem;margin:.6rem 0}\n" \
    "#find{position:sticky;top:0;display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:center}#find[hidden]{display:none}\n" \
    "#find input[type=search]{font:inherit;padding:.25rem .5rem;width:min(22rem,90vw);border:1px solid var(--dim);border-radius:4px;background:var(--bg);color:var(--fg)}\n" \
    ".tiles{display:flex;flex-wrap:wrap;gap:.5rem;margin:1rem 0}.tiles div{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.4rem .8rem}.tiles b{font-size:1.3rem}\n" \
    ".scroll{overflow-x:auto;margin:.5rem 0}\n" \
    "table{border-collapse:collapse;font-size:13px;min-width:100%}td,th{padding:.25rem .5rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}\n" \
    "td{overflow-wrap:anywhere;min-width:7em;max-width:30em}.scroll td:first-child{min-width:10em}td.w{min-width:17em}td.k,td.n{white-space:nowrap;min-width:0}th{background:var(--soft);white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;min-width:3em}\n" \
    "th button{all:unset;cursor:pointer;font-weight:600}\n" \
    "th[aria-sort=ascending] button::after{content:\" \\2191\"}th[aria-sort=descending] button::after{content:\" \\2193\"}\n" \
    ".row{display:grid;grid-template-columns:minmax(15rem,26rem) 1fr;gap:0 1rem;align-items:center;padding:.1rem 0}\n" \
    ".lab{overflow-wrap:anywhere;line-height:1.25}.group{border-top:1px solid var(--line);padding:.5rem 0}\n" \
    "svg.track,svg.links{display:block;width:100%;overflow:visible}svg.links.narrow{display:none}svg.defs{position:absolute;width:0;height:0}\n" \
    "svg.chip{width:14px;height:14px;vertical-align:-2px}.mark{display:inline-block;min-width:1.2em;margin-left:.25em;text-align:center}\n" \
    ".grid{stroke:var(--line)}.track text{fill:var(--dim);font-size:11px}\n" \
    ".h0{fill:var(--c0)}.h1{fill:var(--c1)}.h2{fill:var(--c2)}.h3{fill:var(--c3)}.h4{fill:var(--c4)}.h5{fill:var(--c5)}.ho{fill:var(--c6)}\n" \
    "[hidden]{display:none!important}.hq{fill:none;stroke:var(--fg);stroke-dasharray:3 2}.hn{fill:var(--bg);stroke:var(--fg)}\n" \
    ".h0,.h1,.h2,.h3,.h4,.h5,.ho{stroke:var(--fg);stroke-width:.75}\n" \
    "rect.odd{fill:var(--bad)}.pat{stroke:var(--bg);stroke-width:2;fill:none}.dot{fill:var(--bg)}\n" \
    ".link{stroke:var(--dim);stroke-opacity:.55;stroke-width:1.25}.link.odd{stroke:var(--bad);stroke-opacity:1;stroke-width:3;stroke-dasharray:7 3}\n" \
    "foreignObject{font-size:13px;line-height:17px;overflow:visible}.links div{overflow-wrap:anywhere}.links .left{text-align:right}.at{font-size:12px}\n" \
    ".legend div{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(24rem,100%),1fr));gap:.2rem 1.2rem;margin:.3rem 0}.who{overflow-wrap:anywhere}\n" \
    ".cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(30rem,100%),1fr));gap:.8rem;align-items:start}\n" \
    ".card{border:1px solid var(--line);border-radius:6px;padding:.6rem .8rem;background:var(--soft);overflow-x:auto;font-size:14px}.card.odd{border-left:5px solid var(--bad)}\n" \
    ".card:target,tr:target{outline:3px solid var(--c0)}.card th{background:none}.card td{min-width:0}\n" \
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:0 .6rem;margin:.3rem 0}dt{color:var(--dim)}dd{margin:0;min-width:0;overflow-wrap:anywhere}.pub{font-style:normal;font-size:.85em;border:1px solid;border-radius:4px;padding:0 .25em}\n" \
    "@media(max-width:680px){svg.links.wide{display:none}svg.links.narrow{display:block}.scroll :is(table,tbody,tr,td){display:block;max-width:none}.scroll thead,.scroll td:empty{display:none}.scroll tr{border-top:1px solid var(--line);padding:.3rem 0}.scroll td,.scroll td.w{border:0;padding:0 .2rem;text-align:left;min-width:0}.scroll td.n::before{content:\"count \"}.row{grid-template-columns:1fr}.axis .lab{display:none}.t1,.t3{display:none}body{padding:0 .6rem}.card{font-size:13px}.card table{font-size:12px}.card td,.card th{padding:.2rem .25rem}.card td.k{white-space:normal;min-width:5.6em}}\n" \
    "@media print{:root{color-scheme:light}@page{margin:12mm}body{margin:0;max-width:none;padding:0;font-size:10px}nav,#find{display:none}\n" \
    "h2{break-after:avoid}.scroll{overflow:visible}table{font-size:8px}td,th{padding:.15rem .25rem}th{white-space:normal}td{min-width:4.2em;overflow-wrap:break-word}.scroll td.k{white-space:normal;min-width:8.8em}td.n{min-width:2em}.scroll td:first-child{min-width:10em;overflow-wrap:anywhere}td.w{min-width:15em}.card td{min-width:0}.t1,.t3{display:none}h1{font-size:16px}h2{font-size:13px;margin-top:1rem}h3{font-size:11px}.tiles b{font-size:13px}.cards{display:block;columns:2;column-gap:.6rem}.card{margin:0 0 .5rem;padding:.3rem .5rem;overflow:visible;font-size:9px}.card table{font-size:8px}.card td,.card th{padding:.1rem .2rem}.card td.k{white-space:normal}\n" \
    "tr,.row,.card{break-inside:avoid}h3{break-after:avoid}a{color:inherit;text-decoration:none}a.listed{color:var(--bad)}th button::after{content:\"\"!important}\n" \
    ".row{grid-template-columns:15rem 1fr}}\n"

#define REPORT_SCRIPT \
    "\n" \
    "\"use strict\";\n" \
    "for (const head of document.querySelectorAll(\"th button\")) head.addEventListener(\"click\", () => {\n" \
    "  const th = head.parentNode, at = th.cellIndex, body = th.closest(\"table\").tBodies[0];\n" \
    "  const up = th.getAttribute(\"aria-sort\") !== \"ascending\", number = th.classList.contains(\"n\");\n" \
    "  const key = row => row.cells[at].textContent;\n" \
    "  const by = number ? (a, b) => Number(key(a)) - Number(key(b)) : (a, b) => key(a).localeCompare(key(b), \"en\", {numeric: true});\n" \
    "  const rows = [...body.rows].sort(by);\n" \
    "  if (!up) rows.reverse();\n" \
    "  for (const other of th.parentNode.cells) other.removeAttribute(\"aria-sort\");\n" \
    "  th.setAttribute(\"aria-sort\", up ? \"ascending\" : \"descending\");\n" \
    "  body.append(...rows);\n" \
    "});\n" \
    "const find = document.getElementById(\"find\"), things = [...document.querySelectorAll(\"main .scroll tbody tr, .card, .group\")];\n" \
    "const text = new Map(), word = find.querySelector(\"input[type=search]\"), odd = find.querySelector(\"input[type=checkbox]\");\n" \
    "const look = () => {\n" \
    "  const words = word.value.toLowerCase().split(/\\s+/).filter(Boolean);\n" \
    "  let shown = 0;\n" \
    "  for (const thing of things) {\n" \
    "    if (!text.has(thing)) text.set(thing, thing.textContent.toLowerCase());\n" \
    "    const has = words.every(one => text.get(thing).includes(one)) && (!odd.checked || !thing.classList.contains(\"card\") || thing.classList.contains(\"odd\"));\n" \
    "    thing.hidden = !has;\n" \
    "    shown += has;\n" \
    "  }\n" \
    "  find.querySelector(\"output\").textContent = words.length || odd.checked ? shown + \" of \" + things.length + \" shown\" : \"\";\n" \
    "};\n" \
    "let timer = 0;\n" \
    "const later = () => { clearTimeout(timer); timer = setTimeout(look, 120); };\n" \
    "word.addEventListener(\"input\", later);\n" \
    "odd.addEventListener(\"change\", later);\n" \
    "find.hidden = false;\n" \
    "addEventListener(\"hashchange\", () => {\n" \
    "  const target = document.getElementById(location.hash.slice(1));\n" \
    "  if (target && target.hidden) { word.value = \"\"; odd.checked = false; look(); target.scrollIntoView(); }\n" \
    "});\n"

#define REPORT_PATTERNS \
    "<svg class=defs aria-hidden=true><defs>" \
    "<pattern id=p0 width=8 height=8 patternUnits=userSpaceOnUse></pattern>" \
    "<pattern id=p1 width=8 height=8 patternUnits=userSpaceOnUse><path class=pat d=\"M-2 2L2 -2M0 8L8 0M6 10L10 6\"/></pattern>" \
    "<pattern id=p2 width=8 height=8 patternUnits=userSpaceOnUse><circle class=dot cx=4 cy=4 r=1.8 /></pattern>" \
    "<pattern id=p3 width=8 height=8 patternUnits=userSpaceOnUse><path class=pat d=\"M0 4H8\"/></pattern>" \
    "<pattern id=p4 width=8 height=8 patternUnits=userSpaceOnUse><path class=pat d=\"M4 0V8\"/></pattern>" \
    "<pattern id=p5 width=8 height=8 patternUnits=userSpaceOnUse><path class=pat d=\"M-2 6L2 10M0 0L8 8M6 -2L10 2\"/></pattern>" \
    "</defs></svg>"
/* clang-format on */

#endif
