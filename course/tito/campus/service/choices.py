"""Modules as links in the platform's course: what can be chosen, what is already there, and the signed answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tito.campus.choosing import Choosing, find_choosing, take_choosing
from tito.campus.database import ChosenModule, LineItem, Linked, utc_now
from tito.campus.launched import LaunchedCourse, columns_there, find_launched
from tito.campus.platform.deep_links import LinkedColumn, ModuleLink, sign_answer
from tito.campus.platform.errors import PlatformRefused, PlatformSilent
from tito.campus.platform.line_items import find_line_items
from tito.campus.service.campus import Campus
from tito.errors import TitoError


@dataclass(frozen=True)
class Answer:
    """What the browser takes to the platform, and where."""

    return_url: str
    signed: str
    modules: list[str]


@dataclass(frozen=True)
class Choices:
    """The modules that one instructor may choose, after a launch that asked for it."""

    campus: Campus
    key: str
    name: str

    def show(self) -> dict[str, Any]:
        """Return the modules, which of them are already there, and whether the platform's course is ours."""
        choosing, linked = self._choosing(), self.campus.linked()
        launched, chosen = find_launched(self.campus.folder, choosing.course_key), self._chosen(choosing)
        opened = columns_there(self.campus.folder, linked) if linked else {}
        return {
            "title": launched.title or launched.context if launched else "",
            "course_key": choosing.course_key if launched else "",
            "linked": _is_linked(linked, launched),
            "other": linked.title or linked.context if linked and not _is_linked(linked, launched) else "",
            "multiple": choosing.multiple,
            "modules": [_shown(each, chosen.get(each["slug"]), each["slug"] in opened) for each in self._modules()],
        }

    def answer(self, modules: list[str]) -> Answer:
        """Sign the chosen modules for the platform, once; raise TitoError if something prevents it."""
        choosing, linked = self._choosing(), self.campus.linked()
        if linked is None or not _is_linked(linked, find_launched(self.campus.folder, choosing.course_key)):
            raise TitoError("this course of the platform is not the linked one, so its scores would go elsewhere")
        chosen = self._checked(modules, choosing)
        with self.campus.busy:
            have = self._have_columns(choosing, linked) if choosing.columns else {each["slug"] for each in chosen}
        links = [self._link(each, each["slug"] not in have) for each in chosen]
        signed = sign_answer(self.campus.keys, choosing.asked, links)
        take_choosing(self.campus.folder, self.key)
        self._note(choosing, modules)
        return Answer(choosing.return_url, signed, modules)

    def _choosing(self) -> Choosing:
        found = find_choosing(self.campus.folder, self.key, self.name)
        if found.issuer != self.campus.issuer:
            raise TitoError(f"this launch came from {found.issuer!r}, but this Hub belongs to {self.campus.issuer!r}")
        return found

    def _modules(self) -> list[dict[str, Any]]:
        tiers = self.campus.neighbours.course()["tiers"]
        return [module for tier in tiers for module in tier["modules"] if module["place"] == "built"]

    def _checked(self, slugs: list[str], choosing: Choosing) -> list[dict[str, Any]]:
        known = {each["slug"]: each for each in self._modules()}
        if unknown := [slug for slug in slugs if slug not in known]:
            raise TitoError(f"this semester has no module {', '.join(unknown)}; it has {', '.join(known)}")
        if len(slugs) > 1 and not choosing.multiple:
            raise TitoError(
                f"the platform accepts only one link here, but {len(slugs)} modules were chosen: choose one"
            )
        return [known[slug] for slug in dict.fromkeys(slugs)]

    def _link(self, module: dict[str, Any], with_column: bool) -> ModuleLink:
        slug, title = module["slug"], f"{module['number']:02d} {module['title']}"
        column = self._column(slug, title) if with_column else None
        times = {
            name: _seconds(module[of]) for name, of in (("opens", "release"), ("due", "due"), ("closes", "closes"))
        }
        url = f"{self.campus.home_url}modules/{slug}"
        return ModuleLink(title, module["summary"], url, {"module": slug}, **times, column=column)

    def _column(self, slug: str, title: str) -> LinkedColumn:
        return LinkedColumn(title, self.campus.neighbours.points(slug), f"{self.campus.course}/{slug}")

    def _have_columns(self, choosing: Choosing, linked: Linked) -> set[str]:
        """Return the modules that have a column there: a second one would stay empty.

        If the platform's gradebook can't be read now, those that were chosen before are assumed to have one.
        """
        with Session(self.campus.engine) as session:
            rows = session.scalars(select(LineItem.assignment).where(LineItem.course == self.campus.course))
            known = {*rows, *columns_there(self.campus.folder, linked)}
        try:
            there = find_line_items(self.campus.client, linked.line_items_url) if linked.line_items_url else {}
        except (PlatformSilent, PlatformRefused):
            return known | set(self._chosen(choosing))
        return known | {resource.removeprefix(f"{self.campus.course}/") for resource in there}

    def _chosen(self, choosing: Choosing) -> dict[str, ChosenModule]:
        query = select(ChosenModule).where(
            ChosenModule.course == self.campus.course, ChosenModule.course_key == choosing.course_key
        )
        with Session(self.campus.engine, expire_on_commit=False) as session:
            return {row.module: row for row in session.scalars(query)}

    def _note(self, choosing: Choosing, modules: list[str]) -> None:
        where = {"course": self.campus.course, "course_key": choosing.course_key}
        with Session(self.campus.engine) as session, session.begin():
            for module in modules:
                session.merge(ChosenModule(**where, module=module, by=self.name, at=utc_now()))


def _seconds(moment: str) -> str:
    """Write a time as platforms' forms do, without fractions of a second."""
    return datetime.fromisoformat(moment).isoformat(timespec="seconds").replace("+00:00", "Z")


def _is_linked(linked: Linked | None, launched: LaunchedCourse | None) -> bool:
    words = ("issuer", "deployment", "context")
    return bool(linked and launched) and all(getattr(linked, word) == getattr(launched, word) for word in words)


def _shown(module: dict[str, Any], chosen: ChosenModule | None, opened: bool) -> dict[str, Any]:
    facts = {name: module[name] for name in ("slug", "number", "title", "release", "due")}
    put = {"by": chosen.by, "at": chosen.at.isoformat()} if chosen else None
    return facts | {"chosen": put, "opened": opened}
