// Comments that carry points: one press puts words and points on the answer, another takes both off.
"use strict";

(function () {
  var about = document.documentElement.dataset;
  var url = about.base + "/formgrader/api/shared_comments/" + about.submission;

  function model(kind, question) { return formgrader[kind].findWhere({ name: question }); }

  // What is being saved of the same answer comes first: the change is made from its version.
  function whenSaved(models, then) {
    var busy = models.find(function (each) { return (each.waiting || []).length; });
    if (!busy) { then(); return; }
    busy.once("sync error", function () { setTimeout(function () { whenSaved(models, then); }, 0); });
  }

  function ask(type, address, body) {
    return $.ajax({ type: type, url: address, contentType: "application/json", dataType: "json", data: JSON.stringify(body), global: false });
  }

  function use(comment, used) {
    var grade = model("grades", comment.question), words = model("comments", comment.question);
    if (!grade || !words) { showMessage("The points are still being loaded: press again."); return; }
    whenSaved([grade, words], function () {
      ask("PUT", url + "/" + comment.id, { used: used, versions: { grade: grade.known.version, comment: words.known.version } })
        .done(function (answer) { take(grade, answer.grade); take(words, answer.comment); show(answer.comments, comment.id); })
        .fail(function (request) { showMessage(reasonOf(request) + " The points are shown as they are now."); grade.fetch(); words.fetch(); load(); });
    });
  }

  function take(changed, answer) {
    changed.known = answer;
    changed.set(_.omit(answer, "version"));
    changed.trigger("sync");
  }

  function signed(points) { return (points > 0 ? "+" : points < 0 ? "\u2212" : "\u00b1") + Math.abs(points); }

  function button(comment) {
    var pressed = $("<button/>").attr({ type: "button", "aria-pressed": String(comment.used), "data-comment": comment.id, title: "on " + comment.answers + " answers" });
    pressed.append($("<b/>").text(signed(comment.points)), " ", document.createTextNode(comment.text));
    return pressed.click(function () { use(comment, !comment.used); });
  }

  function show(comments, focus) {
    $(".panel-footer[data-kind=markdown]").each(function () {
      var question = this.dataset.cell, group = $(this).find(".with-points");
      if (!group.length) { group = box(question).appendTo(this).find(".with-points"); }
      group.empty().append(comments.filter(function (each) { return each.question === question; }).map(button));
    });
    if (focus) { $("[data-comment=" + focus + "]").focus(); }
  }

  function box(question) {
    var make = $("<details/>").append($("<summary/>").text("New comment with points"));
    var text = $("<input/>").addClass("form-control input-sm").attr({ type: "text", maxlength: 5000, "aria-label": "Words of a new comment on " + question, placeholder: "What is missing or good" });
    var points = $("<input/>").addClass("form-control input-sm").attr({ type: "number", step: "any", "aria-label": "Points of a new comment on " + question, placeholder: "\u22122 deducts, 2 adds" });
    var go = $("<button/>").addClass("btn btn-default btn-sm").attr("type", "button").text("Make and use it").click(function () {
      ask("POST", url, { question: question, text: text.val(), points: points.val() })
        .done(function (answer) {
          text.add(points).val("");
          show(answer.comments);
          use(answer.comments.find(function (each) { return each.id === answer.id; }), true);
        })
        .fail(function (request) { showMessage(reasonOf(request)); });
    });
    make.append($("<div/>").addClass("new-comment").append(text, points, go, $("<a/>").attr("href", about.base + "/formgrader/comments/" + about.assignment).text("Change one for all")));
    return $("<div/>").append($("<div/>").addClass("bank with-points").attr({ role: "group", "aria-label": "Comments with points on " + question }), make);
  }

  function load() { $.getJSON(url).done(function (answer) { show(answer.comments); }); }

  $(load);
})();
