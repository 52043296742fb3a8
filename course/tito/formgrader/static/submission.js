// Next to a student's answer: rubric and sample answer for the grader, and comments that were written before.
"use strict";

(function () {
  var api = document.documentElement.dataset.base + "/formgrader/api/";

  function showGuidance(cells) {
    $(".panel-footer[data-kind=markdown]").each(function () {
      var known = cells[this.dataset.cell];
      if (!known) { return; }
      // The server has sanitized both; they come from the staff's own notebook.
      $(this).prepend(
        $("<details/>").addClass("guidance").append($("<summary/>").text("Sample answer"), $("<div/>").html(known.sample)),
        $("<details/>").addClass("guidance").append($("<summary/>").text("Question and rubric"), $("<div/>").html(known.rubric))
      );
    });
  }

  function showBank(footer, comments) {
    if (!comments.length) { return; }
    var bank = $("<div/>").addClass("bank").attr("aria-label", "Comments used before");
    comments.forEach(function (comment) {
      bank.append($("<button/>").attr({ type: "button", title: comment.text }).text(comment.text).click(function () {
        var field = $(footer).find("textarea.comment");
        field.val((field.val() ? field.val() + "\n" : "") + comment.text).trigger("change");
      }));
    });
    $(footer).append(bank);
  }

  function loadBanks() {
    var about = document.documentElement.dataset;
    $(".panel-footer[data-cell]").each(function () {
      var footer = this;
      $.getJSON(api + "comment_bank/" + about.assignment + "/" + about.notebook + "/" + footer.dataset.cell)
        .done(function (answer) { showBank(footer, answer.comments); });
    });
  }

  function nameFields() {
    // nbgrader's placeholder promises MathJax, which is not loaded here.
    $("textarea.comment").each(function () { this.placeholder = this.placeholder.replace(" (supports Markdown and MathJax)", " (Markdown)"); });
  }

  var shown = false;
  $(function () {
    $("#toggle-name").click(function () { shown = !shown; $(".name-shown").toggle(shown); $(".name-hidden").toggle(!shown); });
    $(".name-shown").hide();
    $.getJSON(api + "guidance/" + about()).done(function (answer) { showGuidance(answer.cells); });
    loadBanks();
    $(document).ajaxStop(nameFields);
  });

  function about() { return document.documentElement.dataset.submission; }
})();
