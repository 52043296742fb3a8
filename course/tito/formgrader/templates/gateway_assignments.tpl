{%- extends 'base.tpl' -%}
{%- block head -%}<script nonce="{{ csp_nonce }}" src="{{ base_url }}/formgrader/gateway/assignments.js"></script>{%- endblock -%}
{%- block title -%}Modules{%- endblock -%}
{%- block messages -%}
<p class="instructor-only">Modules are generated, released and collected automatically, when the semester file says. These buttons do it now.</p>
{%- endblock -%}
{%- block table_header -%}
<tr>
  <th>Module</th><th>Due</th><th class="text-center">State</th><th class="text-center">Submissions</th>
  <th class="text-center">To autograde</th><th class="text-center">To read by hand</th><th class="instructor-only">Do now</th>
</tr>
{%- endblock -%}
{%- block table_body -%}<tr><td colspan="7">Loading ...</td></tr>{%- endblock -%}
