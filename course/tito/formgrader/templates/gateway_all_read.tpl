{%- extends 'base.tpl' -%}
{%- block title -%}Nothing more to read{%- endblock -%}
{%- block body -%}
<p>{{ assignment }}: no answer{{ " to " ~ which.question if which.question }}{{ " of section " ~ which.section if which.section }} is waiting for you, except those that somebody else has open.</p>
<p><a class="btn btn-default" href="/services/home/reading/{{ assignment }}">The reading of {{ assignment }}</a>
<a class="btn btn-default" href="{{ base_url }}/formgrader/gradebook/{{ assignment }}">All submissions</a></p>
{%- endblock -%}
