// One module's submissions and what can be done with each.
"use strict";

(function () {
  var base = document.documentElement.dataset.base + "/formgrader/";
  var assignment = document.documentElement.dataset.assignment;

  var buttons = JSON.parse(document.documentElement.dataset.buttons).filter(function (button) { return button.each; });

  function state(submission) {
    if (!submission.autograded) { return ["label-warning", "needs autograding"]; }
    return submission.needs_manual_grade ? ["label-info", "needs manual grading"] : ["label-success", "graded"];
  }

  function button(text, path, student) {
    return $("<button/>").addClass("btn btn-default btn-xs").attr("type", "button").text(text)
      .click(function () { queueJob(path, text + ": " + student, load); });
  }

  function actions(student) {
    var cell = $("<td/>").addClass("instructor-only actions");
    buttons.forEach(function (each) { cell.append(button(each.text, "assignment/" + assignment + "/" + student + "/" + each.address, student), " "); });
    return cell;
  }

  // What is done for the whole module; the first is what a new collection needs.
  function forAll(each, index) {
    return $("<button/>").addClass("btn " + (index ? "btn-default" : "btn-primary")).attr({ type: "button", id: each.kind + "-all" }).text(each.order)
      .click(function () { queueJob("assignment/" + assignment + "/" + each.address, each.order + " " + assignment, load); });
  }

  function row(submission) {
    var student = submission.student;
    var name = [submission.last_name, submission.first_name].filter(Boolean).join(", ") || student;
    var look = state(submission);
    var link = submission.autograded ? $("<a/>").attr("href", base + "manage_students/" + student + "/" + assignment).text(name) : document.createTextNode(name);
    return $("<tr/>").attr("data-student", student).append(
      $("<td/>").append(link),
      $("<td/>").addClass("text-center").text(student),
      $("<td/>").addClass("text-center").text(submission.display_timestamp || ""),
      $("<td/>").addClass("text-center state").append($("<span/>").addClass("label " + look[0]).text(look[1])),
      $("<td/>").addClass("text-center").text(submission.autograded ? roundToPrecision(submission.score, 2) + " / " + roundToPrecision(submission.max_score, 2) : ""),
      actions(student)
    );
  }

  function load() {
    $.getJSON(base + "api/submissions/" + assignment).done(function (submissions) {
      var table = $("#main-table").empty();
      submissions.forEach(function (submission) { table.append(row(submission)); });
      if (!submissions.length) { table.append($("<tr/>").append($("<td/>").attr("colspan", 6).text("Nothing has been collected yet."))); }
    });
  }

  $(function () {
    load();
    buttons.forEach(function (each, index) { $("#for-all").append(forAll(each, index), " "); });
  });
})();
