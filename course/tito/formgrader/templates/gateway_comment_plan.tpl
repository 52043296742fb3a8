{%- extends 'base.tpl' -%}
{%- macro shown(value) -%}{{ "no points" if value is none else "%g" % value }}{%- endmacro -%}
{%- block title -%}Change a comment for all who got it{%- endblock -%}
{%- block messages -%}
{% if changed %}<p class="alert alert-warning" role="alert">Answers have changed since you looked. Nothing was written; this is what would change now.</p>{% endif %}
<dl class="dl-horizontal">
  <dt>Before</dt><dd>{{ "%+g" % shared.points }} points: {{ shared.text }}</dd>
  <dt>After</dt><dd>{{ "%+g" % points }} points: {{ text }}</dd>
</dl>
<p><strong>{{ rows | selectattr("changes_points") | list | length }}</strong> of {{ rows | length }} answers get different points, <strong>{{ rows | selectattr("changes_text") | list | length }}</strong> different words. Nothing has been changed yet.</p>
<form method="post" action="{{ base_url }}/formgrader/comments/{{ shared.assignment }}">
  <input type="hidden" name="_xsrf" value="{{ page.xsrf }}"><input type="hidden" name="comment" value="{{ shared.id }}">
  <input type="hidden" name="text" value="{{ text }}"><input type="hidden" name="points" value="{{ points }}"><input type="hidden" name="seen" value="{{ seen }}">
  <button class="btn btn-warning">Change it for all</button> <a class="btn btn-default" href="{{ base_url }}/formgrader/comments/{{ shared.assignment }}">Leave it</a>
</form>
{%- endblock -%}
{%- block table_header -%}<tr><th>Submission</th><th>Points now</th><th>Points after</th><th>Words</th><th>What stays</th></tr>{%- endblock -%}
{%- block table_body -%}
{% for row in rows %}
<tr><td>{% if row.page %}<a href="{{ base_url }}/formgrader/submissions/{{ row.page }}/#{{ shared.question }}">#{{ row.number }}</a>{% else %}gone{% endif %}</td>
<td>{{ shown(row.before) }}</td><td>{% if row.changes_points %}<strong>{{ shown(row.after) }}</strong>{% else %}{{ shown(row.after) }}{% endif %}</td>
<td>{{ "new" if row.changes_text else "unchanged" }}</td><td>{{ row.why_not | join("; ") }}</td></tr>
{% else %}<tr><td colspan="5">Nobody has it yet: only the comment itself changes.</td></tr>{% endfor %}
{%- endblock -%}
