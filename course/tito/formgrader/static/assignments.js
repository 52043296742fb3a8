// The modules of the course, what waits in each, and the instructor's buttons.
"use strict";

(function () {
  var api = document.documentElement.dataset.base + "/formgrader/api/";
  var pages = document.documentElement.dataset.base + "/formgrader/";

  var buttons = JSON.parse(document.documentElement.dataset.buttons);

  function count(cell, value, link) {
    if (value && link) { cell.append($("<a/>").attr("href", link).text(value)); } else { cell.text(value || 0); }
    return cell.addClass("text-center");
  }

  function row(assignment, waiting) {
    var name = assignment.name;
    var actions = $("<td/>").addClass("instructor-only actions");
    buttons.forEach(function (button) {
      actions.append($("<button/>").addClass("btn btn-default btn-xs").attr({ type: "button", title: button.hint }).text(button.text)
        .click(function () { queueJob("assignment/" + name + "/" + button.address, button.text + " " + name, load); }), " ");
    });
    var label = assignment.status === "released" ? "label-success" : "label-default";
    return $("<tr/>").attr("data-assignment", name).append(
      $("<td/>").append($("<a/>").attr("href", pages + "manage_submissions/" + name).text(name)),
      $("<td/>").text(assignment.display_duedate || "not set"),
      $("<td/>").addClass("text-center").append($("<span/>").addClass("label " + label).text(assignment.status)),
      count($("<td/>"), assignment.num_submissions, pages + "manage_submissions/" + name),
      count($("<td/>"), waiting.ungraded, pages + "manage_submissions/" + name),
      count($("<td/>"), waiting.manual, pages + "gradebook/" + name),
      actions
    );
  }

  function waitingIn(name) {
    return $.getJSON(api + "submissions/" + name).then(function (submissions) {
      return {
        ungraded: submissions.filter(function (s) { return !s.autograded; }).length,
        manual: submissions.filter(function (s) { return s.autograded && s.needs_manual_grade; }).length,
      };
    });
  }

  function load() {
    $.getJSON(api + "assignments").done(function (assignments) {
      $.when.apply($, assignments.map(function (a) { return waitingIn(a.name); })).done(function () {
        var waiting = assignments.length === 1 ? [arguments[0]] : Array.prototype.slice.call(arguments);
        var table = $("#main-table").empty();
        assignments.forEach(function (a, index) { table.append(row(a, waiting[index])); });
        if (!assignments.length) { table.append($("<tr/>").append($("<td/>").attr("colspan", 7).text("No module has been generated yet."))); }
      });
    });
  }

  $(load);
})();
