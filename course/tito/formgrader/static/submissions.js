// One module's submissions and what can be done with each.
"use strict";

(function () {
  var base = document.documentElement.dataset.base + "/formgrader/";
  var assignment = document.documentElement.dataset.assignment;

  function state(submission) {
    if (!submission.autograded) { return ["label-warning", "needs autograding"]; }
    return submission.needs_manual_grade ? ["label-info", "needs manual grading"] : ["label-success", "graded"];
  }

  function button(text, path, student) {
    return $("<button/>").addClass("btn btn-default btn-xs").attr("type", "button").text(text)
      .click(function () { queueJob(path, text + ": " + student, load); });
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
      $("<td/>").addClass("instructor-only actions").append(
        button("Autograde", "submission/" + assignment + "/" + student + "/autograde", student), " ",
        button("Feedback", "assignment/" + assignment + "/" + student + "/generate_feedback", student), " ",
        button("Release feedback", "assignment/" + assignment + "/" + student + "/release_feedback", student)
      )
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
    $("#autograde-all").click(function () { queueJob("assignment/" + assignment + "/autograde", "Autograde " + assignment, load); });
    $("#feedback-all").click(function () { queueJob("assignment/" + assignment + "/generate_feedback", "Feedback on " + assignment, load); });
    $("#release-all").click(function () { queueJob("assignment/" + assignment + "/release_feedback", "Release feedback on " + assignment, load); });
  });
})();
