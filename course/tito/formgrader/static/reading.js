// Who has this submission's answers open: reported while the page is here, and shown if somebody else has one open.
// A page that was opened for one answer begins there.
"use strict";

(function () {
  var RENEW_MILLISECONDS = 60000; // the service believes a page for five minutes
  var about = document.documentElement.dataset;
  var url = about.base + "/formgrader/api/reading/" + about.submission;
  var anchor = decodeURIComponent(location.hash.slice(1));

  function questions() {
    var all = $(".panel-footer[data-kind=markdown]").map(function () { return this.dataset.cell; }).get();
    return all.indexOf(anchor) >= 0 ? [anchor] : all;
  }

  function renew() {
    $.ajax({ type: "PUT", url: url, contentType: "application/json", data: JSON.stringify({ questions: questions() }), global: false }).done(show);
  }

  function show(answer) {
    var text = answer.others.map(function (other) {
      var since = new Date(other.since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      return other.reader + " has had " + other.question + " open since " + since + ".";
    }).join(" ");
    if (text) { text += " You can read on: what you save never overwrites their work without your seeing it."; }
    if ($("#who-reads").text() !== text) { $("#who-reads").text(text).toggleClass("alert alert-info", text !== ""); }
    $("#next-to-read").attr("title", answer.waits + " of your share still to be read");
  }

  // nbgrader goes to the field that was selected last, once all is loaded; without this the first is the button to go on.
  function beginAtAnswer() {
    var points = $(".score").filter(function () { return this.id === anchor; });
    if (points.length) { formgrader.last_selected = points; }
  }

  $(renew);
  $(window).on("load", beginAtAnswer);
  setInterval(renew, RENEW_MILLISECONDS);
  window.addEventListener("pagehide", function () {
    fetch(url, { method: "DELETE", keepalive: true, headers: { "X-XSRFToken": about.xsrf } });
  });
})();
