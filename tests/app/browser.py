"""The app as a process and a headless Chromium: for the browser tests, and for `screenshots.py`."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import JavascriptException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from harness.cli.main import main; main()"]
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    "--blink-settings=preferredColorScheme={scheme}",
)
LAPTOP, PHONE = (1366, 768), (390, 844)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(port: int, store: Path, log: Path, *more: str) -> subprocess.Popen[bytes]:
    """`snrbench app` as a process of its own, its output in a file; returns when it answers."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": tempfile.mkdtemp()}
    command = [*COMMAND, "app", "--port", str(port), "--store", str(store), *more]
    app = subprocess.Popen(command, stdout=log.open("wb"), stderr=subprocess.STDOUT, env=environment)
    for _ in range(240):
        if app.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return app
        except OSError:
            time.sleep(0.25)
    app.kill()
    raise AssertionError(f"the app did not start: {log.read_text()}")


@contextmanager
def running(store: Path, log: Path, *more: str) -> Iterator[str]:
    """The address of an app that runs inside the block and is ended by Ctrl-C after it."""
    port = free_port()
    app = start(port, store, log, *more)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        app.send_signal(signal.SIGINT)
        code = app.wait(20)
    assert code == 0, f"Ctrl-C ended the app with {code}: {log.read_text()}"
    assert "Traceback" not in log.read_text()


@contextmanager
def chromium(dark: bool = False, size: tuple[int, int] = LAPTOP) -> Iterator[WebDriver]:
    """A fresh headless Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    with tempfile.TemporaryDirectory() as profile:
        for flag in FLAGS:
            options.add_argument(flag.format(scheme=0 if dark else 1))
        options.add_argument(f"--user-data-dir={profile}")
        options.add_argument(f"--window-size={size[0]},{size[1]}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        driver.set_page_load_timeout(60)
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _metrics(*size))
        try:
            yield driver
        finally:
            driver.quit()


SETTLED = """
const done = arguments[0];
function drawn() {
  const one = selector => document.querySelector(selector), all = selector => [...document.querySelectorAll(selector)];
  const ended = one('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning';
  const waits = one('[data-testid="stSkeleton"], [data-stale="true"]');
  if (!ended || waits || !one('[data-testid="stHeading"]')) return null;
  if (!all('[data-testid="stPlotlyChart"]').every(chart => chart.querySelector('.main-svg'))) return null;
  return [document, ...all('*').map(host => host.shadowRoot)].filter(Boolean)
    .map(root => [...root.querySelectorAll('*')].length + ' ' + (root.body ?? root).textContent).join();
}
const before = drawn();
if (before === null) done(false);
else setTimeout(() => requestIdleCallback(() => done(drawn() === before), {timeout: 1000}), 100);
"""


def waiting(driver: WebDriver, timeout: float = 20) -> WebDriverWait:
    """Looks often: of the half seconds that Selenium sleeps by itself a test has dozens."""
    return WebDriverWait(driver, timeout, poll_frequency=0.05, ignored_exceptions=[JavascriptException])


def settled(driver: WebDriver, timeout: float = 60) -> None:
    """Wait until the script has run to its end, every figure is drawn, and nothing changes in a tenth of a second."""
    waiting(driver, timeout).until(lambda d: d.execute_async_script(SETTLED))


def screenshot(driver: WebDriver, file: Path) -> None:
    """The whole page, not only what fits the window."""
    size = driver.execute_script(
        "const m = document.querySelector('[data-testid=\"stMain\"]');"
        "return [document.documentElement.clientWidth, m ? m.scrollHeight : 900, window.innerHeight]"
    )
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _metrics(size[0], min(size[1] + 60, 7000)))
    time.sleep(1.5)
    driver.save_screenshot(str(file))
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", _metrics(size[0], size[2]))


def _metrics(width: int, height: int) -> dict[str, object]:
    return {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width == PHONE[0]}
