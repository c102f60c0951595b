/*
 * report_style.h - style, script and Content-Security-Policy of the page that report.h describes.
 *
 * The policy names style and script by the SHA-256 of the text (CSP Level 3, 8.1): a change of the
 * text needs a change of the hash. tests/daemon/test_report.py computes the hashes and reports the
 * right values.
 */
#ifndef SW_CLI_REPORT_REPORT_STYLE_H
#define SW_CLI_REPORT_REPORT_STYLE_H

/* clang-format off */
#define REPORT_POLICY \
    "default-src 'none'; style-src 'sha256-nhpFZAYsmbzPkJwv2nLXjr0QRF9zmAFTaRqGG8JkBs8='; " \
    "script-src 'sha256-UaBdN04ej+lSmk62SFH9Qqs8FNG0aJ+rqBV3NzTUPEk='; base-uri 'none'; form-action 'none'"

#define REPORT_STYLE \
    "\n" \
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1c2430;--dim:#5b6675;--line:#d5dbe3;--soft:#f3f5f8;--bad:#b3261e;\n" \
    "--c0:#3567c4;--c1:#c2571a;--c2:#2c8a4b;--c3:#8a4bb8;--c4:#b38600;--c5:#11858f;--c6:#b83a76;--c7:#66707d}\n" \
    "@media(prefers-color-scheme:dark){:root{--bg:#14181f;--fg:#e3e8ef;--dim:#96a2b3;--line:#343d4a;--soft:#1d232c;--bad:#ff8a80;\n" \
    "--c0:#7ba4f0;--c1:#f09a63;--c2:#6cc98b;--c3:#c596ec;--c4:#dcb84a;--c5:#5cc5cf;--c6:#ec86b4;--c7:#a3adba}}\n" \
    "body{margin:1.5rem auto;max-width:1240px;padding:0 1rem;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif}\n" \
    "h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-bottom:1px solid var(--line);padding-bottom:.2rem}\n" \
    "p{color:var(--dim);margin:.4rem 0}.cut{font-style:italic}\n" \
    ".tiles{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}.tiles div{background:var(--soft);border:1px solid var(--line);border-radius:6px;padding:.5rem .9rem}.tiles b{font-size:1.3rem}\n" \
    ".scroll{overflow-x:auto;margin:.5rem 0}\n" \
    "table{border-collapse:collapse;font-size:13px;min-width:100%}td,th{padding:.25rem .5rem;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}\n" \
    "td{overflow-wrap:break-word;max-width:24em}td.k,td.n{white-space:nowrap}th{background:var(--soft);white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;min-width:3em}\n" \
    "th button{all:unset;cursor:pointer;font-weight:600}th button:focus-visible{outline:2px solid var(--c0)}\n" \
    "th[aria-sort=ascending] button::after{content:\" \\2191\"}th[aria-sort=descending] button::after{content:\" \\2193\"}\n" \
    "tr.listed td:first-child{font-weight:600;color:var(--bad)}\n" \
    "svg{font:12px system-ui,sans-serif;display:block}text{fill:var(--fg)}text.axis{fill:var(--dim);font-size:11px}text.listed{font-weight:600;fill:var(--bad)}\n" \
    "text.inbar{fill:var(--bg);font-size:11px}.grid{stroke:var(--line)}.link{fill:none;stroke:var(--dim);stroke-opacity:.45}.link.odd{stroke:var(--bad);stroke-opacity:1;stroke-width:2}\n" \
    ".a0{fill:var(--c0)}.a1{fill:var(--c1)}.a2{fill:var(--c2)}.a3{fill:var(--c3)}.a4{fill:var(--c4)}.a5{fill:var(--c5)}.a6{fill:var(--c6)}.a7{fill:var(--c7)}\n" \
    "@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;--soft:#f4f4f4}body{margin:0;max-width:none;font-size:11px}\n" \
    ".scroll{overflow:visible}svg{max-width:100%;height:auto}tr,svg{break-inside:avoid}}\n"

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
    "});\n"
/* clang-format on */

#endif
