"""The app as people meet it: `snrbench app` as a process, in a real Chromium."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = pytest.mark.external

ROWS = """
const hosts = [...document.querySelectorAll('[data-testid="stBidiComponentRegular"], [data-testid="stMain"] *')];
const roots = hosts.map(host => host.shadowRoot).filter(Boolean);
return roots.map(root => [...root.querySelectorAll('.name')].map(one => one.textContent));
"""
CELLS = """
const roots = [...document.querySelectorAll('*')].map(host => host.shadowRoot).filter(Boolean);
return roots.flatMap(root => [...root.querySelectorAll('td')].map(one => one.textContent));
"""
TICK = """
const roots = [...document.querySelectorAll('*')].map(host => host.shadowRoot).filter(Boolean);
const boxes = roots.flatMap(root => [...root.querySelectorAll('input[type=checkbox]')]);
boxes.find(box => box.dataset.id === arguments[0]).click();
"""
PAGES = {"tuning": 0, "runs": 0, "transfer": 3, "guide": 1}
"""Page → the least number of figures on it; the other three have tests of their own."""


@pytest.fixture(scope="module", autouse=True)
def _chromium_is_here(chrome):
    if not (chrome.CHROMIUM and chrome.DRIVER):
        reason = "no chromium and chromedriver on the PATH (Debian: apt-get install chromium chromium-driver)"
        assert not os.environ.get("SNRBENCH_REQUIRE_BROWSER"), reason
        pytest.skip(reason)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "app.log"


@pytest.fixture(scope="module")
def store(hostile_store, tmp_path_factory):
    """This module's own, because it writes to it."""
    return Path(shutil.copytree(hostile_store, tmp_path_factory.mktemp("browser") / "store"))


@pytest.fixture(scope="module")
def address(chrome, store, log):
    with chrome.running(store, log) as url:
        yield url


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def driver(chrome, downloads):
    with chrome.chromium() as browser:
        browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
        yield browser


def severe(driver) -> list[str]:
    """What a page complained about. Streamlit looks for its server below a page's address before the root."""
    messages = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    return [message for message in messages if not ("/_stcore/" in message and "404" in message)]


def text(driver) -> str:
    return driver.find_element(By.CSS_SELECTOR, '[data-testid="stMain"]').text


def names(driver) -> list[str]:
    """The entries of the first table of the page."""
    WebDriverWait(driver, 20, poll_frequency=0.05).until(lambda d: any(d.execute_script(ROWS)))
    return next(table for table in driver.execute_script(ROWS) if table)


def nothing_ran(driver) -> None:
    """No name on the page was read as markup, and nothing complained."""
    assert not driver.find_elements(By.CSS_SELECTOR, ".katex")
    assert not driver.find_elements(By.XPATH, "//script[contains(., 'alert(1)')]")
    assert severe(driver) == []


SCROLL = """document.querySelector('[data-testid="stMain"]').scrollTo(0, arguments[0])"""
SIDEWAYS = (
    """const main = document.querySelector('[data-testid="stMain"]'); return main.scrollWidth - main.clientWidth"""
)
LINKS = """
const roots = [...document.querySelectorAll('*')].map(host => host.shadowRoot).filter(Boolean);
return roots.flatMap(root => [...root.querySelectorAll('a')]).filter(link => link.offsetParent)
"""


OUTSIDE = """
const roots = [...document.querySelectorAll('*')].map(host => host.shadowRoot).filter(Boolean);
const tables = roots.flatMap(root => [...root.querySelectorAll('.grid')]);
return [tables.length, tables.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)]
"""


@pytest.fixture
def resize(chrome, driver):
    """Gives the same browser another size, until the test is over."""

    def to(size: tuple[int, int]) -> None:
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == chrome.PHONE}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        chrome.waiting(driver).until(lambda d: d.execute_script("return innerWidth") == size[0])

    yield to
    to(chrome.LAPTOP)


@pytest.fixture
def phone(chrome, driver, resize):
    """The same browser, as narrow as a phone."""
    resize(chrome.PHONE)
    return driver


def tables_fit(chrome, driver, resize) -> None:
    """However wide the page is."""
    for size in ((1440, 900), (1024, 768), chrome.PHONE):
        resize(size)
        count, outside = driver.execute_script(OUTSIDE)
        assert count > 0
        assert outside == []
        assert driver.execute_script(SIDEWAYS) == 0


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_drawn_without_a_complaint(chrome, driver, address, stores, page):
    driver.get(f"{address}/{page}")
    chrome.settled(driver)
    assert "could not be shown" not in text(driver)
    assert len(driver.find_elements(By.CSS_SELECTOR, ".js-plotly-plot")) >= PAGES[page]
    if page == "runs":
        assert set(stores.HOSTILE) <= {name for table in driver.execute_script(ROWS) for name in table}
    nothing_ran(driver)


def test_choosing_rows_writes_the_address_and_leads_to_compare(chrome, driver, address, stores, resize):
    driver.get(address)
    chrome.settled(driver)
    assert set(names(driver)) == {"cosine", "laplace", *stores.HOSTILE}
    nothing_ran(driver)
    for chosen in ("laplace", stores.HOSTILE[0]):
        driver.execute_script(TICK, chosen)
        chrome.waiting(driver).until(lambda d, name=chosen: quote(name, safe="") in d.current_url.replace("+", "%20"))
        chrome.settled(driver)
    driver.find_element(By.PARTIAL_LINK_TEXT, "Compare the 2 chosen").click()
    chrome.waiting(driver).until(lambda d: "/compare" in d.current_url)
    chrome.settled(driver)
    entries = parse_qs(urlsplit(driver.current_url).query)["entry"]
    assert entries == ["laplace", stores.HOSTILE[0], "cosine"]
    assert set(names(driver)) == set(entries)
    assert "could not be shown" not in text(driver)
    assert len(driver.find_elements(By.CSS_SELECTOR, ".js-plotly-plot")) == 8
    nothing_ran(driver)
    tables_fit(chrome, driver, resize)


def test_a_deep_link_is_written_followed_and_downloaded(chrome, driver, address, downloads):
    driver.get(address)
    chrome.settled(driver)
    driver.find_element(By.XPATH, "//button[normalize-space()='1.5']").click()
    chrome.waiting(driver).until(lambda d: "guidance=1.5" in d.current_url)
    chrome.settled(driver)
    link, first = driver.current_url, driver.execute_script(ROWS)
    driver.get("about:blank")
    driver.get(link)
    chrome.settled(driver)
    chrome.waiting(driver).until(lambda d: d.execute_script(ROWS) == first)
    assert driver.current_url == link
    driver.find_element(By.XPATH, "//button[contains(., 'json')]").click()
    file = downloads / "digits-v1-v-fd.json"
    chrome.waiting(driver).until(lambda _: file.exists())
    assert {row["guidance"] for row in json.loads(file.read_text())} == {1.5}
    driver.find_element(By.XPATH, "//button[normalize-space()='2']").click()
    chrome.waiting(driver).until(lambda d: "guidance=2" in d.current_url)
    chrome.settled(driver)
    driver.back()
    chrome.settled(driver)
    chrome.waiting(driver).until(lambda d: d.find_element(By.XPATH, "//button[@aria-checked='true'][.='1.5']"))


def test_a_slider_moves_the_curves_which_stay_in_view_above_it_on_a_phone(chrome, driver, address, resize):
    driver.get(f"{address}/lab?spec={quote('laplace:scale=0.7')}&spec=edm")
    chrome.settled(driver)
    assert "snrbench run digits-v1 -s laplace:scale=0.7" in text(driver).replace("\n", " ")
    knob = driver.find_element(By.CSS_SELECTOR, '[data-testid="stSlider"] input')
    driver.execute_script("arguments[0].focus()", knob)
    ActionChains(driver).send_keys(Keys.ARROW_RIGHT * 3).perform()
    chrome.waiting(driver).until(lambda d: "loc" in d.current_url)
    chrome.settled(driver)
    assert parse_qs(urlsplit(driver.current_url).query)["spec"] == ["laplace:loc=0.15,scale=0.7", "edm"]
    assert "laplace:loc=0.15,scale=0.7" in text(driver)
    assert severe(driver) == []
    resize(chrome.PHONE)
    chrome.settled(driver)
    figure = driver.find_element(By.CSS_SELECTOR, ".st-key-lab-density .js-plotly-plot")
    sliders = driver.find_elements(By.CSS_SELECTOR, '[data-testid="stSlider"]')
    for slider in sliders:
        driver.execute_script(SCROLL, 0)
        top = slider.rect["y"]
        driver.execute_script(SCROLL, max(0, top - 550))
        assert 0 <= figure.rect["y"] < figure.rect["y"] + figure.rect["height"] <= slider.rect["y"] < 844
    driver.execute_script(SCROLL, 3000)
    assert figure.rect["y"] < 0, "below the sliders it is gone"
    assert driver.execute_script(SIDEWAYS) == 0


def test_a_wide_page_has_no_fold_and_tables_fit_however_wide_it_is(chrome, driver, address, resize):
    driver.get(address)
    chrome.settled(driver)
    assert not driver.find_element(By.CSS_SELECTOR, "details.fold summary").is_displayed()
    assert driver.find_element(By.XPATH, "//button[normalize-space()='1.5']").is_displayed()
    assert "guidance best" not in text(driver)
    tables_fit(chrome, driver, resize)


def test_on_a_phone_a_term_leads_to_the_guide_in_a_tab_beside_and_filters_fold(chrome, phone, address):
    phone.get(address)
    chrome.settled(phone)
    assert "Which noise schedule should a diffusion model be trained with?" in text(phone)
    fold = phone.find_element(By.CSS_SELECTOR, "details.fold summary")
    scale = "//button[normalize-space()='1.5']"
    assert not phone.find_element(By.XPATH, scale).is_displayed()
    assert "digits-v1 · target v · fd · guidance best" in text(phone)
    first = phone.current_window_handle
    next(link for link in phone.execute_script(LINKS) if link.text == "speed-up").click()
    chrome.waiting(phone).until(lambda d: len(d.window_handles) == 2)
    try:
        phone.switch_to.window(next(handle for handle in phone.window_handles if handle != first))
        chrome.settled(phone)
        assert "how many times sooner the baseline's final score is reached" in " ".join(phone.execute_script(CELLS))
        phone.close()
    finally:
        phone.switch_to.window(first)
    assert "entry=" not in phone.current_url, "a link in a row chooses nothing"
    fold.click()
    phone.find_element(By.XPATH, scale).click()
    chrome.waiting(phone).until(lambda d: "guidance=1.5" in d.current_url)
    chrome.settled(phone)
    assert phone.find_element(By.XPATH, scale).is_displayed()
    assert "digits-v1 · target v · fd · guidance 1.5" in text(phone)
    assert phone.execute_script(SIDEWAYS) == 0
    nothing_ran(phone)


@contextmanager
def another_visitor(driver, address) -> Iterator[None]:
    """A second window on the same server: a session of its own, beside the first one."""
    first = driver.current_window_handle
    driver.switch_to.new_window("window")
    try:
        driver.get(address)
        yield
    finally:
        driver.close()
        driver.switch_to.window(first)


def test_two_visitors_have_their_own_filters(chrome, driver, address, stores):
    driver.get(f"{address}/?search=laplace")
    chrome.settled(driver)
    assert set(names(driver)) == {"laplace", "cosine"}
    with another_visitor(driver, address):
        chrome.settled(driver)
        assert set(names(driver)) == {"laplace", "cosine", *stores.HOSTILE}
        driver.find_element(By.XPATH, "//button[normalize-space()='2']").click()
        chrome.waiting(driver).until(lambda d: "guidance=2" in d.current_url)
        chrome.settled(driver)
        theirs = driver.execute_script(CELLS)
    driver.find_element(By.XPATH, "//button[normalize-space()='1.5']").click()
    chrome.waiting(driver).until(lambda d: "guidance=1.5" in d.current_url)
    chrome.settled(driver)
    assert set(names(driver)) == {"laplace", "cosine"}
    assert "search=laplace" in driver.current_url
    assert driver.execute_script(CELLS) != theirs
    assert severe(driver) == []


def test_a_store_is_written_while_its_page_is_open(chrome, driver, address, store, stores):
    new = ("edm", "mode", "sigmoid")
    driver.get(address)
    chrome.settled(driver)
    entries = set(names(driver))
    assert not entries & set(new)
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(lambda: [stores.build(store, entries=(name,), targets=("v",), seeds=2) for name in new])
        for scale in cycle(("1.5", "2")):
            last = written.done()
            driver.find_element(By.XPATH, f"//button[normalize-space()='{scale}']").click()
            chrome.waiting(driver).until(lambda d, scale=scale: f"guidance={scale}" in d.current_url)
            chrome.settled(driver)
            assert "could not be shown" not in text(driver)
            assert entries <= set(names(driver))
            entries = set(names(driver))
            if last:
                break
        assert len(written.result()) == len(new)
    assert set(new) <= entries
    assert severe(driver) == []


def test_the_log_holds_no_complaint(driver, log):
    assert "Traceback" not in log.read_text()
    assert "deprecat" not in log.read_text().lower()
