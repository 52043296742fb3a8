// What nbgrader's scripts expect to find as they load.
var base_url = document.documentElement.dataset.base;
var url_prefix = "";
