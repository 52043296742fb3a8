{%- extends 'base.tpl' -%}
{%- block title -%}Students{%- endblock -%}
