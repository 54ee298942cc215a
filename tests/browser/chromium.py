"""A headless Chromium, and what staff do with it."""

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
PATIENCE = 10  # seconds
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
# Runs in each page before anything of the page does. Kept past the page, since things happen late.
WATCH = """
const notice = text => sessionStorage.noticed = (sessionStorage.noticed || '') + text + '\\n';
Object.defineProperty(window, '__pwned', {set: () => notice('a script of theirs ran on ' + location)});
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => notice(name + ' on ' + location);
window.addEventListener('error', event => notice(event.message + ' on ' + location));
document.addEventListener('securitypolicyviolation', event => notice(
    [event.violatedDirective, event.blockedURI, 'on', location, event.sourceFile, event.lineNumber].join(' ')));
"""
MESSAGES = {  # unfold has no name for its own
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
    # Told where it is, Selenium looks for none to download.
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    with pytest.MonkeyPatch.context() as environment:
        for name in ("no_proxy", "NO_PROXY"):  # the driver is on loopback too
            environment.setenv(name, "localhost,127.0.0.1")
        driver = webdriver.Chrome(options=options, service=service)
        try:
            driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
            driver.execute_cdp_cmd("Network.enable", {})
            driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})  # as on a phone
            yield driver
        finally:
            driver.quit()


class Browser:
    """One tab. Whatever it does, ``noticed`` has to stay empty."""

    def __init__(self, driver: Any, url: str, downloads: Path) -> None:
        self.driver, self._url, self._downloads = driver, url, downloads
        self.driver.delete_all_cookies()
        self.resize(1280)
        self.prefer(dark=False)
        self.speak("en")
        self._cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))

    # Getting around

    def log_in(self, username: str, then: str = "/admin/") -> None:
        """With name and password, as people do."""
        self.open(f"/admin/login/?next={then}")
        self.type("username", username)
        self.type("password", PASSWORD + Keys.ENTER)
        self.wait(lambda: not self.path.startswith("/admin/login/"))
        self._arrive()

    def open(self, path: str) -> None:
        self.driver.get(self._url + path)
        self._arrive()

    def press(self, selector: str) -> None:
        """What leads to another page."""
        with self._page_changes():
            self.click(self.find(selector))

    def follow(self, text: str) -> None:
        with self._page_changes():
            self.click(self.driver.find_element("link text", text))

    def click(self, element: Any) -> None:
        """Once it is there, and not at the edge, where themes have bars in front of the page."""
        script = "arguments[0].scrollIntoView({block: 'center'}); return arguments[0].checkVisibility()"
        self.wait(lambda: bool(self.run(script, element)))
        element.click()

    def search(self, text: str) -> None:
        """In a list or, on the overview, why somebody can't log in; in place of what was looked for before."""
        with self._page_changes():
            self.type("q", Keys.CONTROL + "a" + Keys.CONTROL + text + Keys.ENTER)

    def choose(self, action: str, *rows: Any) -> None:
        """In a list: mark the rows, or all of them, then the action."""
        for box in [f"[name=_selected_action][value='{row.pk}']" for row in rows] or ["#action-toggle"]:
            self.click(self.find(box))
        if project.THEME == "simpleui":
            self.press(f".actions [data-name={action}]")
        else:
            Select(self.find("select[name=action]")).select_by_value(action)
            self.press("button[name=index]")

    def answer(self, reason: str = "asked by phone", **answers: str) -> None:
        """The question that each act asks first."""
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
            else:  # not by keys: a keyboard of the driver's knows no emoji
                self.run("arguments[0].value = arguments[1]", field, text)

    def type(self, name: str, text: str) -> None:
        self.find(f"input[name={name}]").send_keys(text)

    def press_key(self, key: str) -> None:
        self.driver.switch_to.active_element.send_keys(key)

    def downloaded(self) -> str:
        """The one CSV file so far."""
        self.wait(lambda: any(file.stat().st_size for file in self._downloads.glob("*.csv")))
        (file,) = self._downloads.glob("*.csv")
        return file.read_text(encoding="utf-8")

    # Looking

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
    def noticed(self) -> list[str]:
        """What must not happen: scripts that ran, rules of the policy that were broken."""
        return str(self.run("return sessionStorage.noticed || ''")).splitlines()

    def forget(self) -> None:
        """What is kept past the page, so that the next test begins without it."""
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
        """Of all that there are, seen or not."""
        script = "return [...document.querySelectorAll(arguments[0])].map(each => each.textContent.trim())"
        return list(self.run(script, selector))

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def picture(self, name: str) -> None:
        """For people to look at, where ``SCREENSHOTS`` names a folder."""
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

    def speak(self, language: str) -> None:
        wanted = {"zh-hans": "zh-CN,zh;q=0.9"}.get(language, language)  # as phones and computers put it
        self._cdp("Network.setExtraHTTPHeaders", headers={"Accept-Language": wanted})

    def wait(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, f"still on {self.path}: {self.text}"
            time.sleep(0.02)

    @contextmanager
    def _page_changes(self) -> Iterator[None]:
        self.run("window.isTheOldOne = true")
        yield
        self.wait(lambda: bool(self.run("return !window.isTheOldOne && document.readyState == 'complete'")))
        self._arrive()

    def _arrive(self) -> None:
        if project.THEME == "simpleui":  # which shows messages a moment later
            shown = "return document.querySelectorAll('.el-notification').length >= (window.messages ?? []).length"
            self.wait(lambda: bool(self.run(shown)))

    def _cdp(self, command: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)
