// Points, comments and flags: each change is sent with the version that this page has read, one change of a part at a
// time, and only the fields that were changed. If somebody else was first, both sides are shown and one is chosen.
"use strict";

(function () {
  var WORDS = { manual_score: "points", extra_credit: "extra points", manual_comment: "comment" };

  function plain(value) {
    if (value === null || value === undefined || value === "") { return null; }
    return typeof value === "string" && value.trim() !== "" && isFinite(value) ? Number(value) : value;
  }

  function inTurn(fields) {
    return function (method, model, options) {
      if (method !== "update") { return Backbone.sync.call(this, method, model, options); }
      model.waiting = model.waiting || [];
      model.waiting.push({ values: _.pick(model.attributes, fields), options: options });
      model.trigger("request", model, null, options);
      if (model.waiting.length === 1) { sendNext(model); }
    };
  }

  function remember(answer) {
    this.known = answer;
    var later = (this.waiting || []).map(function (change) { return change.values; });
    return _.extend.apply(_, [_.omit(answer, "version")].concat(later));
  }

  function sendNext(model) {
    var change = (model.waiting || [])[0];
    if (!change) { return; }
    var body = _.pick(change.values, function (value, name) { return plain(value) !== plain(model.known[name]); });
    // Saving a score that was already there says that the part was read again.
    if (model.known.needs_manual_grade && plain(change.values.manual_score) !== null) { body.manual_score = change.values.manual_score; }
    if (_.isEmpty(body)) { setTimeout(function () { saved(model, model.known); }, 0); } else { send(model, body); }
  }

  function send(model, body) {
    $.ajax({
      type: "PUT", url: model.url(), contentType: "application/json", dataType: "json", global: false,
      data: JSON.stringify(_.extend({ version: model.known.version }, body)),
    }).done(function (answer) { saved(model, answer); }).fail(function (request) { refused(model, body, request); });
  }

  function saved(model, answer) {
    var change = model.waiting.shift();
    change.options.success(answer);
    sendNext(model);
  }

  function refused(model, body, request) {
    var answer = request.responseJSON || {};
    if (request.status === 409 && answer.theirs) { askWhich(model, body, answer); return; }
    showMessage(reasonOf(request) + " What you entered is not saved; it is still in its field.");
    model.waiting.shift().options.error(request);
    sendNext(model);
  }

  // Whose change counts. Until one is chosen nothing is sent for this part.
  function askWhich(model, body, answer) {
    model.waiting = model.waiting.slice(0, 1); // what was typed after it was typed without knowing this
    model.known = answer.theirs;
    var heading = "conflict-" + model.id;
    var box = $("<dialog/>").addClass("conflict").attr("aria-labelledby", heading);
    box.append($("<h2/>").attr("id", heading).text("Changed meanwhile: " + model.get("name")), story(answer));
    box.append($("<div/>").addClass("sides").append(side("There now", _.pick(answer.theirs, _.keys(WORDS))), side("Yours, not saved", body)));
    var choices = $("<div/>").addClass("choices").appendTo(box);
    function choice(text, chosen) {
      choices.append($("<button/>").addClass("btn btn-default").attr("type", "button").text(text).click(function () { box.off("close")[0].close(); box.remove(); chosen(); }));
    }
    choice("Keep what is there", function () { saved(model, answer.theirs); });
    choice("Save mine", function () { send(model, body); });
    if (body.manual_comment && answer.theirs.manual_comment) {
      choice("Keep both", function () { send(model, { manual_comment: answer.theirs.manual_comment + "\n\n" + body.manual_comment }); });
    }
    box.on("cancel", function (event) { event.preventDefault(); }).on("close", function () { box[0].showModal(); });
    $("body").append(box);
    box[0].showModal();
  }

  function story(answer) {
    if (!answer.meanwhile.length) { return $("<p/>").text("It was graded again since this page was loaded: read the answer again."); }
    return $("<ul/>").append(answer.meanwhile.map(function (row) {
      var when = new Date(row.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      return $("<li/>").append($("<strong/>").text(row.person), " set the " + WORDS[row.field] + " to ", $("<q/>").text(shown(row.new)), ", before ", $("<q/>").text(shown(row.old)), ", at " + when);
    }));
  }

  function side(title, values) {
    var list = $("<dl/>");
    _.each(values, function (value, name) { list.append($("<dt/>").text(WORDS[name]), $("<dd/>").text(shown(value))); });
    return $("<section/>").append($("<h3/>").text(title), list);
  }

  function shown(value) { return plain(value) === null ? "nothing" : String(value); }

  Grade.prototype.sync = inTurn(["manual_score", "extra_credit"]);
  Comment.prototype.sync = inTurn(["manual_comment"]);
  Grade.prototype.parse = Comment.prototype.parse = remember;

  var about = document.documentElement.dataset;
  var flag = { flagged: about.flagged === "true", version: about.flagVersion };

  FormGrader.prototype.flag = function () {
    $.ajax({
      type: "POST", url: base_url + "/api/submitted_notebook/" + submission_id + "/flag", contentType: "application/json", dataType: "json",
      data: JSON.stringify({ flagged: !flag.flagged, version: flag.version }),
    }).done(function (answer) {
      flag = answer;
      $("#statusmessage").text(flag.flagged ? "Submission flagged" : "Submission unflagged").show().delay(500).fadeOut(500);
    }).fail(function (request) { flag = (request.responseJSON || {}).theirs || flag; });
  };
})();
