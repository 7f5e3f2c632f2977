"""What README, CONTRIBUTING and docs/ name is there: links, files, commands, settings, tests of decisions."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from core.settings import variables
from steppe.cli import cli

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
DECISIONS = sorted((DOCS / "adr").glob("*.md"))
FOLDERS = (
    *("core", "geofences", "fleet", "services", "mobile_api", "dashboard", "steppe", "simulator"),
    *("tests", "benchmarks", "docs", "scripts", "requirements"),
)
MADE_LATER = ("dashboard/web/dist", "tests/chaos/results", "benchmarks/results")
"""Folders that a command makes."""
NOT_SETTINGS = {"STEPPE_POSTGRES_PASSWORD"}
"""Of compose.yaml alone."""
SECTIONS = ("Context.", "Decision.", "Consequences.", "Alternatives.", "Held by")

_LINK = re.compile(r"(?<!\\)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


def name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def prose(document: Path) -> str:
    return document.read_text()


def anchors(document: Path) -> set[str]:
    """Return the anchors that a document's headings have on the usual hosts."""
    heads = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def commands(group: click.Group, *before: str) -> Iterator[str]:
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        yield " ".join((*before, word))
        if isinstance(command, click.Group):
            yield from commands(command, *before, word)


@pytest.mark.parametrize("document", PAGES, ids=name)
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = []
    for target in _LINK.findall(prose(document)):
        file, _, anchor = target.partition("#")
        if "://" in target:
            continue
        aim = (document.parent / file).resolve() if file else document
        if not aim.exists() or (anchor and anchor not in anchors(aim)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("document", PAGES, ids=name)
def test_every_file_that_is_named_is_there(document: Path) -> None:
    named = [
        word.rstrip("/")
        for word in _CODE.findall(prose(document))
        if word.startswith(tuple(f"{f}/" for f in FOLDERS))
    ]
    named = [word for word in named if re.fullmatch(r"[\w./-]+", word) and not word.startswith(MADE_LATER)]
    assert [word for word in named if not any((ROOT / f"{word}{end}").exists() for end in ("", ".py"))] == []


@pytest.mark.parametrize("document", PAGES, ids=name)
def test_every_command_that_is_named_exists(document: Path) -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    typed = [*_CODE.findall(prose(document)), *re.findall(r"^    (\S.*)$", prose(document), re.MULTILINE)]
    made = [found[1] for line in typed if (found := re.match(r"make ([a-z][a-z0-9-]*)", line))]
    assert [word for word in made if word not in targets] == []
    known = set(commands(cli))
    run = [
        found[1]
        for line in typed
        if (found := re.match(r"steppe ([a-z][a-z0-9-]*(?: [a-z][a-z0-9-]*)?)", line))
    ]
    assert [words for words in run if words not in known and words.split()[0] not in known] == []
    groups = {words.split()[0] for words in known if " " in words}
    assert [
        words for words in run if words.split()[0] in groups and " " in words and words not in known
    ] == []


@pytest.mark.parametrize("document", [*PAGES, ROOT / "compose.yaml", ROOT / "Dockerfile"], ids=name)
def test_every_setting_that_is_named_exists(document: Path) -> None:
    named = set(re.findall(r"\bSTEPPE_[A-Z_]*[A-Z](?![A-Z_<…])", document.read_text()))
    prefixes = {variable[: variable.index("__")] for variable in variables() if "__" in variable}
    assert named - set(variables()) - NOT_SETTINGS - prefixes == set()


def test_every_page_is_in_the_table_of_contents() -> None:
    listed = set(_LINK.findall((DOCS / "README.md").read_text()))
    assert {page.name for page in DOCS.glob("*.md")} - listed == {"README.md"}
    assert "adr/" in {f"{target.rstrip('/')}/" for target in listed}


@pytest.mark.parametrize("document", DECISIONS, ids=name)
def test_a_decision_names_the_test_that_holds_it(document: Path) -> None:
    text = document.read_text()
    assert [section for section in SECTIONS if f"**{section}**" not in text] == []
    assert re.search(r"\*\*Decision\.\*\*\s+\*.+?\.\*", text, re.DOTALL), "one sentence that people can quote"
    held_by = text.partition("**Held by**")[2]
    files = [ROOT / word for word in _CODE.findall(held_by) if re.search(r"\.(py|ts)$", word)]
    assert files, "a file, not a folder and not a description"
    assert [name(file) for file in files if not file.is_file()] == []
    assert any(re.search(r"\b(async )?def test_|\b(test|it)\(", file.read_text()) for file in files)


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for number, page in enumerate(DECISIONS, 1):
        assert page.read_text().startswith(f"# {number}. ")


def test_the_two_readmes_name_the_same_things() -> None:
    english, chinese = (ROOT / "README.md").read_text(), (ROOT / "README.zh.md").read_text()
    for what in (
        r"https?://[^\s)|;，。；]+",
        r"\]\(([^)\s]+)\)",
        r"`([^`\n]*)`",
        r"^    (\S+(?: \S+)?)",
        r"^\|",
    ):
        said = [sorted(re.findall(what, text, re.MULTILINE)) for text in (english, chinese)]
        said = [[word for word in words if not word.startswith(("README", "git clone"))] for words in said]
        assert said[0] == said[1], what
