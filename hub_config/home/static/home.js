// Shows times in the viewer's own zone, and refreshes a page, or part of one, while something is under way. The page
// works without this.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const exact = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
});

function showTimes(part) {
  for (const element of part.querySelectorAll("time[datetime]")) {
    element.textContent = exact.format(new Date(element.dateTime));
  }
}
showTimes(document);

const note = document.querySelector(".zone");
if (note && zone && document.querySelector("time[datetime]")) {
  note.querySelector("[data-zone-name]").textContent = zone.replaceAll("_", " ");
  note.hidden = false;
}

const pending = document.querySelector("[data-refresh]");
if (pending) {
  setTimeout(() => location.reload(), Number(pending.dataset.refresh));
}

// Only one part: what somebody is writing elsewhere on the page stays. Its children that have an id are brought up to
// date, each only where it has changed, so that what is read aloud is read once.
function follow(part) {
  setTimeout(async () => {
    try {
      const answer = await fetch(location.href);
      if (answer.ok) {
        bringUpToDate(part, new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
    } catch { /* the Hub may be restarting: try again */ }
    if (part.dataset.follow) {
      follow(part);
    }
  }, Number(part.dataset.follow));
}

function bringUpToDate(part, page) {
  showTimes(page);
  for (const child of part.querySelectorAll(":scope > [id]")) {
    const newer = page.getElementById(child.id);
    if (newer && newer.innerHTML !== child.innerHTML) {
      child.replaceChildren(...newer.childNodes);
    }
  }
  if (!page.querySelector(`#${part.id}[data-follow]`)) {
    delete part.dataset.follow;
  }
}

for (const part of document.querySelectorAll("[data-follow]")) {
  follow(part);
}

// Chosen modules go back to the learning platform through its page that opened this window and waits for them. That
// page confirms; otherwise they go from here. The platform's page itself has another origin and receives no message.
const WAIT_FOR_OPENER = 1500;

function giveBack(form) {
  const there = window.opener;
  const send = () => form.submit();
  if (!there) {
    send();
    return;
  }
  const waiting = setTimeout(send, WAIT_FOR_OPENER);
  window.addEventListener("message", (event) => {
    if (event.origin === location.origin && event.data && event.data.subject === "tinytorch.taken") {
      clearTimeout(waiting);
      window.close();
    }
  });
  const answer = new FormData(form).get("JWT");
  there.postMessage({ subject: "tinytorch.chosen", action: form.action, answer }, location.origin);
}

const answerForm = document.querySelector("form[data-answer]");
if (answerForm) {
  giveBack(answerForm);
}
