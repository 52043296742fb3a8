{%- extends 'base.tpl' -%}
{%- block title -%}Changes of grades{%- endblock -%}
{%- block messages -%}
<form method="get" class="form-inline" role="search">
  {% for name in ("student", "assignment", "person") %}
  <label>{{ name }} <input class="form-control input-sm" name="{{ name }}" value="{{ where[name] }}"></label>
  {% endfor %}
  <button class="btn btn-default btn-sm">Show</button>
</form>
<p>Every change made by hand, newest first. Rows cannot be altered.</p>
{%- endblock -%}
{%- block table_header -%}
<tr><th>Time (UTC)</th><th>Person</th><th>Student</th><th>Module</th><th>Part</th><th>What</th><th>Old</th><th>New</th></tr>
{%- endblock -%}
{%- block table_body -%}
{% for row in rows %}
<tr><td>{{ row["at"] }}</td><td>{{ row["person"] }}</td><td>{{ row["student"] }}</td><td>{{ row["assignment"] }}</td><td>{{ row["cell"] }}</td>
<td>{{ row["field"] | replace("_", " ") }}</td><td>{{ row["old"] if row["old"] is not none else "" }}</td><td>{{ row["new"] if row["new"] is not none else "" }}</td></tr>
{% else %}
<tr><td colspan="8">No grade has been changed by hand yet.</td></tr>
{% endfor %}
{%- endblock -%}
