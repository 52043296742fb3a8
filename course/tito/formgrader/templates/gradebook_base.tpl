{%- extends 'base.tpl' -%}
{%- block title -%}Manual grading{%- endblock -%}
