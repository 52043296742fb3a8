// Times in the viewer's own zone, and a page that refreshes while something is under way. The page works without this.
"use strict";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const exact = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit",
});

for (const element of document.querySelectorAll("time[datetime]")) {
  element.textContent = exact.format(new Date(element.dateTime));
}

const note = document.querySelector(".zone");
if (note && zone && document.querySelector("time[datetime]")) {
  note.querySelector("[data-zone-name]").textContent = zone.replaceAll("_", " ");
  note.hidden = false;
}

const pending = document.querySelector("[data-refresh]");
if (pending) {
  setTimeout(() => location.reload(), Number(pending.dataset.refresh));
}
