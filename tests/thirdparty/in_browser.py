"""Opens a page in Chromium and tells what is wrong with it as JSON: in_browser.py CHROMIUM PAGE FOLDER

Screenshots go to FOLDER: 400 and 1,280 pixels wide, light and dark, without JavaScript.
"""
import json
import pathlib
import sys

from playwright.sync_api import sync_playwright

chromium, page_file, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
wrong, seen = [], {}


def look(browser, width, scheme, scripts):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripts)
    page = context.new_page()
    name = f"{width} {scheme}"
    page.on("console", lambda message: wrong.append(f"{name}: console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"{name}: error: {error}"))
    page.on("request", lambda request: request.url.startswith(("file:", "data:")) or wrong.append(f"{name}: asks for {request.url}"))
    page.goto(page_file.resolve().as_uri())
    return page


with sync_playwright() as play:
    browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    for width in (400, 1280):
        for scheme in ("light", "dark"):
            shot = folder / f"{page_file.stem}-{width}-{scheme}.png"
            look(browser, width, scheme, False).screenshot(path=shot, full_page=True)
            # The same with scripts allowed, only to measure it: there is none in the page.
            page = look(browser, width, scheme, True)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                wrong.append(f"{width} {scheme}: {wide} pixels wide")
            seen[f"{width} {scheme}"] = page.evaluate("getComputedStyle(document.body).backgroundColor")
            contrast = page.evaluate("""() => {
                const light = rgb => { const [r, g, b] = rgb.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
                const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!c.endsWith(', 0)')) return c } return 'rgb(255, 255, 255)' };
                let worst = [99, ''];
                document.querySelectorAll('details').forEach(d => d.open = true);
                for (const e of document.querySelectorAll('body *')) {
                    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
                    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
                    const ratio = (a + 0.05) / (b + 0.05);
                    if (ratio < worst[0]) worst = [ratio, e.tagName + '.' + e.className + ': ' + e.textContent.slice(0, 40)];
                }
                return worst }""")
            seen[f"{width} {scheme} contrast"] = contrast
            if contrast[0] < 4.5:
                wrong.append(f"{width} {scheme}: contrast {contrast[0]:.2f} of {contrast[1]}")
    # By keyboard alone: the skip link first, then to each part; the summary of a closed object opens with Enter.
    page = look(browser, 1280, "light", True)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = false)")
    reached, opened = [], 0
    for _ in range(400):
        page.keyboard.press("Tab")
        focused = page.evaluate("[document.activeElement.tagName, document.activeElement.className]")
        if focused[0] == "BODY":
            break
        reached.append(focused)
        if focused[0] == "SUMMARY":
            page.keyboard.press("Enter")
            opened += page.evaluate("document.activeElement.parentElement.open")
    summaries = page.evaluate("document.querySelectorAll('summary').length")
    if reached[:1] != [["A", "skip"]]:
        wrong.append(f"the first key reaches {reached[:1]}")
    if opened != summaries:
        wrong.append(f"{opened} of {summaries} objects open by keyboard")
    seen["summaries"] = summaries
    browser.close()
if seen["400 light"] == seen["400 dark"]:
    wrong.append("light and dark are the same")
print(json.dumps({"wrong": wrong, "seen": seen}))
