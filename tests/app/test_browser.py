"""The app as people meet it: `snrbench app` as a process, in a real Chromium."""

from __future__ import annotations

import os
import subprocess
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait


@pytest.fixture(scope="module", autouse=True)
def _chromium_is_here(chrome):
    if not (chrome.CHROMIUM and chrome.DRIVER):
        reason = "no chromium and chromedriver on the PATH (Debian: apt-get install chromium chromium-driver)"
        assert not os.environ.get("SNRBENCH_REQUIRE_BROWSER"), reason
        pytest.skip(reason)


@pytest.fixture(scope="module")
def store(stores, tmp_path_factory):
    """The paper's entries and three attacks, on one target."""
    entries = ("cosine", "laplace", *stores.HOSTILE)
    return stores.build(tmp_path_factory.mktemp("store"), entries=entries, targets=("v",), seeds=2)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return tmp_path_factory.mktemp("log") / "app.log"


@pytest.fixture(scope="module")
def address(chrome, store, log):
    with chrome.running(store, log) as found:
        yield found


@pytest.fixture(scope="module")
def driver(chrome):
    with chrome.chromium() as found:
        yield found


def severe(driver) -> list[str]:
    """What the page complained about; Streamlit itself looks for its server below the page's path, and finds none."""
    found = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    return [message for message in found if "/schedules/_stcore/" not in message]


def text(driver) -> str:
    return driver.find_element(By.CSS_SELECTOR, '[data-testid="stMain"]').text


def test_leaderboard(chrome, driver, address, stores, tmp_path):
    driver.get(address)
    chrome.settled(driver)
    shown = text(driver)
    assert shown.count("laplace") >= 2
    for name in stores.HOSTILE[:2]:
        assert name in shown
    assert len(driver.find_elements(By.CSS_SELECTOR, ".js-plotly-plot")) == 6
    assert "**x** $y$ :red[z]" in shown
    assert not driver.find_elements(By.CSS_SELECTOR, ".katex")
    assert not driver.find_elements(By.XPATH, "//script[contains(., 'alert(1)')]")
    assert severe(driver) == []
    chrome.screenshot(driver, tmp_path / "leaderboard.png")
    assert (tmp_path / "leaderboard.png").stat().st_size > 50_000


def test_a_deep_link_is_written_and_followed(chrome, driver, address):
    driver.get(address)
    chrome.settled(driver)
    driver.find_element(By.XPATH, "//button[normalize-space()='1.5']").click()
    WebDriverWait(driver, 20).until(lambda d: "guidance=1.5" in d.current_url)
    chrome.settled(driver)
    link, first = driver.current_url, driver.find_element(By.CSS_SELECTOR, "table").text
    driver.get("about:blank")
    driver.get(link)
    chrome.settled(driver)
    assert driver.find_element(By.CSS_SELECTOR, "table").text == first
    assert driver.current_url == link
    driver.find_element(By.XPATH, "//button[normalize-space()='2']").click()
    WebDriverWait(driver, 20).until(lambda d: "guidance=2" in d.current_url)
    chrome.settled(driver)
    driver.back()
    chrome.settled(driver)
    WebDriverWait(driver, 20).until(lambda d: d.find_element(By.CSS_SELECTOR, "table").text == first)


def test_a_slider_moves_the_curves(chrome, driver, address):
    driver.get(f"{address}/schedules?spec={quote('laplace:scale=0.7')}&spec=edm")
    chrome.settled(driver)
    assert "snrbench run digits-v1 -s laplace:scale=0.7" in text(driver)
    knob = driver.find_element(By.CSS_SELECTOR, '[data-testid="stSlider"] input')
    driver.execute_script("arguments[0].focus()", knob)
    ActionChains(driver).send_keys(Keys.ARROW_RIGHT * 3).perform()
    WebDriverWait(driver, 20).until(lambda d: "loc" in d.current_url)
    chrome.settled(driver)
    assert parse_qs(urlsplit(driver.current_url).query)["spec"] == ["laplace:loc=0.15,scale=0.7", "edm"]
    assert "laplace:loc=0.15,scale=0.7" in text(driver)
    assert severe(driver) == []


def test_from_the_board_to_the_schedules_and_back(chrome, driver, address):
    driver.get(address)
    chrome.settled(driver)
    driver.find_element(By.PARTIAL_LINK_TEXT, "where they spend").click()
    WebDriverWait(driver, 20).until(lambda d: "/schedules" in d.current_url)
    chrome.settled(driver)
    assert parse_qs(urlsplit(driver.current_url).query)["spec"] == ["laplace", "cosine"]
    assert severe(driver) == []


def test_the_log_holds_no_complaint(driver, log):
    assert "Traceback" not in log.read_text()
    assert "deprecat" not in log.read_text().lower()


def test_a_busy_port_is_refused(chrome, address, store):
    port = address.rpartition(":")[2]
    second = [*chrome.COMMAND, "app", "--port", port, "--store", str(store)]
    environment = {**os.environ, "PYTHONPATH": str(chrome.ROOT)}
    found = subprocess.run(second, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 2
    assert found.stderr.count("\n") == 1
    assert f"port {port}" in found.stderr
