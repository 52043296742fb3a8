{%- extends 'base.tpl' -%}
{%- block title -%}Not autograded yet{%- endblock -%}
{%- block body -%}
<p>This submission of {{ resources.assignment_id }} has no autograded notebook: autograde it, then read it here.</p>
{%- endblock -%}
