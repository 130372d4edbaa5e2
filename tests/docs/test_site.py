"""The site builds without a warning or the network, and what it links to is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from docs.hooks import links

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built; whatever wants to reach the network meets a proxy that is not there."""
    folder = tmp_path_factory.mktemp("site")
    nowhere = "http://127.0.0.1:9"
    environment = os.environ | {
        "NO_MKDOCS_2_WARNING": "1",
        "http_proxy": nowhere,
        "https_proxy": nowhere,
        "all_proxy": nowhere,
    }
    built = subprocess.run(  # noqa: S603 - our own site
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, links.Page]:
    return {path.relative_to(site).as_posix(): page for path, page in links.pages(site).items()}


def test_no_link_within_the_site_is_dead(site: Path) -> None:
    assert list(links.dead(site)) == []


def test_nothing_is_loaded_from_elsewhere(pages: dict[str, links.Page]) -> None:
    loaded = [address for page in pages.values() for address in page.loads]
    assert loaded
    assert [address for address in loaded if links.is_elsewhere(address)] == []


def test_stylesheets_load_nothing_from_elsewhere(site: Path) -> None:
    sheets = [sheet.read_text(encoding="utf-8") for sheet in site.rglob("*.css")]
    assert sheets
    assert [sheet for sheet in sheets if "url(http" in sheet or "url(//" in sheet] == []


def test_every_link_out_of_the_site_is_encrypted(site: Path) -> None:
    addresses = list(links.elsewhere(site))
    assert addresses
    assert [address for address in addresses if not address.startswith("https://")] == []


def test_every_page_has_one_title_and_no_gap_in_its_headings(
    pages: dict[str, links.Page],
) -> None:
    for name, page in pages.items():
        assert page.headings[0] == 1, name
        assert page.headings.count(1) == 1, name
        steps = zip(page.headings, page.headings[1:], strict=False)
        assert [step for step in steps if step[1] > step[0] + 1] == [], name


def test_every_page_says_its_language(pages: dict[str, links.Page]) -> None:
    assert {page.language for page in pages.values()} == {"en"}


def test_every_image_says_what_it_shows(pages: dict[str, links.Page]) -> None:
    images = [image for page in pages.values() for image in page.images]
    assert images
    assert [image for image in images if not image.get("alt")] == []


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="b.html#here"></a><a href="b.html#gone"></a>')
    (tmp_path / "b.html").write_text('<h1 id="here"></h1><a href="c.html"></a><img src="d.png">')
    assert list(links.dead(tmp_path)) == [
        "a.html: b.html#gone",
        "b.html: c.html",
        "b.html: d.png",
    ]


def test_links_elsewhere_are_listed_with_their_pages(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="https://a.example/x#y"></a><a href="b.html"></a>')
    assert links.elsewhere(tmp_path) == {"https://a.example/x": ["a.html"]}
