"""A page on paper: what the browser prints on A4, and its layout under print media."""

import base64
import os
import re
from pathlib import Path

A4 = {"paperWidth": 210 / 25.4, "paperHeight": 297 / 25.4}  # inches
MARGIN = 12  # millimetres, of @page in the style of the desk and of the report
WIDTH = int((210 - 2 * MARGIN) * 96 / 25.4)  # pixels of CSS between the margins

# The texts, the elements that stick out of the page or have a part that cannot be seen, the controls.
LOOK = """(() => {
const width = document.documentElement.clientWidth, shown = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('.hidden, .skip, svg.defs'));
const words = e => `${e.tagName}.${e.getAttribute('class') || ''} ${e.textContent.slice(0, 60)}`;
const hides = e => !e.ownerSVGElement && getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1;
return {texts: document.body.innerText, out: shown.filter(e => e.getBoundingClientRect().right > width + 1).map(words),
  cut: shown.filter(hides).map(words), controls: shown.filter(e => e.matches('input, select, textarea, nav, form, main button:not(th *)')).map(words)};
})()"""


def printed(browser, name):
    """The pages of a PDF by the browser's own print, and the look of the page under print media.

    SHOTS names a folder for the PDF, to be looked at."""
    data = browser.call("Page.printToPDF", preferCSSPageSize=True, **A4)["data"]
    pdf = base64.b64decode(data)
    if os.environ.get("SHOTS"):
        Path(os.environ["SHOTS"], f"print-{name}.pdf").write_bytes(pdf)
    assert pdf.startswith(b"%PDF-")
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert {(int(float(a)), int(float(b))) for a, b in boxes} <= {(594, 841), (595, 841), (594, 842), (595, 842)}, boxes
    browser.size(WIDTH)
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        return len(boxes), browser.js(LOOK)
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
        browser.size(1400)
