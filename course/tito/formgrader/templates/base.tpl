<!doctype html>
<html lang="en" data-xsrf="{{ page.xsrf }}" data-base="{{ base_url }}" data-assignment="{{ assignment_id or '' }}" data-buttons="{{ page.buttons }}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Grading: {{ page.course }}</title>
  <link rel="stylesheet" href="{{ base_url }}/formgrader/static/node_modules/bootstrap/dist/css/bootstrap.min.css">
  <link rel="stylesheet" href="{{ base_url }}/formgrader/static/node_modules/datatables.net-bs/css/dataTables.bootstrap.css">
  <link rel="stylesheet" href="{{ base_url }}/formgrader/static/css/nbgrader.css">
  <link rel="stylesheet" href="{{ base_url }}/formgrader/gateway/gateway.css">
  {% for script in ["jquery/dist/jquery.min.js", "underscore/underscore-min.js", "backbone/backbone-min.js", "bootstrap/dist/js/bootstrap.min.js",
                    "datatables.net/js/jquery.dataTables.js", "datatables.net-bs/js/dataTables.bootstrap.js"] %}
  <script nonce="{{ csp_nonce }}" src="{{ base_url }}/formgrader/static/node_modules/{{ script }}"></script>
  {% endfor %}
  <script nonce="{{ csp_nonce }}" src="{{ base_url }}/formgrader/gateway/page_start.js"></script>
  <script nonce="{{ csp_nonce }}" src="{{ base_url }}/formgrader/static/js/backbone_xsrf.js"></script>
  <script nonce="{{ csp_nonce }}" src="{{ base_url }}/formgrader/static/js/utils.js"></script>
  <script nonce="{{ csp_nonce }}" src="{{ base_url }}/formgrader/gateway/gateway.js"></script>
  {%- block head -%}{%- endblock -%}
</head>
<body class="{{ page.rights }}">
  <nav class="gateway-bar" aria-label="Grading">
    <span class="brand">{{ page.course }}</span>
    <a href="{{ base_url }}/formgrader/manage_assignments" data-nav="manage_">Modules</a>
    <a href="{{ base_url }}/formgrader/gradebook" data-nav="gradebook">Manual grading</a>
    <a href="{{ base_url }}/formgrader/manage_students" data-nav="manage_students">Students</a>
    <a href="{{ base_url }}/formgrader/audit" data-nav="audit" class="instructor-only">Changes</a>
    <a href="/services/home/">Home</a>
    <span class="who">{{ page.person }} ({{ page.rights }})</span>
  </nav>
  <div class="gateway-page">
    <h1>{%- block title -%}{%- endblock -%}</h1>
    {%- block sidebar -%}{%- endblock -%}
    {%- block body -%}
    {%- block breadcrumbs -%}{%- endblock -%}
    {%- block messages -%}{%- endblock -%}
    <table class="table table-hover">
      <thead>{%- block table_header -%}{%- endblock -%}</thead>
      <tbody id="main-table">{%- block table_body -%}{%- endblock -%}</tbody>
      <tfoot>{%- block table_footer -%}{%- endblock -%}</tfoot>
    </table>
    {%- endblock -%}
  </div>
  <div id="jobs" aria-live="polite"></div>
  {%- block script -%}{%- endblock -%}
</body>
</html>
