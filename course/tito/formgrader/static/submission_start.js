// What nbgrader's grading scripts expect to find as they load.
var submission_id = document.documentElement.dataset.submission;
var notebook_id = document.documentElement.dataset.notebook;
var assignment_id = document.documentElement.dataset.assignment;
var base_url = document.documentElement.dataset.base + "/formgrader";

// They wait for MathJax to have drawn everything before they scroll; nothing is loaded from elsewhere here, so all is drawn.
var MathJax = {
  Hub: { Startup: { signal: { Interest: function (listener) { $(function () { setTimeout(function () { listener("End"); }, 0); }); } } } },
};
