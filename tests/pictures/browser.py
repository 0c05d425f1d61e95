#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# browser.py WHAT PAGE [SHOTS] - the page in headless Chromium, by chromedriver and python3-selenium. WHAT: report, of
# tests/golden/report/qemu.cap with --all; diff; hostile, whose names are HTML; or large, with thousands of VMs.
#
# No error on the console, no request but for the page itself; what is to be found is found; zoom, hover and keyboard
# work; each element that takes part has a name, and text its contrast (checks of our own: the distribution has no
# axe-core). SHOTS is a folder for pictures: light, dark, narrow. Prints figures.
import base64
import json
import os
import sys
import time

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.common.action_chains import ActionChains


def fail(what):
    sys.exit(f"browser.py: {what}")


def start():
    options = webdriver.ChromeOptions()
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "disable-background-networking",
                     "window-size=1280,1000", "js-flags=--expose-gc", "enable-precise-memory-info"):
        options.add_argument("--" + argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options)
    driver.set_page_load_timeout(120)
    look(driver, "light", 1200)
    return driver


def look(driver, scheme, width):
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    if width == 1200:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    else:
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                               {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False})


def check_quiet(driver, path):
    """Nothing on the console, and no request but the page's."""
    said = driver.get_log("browser")
    if said:
        fail(f"the console has: {said[:3]}")
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if not url.startswith(("file://" + path, "data:,")):
                fail(f"a request: {url}")


# What a reader of a screen is told, what a keyboard reaches, and what eyes can tell apart: WCAG 2's ratio.
CHECKS = r"""
const wrong = [];
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
for (const id of ids)
	if (ids.filter((other) => other === id).length > 1) wrong.push("id twice: " + id);
for (const one of document.querySelectorAll("button, a, input, [role=button], [role=img], [role=group], [role=region], section, svg:not([aria-hidden])")) {
	const by = one.getAttribute("aria-labelledby");
	const name = one.getAttribute("aria-label") || (by && document.getElementById(by) && document.getElementById(by).textContent) ||
		(one.labels && one.labels[0] && one.labels[0].textContent) || (one instanceof SVGElement ? "" : one.textContent);
	if (!name || !name.trim()) wrong.push("no name: " + one.outerHTML.slice(0, 120));
}
if (!document.documentElement.lang || !document.title) wrong.push("no language or title");
if (document.querySelectorAll("h1").length !== 1 || !document.querySelector("main")) wrong.push("no h1, or no main");
let last = 1;
for (const head of document.querySelectorAll("h1, h2, h3, h4")) {
	const level = Number(head.tagName[1]);
	if (level > last + 1) wrong.push("a level is left out: " + head.textContent);
	last = level;
}
for (const made of document.querySelectorAll("table"))
	if (!made.caption || [...made.querySelectorAll("thead th")].some((head) => head.scope !== "col")) wrong.push("a table without heads");
if (document.querySelector("[tabindex]:not([tabindex='0']):not([tabindex='-1'])")) wrong.push("an order of tabs");
const light = (colour) => {
	const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
		.map((part) => part <= .03928 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4);
	return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2];
};
const behind = (one) => {
	for (; one; one = one.parentElement) {
		const colour = getComputedStyle(one).backgroundColor;
		if (!/, 0\)$/.test(colour)) return colour;
	}
	return "rgb(255,255,255)";
};
for (const one of document.querySelectorAll("p, td, th, caption, a, h1, h2, h3, pre, button, figcaption, li, span, svg text")) {
	const style = getComputedStyle(one), colours = [light(one instanceof SVGElement ? style.fill : style.color), light(behind(one.closest("svg") ? one.closest("svg").parentElement : one))];
	if ((Math.max(...colours) + .05) / (Math.min(...colours) + .05) < 4.5) {
		wrong.push("contrast: " + one.tagName + " " + one.textContent.slice(0, 40));
		break;
	}
}
if (document.documentElement.scrollWidth > innerWidth + 1) wrong.push("wider than the window: " + document.documentElement.scrollWidth);
return wrong;
"""


def check_access(driver):
    for scheme, width in (("light", 1200), ("dark", 1200), ("light", 360)):
        look(driver, scheme, width)
        wrong = driver.execute_script(CHECKS)
        if wrong:
            fail(f"{scheme}, {width} wide: {wrong[:5]}")
    look(driver, "light", 1200)


def shoot(driver, name):
    if len(sys.argv) < 4:
        return
    for scheme, width in (("light", 1200), ("dark", 1200), ("light", 360)):
        look(driver, scheme, width)
        height = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["height"]
        picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": {
            "x": 0, "y": 0, "width": width, "height": min(height, 3000), "scale": 1}})
        with open(os.path.join(sys.argv[3], f"{name}-{scheme}-{width}.png"), "wb") as file:
            file.write(base64.b64decode(picture["data"]))
    look(driver, "light", 1200)


def span(driver):
    svg = driver.find_element(By.CSS_SELECTOR, "svg.timeline")
    return float(svg.get_attribute("data-to")) - float(svg.get_attribute("data-from"))


def text_of(driver, selector):
    return driver.find_element(By.CSS_SELECTOR, selector).text


def expect(is_so, what):
    """@is_so: or what becomes so, asked again and again. A link is followed after the click, and a page drawn later."""
    end = time.monotonic() + 20
    while not (is_so() if callable(is_so) else is_so):
        if not callable(is_so) or time.monotonic() > end:
            fail(what)
        time.sleep(.02)


def press(driver, *keys):
    driver.switch_to.active_element.send_keys(*keys)


def label(driver):
    return driver.switch_to.active_element.get_attribute("aria-label") or ""


def show(driver, element):
    driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
    return element


def press_button(driver, name):
    show(driver, driver.find_element(By.CSS_SELECTOR, f"button[aria-label='{name}']")).click()


def check_timeline(driver):
    """The pointer and the keyboard do the same."""
    whole = span(driver)
    press_button(driver, "zoom in")
    expect(lambda: span(driver) < whole * .6, "the button does not zoom")
    press_button(driver, "the whole VM")
    expect(lambda: span(driver) == whole, "the button does not show all")
    svg = driver.find_element(By.CSS_SELECTOR, "svg.timeline")
    driver.execute_script("arguments[0].dispatchEvent(new WheelEvent('wheel', {deltaY: -100, bubbles: true, cancelable: true, "
                          "clientX: 600, clientY: 400}))", svg)
    expect(lambda: span(driver) < whole * .8, "the wheel does not zoom")
    before = float(svg.get_attribute("data-from"))
    box = svg.rect
    show(driver, svg)
    ActionChains(driver).move_to_element_with_offset(svg, 0, int(box["height"] / 2 - 6)).click_and_hold().move_by_offset(
        -120, 0).release().perform()
    expect(lambda: float(svg.get_attribute("data-from")) != before, "dragging does not pan")

    chosen = driver.find_element(By.CSS_SELECTOR, ".call[tabindex='0']")
    driver.execute_script("arguments[0].focus()", chosen)
    press(driver, "0")
    expect(lambda: span(driver) == whole, "the key 0 does not show all")
    press(driver, "+")
    expect(lambda: span(driver) < whole, "the key + does not zoom")
    press(driver, "0")
    press(driver, Keys.HOME)
    first = label(driver)
    press(driver, Keys.ARROW_RIGHT)
    expect(lambda: label(driver) and label(driver) != first, "the arrow does not go on")
    press(driver, Keys.ENTER)
    expect(lambda: span(driver) < whole, "Enter does not zoom to the call")
    expect(lambda: label(driver), "the focus is lost")
    press(driver, "0")
    stalled = driver.find_elements(By.CSS_SELECTOR, ".call.stalled:not(.chosen)")[0]
    name = stalled.get_attribute("aria-label").split(",")[0]
    ActionChains(driver).move_to_element(show(driver, stalled)).perform()
    expect(lambda: name in text_of(driver, "#account"), "hover shows no account")


# On paper: what is only to be pressed is not there, the rest is not wider than the sheet, and dark is for screens.
PAPER = """
const wrong = [];
for (const element of document.querySelectorAll("button, input, .tools, .noprint"))
	if (element.getClientRects().length) wrong.push("to be pressed: " + element.outerHTML.slice(0, 80));
for (const what of ["#verdict", "svg.timeline", "#account", "table"])
	if (!document.querySelector(what).getClientRects().length) wrong.push("not there: " + what);
if (document.documentElement.scrollWidth > innerWidth + 1) wrong.push("wider than the sheet: " + document.documentElement.scrollWidth);
if (!/^rgb\\((\\d\\d?), /.test(getComputedStyle(document.body).color)) wrong.push("pale: " + getComputedStyle(document.body).color);
return wrong;
"""


def check_paper(driver):
    look(driver, "dark", 718)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": [
        {"name": "prefers-color-scheme", "value": "dark"}]})
    wrong = driver.execute_script(PAPER)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    look(driver, "light", 1200)
    if wrong:
        fail(f"printed: {wrong[:5]}")
    pages = len(base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", {})["data"]).split(b"/Type /Page\n"))
    expect(1 < pages < 20, f"{pages - 1} sheets")


def check_report(driver, path):
    stalls = driver.execute_script("return data.stalls")
    expect(lambda: stalls > 0 and text_of(driver, "#verdict").startswith(f"{stalls} of "), "the verdict is another")
    body = text_of(driver, "main")
    expect("gp-timer: GP 6 started by kvm_io_bus_register_dev in KVM_CREATE_PIT2" in body, "the known stall is not there")
    expect("kvm_io_bus_register_dev in KVM_IOEVENTFD" in body, "who started what is not there")
    check_paper(driver)
    check_timeline(driver)
    links = [link for link in driver.find_elements(By.CSS_SELECTOR, "a[href^='#stall-']")
             if link.text == "KVM_SET_USER_MEMORY_REGION"]
    show(driver, links[0]).click()
    for word in ("gp-timer", "kvm_io_bus_register_dev", "started by"):
        expect(lambda: word in text_of(driver, "#account"), f"the account has no '{word}'")
    expect(lambda: driver.find_elements(By.CSS_SELECTOR, "polyline.arrow"), "no arrow from the culprit")
    expect(lambda: "KVM_SET_USER_MEMORY_REGION" in label(driver), "the link does not lead to the call")
    there = driver.current_url
    driver.get("about:blank")
    driver.get(there)
    expect(lambda: "kvm_io_bus_register_dev" in text_of(driver, "#account"), "the link does not open the stall")
    search = driver.find_element(By.ID, "search")
    search.send_keys("#3")
    expect(lambda: len(driver.find_elements(By.CSS_SELECTOR, "a[href^='#vm-']")) == 1, "the search finds others")
    search.send_keys(Keys.BACKSPACE, Keys.BACKSPACE)
    show(driver, driver.find_element(By.CSS_SELECTOR, "a[href='#vm-0']")).click()
    expect(lambda: "VM 2" in text_of(driver, "#vm-title"), "the other VM is not opened")


def check_diff(driver, path):
    body = text_of(driver, "body")
    expect(lambda: "worse" in text_of(driver, "#verdict"), "the verdict is another")
    expect("unexplained +" in body or "gp-timer" in body, "no cause moved")
    expect(lambda: driver.find_elements(By.CSS_SELECTOR, "figure rect.base") and driver.find_elements(By.CSS_SELECTOR, "figure rect.new"),
           "no distributions of both sides")


def check_hostile(driver, path):
    expect(not driver.find_elements(By.CSS_SELECTOR, "img, iframe, b"), "a name became HTML")
    expect("<img src=x onerror=alert(1)>" in text_of(driver, "body"), "the name is not shown as it is")


def check_large(driver, path):
    metrics = {one["name"]: one["value"] for one in driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]}
    timing = driver.execute_script("const entry = performance.getEntriesByType('navigation')[0]; return entry.loadEventEnd")
    heap = driver.execute_script("gc(); return performance.memory.usedJSHeapSize")
    vms = driver.execute_script("return data.vms.length")
    begin = time.monotonic()
    show(driver, driver.find_elements(By.CSS_SELECTOR, "a[href^='#vm-']")[5]).click()
    expect(lambda: driver.find_elements(By.CSS_SELECTOR, "svg.timeline .call"), "the VM is not shown")
    print(f"{vms} VMs, {os.path.getsize(path) >> 10} KiB: open in {timing / 1000:.2f} s ({metrics['TaskDuration']:.2f} s of tasks), heap {heap / 1e6:.1f} MB, "
          f"one VM in {time.monotonic() - begin:.2f} s")
    expect(heap <= 50e6, "more than 50 MB")


def main():
    what, path = sys.argv[1], os.path.abspath(sys.argv[2])
    driver = start()
    try:
        driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        driver.get("file://" + path)
        check_access(driver)
        {"report": check_report, "diff": check_diff, "hostile": check_hostile, "large": check_large}[what](driver, path)
        shoot(driver, what)
        check_quiet(driver, path)
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
