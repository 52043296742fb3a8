// Shared by all pages: the proof against forged requests, the place in the menu, progress of queued jobs.
"use strict";

// The Hub's XSRF token is bound to the login session. This host may have other cookies of the same name, so nbgrader's
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
  $.ajax({ type: "POST", url: url + path, global: false })
    .done(function (answer) { followJob(url, answer, title, after); })
    .fail(function (request) {
      if (!(request.responseJSON || {}).unread) { showMessage(reasonOf(request)); return; }
      askFirst(title, request.responseJSON, function () { queueJob(path + "?unread=yes", title, after); });
    });
}

// Feedback would go out with answers unread: say so, and let the person decide.
function askFirst(title, answer, go) {
  var box = $("<dialog/>").addClass("conflict ask").attr("aria-labelledby", "ask-title");
  function end() { box[0].close(); box.remove(); }
  box.append($("<h2/>").attr("id", "ask-title").text(title + "?"), $("<p/>").text(answer.error + "."));
  box.append($("<div/>").addClass("choices").append(
    $("<button/>").addClass("btn btn-default").attr({ type: "button", autofocus: true }).text("Do not release").click(end),
    $("<button/>").addClass("btn btn-warning").attr("type", "button").text("Release with answers unread").click(function () { end(); go(); })
  ));
  $("body").append(box);
  box[0].showModal();
}

function followJob(url, answer, title, after) {
  var job = typeof answer === "string" ? JSON.parse(answer) : answer;
  var bar = $("<progress/>").attr({ max: Math.max(1, job.total), value: 0, "aria-label": title });
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
