from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Locator, Page, expect

if TYPE_CHECKING:
    from tests.browser.conftest import Open

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

RULE = (
    "p, agent, acme, phone_number, view, deny, last4, customer_care, -, normal, -, ACME-99, instruction:ACME-2026-01\n"
)

OVERFLOWING = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = (one) => one && (/auto|scroll/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > wide + 1 && !scrolls(one))
    .map((one) => one.tagName + "." + one.className);
}"""

FAINT = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((one) => one.checkVisibility())
    .map((one) => {
      const [ink, paper] = [light(channels(getComputedStyle(one).color)), light(behind(one))];
      return [(Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05), one];
    })
    .filter(([contrast]) => contrast < 4.5)
    .map(([contrast, one]) => `${one.tagName}.${one.className} ${contrast.toFixed(2)}`);
}"""


def cell(page: Page, person: str, path: str) -> Locator:
    """Return what *person* gets of the field at *path*."""
    return page.locator(f'td[data-persona="{person}"][data-field="{path}"]')


async def edited(page: Page, before: str, after: str) -> None:
    """Change the rules in the box, save, and wait for the whole next page."""
    box = page.get_by_role("textbox", name=re.compile("Rule file|Regeldatei"))
    await box.fill((await box.input_value()).replace(before, after, 1))
    async with page.expect_navigation():
        await page.get_by_role("button", name=re.compile("Save|Speichern")).click()


class TestConsole:
    async def test_loads(self, opened: Open) -> None:
        """The page loads without a complaint, and asks nobody but its own host."""
        tab = await opened()

        await expect(tab.page.get_by_role("heading", level=1)).to_have_text("One contact, seen by each")
        await expect(tab.page.get_by_role("columnheader", name="Anna")).to_be_visible()
        assert [] == tab.complaints

    async def test_without_scripts(self, opened: Open) -> None:
        """There is no script, so none can be blocked, and none is needed."""
        tab = await opened("contact=8&lang=en")

        assert 0 == await tab.page.locator("script").count()
        assert 1 == await tab.page.locator("link[rel=stylesheet]").count()
        assert "rgb(251, 250, 248)" == await tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert [] == tab.complaints

    async def test_language(self, opened: Open) -> None:
        """The browser's language is met, and one click changes it and nothing else."""
        tab = await opened("purpose=collections", language="de")

        await expect(tab.page.locator("html")).to_have_attribute("lang", "de")
        await tab.page.get_by_role("link", name="English").click()
        await expect(tab.page.locator("html")).to_have_attribute("lang", "en")
        await expect(tab.page.get_by_role("heading", level=2, name="for the purpose Collections")).to_be_visible()

    async def test_purpose(self, opened: Open) -> None:
        """One click on another purpose shows what each may see for it."""
        tab = await opened()

        await expect(cell(tab.page, "Anna", "iban")).to_contain_text("withheld")
        await tab.page.get_by_role("link", name="Collections").click()
        await expect(cell(tab.page, "Anna", "iban")).to_contain_text("2051")
        await expect(tab.page.get_by_role("link", name="Collections")).to_have_attribute("aria-current", "true")

    async def test_contact(self, opened: Open) -> None:
        """Another contact can be chosen, or asked for by its id; what it holds is text."""
        tab = await opened()

        await tab.page.get_by_role("textbox", name="Another id").fill("8")
        await tab.page.get_by_role("button", name="Show").click()
        await expect(cell(tab.page, "Anna", "first_name")).to_contain_text("<script>alert(1)</script>")
        assert [] == tab.complaints

    async def test_why(self, opened: Open) -> None:
        """A cell opens by keyboard and tells its rule and where the value comes from."""
        tab = await opened()
        phone = cell(tab.page, "Anna", "phone")

        await expect(phone.locator("dl").first).to_be_hidden()
        await phone.locator("summary").focus()
        await tab.page.keyboard.press("Enter")
        await expect(phone.locator("dl").first).to_be_visible()
        await expect(phone).to_contain_text("tenants/acme.csv:5")
        await expect(phone).to_contain_text("Collected by")

    async def test_keyboard(self, opened: Open) -> None:
        """The first stop of the tab key leads past everything to the comparison."""
        tab = await opened()

        await tab.page.keyboard.press("Tab")
        await expect(tab.page.get_by_role("link", name="Skip to the comparison")).to_be_focused()
        await tab.page.keyboard.press("Enter")
        await expect(tab.page.locator("#comparison")).to_be_focused()


class TestEditing:
    async def test_changes_a_cell(self, opened: Open) -> None:
        """A rule that is added in the box changes what the cell shows, without a restart."""
        tab = await opened()

        await expect(cell(tab.page, "Anna", "phone")).to_contain_text("+49 30 23125001")
        await edited(tab.page, "# Collections.", f"{RULE}# Collections.")
        await expect(tab.page.get_by_role("status")).to_contain_text("Saved.")
        await expect(cell(tab.page, "Anna", "phone")).to_contain_text("masked: by its last four characters")
        await expect(cell(tab.page, "Anna", "phone")).not_to_contain_text("+49 30 23125001")
        assert [] == tab.complaints

    async def test_broken(self, opened: Open) -> None:
        """A misspelt rule is told of in view, with its place and what was meant; what was typed is still there."""
        tab = await opened("lang=de")

        await edited(tab.page, "allow", "allou")
        alert = tab.page.get_by_role("alert")
        await expect(alert).to_contain_text("Nicht gespeichert")
        await expect(alert).to_contain_text(re.compile(r"tenants/acme\.csv:5:\d+"))
        await expect(alert).to_contain_text("war allow gemeint?")
        await expect(alert).to_be_in_viewport()
        assert "allou" in await tab.page.locator("textarea").input_value()
        await edited(tab.page, "allou", "allow")
        await expect(tab.page.get_by_role("status")).to_contain_text("Gespeichert.")

    async def test_two_tabs(self, opened: Open) -> None:
        """Whoever saves second is told that somebody was first."""
        first, second = await opened(), await opened()

        await edited(first.page, "# Collections.", f"{RULE}# Collections.")
        await edited(second.page, "# Collections.", "# Debts.")
        await expect(second.page.get_by_role("alert")).to_contain_text("Somebody else changed the file meanwhile")


class TestLooks:
    @pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280])
    async def test_fits(self, opened: Open, width: int) -> None:
        """Nothing is wider than the window, be it a phone's, even with everything opened."""
        tab = await opened("lang=de", width=width)
        await tab.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")

        assert [] == await tab.page.evaluate(OVERFLOWING)
        assert width >= await tab.page.evaluate("document.documentElement.scrollWidth")

    @pytest.mark.parametrize("width", [390, 1024])
    async def test_long_names(self, opened: Open, width: int) -> None:
        """A field's name, however long, stays in its column."""
        tab = await opened(width=width)
        renamed = "(one) => { one.textContent = 'hubspot.' + 'lifecyclestage'.repeat(4) }"
        await tab.page.evaluate(f"document.querySelectorAll('.field').forEach({renamed})")

        wide = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).length"
        assert 0 == await tab.page.locator(".compare tbody th").evaluate_all(wide)

    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    async def test_contrast(self, opened: Open, *, dark: bool) -> None:
        """Every text can be read: 4.5 to 1 at least, by day and by night."""
        tab = await opened("purpose=marketing&lang=en", dark=dark)
        await edited(tab.page, "allow", "allou")
        await tab.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")

        assert [] == await tab.page.evaluate(FAINT)

    async def test_on_paper(self, opened: Open) -> None:
        """On paper there is the comparison, and nothing to click."""
        tab = await opened()
        await tab.page.emulate_media(media="print")

        await expect(tab.page.locator("table.compare")).to_be_visible()
        await expect(tab.page.get_by_role("button")).to_have_count(0)

    async def test_heard(self, opened: Open) -> None:
        """Each cell is announced with its row and its column, on a phone too."""
        for width in (390, 1280):
            tab = await opened(width=width)
            tree = await tab.page.locator("table.compare").aria_snapshot()

            assert re.search(r'rowheader "Birth date birthdate"', tree)
            assert re.search(r"cell \"1980 masked: as its year", tree)
