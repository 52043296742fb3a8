// Shared by all pages: the proof against forged requests, the place in the menu, progress of queued jobs.
"use strict";

// The Hub's XSRF token is bound to the login session. Other cookies of the same name may lie on this host, so nbgrader's
// search through document.cookie is replaced by what this page was given.
var getCookie = function (name) {
  return name === "_xsrf" ? document.documentElement.dataset.xsrf : undefined;
};

$.ajaxPrefilter(function (options, original, request) {
  if (!options.crossDomain) {
    request.setRequestHeader("X-XSRFToken", document.documentElement.dataset.xsrf);
  }
});

$(document).ajaxError(function (event, request) {
  if (request.status === 0) { return; }
  showMessage(reasonOf(request));
});

function reasonOf(request) {
  var reason = request.status ? "The server answered " + request.status + "." : "The server does not answer.";
  try { return JSON.parse(request.responseText).error || reason; } catch (error) { return reason; /* not JSON */ }
}

function showMessage(text) {
  var box = $("<div/>").addClass("job alert-danger").attr("role", "alert").text(text);
  box.prepend($("<button/>").addClass("close").attr({ type: "button", "aria-label": "Close" }).html("&times;").click(function () { box.remove(); }));
  jobList().append(box);
}

function jobList() {
  if (!$("#jobs").length) { $("body").append($("<div/>").attr({ id: "jobs", "aria-live": "polite" })); }
  return $("#jobs");
}

// Queue something in the grading service, show how far it is, and call `after` when it is done.
function queueJob(path, title, after) {
  var url = document.documentElement.dataset.base + "/formgrader/api/";
  $.post(url + path).done(function (answer) { followJob(url, JSON.parse(JSON.stringify(answer)), title, after); });
}

function followJob(url, answer, title, after) {
  var job = typeof answer === "string" ? JSON.parse(answer) : answer;
  var bar = $("<progress/>").attr({ max: Math.max(1, job.total), value: 0 });
  var state = $("<div/>").text("waiting");
  var box = $("<div/>").addClass("job").append($("<strong/>").text(title), bar, state);
  jobList().append(box);
  (function look() {
    $.getJSON(url + "jobs/" + job.job).done(function (progress) {
      bar.attr({ max: Math.max(1, progress.total), value: progress.finished });
      state.text(progress.finished + " of " + progress.total + " done");
      if (!progress.done) { setTimeout(look, 500); return; }
      finishJob(box, progress);
      if (after) { after(progress); }
    }).fail(function () { setTimeout(look, 3000); });
  })();
}

function finishJob(box, progress) {
  var bad = progress.tasks.filter(function (task) { return task.state !== "done" || task.outcome === "refused"; });
  box.prepend($("<button/>").addClass("close").attr({ type: "button", "aria-label": "Close" }).html("&times;").click(function () { box.remove(); }));
  if (!bad.length) {
    var notes = progress.tasks.length === 1 ? progress.tasks[0].message : "";
    box.append($("<div/>").addClass("text-success").text("Done. " + (notes || "")));
    return;
  }
  var list = $("<ul/>");
  bad.forEach(function (task) { list.append($("<li/>").text((task.student || progress.assignment) + ": " + task.message)); });
  box.append($("<div/>").addClass("text-danger").text(bad.length + " with a problem:"), list);
}

$(function () {
  // nbgrader's inline handlers, by name; nothing else can be called.
  var callable = { toggleAllNames: window.toggleAllNames };
  $("[data-call]").each(function () {
    var handler = callable[this.dataset.call];
    if (handler) { $(this).on("click", handler); } else { $(this).closest("tr").hide(); }
  });
  var best = null;
  $("[data-nav]").each(function () {
    var inside = location.pathname.indexOf("/formgrader/" + this.dataset.nav) >= 0;
    if (inside && (!best || this.dataset.nav.length > best.dataset.nav.length)) { best = this; }
  });
  if (best) { best.setAttribute("aria-current", "page"); }
});
