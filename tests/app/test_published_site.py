"""The static pages in a browser: sorting, filtering, and room for everything."""

import os

import pytest
from selenium.webdriver.common.by import By

from harness.cli import main
from leaderboards.boards.query import board_of
from leaderboards.data.released import published_table

pytestmark = pytest.mark.external

SHOWN = "return [...document.querySelectorAll('tbody tr')].filter(row => !row.hidden).map(row => row.innerText)"
FITS = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def driver(chrome):
    if not (chrome.CHROMIUM and chrome.DRIVER):
        assert not os.environ.get("SNRBENCH_REQUIRE_BROWSER"), "no chromium and chromedriver on the PATH"
        pytest.skip("no chromium and chromedriver on the PATH")
    with chrome.chromium(size=chrome.PHONE) as browser:
        yield browser


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web") / "site"
    assert main.exit_code(["publish", "mnist-v1", "--site", str(folder)]) == 0
    return folder.as_uri()


def test_a_board_sorts_and_filters_in_the_page(driver, site):
    driver.get(f"{site}/mnist-v1.html")
    head = driver.find_element(By.CSS_SELECTOR, "th.name")
    names = {}
    for order in ("ascending", "descending"):
        head.find_element(By.TAG_NAME, "button").click()
        assert head.get_attribute("aria-sort") == order
        first_table = driver.find_element(By.CSS_SELECTOR, "table").find_elements(By.CSS_SELECTOR, "td.name")
        names[order] = [cell.text for cell in first_table]
    assert names["descending"] == names["ascending"][::-1]
    first_section = board_of(published_table("mnist-v1"), "mnist-v1").sections[0]
    assert sorted(names["ascending"]) == sorted(row.entry for row in first_section.rows)
    plain = [name for name in names["ascending"] if name.isalpha()]  # how others compare is up to the browser
    assert plain == sorted(plain)
    assert len(plain) > 1
    rows = driver.execute_script(SHOWN)
    field = driver.find_element(By.CSS_SELECTOR, "input[type=search]")
    field.send_keys("LAPL")
    assert driver.execute_script(SHOWN) == [row for row in rows if "laplace" in row] != []
    output = driver.find_element(By.TAG_NAME, "output")
    assert output.text == ""
    field.send_keys("zzz")
    assert driver.execute_script(SHOWN) == []
    assert output.text == "no row has it"
    field.clear()
    assert driver.get_log("browser") == []


def test_every_page_fits_a_phone_and_its_links_work(driver, site):
    for page in ("index", "mnist-v1", "mnist-v1-entries"):
        driver.get(f"{site}/{page}.html")
        assert driver.execute_script(FITS), page
    driver.get(f"{site}/mnist-v1.html")
    driver.find_element(By.LINK_TEXT, "laplace").click()
    assert "mnist-v1-entries.html#" in driver.current_url
    place = driver.current_url.partition("#")[2]
    assert "laplace" in driver.find_element(By.ID, place).text
