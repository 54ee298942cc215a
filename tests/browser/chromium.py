"""A headless Chromium, and the steps that staff take in it."""

import base64
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

PASSWORD = "made-up-password"
MAX_WAIT = 10  # seconds
FLAGS = [
    "headless=new",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "disable-dev-shm-usage",
    "no-proxy-server",
]
# Runs in each page before any script of the page. Notices are kept in the session storage, since some come late,
# when the next page is open already.
WATCH = """
const notice = text => sessionStorage.notices = (sessionStorage.notices || '') + text + '\\n';
Object.defineProperty(window, '__pwned', {set: () => notice('a script of theirs ran on ' + location)});
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => notice(name + ' on ' + location);
window.addEventListener('error', event => notice(event.message + ' on ' + location));
document.addEventListener('securitypolicyviolation', event => notice(
    [event.violatedDirective, event.blockedURI, 'on', location, event.sourceFile, event.lineNumber].join(' ')));
"""
# The selector of messages in each theme. Those of unfold have no class of their own.
MESSAGES = {
    "stock": ".messagelist li",
    "unfold": "li > div[class*='leading-[18px]']",
    "simpleui": ".el-notification__content",
}


@contextmanager
def running_driver(home: Path) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in [*FLAGS, f"user-data-dir={home}"]:
        options.add_argument(f"--{flag}")
    # With a path given, Selenium doesn't try to download a driver.
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with pytest.MonkeyPatch.context() as environment:
        # The driver listens on loopback, where no proxy may stand in between.
        for name in ("no_proxy", "NO_PROXY"):
            environment.setenv(name, "localhost,127.0.0.1")
        driver = webdriver.Chrome(options=options, service=service)
        try:
            driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
            driver.execute_cdp_cmd("Network.enable", {})
            # Phones have no scrollbars that take space.
            driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            yield driver
        finally:
            driver.quit()


class Browser:
    """One tab. ``notices`` has to stay empty in every test."""

    def __init__(self, driver: Any, url: str, downloads: Path) -> None:
        self.driver, self._url, self._downloads = driver, url, downloads
        self.driver.delete_all_cookies()
        self.resize(1280)
        self.prefer(dark=False)
        self.set_language("en")
        self._cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    # Steps of staff

    def log_in(self, username: str, then: str = "/admin/") -> None:
        """Log in with name and password, as people do."""
        self.open(f"/admin/login/?next={then}")
        self.type("username", username)
        self.type("password", PASSWORD + Keys.ENTER)
        self.wait(lambda: not self.path.startswith("/admin/login/"))
        self._wait_for_messages()

    def open(self, path: str) -> None:
        self.driver.get(self._url + path)
        self._wait_for_messages()

    def press(self, selector: str) -> None:
        """Click an element that leads to another page, and wait for the page."""
        with self._wait_for_page():
            self.click(self.find(selector))

    def follow(self, text: str) -> None:
        with self._wait_for_page():
            self.click(self.driver.find_element("link text", text))

    def click(self, element: Any) -> None:
        """Click once the element is visible. Scroll it to the middle first: at the edges, some themes have bars over the page."""
        script = "arguments[0].scrollIntoView({block: 'center'}); return arguments[0].checkVisibility()"
        self.wait(lambda: bool(self.run(script, element)))
        element.click()

    def search(self, text: str) -> None:
        """Search in a list or, on the overview, for a person who can't log in. Replace an earlier search text."""
        with self._wait_for_page():
            self.type("q", Keys.CONTROL + "a" + Keys.CONTROL + text + Keys.ENTER)

    def choose(self, action: str, *rows: Any) -> None:
        """Select rows of a list, all if none are given, and choose an action."""
        for box in [f"[name=_selected_action][value='{row.pk}']" for row in rows] or ["#action-toggle"]:
            self.click(self.find(box))
        if project.THEME == "simpleui":
            self.press(f".actions [data-name={action}]")
        else:
            Select(self.find("select[name=action]")).select_by_value(action)
            self.press("button[name=index]")

    def answer(self, reason: str = "asked by phone", **answers: str) -> None:
        """Fill in and send the form of an act."""
        self.fill(reason=reason, **answers)
        self.press("#wxlogin-act button[type=submit]")

    def fill(self, **answers: str) -> None:
        for name, text in answers.items():
            field = self.find(f"#wxlogin-act [name={name}]")
            if field.get_attribute("type") == "checkbox":
                self.click(field)
            elif field.get_attribute("type") == "radio":
                self.click(self.find(f"#wxlogin-act [name={name}][value='{text}']"))
            elif field.tag_name == "select":
                Select(field).select_by_value(text)
            else:
                # Set the value by script: the driver can't type emoji.
                self.run("arguments[0].value = arguments[1]", field, text)

    def type(self, name: str, text: str) -> None:
        self.find(f"input[name={name}]").send_keys(text)

    def press_key(self, key: str) -> None:
        self.driver.switch_to.active_element.send_keys(key)

    def read_download(self) -> str:
        """Return the content of the only CSV file downloaded so far."""
        self.wait(lambda: any(file.stat().st_size for file in self._downloads.glob("*.csv")))
        (file,) = self._downloads.glob("*.csv")
        return file.read_text(encoding="utf-8")

    # What the page shows

    @property
    def path(self) -> str:
        return str(self.driver.current_url.removeprefix(self._url))

    @property
    def text(self) -> str:
        return str(self.find("body").text)

    @property
    def message(self) -> str:
        return " ".join(self.texts(MESSAGES[project.THEME]))

    @property
    def notices(self) -> list[str]:
        """Scripts of people that ran, errors, and violations of the policy: all that must not happen."""
        return str(self.run("return sessionStorage.notices || ''")).splitlines()

    def clear_storage(self) -> None:
        """Clear the storage of the tab, so that the next test begins without it."""
        self.run("localStorage.clear(); sessionStorage.clear()")

    def find(self, selector: str) -> Any:
        return self.driver.find_element("css selector", selector)

    def has(self, selector: str) -> bool:
        try:
            self.find(selector)
        except NoSuchElementException:
            return False
        return True

    def texts(self, selector: str) -> list[str]:
        """Return the texts of all elements that match, visible or not."""
        script = "return [...document.querySelectorAll(arguments[0])].map(each => each.textContent.trim())"
        return list(self.run(script, selector))

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def save_screenshot(self, name: str) -> None:
        """Save a picture for people to look at, if ``SCREENSHOTS`` names a folder."""
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            shown = self._cdp("Page.captureScreenshot", captureBeyondViewport=True)
            Path(folder, f"{project.THEME}-{name}.png").write_bytes(base64.b64decode(shown["data"]))

    # Settings

    def resize(self, width: int) -> None:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._cdp("Emulation.setDeviceMetricsOverride", **size)

    def prefer(self, *, dark: bool) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._cdp("Emulation.setEmulatedMedia", features=[scheme])

    def set_language(self, language: str) -> None:
        # Phones and computers say zh-CN where Django says zh-hans.
        wanted = {"zh-hans": "zh-CN,zh;q=0.9"}.get(language, language)
        self._cdp("Network.setExtraHTTPHeaders", headers={"Accept-Language": wanted})

    def wait(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + MAX_WAIT
        while not condition():
            assert time.monotonic() < until, f"still on {self.path}: {self.text}"
            time.sleep(0.02)

    @contextmanager
    def _wait_for_page(self) -> Iterator[None]:
        self.run("window.isOldPage = true")
        yield
        self.wait(lambda: bool(self.run("return !window.isOldPage && document.readyState == 'complete'")))
        self._wait_for_messages()

    def _wait_for_messages(self) -> None:
        # Simpleui shows messages some time after the page is loaded.
        if project.THEME == "simpleui":
            shown = "return document.querySelectorAll('.el-notification').length >= (window.messages ?? []).length"
            self.wait(lambda: bool(self.run(shown)))

    def _cdp(self, command: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)
