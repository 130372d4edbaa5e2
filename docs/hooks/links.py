"""The links of the built site: `python docs/hooks/links.py` follows those that lead elsewhere.

It needs the network and says which addresses don't answer; `--list` only names them. Links within
the site are checked when it is built.
"""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import httpx

SITE = Path(__file__).parents[2] / "build" / "site"
AT_ONCE = 4
NOT_FOLLOWED = {"example.com", "localhost", "127.0.0.1"}


class Page(HTMLParser):
    """What a page links to, what it loads, and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.headings: list[int] = []
        self.images: list[dict[str, str | None]] = []
        self.language: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of what the tag refers to."""
        given = dict(attrs)
        if name := given.get("id"):
            self.anchors.add(name)
        match tag, given:
            case "html", {"lang": language}:
                self.language = language
            case "a", {"href": str(address)}:
                self.links.append(address)
            case "link", {"href": str(address), "rel": str(kind)} if kind not in (
                "canonical",
                "next",
                "prev",
            ):
                self.loads.append(address)
            case (("img" | "script" | "iframe" | "source" | "video"), {"src": str(address)}):
                self.loads.append(address)
        if tag == "img":
            self.images.append(given)
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))


def pages(site: Path) -> dict[Path, Page]:
    """The pages of the site."""
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def is_elsewhere(address: str) -> bool:
    """Whether an address leads out of the site."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "data", "javascript", "mailto")


def elsewhere(site: Path) -> dict[str, list[str]]:
    """The addresses out of the site, without their fragments, each with the pages that have it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path, page in pages(site).items():
        for address in {urldefrag(link).url for link in page.links if is_elsewhere(link)}:
            found[address].append(path.relative_to(site).as_posix())
    return dict(sorted(found.items()))


def dead(site: Path) -> Iterator[str]:
    """The links within the site that lead nowhere, each as `page: link`."""
    known = pages(site)
    for path, page in known.items():
        for link in page.links + page.loads:
            if is_elsewhere(link) or link.startswith(("data:", "javascript:", "mailto:")):
                continue
            address, fragment = urldefrag(link)
            place = urlsplit(address).path
            base = site if place.startswith("/") else path.parent  # 404.html has absolute links
            target = (base / place.lstrip("/")).resolve() if place else path
            if target.is_dir():
                target /= "index.html"
            anchors = known[target].anchors if target in known else set[str]()
            if not target.is_file() or (fragment and fragment not in anchors):
                yield f"{path.relative_to(site).as_posix()}: {link}"


async def follow(addresses: list[str]) -> list[str]:
    """The addresses that don't answer with a page, each with what they answer."""
    places = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(follow_redirects=True, timeout=20) as client:

        async def look(address: str) -> str | None:
            async with places:
                try:
                    answer = await client.get(address)
                except httpx.HTTPError as error:
                    return f"{address}: {error!r}"
            return None if answer.is_success else f"{address}: {answer.status_code}"

        answers = await asyncio.gather(*map(look, addresses))
    return [answer for answer in answers if answer is not None]


def main() -> int:
    """List or follow the links; 1 if some don't answer."""
    found = elsewhere(SITE)
    if sys.argv[1:] == ["--list"]:
        for address, where in found.items():
            print(f"{address}  ({', '.join(where[:3])}{', …' if len(where) > 3 else ''})")
        return 0
    hosts = {address: urlsplit(address).hostname or "" for address in found}
    broken = asyncio.run(
        follow([address for address in found if hosts[address] not in NOT_FOLLOWED])
    )
    print("\n".join(broken) or f"{len(found)} links answer")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
