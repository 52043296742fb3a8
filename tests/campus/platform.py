"""The tests' own platform with LTI Advantage: tokens, Names and Roles, Assignment and Grade Services, and bad days.

It checks what a platform must: who signed the client assertion, by a key that the tool publishes now, for whom, once;
the scope of each token; the newest timestamp of a score. What it does wrong is asked for by its fields.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jwt
from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from tests.sign_in.platform import CLAIM, CLIENT_ID, DEPLOYMENT, ROLE, Platform

DEEP_LINK, AGS_CLAIM = (f"https://purl.imsglobal.org/spec/lti-{name}/claim/" for name in ("dl", "ags"))
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
SCOPES = {NRPS, f"{AGS}lineitem", f"{AGS}score", f"{AGS}result.readonly"}


@dataclass
class PlatformCourse:
    """One course of the platform: its members in order, its columns, and the scores that arrived."""

    members: list[dict[str, Any]] = field(default_factory=list)
    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    links: list[dict[str, Any]] = field(default_factory=list)  # what was chosen by deep linking
    scores: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)  # by column and subject: the newest
    arrived: Counter[tuple[str, str]] = field(default_factory=Counter)  # what changed a score, not what was repeated

    def enrol(self, *people: str, role: str = "Learner") -> None:
        for person in people:
            names = {"given_name": person.title(), "family_name": "Lovelace", "name": f"{person.title()} Lovelace"}
            login = {"message": [{f"{CLAIM}custom": {"login": person}}], "email": f"{person}@example.org"}
            about = {"user_id": f"platform-id-of-{person}", "roles": [f"{ROLE}{role}"], "status": "Active"}
            self.members.append(about | names | login)

    def enrol_as_moodle(self, *people: str, role: str = "Learner") -> None:
        """Describe people as Moodle 4.5 does: numbers, bare roles, no custom parameters, the login as an extension.

        A non-editing teacher is a Learner there, since roles follow the right to change the course.
        """
        for person in people:
            names = {"given_name": person.title(), "family_name": "Lovelace", "name": f"{person.title()} Lovelace"}
            link = {f"{CLAIM}message_type": "LtiResourceLinkRequest"}
            about = {"status": "Active", "roles": [role], "message": [link], "lis_person_sourcedid": ""}
            number = str(len(self.members) + 3)
            self.members.append({**about, **names, "user_id": number, "ext_user_username": person})

    def leave(self, person: str) -> None:
        self.members = [each for each in self.members if each["user_id"] != f"platform-id-of-{person}"]


@dataclass
class PlatformWithServices(Platform):
    """A platform whose services answer too."""

    tool_keys: Callable[[], dict] = dict  # the tool's key set, as it is published when somebody looks
    courses: dict[str, PlatformCourse] = field(default_factory=dict)
    allowed: set[str] = field(default_factory=lambda: set(SCOPES))
    page_size: int = 50
    token_seconds: int = 3600
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)  # its scope and end
    seen_assertions: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)  # services' requests by kind
    number: int = 0
    fails_every: int = 0  # so many requests, one is answered with 500
    after_the_deed: bool = False  # what fails was done all the same
    answers_now: list[Response] = field(default_factory=list)  # given instead of the next answers
    next_page_at: str = ""  # another place's address for each next page
    is_moodle: bool = False  # answers scores as Moodle 4.5 does
    clock_ahead: float = 0.0  # seconds

    def course(self, context: str) -> PlatformCourse:
        return self.courses.setdefault(context, PlatformCourse())

    def launch_claims(self, context: str, **more: Any) -> dict[str, Any]:
        """Return the claims with which a launch says where the course's services are."""
        base = f"{self.url}/courses/{context}"
        return {
            f"{CLAIM}context": {"id": context, "title": f"Course {context}"},
            "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {
                "context_memberships_url": f"{base}/members",
                "service_versions": ["2.0"],
            },
            f"{AGS_CLAIM}endpoint": {
                "scope": sorted(SCOPES - {NRPS}),
                "lineitems": f"{base}/columns",
            },
            **more,
        }

    def choosing_claims(self, context: str, **settings: Any) -> dict[str, Any]:
        """Return the claims of a launch that asks for links; `settings` replace the usual ones, None leaves one out."""
        asked = {
            "deep_link_return_url": f"{self.url}/courses/{context}/chosen",
            "accept_types": ["link", "ltiResourceLink"],
            "accept_presentation_document_targets": ["iframe", "window"],
            "accept_multiple": True,
            "data": f"choice-of-{context}",
        }
        given = {name: value for name, value in (asked | settings).items() if value is not None}
        return {
            f"{CLAIM}message_type": "LtiDeepLinkingRequest",
            f"{CLAIM}resource_link": None,
            f"{DEEP_LINK}deep_linking_settings": given,
            **self.launch_claims(context),
        }

    def message(self, hint: str, person: str) -> dict[str, Any] | None:
        """Know the hints `choose-CONTEXT` and `open-CONTEXT-NUMBER`, too: asking for links, and opening one."""
        kind, _, rest = hint.partition("-")
        if kind == "choose":
            return self.choosing_claims(rest)
        if kind != "open":
            return super().message(hint, person)
        context, _, number = rest.partition("-")
        link, claims = self.course(context).links[int(number)], self.launch_claims(context)
        if "column" in link:
            claims[f"{AGS_CLAIM}endpoint"]["lineitem"] = link["column"]
        custom = {"login": person, **link.get("custom", {})}
        opened = {f"{CLAIM}target_link_uri": link["url"], f"{CLAIM}custom": custom}
        return claims | opened | {f"{CLAIM}resource_link": {"id": f"{context}-{number}"}}

    def application(self) -> FastAPI:
        app = super().application()
        self._add_links(app)
        app.middleware("http")(self._bad_days)
        self._add_tokens(app)
        self._add_members(app)
        self._add_columns(app)
        self._add_scores(app)
        return app

    async def _bad_days(self, request: Request, call_next: Any) -> Response:
        asks_a_service = "/courses/" in request.url.path and not request.url.path.endswith("/chosen")
        if not asks_a_service and request.url.path != "/token":
            return await call_next(request)
        self.number += 1
        if self.answers_now:
            return self.answers_now.pop(0)
        if not (self.fails_every and self.number % self.fails_every == 0):
            return await call_next(request)
        if self.after_the_deed:
            await call_next(request)
        return JSONResponse({"error": "out of order"}, 500)

    def _add_links(self, app: FastAPI) -> None:
        """Ask for links in a frame of the course's page, as platforms do, and show what was chosen there."""

        @app.get("/choosing/{context}/{person}")
        def frame(context: str, person: str):
            source = f"/begin/{context}/{person}"
            return HTMLResponse(
                f'<h1>Add an assignment</h1><iframe title="TinyTorch" width=900 height=700 src="{source}">'
            )

        @app.get("/begin/{context}/{person}")
        def begin(context: str, person: str):
            return self.button(self.launch(person, lti_message_hint=f"choose-{context}"))

        @app.post("/courses/{context}/chosen")
        def chosen(context: str, JWT: str = Form()):
            items = self.checked_answer(context, JWT)
            for item in items:
                self._add_link(context, item)
            return HTMLResponse(f"<h1>Added: {', '.join(item['title'] for item in items) or 'nothing'}</h1>")

        @app.get("/links/{context}/{number}/{person}")
        def opened(context: str, number: int, person: str):
            url = self.course(context).links[number]["url"]
            hint = f"open-{context}-{number}"
            return self.button(self.launch(person, lti_message_hint=hint, target_link_uri=url))

    def _add_link(self, context: str, item: dict[str, Any]) -> None:
        course = self.course(context)
        if asked := item.get("lineItem"):
            number = str(len(course.columns) + 1)
            item = {**item, "column": f"{self.url}/courses/{context}/columns/{number}?type_id=7"}
            course.columns[number] = {**asked, "id": item["column"]}
        course.links.append(item)

    def checked_answer(self, context: str, signed: str) -> list[dict[str, Any]]:
        """Return the links of an answer that is rightly signed, for this platform, new, about its question."""
        published = {each["kid"]: each for each in self.tool_keys()["keys"]}
        key = jwt.PyJWK(published[jwt.get_unverified_header(signed)["kid"]]).key
        wanted = {"require": ["iss", "aud", "iat", "exp", "nonce"]}
        claims = jwt.decode(signed, key, ["RS256"], audience=self.url, issuer=CLIENT_ID, options=wanted)
        assert claims[f"{CLAIM}message_type"] == "LtiDeepLinkingResponse"
        assert (claims[f"{CLAIM}version"], claims[f"{CLAIM}deployment_id"]) == ("1.3.0", DEPLOYMENT)
        assert claims[f"{DEEP_LINK}data"] == f"choice-of-{context}"
        assert claims["nonce"] not in self.seen_assertions
        self.seen_assertions.add(claims["nonce"])
        return claims[f"{DEEP_LINK}content_items"]

    def _add_tokens(self, app: FastAPI) -> None:
        @app.post("/token")
        def token(
            grant_type: str = Form(), scope: str = Form(), client_assertion_type: str = Form(),
            client_assertion: str = Form(),
        ):  # fmt: skip
            self.calls["token"] += 1
            if (grant_type, client_assertion_type) != ("client_credentials", ASSERTION):
                return JSONResponse({"error": "unsupported_grant_type"}, 400)
            if why := self._wrong(client_assertion):
                return JSONResponse({"error": "invalid_client", "error_description": why}, 401)
            if not set(scope.split()) <= self.allowed:
                return JSONResponse({"error": "invalid_scope", "error_description": scope}, 400)
            made = uuid.uuid4().hex
            self.tokens[made] = (scope, time.time() + self.token_seconds)
            return {"access_token": made, "token_type": "Bearer", "expires_in": self.token_seconds, "scope": scope}

    def _wrong(self, assertion: str) -> str:
        """Say what is wrong with a client's assertion."""
        kid = jwt.get_unverified_header(assertion)["kid"]
        published = {each["kid"]: each for each in self.tool_keys()["keys"]}
        if kid not in published:
            return f"no key {kid}"
        key = jwt.PyJWK(published[kid]).key
        wanted = ["iss", "sub", "aud", "iat", "exp", "jti"]
        try:
            claims = jwt.decode(
                assertion, key, ["RS256"], audience=f"{self.url}/token", issuer=CLIENT_ID, options={"require": wanted}
            )
        except jwt.InvalidTokenError as error:
            return str(error)
        if claims["jti"] in self.seen_assertions or claims["sub"] != CLIENT_ID:
            return "used before"
        self.seen_assertions.add(claims["jti"])
        return ""

    def need(self, request: Request, scope: str, kind: str) -> None:
        self.calls[kind] += 1
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        granted, until = self.tokens.get(token, ("", 0.0))
        if until <= time.time():
            raise HTTPException(401, "no such token")
        if scope not in granted.split():
            raise HTTPException(403, "another scope")

    def page(self, request: Request, rows: list, made: Callable[[list], Any]) -> Response:
        start = int(request.query_params.get("start", 0))
        answer = JSONResponse(made(rows[start : start + self.page_size]))
        if start + self.page_size < len(rows):
            there = str(request.url.replace(query=None).include_query_params(start=start + self.page_size))
            answer.headers["Link"] = f'<{self.next_page_at or there}>; rel="next"'
        return answer

    def _add_members(self, app: FastAPI) -> None:
        @app.get("/courses/{context}/members")
        def members(request: Request, context: str):
            self.need(request, NRPS, "members")
            hides = "rlid" not in request.query_params and "start" not in request.query_params
            rows = [{**each, "message": []} if hides else each for each in self.course(context).members]
            return self.page(request, rows, lambda part: {"id": str(request.url), "members": part})

    def _add_columns(self, app: FastAPI) -> None:
        @app.get("/courses/{context}/columns")
        def columns(request: Request, context: str, tag: str = ""):
            self.need(request, f"{AGS}lineitem", "columns")
            rows = [each for each in self.course(context).columns.values() if tag in ("", each["tag"])]
            return self.page(request, rows, lambda part: part)

        @app.post("/courses/{context}/columns", status_code=201)
        def create(request: Request, context: str, body: dict):
            self.need(request, f"{AGS}lineitem", "create")
            number = str(len(self.course(context).columns) + 1)
            made = {**body, "id": f"{self.url}/courses/{context}/columns/{number}?type_id=7"}
            self.course(context).columns[number] = made
            return made

        @app.get("/courses/{context}/columns/{number}")
        def column(request: Request, context: str, number: str):
            self.need(request, f"{AGS}lineitem", "column")
            return self.course(context).columns.get(number) or Response(status_code=404)

    def _add_scores(self, app: FastAPI) -> None:
        @app.post("/courses/{context}/columns/{number}/scores")
        def score(request: Request, context: str, number: str, body: dict):
            self.need(request, f"{AGS}score", "score")
            course, key = self.course(context), (number, body["userId"])
            if self.is_moodle:
                return self.scored_by_moodle(course, key, body)
            here = {each["user_id"] for each in course.members}
            if number not in course.columns or body["userId"] not in here:
                return Response(status_code=404)
            before = course.scores.get(key)
            if before and before["timestamp"] > body["timestamp"]:
                return Response(status_code=409)
            if before != body:
                course.scores[key] = body
                course.arrived[key] += 1
            return Response(status_code=204)

        @app.get("/courses/{context}/columns/{number}/results")
        def results(request: Request, context: str, number: str):
            self.need(request, f"{AGS}result.readonly", "results")
            course = self.course(context)
            if self.is_moodle and number not in course.columns:
                return JSONResponse({"status": 404, "reason": f"Not Found: Grade item {number} doesn't exist"}, 404)
            only = request.query_params.get("user_id")
            rows = [
                {"userId": who, "resultScore": body["scoreGiven"], "resultMaximum": body["scoreMaximum"]}
                for (column, who), body in sorted(course.scores.items())
                if column == number and only in (None, who)
            ]
            return self.page(request, rows, lambda part: part)

    def scored_by_moodle(self, course: PlatformCourse, key: tuple[str, str], body: dict) -> Response:
        """Take a score as Moodle 4.5 does; what it refuses has an empty list as its body.

        It refuses everybody who is no student of the course with 400. A score of an activity is dated when it arrives,
        one of a column that a tool has made when it was given; what is not newer than that is refused with 409.
        """
        number, who = key
        if number not in course.columns:
            return JSONResponse({"status": 404, "reason": f"Not Found: Grade item {number} doesn't exist"}, 404)
        if who not in {each["user_id"] for each in course.members}:
            return JSONResponse([], 400)
        before, given = course.scores.get(key), datetime.fromisoformat(body["timestamp"]).timestamp()
        if before and before["dated"] >= given:
            return JSONResponse([], 409)
        arrived = time.time() + self.clock_ahead
        course.scores[key] = {**body, "dated": arrived if "activity" in course.columns[number] else given}
        course.arrived[key] += 1
        return JSONResponse(None)
