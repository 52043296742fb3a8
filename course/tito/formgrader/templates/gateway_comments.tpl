{%- extends 'base.tpl' -%}
{%- block title -%}Comments with points: {{ assignment }}{%- endblock -%}
{%- block body -%}
{% if done %}<p class="alert alert-success" role="status">Changed for {{ done }} answer{{ "" if done == "1" else "s" }}. If feedback was already released, release it again: until then, students see the old points.</p>{% endif %}
<p>Comments are made and used next to an answer. Here you change the words or points of a comment for all who got it; you first see what would change.</p>
{% for shared, count in comments %}
<form method="post" class="panel panel-default shared-comment" id="comment-{{ shared.id }}" aria-label="Comment {{ shared.id }} on {{ shared.question }}">
  <div class="panel-heading">{{ shared.question }}: on {{ count }} answer{{ "" if count == 1 else "s" }}, made by {{ shared.made_by }}</div>
  <div class="panel-body">
    <input type="hidden" name="_xsrf" value="{{ page.xsrf }}"><input type="hidden" name="comment" value="{{ shared.id }}">
    <label>Words<textarea class="form-control" name="text" rows="2" maxlength="5000" required>{{ shared.text }}</textarea></label>
    <label>Points (negative to deduct)<input class="form-control" name="points" value="{{ "%g" % shared.points }}" size="6" inputmode="decimal" required></label>
    <button class="btn btn-default">Show what would change</button>
  </div>
</form>
{% else %}
<p>There are none yet.</p>
{% endfor %}
{%- endblock -%}
