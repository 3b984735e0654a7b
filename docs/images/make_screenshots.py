"""Take the screenshots of docs/report.md from the examples, and many more to look at.

    python docs/images/make_screenshots.py            # the two of the docs
    python docs/images/make_screenshots.py --look out # every page, light, dark, phone and print

It needs Chromium and the packages of the test group.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLES = ROOT / "examples"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
RAN = (0, 1)  # pytest's exit codes of a run that came to its end
WIDE, PHONE = 1100, 390
MOST_BYTES = 200_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A benchmark file, and the script that makes its masks if they have to be made."""

    name: str
    file: Path
    maker: tuple[str, ...] = ()


SUBJECTS = (
    Subject(
        name="lidc",
        file=EXAMPLES / "lidc/biasruler.toml",
        maker=(str(EXAMPLES / "lidc/make_labels.py"),),
    ),
    Subject(
        name="breast_phantom",
        file=EXAMPLES / "breast_phantom/biasruler.toml",
        maker=(
            str(EXAMPLES / "breast_phantom/make_phantom.py"),
            str(EXAMPLES / "breast_phantom/generated"),
        ),
    ),
)
X_RAYS = Subject(name="chexmask_phys", file=ROOT / "tests/browser/chexmask.toml")


def audit(subject: Subject, folder: Path) -> Path:
    """Run one benchmark file and return its page."""
    if subject.maker:
        subprocess.run([sys.executable, *subject.maker], check=True, stdout=subprocess.DEVNULL)
    page = folder / f"{subject.name}.html"
    command = [sys.executable, "-m", "pytest", str(subject.file), "-q", "--tb=no"]
    command += ["-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={subject.file.parent}"]
    ended = subprocess.run([*command, f"--biasruler-html={page}"], check=False)
    if ended.returncode not in RAN:
        raise SystemExit(f"{subject.file} could not be audited")
    return page


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium of this machine without a window."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise SystemExit("no Chromium is installed")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if is_root else []
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


def shoot_top(browser: Browser, page: Path, target: Path, *, height: int) -> None:
    """Keep what a reader sees first."""
    window = browser.new_page(viewport={"width": WIDE, "height": height})
    window.goto(page.as_uri())
    window.screenshot(path=target)
    window.close()


def shoot_card(browser: Browser, page: Path, target: Path, *, card: str) -> None:
    """Keep one finding, chosen by the beginning of its id, down to its first tables."""
    window = browser.new_page(viewport={"width": WIDE, "height": 1000})
    window.goto(page.as_uri())
    window.locator(f"article[id^='check-{card}']").first.evaluate("card => card.scrollIntoView()")
    window.screenshot(path=target)
    window.close()


def shoot_everything(browser: Browser, page: Path, folder: Path) -> None:
    """Keep the whole page in each dress: wide and phone, light and dark, and as print."""
    for width, dress in ((WIDE, "wide"), (PHONE, "phone")):
        for scheme in ("light", "dark"):
            window = browser.new_page(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            window.goto(page.as_uri())
            target = folder / f"{page.stem}-{dress}-{scheme}.png"
            window.screenshot(path=target, full_page=True)
            window.close()
    window = browser.new_page()
    window.goto(page.as_uri())
    window.pdf(path=folder / f"{page.stem}.pdf", format="A4")
    window.close()


def shoot_docs(folder: Path) -> None:
    """Renew the two screenshots of docs/report.md."""
    lidc, phantom = (audit(subject, folder) for subject in SUBJECTS)
    first, card = HERE / "report-first-screen.png", HERE / "report-ruler-card.png"
    with chromium() as browser:
        shoot_top(browser, lidc, first, height=1000)
        shoot_card(browser, phantom, card, card="ruler-dice-age")
    for target in (first, card):
        size = target.stat().st_size
        if size > MOST_BYTES:
            raise SystemExit(f"{target.name} has {size:,} bytes, more than {MOST_BYTES:,}")
        print(f"{target.relative_to(ROOT)}: {size:,} bytes")


def main() -> None:
    """Make the two screenshots, or all there is to look at."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--look", type=Path, help="folder for every page in every dress")
    folder: Path | None = parser.parse_args().look
    with tempfile.TemporaryDirectory() as made:
        if folder is None:
            shoot_docs(Path(made))
            return
        folder.mkdir(parents=True, exist_ok=True)
        subjects = (*SUBJECTS, X_RAYS) if os.environ.get("BIASRULER_DATA") else SUBJECTS
        pages = [audit(subject, Path(made)) for subject in subjects]
        with chromium() as browser:
            for page in pages:
                shoot_everything(browser, page, folder)
    print(f"look into {folder}")


if __name__ == "__main__":
    main()
